"""Test messages (E12): to named testers, once per form, and never anything but a test."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benefits.offers import testers
from benefits.offers.refusals import NotTester
from clubs import Club
from models import Batch, Recipient, TestSend
from tests.factories import NOON, person
from tests.rules.offers.books import colleague, draft

HELLO = [{"type": "text", "text": "สวัสดี"}]


def test_e12_a_test_goes_to_a_named_tester_once_and_makes_no_sending(rolled_back: Session, club: Club) -> None:
    """E12: the form sent twice, by a double click or a browser's retry, is one message; no recipient, no batch, no state."""
    may, by = person(rolled_back), colleague(rolled_back, "marketer").id
    offer = draft(rolled_back, club, colleague(rolled_back, "marketer"))
    tester = testers.add(rolled_back, club=club, person_id=may.id, name="เมย์", by=by, now=NOON)
    key: UUID = uuid4()
    sent = {
        testers.ask(rolled_back, offer=offer, tester_id=tester.id, messages=HELLO, by=by, now=NOON, key=key).id
        for _ in range(3)
    }
    assert len(sent) == 1
    rows = rolled_back.scalars(select(TestSend)).all()
    assert [(row.person_id, row.state, row.digest, row.messages) for row in rows] == [
        (may.id, "new", offer.digest, HELLO)
    ]
    assert testers.sent(rolled_back, offer=offer) == rows
    for table in (Recipient, Batch):
        assert rolled_back.scalar(select(func.count()).select_from(table)) == 0
    assert (offer.state, offer.begun_at) == ("draft", None)


def test_e12_nobody_else_gets_a_test(rolled_back: Session, club: Club) -> None:
    """E12: not who was taken off the list, not a tester of another club, not who blocked the channel, not a stranger."""
    by = colleague(rolled_back, "marketer").id
    offer = draft(rolled_back, club, colleague(rolled_back, "marketer"))
    gone, blocked = person(rolled_back), person(rolled_back)
    number = testers.add(rolled_back, club=club, person_id=gone.id, name="x", by=by, now=NOON).id
    assert testers.remove(rolled_back, club=club, tester_id=number, by=by, now=NOON)
    assert not testers.remove(rolled_back, club=club, tester_id=number, by=by, now=NOON)
    left = testers.add(rolled_back, club=club, person_id=blocked.id, name="y", by=by, now=NOON)
    blocked.friend = False
    rolled_back.flush()
    rolled_back.expire_all()
    for tester_id in (number, 10**9, left.id):
        with pytest.raises(NotTester):
            testers.ask(rolled_back, offer=offer, tester_id=tester_id, messages=HELLO, by=by, now=NOON, key=uuid4())
    stranger = person(rolled_back, club="another_club")
    with pytest.raises(NotTester):
        testers.add(rolled_back, club=club, person_id=stranger.id, name="z", by=by, now=NOON)
    assert rolled_back.scalar(select(func.count()).select_from(TestSend)) == 0


def test_a_tester_named_again_is_renamed(rolled_back: Session, club: Club) -> None:
    """One row per person."""
    may, by = person(rolled_back), colleague(rolled_back, "marketer").id
    for name in ("เมย์", "เมย์ ฝ่ายการตลาด"):
        testers.add(rolled_back, club=club, person_id=may.id, name=name, by=by, now=NOON)
    assert [one.name for one in testers.named(rolled_back, club=club)] == ["เมย์ ฝ่ายการตลาด"]
