"""Test messages leave first, each once, by a path of their own: to people who are still named as testers (E12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers.batches import KEY_LIFE, LEASE
from bot.line import Line, LineError, NotSent, Unknown

_NEXT = text("""
UPDATE offer_tests AS t SET state = 'sending', lease_until = clock_timestamp() + CAST(:lease AS interval),
    first_attempt_at = coalesce(t.first_attempt_at, :now)
FROM people AS p
WHERE p.id = t.person_id AND t.id = (
    SELECT t2.id FROM offer_tests AS t2 JOIN people AS p2 ON p2.id = t2.person_id
    WHERE p2.club = :club AND t2.state IN ('new', 'sending') AND (t2.lease_until IS NULL OR t2.lease_until < clock_timestamp())
    ORDER BY t2.id LIMIT 1 FOR UPDATE OF t2 SKIP LOCKED
)
RETURNING t.id, t.retry_key, t.messages, t.first_attempt_at, p.line_user_id, p.friend,
    EXISTS (SELECT 1 FROM testers WHERE club = :club AND person_id = p.id) AS named
""")
_DONE = text(
    "UPDATE offer_tests SET state = :state, answered_at = :now, error = :error WHERE id = :id AND state = 'sending'"
)

log = structlog.get_logger("offers")


@dataclass(frozen=True)
class Tests:
    """The test messages of one club."""

    sessions: sessionmaker[Session]
    line: Line
    club: str
    now: Callable[[], datetime]

    def run(self, limit: int = 20) -> int:
        """Send what waits; how many LINE accepted."""
        accepted = 0
        for _ in range(limit):
            with self.sessions.begin() as session:
                values: dict[str, Any] = {"club": self.club, "now": self.now(), "lease": LEASE}
                row = session.execute(_NEXT, values).one_or_none()
            if row is None:
                break
            accepted += self._send(row)
        return accepted

    def _send(self, row: Row[Any]) -> bool:
        """What is not known keeps its key and is tried again when its lease ends, for 23 hours (D11)."""
        state, error = "accepted", None
        if not (row.named and row.friend):
            state, error = "refused", "no longer a tester" if row.friend else "blocked"
        elif row.first_attempt_at <= self.now() - KEY_LIFE:
            state = "unknown"
        else:
            try:
                self.line.push(row.line_user_id, row.messages, row.retry_key)
            except (Unknown, NotSent) as trouble:
                log.warning("test message open", test=row.id, error=str(trouble))
                return False
            except LineError as trouble:
                state, error = "refused", str(trouble)[:500]
        with self.sessions.begin() as session:
            session.execute(_DONE, {"id": row.id, "state": state, "error": error, "now": self.now()})
        return state == "accepted"
