"""Test messages: to people named as testers, one row per message, sent by its own path and never by an offer's (E12)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.offers.refusals import NotTester
from clubs import Club
from models import Offer, Person, Tester, TestSend


def named(session: Session, *, club: Club) -> list[Tester]:
    """The club's testers, by name."""
    return list(session.scalars(select(Tester).where(Tester.club == club.key).order_by(Tester.name, Tester.id)))


def add(session: Session, *, club: Club, person_id: int, name: str, by: int, now: datetime) -> Tester:
    """Name somebody of this club a tester; again: the name is changed. Raises `NotTester` for nobody of this club."""
    person = session.get(Person, person_id)
    if person is None or person.club != club.key:
        raise NotTester()
    values = {"club": club.key, "person_id": person_id, "name": name.strip()[:100], "added_by": by, "added_at": now}
    made = insert(Tester).values(**values).on_conflict_do_update(
        index_elements=["club", "person_id"], set_={"name": values["name"]}
    )  # fmt: skip
    tester = session.scalars(made.returning(Tester), execution_options={"populate_existing": True}).one()
    note(session, club=club.key, at=now, action="tester_named", subject=("person", person_id), actor=("staff", by))
    return tester


def remove(session: Session, *, club: Club, tester_id: int, by: int, now: datetime) -> bool:
    """Take somebody off the list. False: she was not on it."""
    gone = delete(Tester).where(Tester.id == tester_id, Tester.club == club.key).returning(Tester.person_id)
    person_id = session.execute(gone).scalar()
    if person_id is not None:
        note(
            session, club=club.key, at=now, action="tester_removed", subject=("person", person_id), actor=("staff", by)
        )
    return person_id is not None


def ask(
    session: Session,
    *,
    offer: Offer,
    tester_id: int,
    messages: Sequence[dict[str, Any]],
    by: int,
    now: datetime,
    key: uuid.UUID,
) -> TestSend:
    """Send `messages` (drawn from the offer for this tester) to one tester. `key` comes with the form: the same form sent
    twice is one message. Raises `NotTester` for anybody not named, or blocked by then."""
    tester = session.get(Tester, tester_id)
    person = session.get(Person, tester.person_id) if tester is not None else None
    if tester is None or tester.club != offer.club or person is None or not person.friend:
        raise NotTester()
    values = {
        "offer_id": offer.id,
        "person_id": tester.person_id,
        "by_staff": by,
        "digest": offer.digest,
        "state": "new",
    }
    rest = {"retry_key": key, "messages": list(messages), "asked_at": now}
    made = (
        insert(TestSend)
        .values(**values, **rest)
        .on_conflict_do_nothing(index_elements=["retry_key"])
        .returning(TestSend)
    )
    fresh = session.scalars(made).one_or_none()
    if fresh is None:
        return session.scalars(select(TestSend).where(TestSend.retry_key == key)).one()
    subject, facts = ("offer", offer.id), {"person": tester.person_id, "test": fresh.id}
    note(session, club=offer.club, at=now, action="offer_tested", subject=subject, actor=("staff", by), **facts)
    return fresh


def sent(session: Session, *, offer: Offer) -> list[TestSend]:
    """The offer's test messages, newest first."""
    return list(session.scalars(select(TestSend).where(TestSend.offer_id == offer.id).order_by(TestSend.id.desc())))
