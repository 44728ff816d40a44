"""What the machine itself says: when each job last ran, and what needs somebody's attention (G12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits import rounds
from clubs import Club

LATE_ROUND = timedelta(hours=1)
LATE_REPLY = timedelta(minutes=1)
RECENT = timedelta(hours=24)
DISK_SHARE, QUOTA_SHARE = 20, 10
"""Less than one part in so many left (5 %, 10 %) needs attention."""
PATIENCE = 120.0
"""Seconds beyond two missed turns before a job is called overdue."""


@dataclass(frozen=True)
class Timed:
    """One job of the timetable: its name, the seconds between questions, and what it does."""

    name: str
    every: int
    about: str


@dataclass(frozen=True)
class JobState:
    """How one job stands, in seconds by the database's clock: that of the program may be moved, that of the engine not."""

    job: Timed
    done_ago: float | None
    """Since it last ended well; none: never, as far as is remembered."""
    failed_ago: float | None
    running_for: float | None
    waiting_for: float | None
    """Since it was asked to run and has not begun; none: nobody asks at present."""

    @property
    def next_in(self) -> float:
        """Seconds until it is asked again; 0: it waits or runs."""
        if self.running_for is not None or self.waiting_for is not None or self.done_ago is None:
            return 0.0
        return max(self.job.every - self.done_ago, 0.0)

    @property
    def overdue(self) -> bool:
        """Whether it has not ended well for longer than two of its turns and some patience, and is not at it."""
        return self.running_for is None and (self.done_ago is None or self.done_ago > 2 * self.job.every + PATIENCE)

    @property
    def failing(self) -> bool:
        """Whether its newest end was a failure."""
        return self.failed_ago is not None and (self.done_ago is None or self.failed_ago < self.done_ago)


# The newest of each kind is found from the end of the engine's table; a worker that gives no sign for a minute is dead.
JOBS = """
SELECT asked.name, done.ago AS done_ago, failed.ago AS failed_ago, running.ago AS running_for, waiting.ago AS waiting_for
FROM unnest(CAST(:names AS text[])) AS asked(name)
LEFT JOIN LATERAL (
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - max(events.at)) AS ago FROM procrastinate_events events
    WHERE events.type = 'succeeded' AND events.job_id = (SELECT max(id) FROM procrastinate_jobs
          WHERE task_name = asked.name AND status = 'succeeded')) done ON true
LEFT JOIN LATERAL (
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - max(events.at)) AS ago FROM procrastinate_events events
    WHERE events.type IN ('failed', 'aborted') AND events.job_id = (SELECT max(id) FROM procrastinate_jobs
          WHERE task_name = asked.name AND status IN ('failed', 'aborted'))) failed ON true
LEFT JOIN LATERAL (
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - max(events.at)) AS ago
    FROM procrastinate_jobs jobs JOIN procrastinate_events events ON events.job_id = jobs.id AND events.type = 'started'
    JOIN procrastinate_workers workers ON workers.id = jobs.worker_id
    WHERE jobs.task_name = asked.name AND jobs.status = 'doing'
          AND workers.last_heartbeat > clock_timestamp() - interval '1 minute') running ON true
LEFT JOIN LATERAL (
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - max(events.at)) AS ago
    FROM procrastinate_jobs jobs JOIN procrastinate_events events ON events.job_id = jobs.id AND events.type = 'deferred'
    WHERE jobs.task_name = asked.name AND jobs.status = 'todo') waiting ON true
"""


def job_states(session: Session, timetable: Sequence[Timed]) -> list[JobState]:
    """Each job of the timetable as the engine's tables tell, in the timetable's order."""
    rows = session.execute(text(JOBS), {"names": [job.name for job in timetable]})
    told = {row.name: row for row in rows}
    return [_state(job, told[job.name]) for job in timetable]


def _state(job: Timed, row: Any) -> JobState:
    told = (row.done_ago, row.failed_ago, row.running_for, row.waiting_for)
    return JobState(job, *(None if ago is None else max(float(ago), 0.0) for ago in told))


@dataclass(frozen=True)
class Need:
    """One thing that needs somebody: `kind` names it, `count` says how many (or how much is left), `names` which."""

    kind: str
    count: int
    names: tuple[str, ...] = ()
    grave: bool = True
    """Whether members feel it already."""


COUNTS = {
    "parked": "SELECT count(*) FROM turns WHERE club = :club AND state = 'parked' AND seen_at IS NULL",
    "replies_late": "SELECT count(*) FROM turns WHERE club = :club AND received_at < :late "
    "AND reply_state IN ('new', 'retrying', 'pushing')",
    "replies_unknown": "SELECT count(*) FROM turns WHERE club = :club AND received_at > :since AND reply_state = 'unknown'",
    "notices_unknown": "SELECT count(*) FROM notices WHERE club = :club AND state = 'unknown' AND first_attempt_at > :since",
    "batches_unknown": "SELECT count(*) FROM offer_batches JOIN offers ON offers.id = offer_batches.offer_id "
    "WHERE offers.club = :club AND offer_batches.state = 'unknown'",
    "undo_asked": "SELECT count(*) FROM staff_requests WHERE club = :club AND state = 'open' AND kind = 'undo_use'",
}
GRAVE = {"parked", "replies_late", "batches_unknown"}


def needs(
    session: Session, *, club: Club, timetable: Sequence[Timed], disk: tuple[int, int] | None, now: datetime
) -> list[Need]:
    """Everything of the club that needs attention now, gravest first; nothing: []. `disk` is (free, total) bytes."""
    values = {"club": club.key, "late": now - LATE_REPLY, "since": now - RECENT}
    counted = [Need(kind, _one(session, sql, values), grave=kind in GRAVE) for kind, sql in COUNTS.items()]
    told = [
        *_late_jobs(session, timetable),
        *_late_rounds(session, club, now),
        *[need for need in counted if need.count],
        *_scarce(session, club, disk),
    ]
    return sorted(told, key=lambda need: not need.grave)


def _late_jobs(session: Session, timetable: Sequence[Timed]) -> list[Need]:
    late = tuple(state.job.name for state in job_states(session, timetable) if state.overdue)
    kind = "jobs_down" if len(late) == len(timetable) else "jobs_overdue"
    return [Need(kind, len(late), late)] if late else []


def _late_rounds(session: Session, club: Club, now: datetime) -> list[Need]:
    late: list[date] = [
        period for period in rounds.due(session, club, now) if rounds.adjusted_at(club, period) + LATE_ROUND <= now
    ]
    return [Need("rounds_overdue", len(late), tuple(period.isoformat() for period in late))] if late else []


def _scarce(session: Session, club: Club, disk: tuple[int, int] | None) -> list[Need]:
    """Room on the disk (its free megabytes) and messages left at LINE, where they run low."""
    found = []
    if disk is not None and disk[0] * DISK_SHARE < disk[1]:
        found.append(Need("disk_low", disk[0] // 2**20))
    row = session.execute(text("SELECT quota, used FROM budgets WHERE club = :club"), {"club": club.key}).one_or_none()
    if row is not None and row.quota and (row.quota - row.used) * QUOTA_SHARE < row.quota:
        found.append(Need("quota_low", max(row.quota - row.used, 0)))
    return found


def _one(session: Session, sql: str, values: dict[str, Any]) -> int:
    return int(session.execute(text(sql), values).scalar_one())
