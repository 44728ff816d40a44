"""A tier set by staff: for a reason, until a day, told to the member, above the tier that stars give (rules.md §5)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits import members, overrides
from benefits.reasons import ReasonMissing
from benefits.statement import outlook
from clubs import Club
from models import JournalEntry, Member
from tests import factories
from tests.factories import NOON

LAST = date(2026, 11, 30)
STAFF = 7


def put(
    session: Session, club: Club, shop: Member, tier: str = "gold", reason: str = "storm", last: date = LAST
) -> Member:
    """Staff 7 sets a tier."""
    return overrides.override(
        session, club=club, member_id=shop.id, tier=tier, reason=reason, last_day=last, by=STAFF, now=NOON
    )


def test_it_holds_to_the_end_of_its_last_day_and_the_member_sees_why(rolled_back: Session, club: Club) -> None:
    """rules.md §5: in force until 24:00 Bangkok of the last day, with its reason in what the member is shown."""
    shop = factories.member(rolled_back, factories.person(rolled_back))
    put(rolled_back, club, shop, reason=" storm \n at the shop ")
    look = outlook(rolled_back, club=club, member=shop, now=NOON)
    assert (look.tier, look.override_reason) == ("gold", "storm at the shop")
    end = look.override_until
    assert end == NOON + timedelta(days=18, hours=12), "00:00 of 1 December in Bangkok"
    assert members.tier_of(shop, end - timedelta(microseconds=1)) == "gold"
    assert members.tier_of(shop, end) == "welcome"
    assert outlook(rolled_back, club=club, member=shop, now=end).override_until is None


def test_the_journal_says_who_from_what_to_what_until_when_and_why(rolled_back: Session, club: Club) -> None:
    """A12: a line of the journal for setting it and one for ending it."""
    shop = factories.member(rolled_back, factories.person(rolled_back), tier="silver")
    put(rolled_back, club, shop)
    overrides.lift(rolled_back, club=club, member_id=shop.id, reason="a mistake", by=8, now=NOON)
    assert members.tier_of(shop, NOON) == "silver"
    rolled_back.flush()
    lines = rolled_back.scalars(select(JournalEntry).where(JournalEntry.subject_id == shop.id).order_by("id")).all()
    assert [
        (line.action, line.actor, line.facts["before"], line.facts["after"], line.facts["reason"]) for line in lines
    ] == [
        ("tier_overridden", "7", "silver", "gold", "storm"),
        ("override_lifted", "8", "gold", "silver", "a mistake"),
    ]
    assert lines[0].facts["last_day"] == "2026-11-30"


@pytest.mark.parametrize("reason", ["", " \n", "x" * 201])
def test_without_a_reason_that_fits_the_card_nothing_happens(rolled_back: Session, club: Club, reason: str) -> None:
    """rules.md §5: an override has a reason."""
    shop = factories.member(rolled_back, factories.person(rolled_back))
    with pytest.raises(ReasonMissing):
        put(rolled_back, club, shop, reason=reason)
    assert shop.tier_override is None


def test_it_has_an_end_that_is_still_to_come(rolled_back: Session, club: Club) -> None:
    """rules.md §5: today is the first last day that may be named."""
    shop = factories.member(rolled_back, factories.person(rolled_back))
    with pytest.raises(overrides.EndPassed):
        put(rolled_back, club, shop, last=date(2026, 11, 11))
    put(rolled_back, club, shop, last=date(2026, 11, 12))
    assert members.tier_of(shop, NOON) == "gold"


def test_only_accounts_in_the_club_have_a_tier_to_set(rolled_back: Session, club: Club) -> None:
    """Never joined, left, of another club, a tier of nowhere: each its own refusal, and nothing is written."""
    outside = factories.member(rolled_back, joined=False)
    gone = factories.member(rolled_back, factories.person(rolled_back))
    members.leave(rolled_back, club=club, member=gone, reason="asked", now=NOON)
    foreign = factories.member(rolled_back, club="another_club")
    inside = factories.member(rolled_back, factories.person(rolled_back))
    for shop, tier, refusal in (
        (outside, "gold", members.NotJoined),
        (gone, "gold", members.Left),
        (foreign, "gold", overrides.UnknownMember),
        (inside, "diamond", overrides.UnknownTier),
    ):
        with pytest.raises(refusal):
            put(rolled_back, club, shop, tier=tier)
        assert shop.tier_override is None
    with pytest.raises(overrides.NoOverride):
        overrides.lift(rolled_back, club=club, member_id=inside.id, reason="none there", by=STAFF, now=NOON)
