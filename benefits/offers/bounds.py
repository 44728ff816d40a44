"""The bounds of an offer's settings, and of its times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from benefits.offers.refusals import BadSetting, BadTimes
from models import Offer

BOUNDS = {"holdout_percent": (0, 50), "hold_back_minutes": (0, 1440), "pace": (1, 100_000)}
LONGEST_NAME = 200
SETTINGS = (*BOUNDS, "name", "start_at", "not_after")


def checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are kept. Raises `BadSetting`; `TypeError` for a name that is none."""
    for name, value in settings.items():
        if name not in SETTINGS:
            raise TypeError(name)
        if name in BOUNDS and not BOUNDS[name][0] <= value <= BOUNDS[name][1]:
            raise BadSetting(name, *BOUNDS[name])
    return {name: checked_name(value) if name == "name" else value for name, value in settings.items()}


def checked_name(name: str) -> str:
    """The name as it is kept. Raises `BadSetting`."""
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise BadSetting("name", 1, LONGEST_NAME)
    return name.strip()


def check_times(offer: Offer, now: datetime, asking: bool = False) -> None:
    """*Do not start after* must leave a moment to start in: after the time set and, once asked, after the hold-back."""
    if offer.not_after is None:
        return
    ready = now + timedelta(minutes=offer.hold_back_minutes)
    begins = offer.start_at if not asking else max(ready, offer.start_at or ready)
    if begins is not None and offer.not_after <= begins:
        raise BadTimes(begins, offer.not_after)
