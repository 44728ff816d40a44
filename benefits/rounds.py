"""The monthly round: stars of a month counted once, tiers adjusted, people told (LFC-5 … LFC-12).

Steps, each a transaction that may be killed at any moment and is then done again by whoever takes over: the month is
closed (its lines are frozen), then chunk after chunk of accounts is posted and adjusted, then the run is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from benefits.counting import unhurried
from benefits.periods import add_months, month_of, start_of
from benefits.rounds_lease import (
    EarlierRoundOpen,
    LaterRoundDone,
    LeaseHeld,
    LeaseLost,
    RoundAlreadyDone,
    RoundNotDue,
    take,
)
from benefits.rounds_signing import NotSigned, forget, lapse, signed_figures
from benefits.rounds_steps import Change, FiguresChanged, Move, RunResult, Steps
from clubs import Club
from models import Run

__all__ = [
    "Change",
    "EarlierRoundOpen",
    "LaterRoundDone",
    "LeaseHeld",
    "LeaseLost",
    "Move",
    "NotSigned",
    "RoundAlreadyDone",
    "RoundNotDue",
    "RunResult",
    "adjusted_at",
    "due",
    "listing",
    "run",
]

Progress = Callable[[str, int, int], None]


def adjusted_at(club: Club, period: date) -> datetime:
    """When the round of `period` is due: 00:00 Bangkok of the club's day in the following month (LFC-8, LFC-11)."""
    return start_of(add_months(period, 1).replace(day=club.round.day))


def due(session: Session, club: Club, now: datetime) -> list[date]:
    """Ended months without a finished run whose adjustment day has come, oldest first.

    They begin after the last run; before any run, with the first month that has a line to count.
    """
    states = {row.period: row.state for row in listing(session, club=club)}
    unfinished = [period for period, state in states.items() if state == "running"]
    if unfinished:
        month: date | None = min(unfinished)
    elif states:
        month = add_months(max(states), 1)
    else:
        query = text("SELECT min(count_month) FROM charges WHERE club = :club AND count_month < :month")
        month = session.scalar(query, {"club": club.key, "month": month_of(now)})
    found: list[date] = []
    while month is not None and adjusted_at(club, month) <= now:
        found += [month] if states.get(month) != "done" else []
        month = add_months(month, 1)
    return found


def listing(session: Session, *, club: Club) -> list[Run]:
    """Every run of the club, oldest first."""
    return list(session.scalars(select(Run).where(Run.club == club.key, Run.kind == "stars").order_by(Run.period)))


def run(
    database: Engine | sessionmaker[Session],
    *,
    club: Club,
    period: date,
    now: datetime,
    dry_run: bool = False,
    progress: Progress | None = None,
    owner: UUID | None = None,
    changes: Callable[[Change], None] | None = None,
) -> RunResult:
    """Compute the round of `period`, or finish one that was interrupted.

    A dry run writes nothing, may run once the month has ended, and hands every account that would change to `changes`.
    Where the club file says `sign_off`, the figures must be those that two persons have signed.
    Raises `RoundNotDue`, `RoundAlreadyDone`, `LaterRoundDone`, `EarlierRoundOpen`, `LeaseHeld`, `LeaseLost`, `NotSigned`.
    """
    due_at = start_of(add_months(period, 1)) if dry_run else adjusted_at(club, period)
    if now < due_at:
        raise RoundNotDue(period, due_at)
    engine = database if isinstance(database, Engine) else database.kw["bind"]
    with engine.connect() as connection:
        try:
            if dry_run:
                return _dry_run(connection, club, period, now, changes)
            with unhurried(connection):
                signed = signed_figures(connection, club, period)
                lease = take(connection, club=club, period=period, owner=owner or uuid4(), now=now)
            try:
                return Steps(connection, club, lease).to_the_end(now, progress or _silent, signed)
            except FiguresChanged:
                with unhurried(connection):
                    forget(connection, lease)
                    lapse(connection, club, period)
                raise NotSigned(period) from None
        finally:
            # The work table belongs to this connection: it is closed, never given back to the pool.
            connection.invalidate()


def _dry_run(
    connection: Connection, club: Club, period: date, now: datetime, changes: Callable[[Change], None] | None
) -> RunResult:
    """The same steps in one transaction that is rolled back; accounts are read, not written."""
    transaction = connection.begin()
    connection.execute(text("SELECT set_config('statement_timeout', '0', true)"))
    work = Steps(connection, club, take(connection, club=club, period=period, owner=uuid4(), now=now))
    work.close()
    try:
        return work.difference(changes or (lambda change: None))
    finally:
        transaction.rollback()


def _silent(stage: str, done: int, total: int) -> None:
    """Tells nobody."""
