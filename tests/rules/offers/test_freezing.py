"""Freezing batches is one after another in a club: and who stands still in the middle of it does not stand in the way."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import batches, batches_sql
from clubs import Club
from models import Batch, Offer
from tests.factories import NOON
from tests.rules.offers.books import colleague, draft


@pytest.fixture
def offer(sessions: sessionmaker[Session], club: Club) -> Offer:
    """An offer on its way, with two planned batches."""
    with sessions.begin() as session:
        found = draft(session, club, colleague(session, "marketer"))
        found.state, found.begun_at, found.prepared_at = "sending", NOON, NOON
        for first in (1, 501):
            session.add(Batch(offer_id=found.id, kind="multicast", language="th", first_person_id=first,
                              last_person_id=first + 499, size=500, retry_key=uuid4(), state="planned"))  # fmt: skip
    return found


def test_g4_a_worker_that_stands_still_while_it_freezes_lets_the_others_go_on(
    sessions: sessionmaker[Session], club: Club, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G4: stopped in the middle of its transaction, it loses it, and with it the club's turn to freeze; nothing was sent."""
    sooner = str(batches_sql.ONE_AT_A_TIME).replace("30s", "300ms")
    monkeypatch.setattr(batches_sql, "ONE_AT_A_TIME", text(sooner))
    with sessions() as still, sessions() as other:
        _freeze(still, club, offer)
        other.execute(text("SET LOCAL lock_timeout = '5s'"))
        _freeze(other, club, offer)
        other.commit()
        with pytest.raises(DBAPIError):
            still.execute(text("SELECT 1"))
    with sessions() as session:
        assert sorted(session.scalars(text("SELECT state FROM offer_batches"))) == ["empty", "planned"]


def _freeze(session: Session, club: Club, offer: Offer) -> None:
    batches.freeze(session, club=club, offer=session.get_one(Offer, offer.id), owner=uuid4(), now=NOON, limit=1)
