"""When the next call may leave: one row per club, asked by every worker before every call, by the database's clock.

Calls are spaced evenly (a token bucket kept as the time of the next free place): at most `share` percent of the calls LINE
allows, at most the offer's recipients a second, both slowed by `factor` when LINE says 429 or our webhooks lag.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.queries import changed

CALLS = {"multicast": 200, "push": 2000}
"""What LINE allows a second, per channel and kind of call."""
STAGED_ABOVE, STAGED = 1_000_000, 2_000
"""More people than this are never told at once, but at this many a second: a tenth of them answering are 200 webhooks
a second, which one machine takes (E8)."""
LAG = 5.0
"""Seconds an event's answer may be late before offers step back."""
_AHEAD = 1.0
"""Seconds: nobody reserves places further away than this, so that a stop or a dead worker costs no more."""
_BEHIND = 0.25
"""Seconds of unused places that may be caught up: LINE's bucket forgives far more, our webhooks need not."""
_CHANGES = timedelta(seconds=5)

_TAKE = text("""
WITH step AS (
    SELECT club, make_interval(secs => greatest(
        CAST(:calls AS float) / (CAST(:allowed AS float) * share / 100), CAST(:people AS float) / CAST(:pace AS float)
    ) * 100 / factor) AS whole FROM send_rates WHERE club = :club
)
UPDATE send_rates SET next_at = greatest(next_at, clock_timestamp() - make_interval(secs => :behind)) + step.whole
FROM step WHERE send_rates.club = step.club AND next_at < clock_timestamp() + make_interval(secs => :ahead)
RETURNING extract(epoch FROM next_at - step.whole - clock_timestamp()), extract(epoch FROM step.whole)
""")
_MAKE = text("""
INSERT INTO send_rates (club, next_at, changed_at, factor, share)
VALUES (:club, clock_timestamp() - interval '1 minute', clock_timestamp() - interval '1 minute', 100, 80)
ON CONFLICT DO NOTHING
""")
_WAIT = text("SELECT extract(epoch FROM next_at - clock_timestamp()) FROM send_rates WHERE club = :club")
_SLOWER = text("""
UPDATE send_rates SET factor = greatest(1, factor / 2), changed_at = clock_timestamp()
WHERE club = :club AND changed_at < clock_timestamp() - CAST(:window AS interval)
""")
_FASTER = text("""
UPDATE send_rates SET factor = least(100, factor + factor / 4 + 1), changed_at = clock_timestamp()
WHERE club = :club AND factor < 100 AND changed_at < clock_timestamp() - CAST(:window AS interval)
""")
_OLDEST = text("SELECT min(received_at) FROM turns WHERE club = :club AND reply_state = 'new' AND received_at > :since")


@dataclass(frozen=True)
class Places:
    """Reserved starts: the first in `first` seconds, each next `step` seconds later."""

    first: float
    step: float


def take(session: Session, club: str, *, kind: str, calls: int, people: int, pace: int) -> Places | float:
    """Reserve places for `calls` calls of this kind to `people` in all, at `pace` recipients a second.

    A number: nothing was reserved, ask again in so many seconds. The caller commits, before it waits.
    """
    values = {"club": club, "calls": calls, "allowed": CALLS[kind], "people": people, "pace": pace}
    values |= {"behind": _BEHIND, "ahead": _AHEAD}
    # Losing the latest places in a crash of the database is harmless; waiting for the disk with this row locked is not.
    session.execute(text("SET LOCAL synchronous_commit = off"))
    row = session.execute(_TAKE, values).one_or_none()
    if row is not None:
        return Places(max(0.0, float(row[0])), float(row[1]) / calls)
    wait = session.execute(_WAIT, {"club": club}).scalar()
    if wait is None:
        session.execute(_MAKE, {"club": club})
        return 0.0
    return max(0.01, float(wait) - _AHEAD / 2)


def bounded(pace: int, people: int) -> int:
    """The pace at which this many people are told: in stages when they are very many (E8)."""
    return min(pace, STAGED) if people > STAGED_ABOVE else pace


def slow_down(session: Session, club: str) -> bool:
    """Halve the pace; False: it was changed a moment ago, by whoever saw the same trouble."""
    return bool(changed(session.execute(_SLOWER, {"club": club, "window": _CHANGES})))


def recover(session: Session, club: str) -> bool:
    """Grow the pace back by a quarter, step by step; False: nothing to grow, or too soon."""
    return bool(changed(session.execute(_FASTER, {"club": club, "window": _CHANGES})))


def lag(session: Session, club: str, now: datetime) -> float:
    """Seconds the oldest answer to an event has been waiting to leave; what a dead process left behind does not count."""
    oldest = session.execute(_OLDEST, {"club": club, "since": now - timedelta(minutes=2)}).scalar()
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())
