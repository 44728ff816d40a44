"""Days as LINE's statistics write them: `yyyyMMdd` in UTC+9."""

from __future__ import annotations

from datetime import date


def parse_day(text: str | None) -> date | None:
    """The day of `yyyyMMdd`, None when it is none."""
    if text is None or len(text) != 8 or not text.isdigit():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
