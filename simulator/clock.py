"""The simulator's clock: the machine's time plus an offset, or a frozen moment for tests. Every limit reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

BANGKOK = timezone(timedelta(hours=7))
#: LINE counts days and months of its statistics in UTC+9 (Messaging API reference).
LINE_ZONE = timezone(timedelta(hours=9))


class Clock:
    """Seconds since 1970 (UTC) that can be moved. With `frozen`, it stands still until it is advanced."""

    def __init__(self, frozen: datetime | None = None, *, source: Callable[[], float] = time.time) -> None:
        """`frozen`: an aware moment at which the clock stands; without it the clock runs with `source`."""
        base = frozen.timestamp() if frozen else 0.0
        self._read: Callable[[], float] = (lambda: base) if frozen else source
        self.offset = 0.0

    def time(self) -> float:
        """Now, in seconds since 1970 UTC."""
        return self._read() + self.offset

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Moves the clock; a negative number moves it back."""
        self.offset += seconds

    def set(self, moment: datetime) -> None:
        """Makes it `moment` (aware) now."""
        self.offset = moment.timestamp() - self._read()

    def reset(self) -> None:
        """Back to the machine's time, or to the frozen moment."""
        self.offset = 0.0


def iso(seconds: float) -> str:
    """Seconds since 1970 as ISO 8601 UTC with milliseconds, the way LINE writes times."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def next_second_of_month(now: datetime) -> datetime:
    """The next 2nd of a month, 09:00 in Bangkok, strictly after `now`."""
    local = now.astimezone(BANGKOK)
    candidate = local.replace(day=2, hour=9, minute=0, second=0, microsecond=0)
    if candidate <= local:
        candidate = (candidate.replace(day=1) + timedelta(days=32)).replace(day=2)
    return candidate


def line_day(seconds: float) -> str:
    """The UTC+9 day `yyyyMMdd` LINE's statistics file the moment under."""
    return _day_name(int((seconds + 9 * 3600) // 86400))


@lru_cache(maxsize=64)
def _day_name(number: int) -> str:
    """Asked several times per call, hence remembered."""
    return (date(1970, 1, 1) + timedelta(days=number)).strftime("%Y%m%d")
