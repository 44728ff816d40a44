"""A colleague's chat: connected by a code that works once, and told what waits for her approval."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import approvers, drafting
from benefits.offers.refusals import TooManyTries
from clubs import Club
from models import Notice, Offer, Person, StaffChat
from tests.factories import NOON, person
from tests.rules.offers.books import colleague
from tests.rules.offers.test_drafting import asked, at_once

MINUTE = timedelta(minutes=1)


def connected(session: Session, club: Club, *roles: str) -> tuple[int, Person]:
    """A colleague and her chat."""
    who, chat = colleague(session, *(roles or ("approver",))), person(session)
    code = approvers.new_code(session, club=club, staff_id=who.id, now=NOON)
    assert approvers.connect(session, club=club, person=chat, code=code, now=NOON) is not None
    return who.id, chat


def test_c2_a_code_connects_once_within_ten_minutes(rolled_back: Session, club: Club) -> None:
    """C2, C3: a wrong, a late, a used, a replaced code and one of another club connect nobody; the code is kept nowhere."""
    who, may, ann = colleague(rolled_back, "approver"), person(rolled_back), person(rolled_back)
    other = club.__class__(**{**club.__dict__, "key": "another_club"})
    stale = approvers.new_code(rolled_back, club=club, staff_id=who.id, now=NOON)
    code = approvers.new_code(rolled_back, club=club, staff_id=who.id, now=NOON)
    assert len(code) == 10
    row = rolled_back.scalars(select(StaffChat)).one()
    assert code.encode() not in (row.code_hash or b"")
    for wrong, club_, at in ((stale, club, NOON), (code, other, NOON), (code, club, NOON + 10 * MINUTE)):
        assert approvers.connect(rolled_back, club=club_, person=may, code=wrong, now=at) is None
    found = approvers.connect(rolled_back, club=club, person=may, code=code, now=NOON + 9 * MINUTE)
    assert found is not None
    assert found.id == who.id
    assert approvers.connect(rolled_back, club=club, person=ann, code=code, now=NOON) is None
    assert approvers.chat_of(rolled_back, club=club, staff_id=who.id).person_id == may.id  # type: ignore[union-attr]


def test_c1_a_chat_has_five_tries_an_hour(rolled_back: Session, club: Club) -> None:
    """C1: the sixth is not looked at, right or wrong; an hour later it is."""
    who, may = colleague(rolled_back, "approver"), person(rolled_back)
    for _ in range(5):
        assert approvers.connect(rolled_back, club=club, person=may, code="1234567890", now=NOON) is None
        rolled_back.flush()
    code = approvers.new_code(rolled_back, club=club, staff_id=who.id, now=NOON)
    with pytest.raises(TooManyTries) as refused:
        approvers.connect(rolled_back, club=club, person=may, code=code, now=NOON + MINUTE)
    assert refused.value.until == NOON + 60 * MINUTE
    later = NOON + 60 * MINUTE
    code = approvers.new_code(rolled_back, club=club, staff_id=who.id, now=later)
    assert approvers.connect(rolled_back, club=club, person=may, code=code, now=later) is not None


def test_c2_one_code_typed_in_many_chats_at_once_connects_one(sessions: sessionmaker[Session], club: Club) -> None:
    """C2: eight chats, one code, one connected."""
    with sessions.begin() as session:
        who = colleague(session, "approver").id
        chats = [person(session).id for _ in range(8)]
        code = approvers.new_code(session, club=club, staff_id=who, now=NOON)
    came = []

    def type_in(chat: int, session: Session) -> None:
        found = approvers.connect(session, club=club, person=session.get_one(Person, chat), code=code, now=NOON)
        came.append(found is not None)

    at_once(sessions, [lambda session, chat=chat: type_in(chat, session) for chat in chats])  # type: ignore[misc]
    assert sorted(came) == [False] * 7 + [True]


def test_a_chat_changes_hands(rolled_back: Session, club: Club) -> None:
    """One chat is one colleague's: the newest connection stands; disconnecting drops what waited there."""
    first, may = connected(rolled_back, club)
    second = colleague(rolled_back, "approver")
    code = approvers.new_code(rolled_back, club=club, staff_id=second.id, now=NOON)
    approvers.connect(rolled_back, club=club, person=may, code=code, now=NOON)
    assert approvers.approver_of(rolled_back, person=may).id == second.id  # type: ignore[union-attr]
    assert approvers.chat_of(rolled_back, club=club, staff_id=first) is None
    offer = asked(rolled_back, club)
    assert notices(rolled_back, offer) == ["waiting"]
    assert approvers.disconnect(rolled_back, club=club, staff_id=second.id, by=second.id, now=NOON)
    assert not approvers.disconnect(rolled_back, club=club, staff_id=second.id, by=second.id, now=NOON)
    assert notices(rolled_back, offer) == ["dropped"]


def notices(session: Session, offer: Offer) -> list[str]:
    """States of the notices about this offer."""
    session.expire_all()
    rows = select(Notice.state).where(Notice.facts["offer"].as_integer() == offer.id).order_by(Notice.id)
    return list(session.scalars(rows))


def test_approvers_are_told_but_not_who_asked_nor_who_may_not(rolled_back: Session, club: Club) -> None:
    """Only other approvers with a chat; pushed after half an hour, or near the deadline when that is later."""
    _, chat = connected(rolled_back, club)
    connected(rolled_back, club, "marketer")
    both, _ = connected(rolled_back, club, "marketer", "approver")
    offer = asked(rolled_back, club)
    drafting.change(rolled_back, offer=offer, by=both, now=NOON, name="Mine")
    assert notices(rolled_back, offer) == ["dropped", "dropped"]
    start = NOON + timedelta(hours=5)
    drafting.change(rolled_back, offer=offer, by=both, now=NOON, start_at=start, not_after=start + MINUTE)
    drafting.ask(rolled_back, club=club, offer=offer, by=both, now=NOON + MINUTE)
    waiting = rolled_back.scalars(select(Notice).where(Notice.state == "waiting")).one()
    assert (waiting.person_id, waiting.push_at, waiting.expires_at) == (
        chat.id,
        start - timedelta(hours=2),
        start + MINUTE,
    )
    again = asked(rolled_back, club, start_at=NOON + 10 * MINUTE)
    pushes = select(Notice.push_at).where(Notice.facts["offer"].as_integer() == again.id, Notice.person_id == chat.id)
    assert rolled_back.scalars(pushes).one() == NOON + 10 * MINUTE


def test_the_number_of_a_version_stands_for_it_alone(rolled_back: Session, club: Club) -> None:
    """E10: another version, or another offer that says the same, has another number."""
    first, second = asked(rolled_back, club), asked(rolled_back, club)
    number = approvers.version(rolled_back, first)
    assert approvers.is_version(rolled_back, first, number)
    assert not approvers.is_version(rolled_back, second, number)
    drafting.change(rolled_back, offer=first, by=first.author_id, now=NOON, name="Another")
    assert not approvers.is_version(rolled_back, first, number)
    assert len(str(number)) <= 13
