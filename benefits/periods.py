"""Days and months in Bangkok: half-open, aware, and the same whatever the server's zone is (F6)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

BANGKOK = ZoneInfo("Asia/Bangkok")


def day_of(when: datetime) -> date:
    """The Bangkok day of an instant. Raises `ValueError` for a naive time."""
    if when.tzinfo is None:
        raise ValueError(f"naive time {when!r}")
    return when.astimezone(BANGKOK).date()


def month_of(when: datetime) -> date:
    """The first day of the instant's Bangkok month: months are written as their first day."""
    return day_of(when).replace(day=1)


def start_of(day: date) -> datetime:
    """00:00 Bangkok of a day, the first instant that belongs to it."""
    return datetime(day.year, day.month, day.day, tzinfo=BANGKOK)


def add_days(day: date, days: int) -> date:
    """The day so many days on."""
    return day + timedelta(days=days)


def add_months(month: date, months: int) -> date:
    """The month so many months on (negative: back)."""
    index = month.year * 12 + month.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def month_name(month: date) -> str:
    """`2026-10`, as commands and files write a period."""
    return f"{month:%Y-%m}"


def parse_month(text: str) -> date:
    """The month that `2026-10` names. Raises `ValueError` saying how to write one."""
    try:
        year, month = text.split("-")
        if (len(year), len(month)) != (4, 2):
            raise ValueError
        return date(int(year), int(month), 1)
    except ValueError:
        raise ValueError(f"{text!r} is not a month: write it as 2026-10") from None
