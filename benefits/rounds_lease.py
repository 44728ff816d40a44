"""Who may run a round: one holder at a time, by the database's clock, with a token that late writers no longer hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Connection, text

from benefits import rounds_sql as sql
from benefits.counting import counting_lock
from benefits.refusal import Refusal
from clubs import Club

LEASE = timedelta(seconds=60)


class RoundNotDue(Refusal):
    """The month's adjustment day has not come: `due_at` is when it does (UTC)."""

    rule: ClassVar[str] = "LFC-8"

    def __init__(self, period: date, due_at: datetime) -> None:
        self.period, self.due_at = period, due_at


class RoundAlreadyDone(Refusal):
    """The month was computed at `finished_at`; computing it again would change nothing (F4)."""

    rule: ClassVar[str] = "LFC-8"

    def __init__(self, period: date, finished_at: datetime, result_hash: str) -> None:
        self.period, self.finished_at, self.result_hash = period, finished_at, result_hash


class LaterRoundDone(Refusal):
    """A later month (`later`) was closed already and took the lines of this one."""

    rule: ClassVar[str] = "LFC-9"

    def __init__(self, period: date, later: date) -> None:
        self.period, self.later = period, later


class EarlierRoundOpen(Refusal):
    """The round of an earlier month (`earlier`) was begun and is not finished: it comes first."""

    rule: ClassVar[str] = "LFC-9"

    def __init__(self, period: date, earlier: date) -> None:
        self.period, self.earlier = period, earlier


class LeaseHeld(Refusal):
    """Another process is running this round; if it died, its lease ends at `until` (database clock, UTC)."""

    rule: ClassVar[str] = "LFC-8"

    def __init__(self, period: date, until: datetime | None) -> None:
        self.period, self.until = period, until


class LeaseLost(LeaseHeld):
    """This process stood still for longer than its lease and another one took over: nothing it writes is kept (F8)."""


@dataclass(frozen=True)
class Lease:
    """The right to write for one run, as long as `owner` is still in its row."""

    connection: Connection
    run_id: int
    period: date
    owner: UUID
    started_at: datetime
    """When the run was first begun: a resumed run keeps it, so that it comes to the same result."""
    cursor: str | None
    """None: the month is not closed yet; else the last account posted."""
    terms: Mapping[str, Any]
    """`terms` of the club file under which its month was closed, or will be."""

    def fence(self, cursor: str | None = None) -> None:
        """First statement of every transaction of the run: renews the lease and notes how far it gets. Raises `LeaseLost`."""
        values = {"lease": LEASE, "cursor": cursor, "run": self.run_id, "owner": self.owner}
        if self.connection.execute(text(sql.FENCE), values).rowcount != 1:
            raise LeaseLost(self.period, None)


def terms(club: Club) -> dict[str, Any]:
    """What a run computes with, kept in its facts. Whoever resumes it goes on with the same: a month has one price of a star
    and one set of tiers for every account, those that were signed, whatever the club file says by then."""
    return {
        "window": club.round.window,
        "unit": club.stars.unit,
        "satang_per_star": club.stars.satang_per_star,
        "tiers": [[tier.key, tier.threshold] for tier in club.tiers],
    }


def looks_back(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `terms` that must be equal for one run to go on from the totals of another."""
    return {name: terms[name] for name in ("window", "unit")}


def take(connection: Connection, *, club: Club, period: date, owner: UUID, now: datetime) -> Lease:
    """Begin the run of `period`, or take over one whose holder died. The caller commits.

    Raises `RoundAlreadyDone`, `LaterRoundDone`, `EarlierRoundOpen`, `LeaseHeld`.
    """
    counting_lock(connection, club, alone=True)
    _check_order(connection, club, period)
    values: dict[str, Any] = {"club": club.key, "period": period, "owner": owner, "lease": LEASE, "at": now}
    values["terms"] = json.dumps(terms(club))
    row = connection.execute(text(sql.TAKE), values).one_or_none()
    if row is None:
        query = "SELECT lease_until FROM runs WHERE club = :club AND kind = 'stars' AND period = :period"
        raise LeaseHeld(period, connection.scalar(text(query), values))
    return Lease(connection, row.id, period, owner, row.started_at, row.cursor, row.facts or terms(club))


def _check_order(connection: Connection, club: Club, period: date) -> None:
    query = (
        "SELECT period, state, finished_at, result_hash FROM runs WHERE club = :club AND kind = 'stars' ORDER BY period"
    )
    for row in connection.execute(text(query), {"club": club.key}):
        if row.period == period and row.state == "done":
            raise RoundAlreadyDone(period, row.finished_at, row.result_hash)
        if row.period > period:
            raise LaterRoundDone(period, row.period)
        if row.period < period and row.state == "running":
            raise EarlierRoundOpen(period, row.period)
