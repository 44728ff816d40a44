"""Stopping, pausing, resuming, and deciding what nobody knows: told as it is, once."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import batches, drafting, refusals, running
from clubs import Club
from models import Batch, JournalEntry, Offer
from tests.factories import NOON, line_user_id, person
from tests.rules.offers.books import colleague
from tests.rules.offers.test_drafting import approved, asked, at_once

HOUR = timedelta(hours=1)
_ranges = itertools.count(1)


def batch(session: Session, offer: Offer, state: str, first: datetime | None = None, **values: Any) -> Batch:
    """A batch of 500 of this offer."""
    n = next(_ranges) * 1000
    frozen = {"line_user_ids": [line_user_id()], "attempts": 1, "first_attempt_at": first} if first else {}
    row = Batch(
        offer_id=offer.id, kind="multicast", language="th", first_person_id=n, last_person_id=n + 499, size=500,
        retry_key=uuid4(), state=state, **{**frozen, **values},
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def sending(session: Session, club: Club) -> Offer:
    """An offer on its way."""
    offer = approved(session, club)
    offer.state, offer.begun_at, offer.prepared_at, offer.reserved = "sending", NOON, NOON, 1500
    session.flush()
    return offer


def test_e4_stopping_ends_what_has_not_begun_and_leaves_what_has(rolled_back: Session, club: Club) -> None:
    """E4: planned batches never begin; what left stays told as it is; the reserved messages are free; again is refused."""
    offer, by = sending(rolled_back, club), colleague(rolled_back, "marketer").id
    rows = [batch(rolled_back, offer, "planned") for _ in range(2)]
    left = [batch(rolled_back, offer, state, NOON) for state in ("accepted", "unknown")]
    drafting.stop(rolled_back, offer=offer, by=by, now=NOON)
    assert batches.freeze(rolled_back, club=club, offer=offer, owner=uuid4(), now=NOON, limit=10) == []
    running.close(rolled_back, club)
    for row in (*rows, *left):
        rolled_back.refresh(row)
    assert [row.state for row in (*rows, *left)] == ["stopped", "stopped", "accepted", "unknown"]
    assert (offer.state, offer.reserved, offer.finished_at) == ("stopped", 0, NOON)
    told = rolled_back.scalars(select(JournalEntry).order_by(JournalEntry.id.desc()).limit(1)).one()
    assert (told.action, told.facts) == ("offer_stopped", {"was": "sending"})
    for again in (drafting.stop, drafting.pause, drafting.resume):
        with pytest.raises(refusals.WrongState):
            again(rolled_back, offer=offer, by=by, now=NOON)


@pytest.mark.parametrize("state", ["draft", "asked", "approved"])
def test_e4_an_offer_is_stopped_before_it_began(rolled_back: Session, club: Club, state: str) -> None:
    """E4: from any state before its end; an approver's chat is not asked about it any more."""
    offer = (approved if state == "approved" else asked)(rolled_back, club)
    offer.state = state
    rolled_back.flush()
    drafting.stop(rolled_back, offer=offer, by=offer.author_id, now=NOON)
    assert offer.state == "stopped"


def test_e4_pausing_and_resuming_goes_on_where_it_was(rolled_back: Session, club: Club) -> None:
    """E4: before it was prepared it waits for its time again; after, it goes on sending."""
    for offer, after in ((approved(rolled_back, club), "approved"), (sending(rolled_back, club), "sending")):
        drafting.pause(rolled_back, offer=offer, by=offer.author_id, now=NOON)
        assert (offer.state, offer.paused_reason) == ("paused", "asked")
        drafting.resume(rolled_back, offer=offer, by=offer.author_id, now=NOON)
        assert (offer.state, offer.paused_reason) == (after, None)


def test_e7_what_was_unknown_for_a_day_is_not_sent_again_by_resuming(rolled_back: Session, club: Club) -> None:
    """E7: 22 h 59 after its first attempt a batch goes on under its key; at 23 h it waits for a person."""
    offer = sending(rolled_back, club)
    young = batch(rolled_back, offer, "sending", NOON - 23 * HOUR + timedelta(minutes=1))
    old = batch(rolled_back, offer, "sending", NOON - 23 * HOUR)
    drafting.pause(rolled_back, offer=offer, by=offer.author_id, now=NOON)
    drafting.resume(rolled_back, offer=offer, by=offer.author_id, now=NOON)
    for row in (young, old):
        rolled_back.refresh(row)
    assert (young.state, old.state) == ("sending", "unknown")


def test_d11_a_person_decides_about_the_unknown_once(rolled_back: Session, club: Club) -> None:
    """D11: sent again under a new key, looked at anew; or left, and not asked about any more; a known outcome is neither."""
    offer, by = sending(rolled_back, club), colleague(rolled_back, "marketer").id
    again, left, known = (batch(rolled_back, offer, state, NOON) for state in ("unknown", "unknown", "accepted"))
    offer.state, offer.reserved = "done", 0
    key: UUID = again.retry_key
    drafting.decide_unknown(rolled_back, batch_id=again.id, by=by, resend=True, reason="nobody got it", now=NOON)
    drafting.decide_unknown(rolled_back, batch_id=left.id, by=by, resend=False, reason="told by phone", now=NOON)
    for row in (again, left):
        rolled_back.refresh(row)
    assert (again.state, again.line_user_ids, again.attempts, again.first_attempt_at) == ("planned", None, 0, None)
    assert again.retry_key != key
    assert (left.state, left.decided_at) == ("unknown", NOON)
    assert (offer.state, offer.reserved) == ("sending", 500)
    for row in (again, left, known):
        with pytest.raises(refusals.NotDecidable):
            drafting.decide_unknown(rolled_back, batch_id=row.id, by=by, resend=True, reason="x", now=NOON)
    drafting.stop(rolled_back, offer=offer, by=by, now=NOON)
    other = batch(rolled_back, offer, "unknown", NOON)
    with pytest.raises(refusals.WrongState):
        drafting.decide_unknown(rolled_back, batch_id=other.id, by=by, resend=True, reason="x", now=NOON)


def test_e3_stopping_eight_times_at_once_stops_once(sessions: sessionmaker[Session], club: Club) -> None:
    """E3: and a decision about one batch is made once, however many press."""
    with sessions.begin() as session:
        person(session)
        offer = sending(session, club)
        number, by, unknown = offer.id, offer.author_id, batch(session, offer, "unknown", NOON).id

    def decide(session: Session) -> None:
        drafting.decide_unknown(session, batch_id=unknown, by=by, resend=True, reason="x", now=NOON)

    def stop(session: Session) -> None:
        drafting.stop(session, offer=session.get_one(Offer, number), by=by, now=NOON)

    assert at_once(sessions, [decide] * 6) == ["NotDecidable"] * 5 + ["ok"]
    assert at_once(sessions, [stop] * 6) == ["WrongState"] * 5 + ["ok"]
