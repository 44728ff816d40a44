"""The month's messages: counted per recipient who could get them, reserved while a narrowcast is under way."""

from __future__ import annotations

from collections import Counter

from simulator.clock import Clock, line_day
from simulator.settings import Settings

METHODS = ("reply", "push", "multicast", "narrowcast", "broadcast")


class Quota:
    """Counts by UTC+9 day and method; the month's use is the paid methods' sum."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.reserved = 0
        self._month = ""
        self._used = 0
        self._days: Counter[tuple[str, str]] = Counter()

    @property
    def used(self) -> int:
        """Messages sent this month against the quota."""
        self._turn_month()
        return self._used

    def room(self) -> int | None:
        """How many more may be sent this month, None without a limit."""
        limit = self.settings.quota_limit
        return None if limit is None else max(0, limit - self.used - self.reserved)

    def fits(self, recipients: int) -> bool:
        """Whether that many more recipients are within the limit."""
        room = self.room()
        return room is None or recipients <= room

    def count(self, method: str, recipients: int) -> None:
        """Books what was sent. Replies are free."""
        self._turn_month()
        self._days[line_day(self.clock.time()), method] += recipients
        if method != "reply":
            self._used += recipients

    def on_day(self, day: str, method: str) -> int:
        """Messages of a method on a UTC+9 day `yyyyMMdd`."""
        return self._days[day, method]

    def _turn_month(self) -> None:
        month = line_day(self.clock.time())[:6]
        if month != self._month:
            self._month = month
            self._used = sum(n for (day, method), n in self._days.items() if day[:6] == month and method != "reply")
