"""LINE's webhook error statistics: equal errors within 60 seconds are one row. Days and times are UTC+9."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulator.clock import LINE_ZONE, Clock

#: Errors of one kind this close together are counted in one row (document check-webhook-error-statistics).
ROW_SECONDS = 60


class ErrorStatistics:
    """Rows of (first, last, reason, detail, errors)."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._rows: list[dict[str, Any]] = []

    def add(self, reason: str, detail: str) -> None:
        """Counts one failed webhook. `reason` in upper or lower case."""
        now = self.clock.time()
        reason = reason.lower()
        for row in reversed(self._rows):
            if now - row["first"] > ROW_SECONDS:
                break
            if row["reason"] == reason and row["detail"] == detail:
                row["last"] = now
                row["errors"] += 1
                return
        self._rows.append({"first": now, "last": now, "reason": reason, "detail": detail, "errors": 1})

    def json(self) -> list[dict[str, Any]]:
        """The rows as LINE's console shows them."""
        return [
            {
                "date": _local(row["first"]).strftime("%Y-%m-%d"),
                "start": _local(row["first"]).strftime("%H:%M:%S"),
                "end": _local(row["last"]).strftime("%H:%M:%S"),
                "reason": row["reason"],
                "detail": row["detail"],
                "errors": row["errors"],
            }
            for row in self._rows
        ]


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, LINE_ZONE)
