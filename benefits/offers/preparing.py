"""From an approved offer to rows: who gets it, in which batches, saying what. One transaction, set-based, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, insert, literal, text, update
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers import audience, budget, reach
from benefits.offers.refusals import QuotaTooSmall, WrongState
from benefits.offers.shape import personal, spoken
from clubs import Club
from models import Body, Offer, Person, Recipient
from models.queries import changed

BATCH = 500
"""What LINE takes in one multicast."""

_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('offers:' || :club, 0))")
# In order of their ids, language by language: then a batch's people lie side by side, in this table and in `people`.
_PLAN = text("""
INSERT INTO offer_batches (offer_id, kind, language, first_person_id, last_person_id, size, retry_key, state, attempts,
                           doubtful)
SELECT :offer, :kind, language, min(person_id), max(person_id), count(*), gen_random_uuid(), 'planned', 0, 0
FROM (
    SELECT language, person_id, (row_number() OVER (PARTITION BY language ORDER BY person_id) - 1) / :size AS place
    FROM offer_recipients WHERE offer_id = :offer AND state = 'batched'
) AS placed
GROUP BY language, place ORDER BY language, place
""")
_PLANNED = text("SELECT coalesce(sum(size), 0) FROM offer_batches WHERE offer_id = :offer")


@dataclass(frozen=True)
class Prepared:
    """What came of it: rows of the audience, and messages it needs."""

    recipients: int
    to_send: int


def prepare(
    session: Session,
    *,
    club: Club,
    offer_id: int,
    quota: tuple[int | None, int],
    bodies: Mapping[str, Sequence[Any]],
    now: datetime,
) -> Prepared | None:
    """Write the recipients, the batches and the bodies of an offer that is `preparing`, and let it send.

    `quota` is LINE's (limit, used) of a moment ago; `bodies` its messages by language, drawn once for all its batches
    (ignored where each person gets her own). None: another process is at it. The caller commits, or rolls back on
    `QuotaTooSmall` (E5, the numbers in it) and `WrongState` (stopped meanwhile). The offer's row is touched last only,
    so that stopping never waits.
    """
    if not session.execute(_ALONE, {"club": club.key}).scalar_one():
        return None
    audience.roomy(session)  # who is over the cap is looked up in a hash, which must not be given up for want of memory
    offer = session.get_one(Offer, offer_id, populate_existing=True)
    if offer.state != "preparing":
        raise WrongState(offer.state)
    snapshot = _snapshot(session, club, offer, now)
    recipients = changed(session.execute(snapshot, execution_options={"preserve_rowcount": True}))
    session.execute(text("ANALYZE offer_recipients"))  # the batches' queries are planned by what is in it now
    alone = personal(offer.content)
    plan = {"offer": offer_id, "kind": "push" if alone else "multicast", "size": 1 if alone else BATCH}
    session.execute(_PLAN, plan)
    to_send = int(session.execute(_PLANNED, {"offer": offer_id}).scalar_one())
    room = budget.room(session, club, *quota)
    if room is not None and to_send > room:
        raise QuotaTooSmall(to_send, room)
    if not alone:
        session.add_all(
            Body(offer_id=offer_id, language=language, messages=list(said)) for language, said in bodies.items()
        )
    _open(session, offer, recipients, to_send, now)
    return Prepared(recipients, to_send)


def _snapshot(session: Session, club: Club, offer: Offer, now: datetime) -> Any:
    """The audience as it is now, each with the reason why not, or held out, or `batched`."""
    people = audience.people(club, offer.audience, now, languages=spoken(club, offer.content))
    limits = budget.of(session, club)
    others = reach.recent(session, club.key, limits, now, besides=offer.id)
    reason = reach.why_not(reach.capped(limits, others, now))
    state = func.coalesce(reason, _held_out(offer), literal("batched"))
    chosen: Select[Any] = people.add_columns(literal(offer.id).label("offer_id"), state.label("state"))
    columns = ["person_id", "language", "offer_id", "state"]
    return insert(Recipient).from_select(columns, chosen.order_by(Person.id), include_defaults=False)


def _held_out(offer: Offer) -> ColumnElement[str | None]:
    """A share that gets nothing, so that the others can be compared with it: the same people however often it is asked."""
    if not offer.holdout_percent:
        return literal(None)
    digits = func.substr(func.md5(func.concat(offer.id, ":", Person.id)), 1, 7)
    number = cast(cast(func.concat("x", digits), BIT(28)), Integer)
    return case((number % 100 < offer.holdout_percent, "held_out"))


def _open(session: Session, offer: Offer, recipients: int, to_send: int, now: datetime) -> None:
    opened = session.execute(
        update(Offer)
        .where(Offer.id == offer.id, Offer.state == "preparing")
        .values(state="sending", recipients=recipients, reserved=to_send, prepared_at=now)
    )
    if not changed(opened):
        raise WrongState("stopped")
    numbers: dict[str, Any] = {"recipients": recipients, "to_send": to_send}
    note(session, club=offer.club, at=now, action="offer_begun", subject=("offer", offer.id), **numbers)
