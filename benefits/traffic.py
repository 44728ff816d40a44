"""What a club sent day by day: messages that cost quota beside replies that are free, and notices that rode on replies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits.periods import day_of, start_of
from clubs import Club

# An offer's batch is found through its offer: one that began much earlier sends nothing any more (LINE forgets the key).
SENT = """
SELECT what, CAST(at AT TIME ZONE 'Asia/Bangkok' AS date) AS day, sum(messages) FROM (
    SELECT 'offers' AS what, batches.answered_at AS at, batches.size AS messages
    FROM offers JOIN offer_batches batches ON batches.offer_id = offers.id AND batches.state = 'accepted'
    WHERE offers.club = :club AND offers.begun_at >= :long_before AND batches.answered_at >= :since
    UNION ALL
    SELECT 'tests', tests.answered_at, 1 FROM offers JOIN offer_tests tests ON tests.offer_id = offers.id
    WHERE offers.club = :club AND tests.state = 'accepted' AND tests.answered_at >= :since
    UNION ALL
    SELECT CASE state WHEN 'pushed' THEN 'notices' ELSE 'rode' END, told_at, 1 FROM notices
    WHERE club = :club AND state IN ('pushed', 'told') AND told_at >= :since
    UNION ALL
    SELECT CASE reply_state WHEN 'pushed' THEN 'late_replies' ELSE 'replies' END, received_at, 1 FROM turns
    WHERE club = :club AND reply_state IN ('sent', 'pushed') AND received_at >= :since
) sent GROUP BY 1, 2
"""
LONG = timedelta(days=60)


@dataclass(frozen=True)
class Day:
    """One Bangkok day. All but the last two cost messages of the month."""

    day: date
    offers: int = 0
    tests: int = 0
    notices: int = 0
    """Reminders and news that could not wait for a reply."""
    late_replies: int = 0
    """Replies that mattered and were pushed, because their token was refused."""
    replies: int = 0
    """Free."""
    rode: int = 0
    """Notices that rode on a reply: pushes saved."""

    @property
    def paid(self) -> int:
        """Messages that cost quota."""
        return self.offers + self.tests + self.notices + self.late_replies


def by_day(session: Session, *, club: Club, now: datetime, days: int) -> list[Day]:
    """The last `days` Bangkok days, today's included, the oldest first; days without messages too."""
    first = day_of(now) - timedelta(days=days - 1)
    values = {"club": club.key, "since": start_of(first), "long_before": start_of(first) - LONG}
    found: dict[date, dict[str, int]] = {}
    for what, day, messages in session.execute(text(SENT), values):
        found.setdefault(day, {})[what] = int(messages)
    return [Day(day, **found.get(day, {})) for day in (first + timedelta(days=n) for n in range(days))]
