"""The difference a round would make for the whole population, computed in the background and kept to be looked at.

A preview writes nothing to the ledger: it does the steps of the round in a transaction that is rolled back, and keeps
the sums. A worker that dies leaves its row `running`; the next one does it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits import requests, rounds_sql
from benefits.journal import note
from benefits.periods import add_months, month_name, start_of
from benefits.refusal import Refusal
from benefits.rounds_lease import LeaseHeld, RoundNotDue, take
from benefits.rounds_signing import KIND, SUBJECT
from benefits.rounds_steps import Steps
from clubs import Club
from models import RoundPreview, Run, StaffRequest
from models.queries import changed

STEPS = ("waiting", "computing", "tiers", "biggest", "done")
"""What a preview is at; its `step` is an index of these."""
BIGGEST = 20

PAIRS = f"""
SELECT coalesce(tier_before, '') AS before, coalesce(tier, '') AS after, count(*) AS accounts,
       count(*) FILTER (WHERE total > total_before) AS more, count(*) FILTER (WHERE total < total_before) AS fewer,
       coalesce(sum(total - total_before), 0) AS stars
FROM ({rounds_sql.RESULTS}) results GROUP BY 1, 2 ORDER BY 1, 2
"""

SUMS = f"""
SELECT count(*) AS accounts, coalesce(sum(amount), 0) AS stars, coalesce(sum(counted), 0) AS counted_satang,
       coalesce(sum(total_before), 0) AS total_before, coalesce(sum(total), 0) AS total,
       (SELECT coalesce(sum(lines), 0) FROM round_work) AS lines,
       (SELECT coalesce(sum(amount), 0) FROM entries WHERE club = :club AND kind = 'correction' AND unit = :unit
               AND count_month > :after AND count_month <= :period) AS corrections
FROM ({rounds_sql.RESULTS}) results
"""

CHANGES = f"""
SELECT external_id, amount, total_before, total, tier_before, tier FROM ({rounds_sql.RESULTS}) results
WHERE total <> total_before ORDER BY abs(total - total_before) DESC, external_id COLLATE "C" LIMIT {BIGGEST}
"""


class NothingToPreview(Refusal):
    """The month was computed already, or is not the one that comes next: only that one's figures are known."""

    rule: ClassVar[str] = "LFC-9"

    def __init__(self, period: date) -> None:
        self.period = period


class PreviewLapsed(Refusal):
    """Signing needs figures that are ready and still true."""

    rule: ClassVar[str] = "LFC-8"


def next_month(session: Session, club: Club) -> date | None:
    """The month whose round comes next; none while nothing was ever charged."""
    last = session.execute(
        select(Run.period, Run.state)
        .where(Run.club == club.key, Run.kind == "stars")
        .order_by(Run.period.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        return last.period if last.state == "running" else add_months(last.period, 1)
    return session.scalar(text("SELECT min(count_month) FROM charges WHERE club = :club"), {"club": club.key})


def ask(session: Session, *, club: Club, period: date, by: int, now: datetime) -> RoundPreview:
    """Have the difference of `period` computed; the one under way when there is one.

    Raises `RoundNotDue` while the month has not ended, `NothingToPreview`.
    """
    if now < start_of(add_months(period, 1)):
        raise RoundNotDue(period, start_of(add_months(period, 1)))
    if next_month(session, club) != period or _closed(session, club, period):
        raise NothingToPreview(period)
    values = {
        "club": club.key,
        "period": period,
        "state": "asked",
        "asked_by": by,
        "asked_at": now,
        "step": 0,
        "facts": {},
    }
    made = session.execute(
        insert(RoundPreview).values(values).on_conflict_do_nothing().returning(RoundPreview)
    ).scalar_one_or_none()
    if made is None:
        return session.scalars(_open(club).where(RoundPreview.period == period)).one()
    note(session, club=club.key, at=now, action="round_previewed", subject=(SUBJECT, made.id), actor=("staff", by),
         period=month_name(period))  # fmt: skip
    return made


def latest(session: Session, club: Club, period: date) -> RoundPreview | None:
    """The newest preview of a month."""
    query = select(RoundPreview).where(RoundPreview.club == club.key, RoundPreview.period == period)
    return session.scalars(query.order_by(RoundPreview.id.desc()).limit(1)).first()


def signing(session: Session, club: Club, preview: RoundPreview) -> StaffRequest | None:
    """The request that carries the signatures: who asked is the first, who granted the second; none: nobody signed."""
    found = requests.requests_about(session, club=club, subject=(SUBJECT, preview.id))
    return next((request for request in found if request.state in ("open", "granted")), None)


def sign(session: Session, *, club: Club, preview_id: int, by: int, now: datetime) -> StaffRequest:
    """Sign the figures of a preview; the second signature, by another person, lets the round go.

    Raises `PreviewLapsed`; `requests.OwnRequest` when the same person signs twice; `requests.AlreadyDecided`.
    """
    preview = session.get(RoundPreview, preview_id, with_for_update={"read": True}, populate_existing=True)
    if preview is None or preview.club != club.key or preview.state != "ready":
        raise PreviewLapsed()
    first = signing(session, club, preview)
    if first is None:
        facts = {"period": month_name(preview.period), "figures_hash": preview.figures_hash}
        try:
            return requests.ask(session, club=club, kind=KIND, subject=(SUBJECT, preview.id), facts=facts,
                                reason=str(preview.figures_hash), by=by, now=now)  # fmt: skip
        except requests.AlreadyAsked as asked:  # another person, at this very moment
            first = asked.request
    return requests.decide(session, club=club, request_id=first.id, by=by, yes=True, reason="", now=now)


def compute(engine: Engine, *, club: Club, now: datetime) -> int:
    """Compute every preview asked for, or left by a worker that died; how many became ready."""
    made = 0
    with Session(engine, expire_on_commit=False) as session:
        waiting = list(session.scalars(_open(club).order_by(RoundPreview.id)))
    for preview in waiting:
        try:
            figures, facts = difference(
                engine, club=club, period=preview.period, now=now, tell=_teller(engine, preview.id)
            )
        except LeaseHeld:
            continue  # the round itself is under way
        except Refusal as refusal:
            _finish(engine, preview, state="failed", failure=refusal.name, now=now)
            continue
        except Exception:
            _finish(engine, preview, state="failed", failure="", now=now)
            raise
        made += _finish(engine, preview, state="ready", figures=figures, facts=facts, now=now)
    return made


def difference(
    engine: Engine, *, club: Club, period: date, now: datetime, tell: Callable[[int], None]
) -> tuple[str, dict[str, Any]]:
    """(figures hash, sums) of what the round would change. Imports wait while it reads; nothing is written."""
    with engine.connect() as connection:
        try:
            return _difference(connection, club, period, now, tell)
        finally:
            # The work table belongs to this connection: it is closed, never given back to the pool.
            connection.invalidate()


def _difference(
    connection: Connection, club: Club, period: date, now: datetime, tell: Callable[[int], None]
) -> tuple[str, dict[str, Any]]:
    transaction = connection.begin()
    try:
        connection.execute(
            text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
        )
        work = Steps(connection, club, take(connection, club=club, period=period, owner=uuid4(), now=now))
        tell(1)
        work.close()
        tell(2)
        sums = {key: int(value) for key, value in work.ask(SUMS).one()._mapping.items()}
        pairs = [[row.before, row.after, *map(int, row[2:])] for row in work.ask(PAIRS)]
        tell(3)
        biggest = [list(row) for row in work.ask(CHANGES)]
        return work.figures_hash(), {**sums, "pairs": pairs, "biggest": biggest}
    finally:
        transaction.rollback()


def _open(club: Club) -> Any:
    return select(RoundPreview).where(RoundPreview.club == club.key, RoundPreview.state.in_(("asked", "running")))


def _closed(session: Session, club: Club, period: date) -> bool:
    query = select(Run.cursor).where(Run.club == club.key, Run.kind == "stars", Run.period == period)
    return session.scalar(query) is not None


def _teller(engine: Engine, preview_id: int) -> Callable[[int], None]:
    """Notes how far it is, beside the transaction that will be rolled back."""

    def tell(step: int) -> None:
        with Session(engine) as session, session.begin():
            query = update(RoundPreview).where(RoundPreview.id == preview_id, RoundPreview.finished_at.is_(None))
            session.execute(query.values(state="running", step=step))

    return tell


def _finish(
    engine: Engine, preview: RoundPreview, *, state: str, now: datetime, figures: str | None = None,
    facts: dict[str, Any] | None = None, failure: str | None = None,
) -> int:  # fmt: skip
    """Keep what it came to, once. Earlier previews with other figures are no longer true."""
    with Session(engine) as session, session.begin():
        query = update(RoundPreview).where(RoundPreview.id == preview.id, RoundPreview.finished_at.is_(None))
        values = {"state": state, "figures_hash": figures, "facts": facts or {}, "failure": failure}
        done = session.execute(query.values(**values, finished_at=now, step=len(STEPS) - 1))
        if figures is not None:
            others = (RoundPreview.club == preview.club, RoundPreview.period == preview.period)
            session.execute(
                update(RoundPreview)
                .where(*others, RoundPreview.state == "ready", RoundPreview.figures_hash != figures)
                .values(state="lapsed")
            )
        return changed(done)
