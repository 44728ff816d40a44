"""A use past its window comes back only by two persons, and only the use they agreed on (rules.md §5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits import claims, members, requests, use_corrections, uses
from benefits.claims import state_of
from clubs import Club
from models import Claim, JournalEntry, Staff, StaffRequest
from tests import factories
from tests.factories import NOON

HOUR = timedelta(hours=1)


class Used:
    """A claim whose code was shown at noon, with 15 minutes to undo; Nok asks, May and Lek may decide."""

    def __init__(self, session: Session, club: Club) -> None:
        self.session, self.club = session, club
        self.person = factories.person(session)
        self.shop = factories.member(session, self.person)
        offer = factories.privilege(session, undo_minutes=15)
        made = claims.claim(
            session, club=club, person=self.person, privilege_id=offer.id, member_id=self.shop.id, now=NOON
        )
        self.id = made.claim.id
        self.use(NOON)
        self.nok, self.may, self.lek = (self._colleague(name) for name in ("nok", "may", "lek"))

    def _colleague(self, name: str) -> int:
        row = Staff(email=f"{name}@example.org", name=name, password="-", fs_uniquifier=name, created_at=NOON)
        self.session.add(row)
        self.session.flush()
        return row.id

    @property
    def claim(self) -> Claim:
        """As it stands."""
        return use_corrections.claim_in(self.session, club=self.club, claim_id=self.id)

    def use(self, at: datetime) -> None:
        """Its holder shows the code."""
        uses.start(self.session, club=self.club, person=self.person, claim_id=self.id, now=at)

    def ask(self, at: datetime = NOON + HOUR) -> StaffRequest:
        """Nok asks."""
        return use_corrections.ask_undo(
            self.session, club=self.club, claim_id=self.id, reason="the till was down", by=self.nok, now=at
        )

    def decide(self, request: StaffRequest, by: int, yes: bool = True, **values: Any) -> Claim:
        """Somebody decides two hours after the use."""
        given = {"reason": "" if yes else "it was used", "now": NOON + 2 * HOUR, **values}
        return use_corrections.decide_undo(self.session, club=self.club, request_id=request.id, by=by, yes=yes, **given)


@pytest.fixture
def used(rolled_back: Session, club: Club) -> Used:
    """The scene."""
    return Used(rolled_back, club)


def test_after_the_window_two_persons_take_it_back(used: Used, rolled_back: Session) -> None:
    """rules.md §5: kept again, and the journal names both persons and the request."""
    with pytest.raises(uses.UndoTooLate):
        uses.undo(rolled_back, claim_id=used.id, by=("staff", used.nok), reason="x", now=NOON + HOUR)
    request = used.ask()
    assert used.claim.state == "used", "asking changes nothing"
    used.decide(request, used.may)
    assert (used.claim.state, used.claim.used_at, state_of(used.claim, now=NOON + 2 * HOUR)) == ("kept", None, "kept")
    rolled_back.flush()
    told = select(JournalEntry).where(JournalEntry.subject_kind == "claim", JournalEntry.actor_kind == "staff")
    lines = rolled_back.scalars(told.order_by("id")).all()
    assert [(line.action, line.actor) for line in lines] == [
        ("request_asked", str(used.nok)),
        ("request_granted", str(used.may)),
        ("use_undone", str(used.may)),
    ]
    assert lines[-1].facts == {"reason": "the till was down", "request": request.id}


def test_one_person_alone_does_not(used: Used) -> None:
    """rules.md §5: who asked cannot grant."""
    request = used.ask()
    with pytest.raises(requests.OwnRequest):
        used.decide(request, used.nok)
    assert used.claim.state == "used"


def test_a_refusal_leaves_it_used(used: Used) -> None:
    """rules.md §5: no is an answer, and it may be asked again."""
    used.decide(used.ask(), used.may, yes=False)
    assert used.claim.state == "used"
    used.decide(used.ask(NOON + 3 * HOUR), used.lek)
    assert used.claim.state == "kept"


def test_within_the_window_nobody_needs_to_be_asked(used: Used) -> None:
    """rules.md §5: until the window ends one colleague undoes it alone; the boundary belongs to the two."""
    end = NOON + timedelta(minutes=15)
    with pytest.raises(use_corrections.StillInWindow) as refused:
        used.ask(end - timedelta(seconds=1))
    assert refused.value.until == end
    assert used.ask(end).state == "open"


def test_what_was_agreed_on_is_this_use_and_no_other(used: Used, rolled_back: Session) -> None:
    """A grant for a use that was undone and begun anew meanwhile takes nothing back: the window was made longer."""
    request = used.ask()
    used.claim.privilege.undo_minutes = 600
    rolled_back.flush()
    uses.undo(rolled_back, claim_id=used.id, by=("staff", used.nok), reason="x", now=NOON + HOUR)
    used.use(NOON + HOUR)
    with pytest.raises(use_corrections.UseChanged):
        used.decide(request, used.may)
    assert used.claim.state == "used"


def test_an_account_that_left_gets_nothing_back(used: Used, rolled_back: Session) -> None:
    """rules.md §5: the claim is void, as it would have been when the account left."""
    request = used.ask()
    members.leave(rolled_back, club=used.club, member=used.shop, reason="asked", now=NOON + HOUR)
    used.decide(request, used.may)
    assert (used.claim.state, used.claim.void_reason) == ("void", "asked")


def test_a_claim_of_another_club_is_unknown(used: Used) -> None:
    """B5: neither read nor asked about from another club."""
    other = replace(used.club, key="another_club")
    with pytest.raises(claims.UnknownClaim):
        use_corrections.ask_undo(used.session, club=other, claim_id=used.id, reason="x", by=used.nok, now=NOON + HOUR)
