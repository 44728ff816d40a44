"""Batches: taken by one worker at a time, frozen before the first byte leaves, and what LINE said written down.

What surely did not arrive is planned again and frozen anew, under a new key. What LINE may have accepted keeps its people,
its body and its key, is tried again for 23 hours, and is then `unknown`, for a person to decide: LINE remembers a key for
24 hours, and after that a retry would be a second message (D9 to D11).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Interval,
    Row,
    String,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.dml import ReturningUpdate

from benefits.offers import batches_sql as sql
from benefits.offers import budget, reach
from benefits.offers.shape import personal
from clubs import Club
from models import Batch, Body, Offer, Person, Recipient
from models.base import UtcDateTime

KEY_LIFE = timedelta(hours=23)
LEASE = timedelta(seconds=30)
"""By the database's clock; longer than a call may take. What is late does no harm: the key is what keeps it at one."""
OPEN_DOUBTS = {"multicast": 8, "push": 50}
"""With so many batches waiting for another try nothing new is begun: LINE is in trouble, and doubts must not pile up."""

Wording = Callable[[Session, Offer, Mapping[int, str]], Mapping[int, list[Any] | None]]
"""Draws what single people get: {person: language} → messages by person; none: she lacks a value for them."""


@dataclass(frozen=True)
class Ready:
    """One batch, ours for as long as the lease lasts, with everything its call needs."""

    id: int
    offer_id: int
    kind: str
    key: UUID
    to: tuple[str, ...]
    messages: list[Any]
    attempts: int
    """This one counted."""


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt.

    `accepted`; `refused`: for good; `again`: surely not, but it may be tried again; `unknown`: perhaps; `malformed`: not,
    because of the id `malformed`.
    """

    batch_id: int
    result: str
    request_id: str | None = None
    error: str | None = None
    retry_at: datetime | None = None
    malformed: str | None = None


def takeable(session: Session, offer: Offer, now: datetime, limit: int) -> tuple[int, int, int]:
    """What could be taken now, at most `limit` batches: (batches to try again, planned ones, people in the largest of them)."""
    kind = "push" if personal(offer.content) else "multicast"
    values = {"offer": offer.id, "now": now, "since": now - KEY_LIFE, "limit": limit, "doubts": OPEN_DOUBTS[kind]}
    row = session.execute(sql.TAKEABLE, values).one()
    return row.again, row.planned, row.people


def retry(session: Session, offer_id: int, owner: UUID, now: datetime, limit: int) -> list[Ready]:
    """Take batches whose outcome is open: their worker died, or LINE's answer never came. Same key, same body, same people.

    The caller commits before it sends.
    """
    values = {"offer": offer_id, "owner": owner, "now": now, "lease": LEASE, "limit": limit, "since": now - KEY_LIFE}
    rows = session.execute(sql.RETRY, values).all()
    return _ready(session, offer_id, rows)


def freeze(
    session: Session,
    *,
    club: Club,
    offer: Offer,
    owner: UUID,
    now: datetime,
    limit: int,
    wording: Wording | None = None,
) -> list[Ready]:
    """Take up to `limit` planned batches and fix who is in them: friends now, not opted out now (E6, B16), under the cap.

    Empty: nothing planned, the offer is not being sent (any more), or too many outcomes are open. The caller commits
    before it sends. With `wording` each gets her own messages.
    """
    doubts = OPEN_DOUBTS["push" if wording else "multicast"]
    values = {"offer": offer.id, "now": now, "limit": limit, "doubts": doubts}
    picked = session.execute(sql.PICK, values).all()
    if not picked:
        return []
    _worded(session, offer, wording, picked)
    # Two offers must not both be the last one the cap allows. Held whether or not there are others yet: one that begins
    # meanwhile has to wait until what is frozen here can be seen.
    session.execute(sql.ONE_AT_A_TIME, {"club": club.key})
    limits = budget.of(session, club)
    others = reach.recent(session, club.key, limits, now, besides=offer.id)
    first, last = min(row.first_person_id for row in picked), max(row.last_person_id for row in picked)
    capped = reach.capped(limits, others, now, between=(first, last))
    fixing = _FIXING if capped is None else _fixing(reach.why_not(capped))
    values = {"ids": [row.id for row in picked], "offer": offer.id, "by": owner, "at": now, "lease": LEASE}
    fixed = session.execute(fixing, values).all()
    for row in fixed:
        for person_id, why in zip(row.out or (), row.why or (), strict=True):
            _mark(session, offer.id, person_id, why)
    return _ready(session, offer.id, [row for row in fixed if row.line_user_ids])


def record(session: Session, outcomes: Sequence[Outcome], owner: UUID, now: datetime) -> int:
    """Write down what came of attempts of `owner`; the number of people LINE accepted a message for.

    That LINE accepted is written by whoever knows; anything else only by who still holds the batch.
    """
    accepted = [outcome for outcome in outcomes if outcome.result == "accepted"]
    sent = 0
    if accepted:
        values = {"ids": [o.batch_id for o in accepted], "requests": [o.request_id for o in accepted], "now": now}
        for offer_id, people in session.execute(sql.ACCEPTED, values):
            sent += people
            _give_back(session, offer_id, people)
    for outcome in outcomes:
        if outcome.result != "accepted":
            _record(session, outcome, owner, now)
    return sent


def expire(session: Session, now: datetime) -> int:
    """Batches whose key LINE will soon forget: `unknown`, and never sent again by us (D11, E7). How many."""
    rows = session.execute(sql.EXPIRE, {"since": now - KEY_LIFE}).all()
    for row in rows:
        _give_back(session, row.offer_id, row.size)
    return len(rows)


def _fixing(reason: ColumnElement[str | None]) -> ReturningUpdate[Any]:
    """The statement that fixes batches: each one's people are looked at in one reading, between its two ids, so that the
    database reads these five hundred and nobody else."""
    planned = aliased(Batch)
    why = case((Person.id.is_(None), "erased"), else_=reason).label("why")
    between = (planned.first_person_id, planned.last_person_id)
    people = (
        select(Recipient.person_id, Person.line_user_id, why)
        .outerjoin(Person, and_(Person.id == Recipient.person_id, Person.id.between(*between)))
        .where(Recipient.offer_id == bindparam("offer"), Recipient.language == planned.language)
        .where(Recipient.state == "batched", Recipient.person_id.between(*between))
        .correlate(planned)
        .subquery()
    )
    left_out = people.c.why.is_not(None)
    ids = aggregate_order_by(people.c.line_user_id, people.c.person_id)
    found = (
        select(
            func.array_agg(ids, type_=ARRAY(String)).filter(~left_out).label("ids"),
            func.array_agg(people.c.person_id, type_=ARRAY(BigInteger)).filter(left_out).label("out"),
            func.array_agg(people.c.why, type_=ARRAY(String)).filter(left_out).label("why"),
        )
        .correlate(planned)
        .lateral()
    )
    some = found.c.ids.is_not(None)
    return (
        update(Batch)
        .where(Batch.id == planned.id, planned.id == func.any(bindparam("ids", type_=ARRAY(BigInteger))))
        .values(**_sending(some, found.c.ids))
        .returning(
            Batch.id, Batch.kind, Batch.language, Batch.retry_key, Batch.line_user_ids, Batch.messages, Batch.attempts,
            found.c.out, found.c.why,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _sending(some: ColumnElement[bool], ids: ColumnElement[Any]) -> dict[str, Any]:
    """What a batch is from its first attempt on; `empty` when nobody is left in it."""
    return {
        "line_user_ids": ids,
        "size": func.coalesce(func.cardinality(ids), 0),
        "state": case((some, "sending"), else_="empty"),
        "owner": case((some, bindparam("by", type_=Uuid))),
        "lease_until": case((some, func.clock_timestamp() + bindparam("lease", type_=Interval))),
        "first_attempt_at": case((some, bindparam("at", type_=UtcDateTime))),
        "messages": case((some, Batch.messages)),
        "attempts": Batch.attempts + 1,
        "doubtful": case((some, 1), else_=0),
        "next_attempt_at": None,
    }


_FIXING = _fixing(reach.why_not(None))


def _worded(session: Session, offer: Offer, wording: Wording | None, picked: Sequence[Row[Any]]) -> None:
    """Every reader's own messages are stored with her batch; who lacks a value for them is left out."""
    if wording is None:
        return
    said = wording(session, offer, {row.first_person_id: row.language for row in picked})
    found = {row.id: words for row in picked if (words := said.get(row.first_person_id))}
    for row in picked:
        if row.id not in found:
            _mark(session, offer.id, row.first_person_id, "incomplete")
    if found:
        stored = [{"b_id": batch_id, "b_messages": messages} for batch_id, messages in found.items()]
        session.connection().execute(sql.WORDS, stored)


def _ready(session: Session, offer_id: int, rows: Sequence[Row[Any]]) -> list[Ready]:
    """With the body as it is stored, at the first try as at every other: a retry must be the very same."""
    bodies: dict[str, list[Any]] = {}
    if any(row.kind == "multicast" for row in rows):
        found = session.execute(select(Body.language, Body.messages).where(Body.offer_id == offer_id))
        bodies = {row.language: row.messages for row in found}
    return [
        Ready(
            id=row.id,
            offer_id=offer_id,
            kind=row.kind,
            key=row.retry_key,
            to=tuple(row.line_user_ids),
            messages=row.messages or bodies[row.language],
            attempts=row.attempts,
        )
        for row in sorted(rows, key=lambda row: row.id)
    ]


def _record(session: Session, outcome: Outcome, owner: UUID, now: datetime) -> None:
    values = {"id": outcome.batch_id, "owner": owner, "now": now, "error": (outcome.error or "")[:500] or None}
    if outcome.result == "unknown":
        session.execute(sql.OPEN, {**values, "retry_at": outcome.retry_at})
    elif outcome.result == "refused":
        for offer_id, size in session.execute(sql.REFUSED, values):
            _give_back(session, offer_id, size)
    else:
        if outcome.malformed is not None:
            session.execute(sql.MALFORMED, {**values, "user": outcome.malformed})
        session.execute(sql.AGAIN, {**values, "retry_at": outcome.retry_at})


def _give_back(session: Session, offer_id: int, people: int) -> None:
    """So many messages fewer are set aside: they are used, or will not be."""
    left = func.greatest(0, Offer.reserved - people)
    session.execute(update(Offer).where(Offer.id == offer_id, Offer.reserved > 0).values(reserved=left))


def _mark(session: Session, offer_id: int, person_id: int, state: str | None) -> None:
    hers = (Recipient.offer_id == offer_id, Recipient.person_id == person_id)
    session.execute(update(Recipient).where(*hers).values(state=state))
