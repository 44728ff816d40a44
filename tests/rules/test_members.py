"""Joining by consent, new-member status, roles, leaving (LFC-2, 3, 4, 16, 18, 19, 23 to 26)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benefits import claims, consent, held_claims, members, people
from benefits.members import Account, Left, NotAdministrator, NotJoined, PremiumAccount
from clubs import Club
from models import Admin, Claim, Consent, JournalEntry, Membership
from tests import factories
from tests.factories import NOON

JOIN_DAY = datetime(2026, 11, 12, 16, 59, tzinfo=UTC)
"""12 November 2026, 23:59 in Bangkok: a day's last minute."""


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need."""
    return rolled_back


def test_lfc_2_lfc_3_free_account_joins_at_the_entry_tier(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok, joined=False, package="free")
    agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert [account.member_id for account in agreed.joined] == [shop.id]
    assert (agreed.joined[0].tier, agreed.already, agreed.refused) == ("welcome", (), ())
    assert agreed.joined[0].may_claim


def test_consent_keeps_version_text_language_and_journal(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False)
    assert consent.needs_consent(session, club=club, person=nok)
    consent.agree(session, club=club, person=nok, language="en", now=NOON)
    kept = consent.standing(session, club=club, person=nok)
    assert kept is not None
    assert (kept.terms_version, kept.text_sha256, kept.language) == ("2026-01", club.terms.sha256("en"), "en")
    assert {"consented", "joined"} <= set(session.scalars(select(JournalEntry.action)))


def test_changed_terms_need_consent_again_and_keep_the_membership(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    changed = replace(club, terms=replace(club.terms, version="2027-01"))
    assert consent.needs_consent(session, club=changed, person=nok)
    again = consent.agree(session, club=changed, person=nok, language="th", now=NOON)
    assert (len(again.joined), len(again.already)) == (0, 1)
    assert not consent.needs_consent(session, club=changed, person=nok)
    assert len(session.scalars(select(Consent)).all()) == 2


def test_lfc_4_premium_account_is_refused(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False, badge="green")
    agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON)
    refusal = agreed.refused[0].why_not
    assert isinstance(refusal, PremiumAccount)
    assert refusal.rule == "LFC-4"
    assert session.scalars(select(Membership)).all() == []


def test_lfc_19_operators_join_nothing(session: Session, club: Club) -> None:
    nok = factories.person(session)
    for role in ("operator", "operator_no_broadcast", "operator_no_analytics"):
        factories.administers(session, nok, factories.member(session, joined=False), role=role)
    agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert (len(agreed.joined), len(agreed.refused)) == (0, 3)
    assert all(isinstance(account.why_not, NotAdministrator) for account in agreed.refused)


def test_lfc_2_nothing_to_join_with_is_said_and_records_nothing(session: Session, club: Club) -> None:
    nok = factories.person(session)
    with pytest.raises(consent.NoAccounts):
        consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert session.scalars(select(Consent)).all() == []
    assert members.accounts_of(session, club=club, person=nok, now=NOON) == []


def test_lfc_24_second_admin_is_told_who_agreed_and_when(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    people.learn_profile(session, person=nok, display_name="Nok", language="th", now=NOON)
    factories.member(session, nok, lek, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    later = consent.agree(session, club=club, person=lek, language="th", now=NOON + timedelta(hours=1))
    assert later.joined == ()
    assert (later.already[0].by, later.already[0].by_me, later.already[0].at) == ("Nok", False, NOON)


def test_pressing_agree_again_changes_nothing(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    again = consent.agree(session, club=club, person=nok, language="th", now=NOON + timedelta(days=1))
    assert (again.joined, again.already[0].by_me, again.already[0].at) == ((), True, NOON)
    assert len(session.scalars(select(Consent)).all()) == 1


def test_agree_joins_every_account_at_once_in_few_queries(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shops = [factories.member(session, nok, joined=False) for _ in range(40)]
    agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert {account.member_id for account in agreed.joined} == {shop.id for shop in shops}


def test_lfc_23_never_in_the_club_is_new(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False)
    assert consent.agree(session, club=club, person=nok, language="th", now=NOON).joined[0].is_new


@pytest.mark.parametrize(
    ("now", "is_new"),
    [
        (JOIN_DAY, True),
        (datetime(2026, 12, 12, 16, 59, 59, 999999, tzinfo=UTC), True),  # last instant of day 30, Bangkok
        (datetime(2026, 12, 12, 17, 0, tzinfo=UTC), False),
    ],
)
def test_lfc_25_last_new_day_is_consent_day_plus_30(session: Session, club: Club, now: datetime, is_new: bool) -> None:
    nok = factories.person(session)
    factories.member(session, nok, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=JOIN_DAY)
    account = members.accounts_of(session, club=club, person=nok, now=now)[0]
    assert (account.is_new, account.new_last_day) == (is_new, date(2026, 12, 12))


@pytest.mark.parametrize(("away", "is_new"), [(1, False), (179, False), (180, True), (400, True)])
def test_lfc_26_new_again_only_after_180_days_away(session: Session, club: Club, away: int, is_new: bool) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    members.leave(session, club=club, member=shop, reason="asked", now=NOON, person=nok)
    agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON + timedelta(days=away))
    assert agreed.joined[0].is_new is is_new
    assert (agreed.joined[0].new_last_day is not None) is is_new


def test_lfc_16_lfc_18_each_account_with_its_own_tier(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, name="A", tier="gold")
    factories.member(session, nok, name="B", tier="welcome")
    factories.administers(session, nok, factories.member(session, name="C", tier="silver"), role="operator")
    found = members.accounts_of(session, club=club, person=nok, now=NOON)
    assert [(account.name, account.tier, account.may_claim) for account in found] == [
        ("A", "gold", True),
        ("B", "welcome", True),
        ("C", "silver", False),
    ]


def test_staff_override_holds_until_its_end(session: Session, club: Club) -> None:
    nok = factories.person(session)
    until = NOON + timedelta(days=3)
    factories.member(session, nok, tier="welcome", tier_override="gold", override_reason="fair", override_until=until)
    tiers = [members.accounts_of(session, club=club, person=nok, now=now)[0].tier for now in (NOON, until)]
    assert tiers == ["gold", "welcome"]


def test_leaving_voids_unused_claims_and_keeps_history(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok)
    held = [
        claims.claim(
            session, club=club, person=nok, privilege_id=factories.privilege(session, **values).id,
            member_id=shop.id, now=NOON,
        ).claim.id
        for values in ({}, {"use_days": 1})
    ]  # fmt: skip
    later = NOON + timedelta(days=2)
    assert members.leave(session, club=club, member=shop, reason="asked", now=later, person=nok) == [held[0]]
    found = {
        held.claim.id: held
        for held in held_claims.claims_of(session, club=club, person=nok, member_id=shop.id, now=later)
    }
    assert [(found[id].state, found[id].claim.void_reason) for id in held] == [("void", "asked"), ("expired", None)]
    stay = session.scalars(select(Membership)).one()
    assert (stay.left_at, stay.left_reason) == (later, "asked")
    refusal = members.accounts_of(session, club=club, person=nok, now=later)[0].why_not
    assert isinstance(refusal, Left)
    with pytest.raises(Left):
        members.leave(session, club=club, member=shop, reason="asked", now=later, person=nok)


def test_lfc_19_only_an_administrator_can_take_the_account_out(session: Session, club: Club) -> None:
    nok, lek, stranger = (factories.person(session) for _ in range(3))
    shop = factories.member(session, nok)
    factories.administers(session, lek, shop, role="operator")
    for other in (lek, stranger):
        with pytest.raises(NotAdministrator):
            members.leave(session, club=club, member=shop, reason="asked", now=NOON, person=other)
    assert members.accounts_of(session, club=club, person=nok, now=NOON)[0].may_claim


def test_premium_or_deleted_accounts_leave_by_the_system(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok)
    assert members.leave(session, club=club, member=shop, reason="premium", now=NOON) == []
    with pytest.raises(NotJoined):
        members.leave(session, club=club, member=factories.member(session, joined=False), reason="deleted", now=NOON)


def test_withdrawing_consent_leaves_the_accounts_to_their_other_admins(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    factories.member(session, nok, lek, joined=False)
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert consent.withdraw(session, club=club, person=nok, now=NOON)
    assert not consent.withdraw(session, club=club, person=nok, now=NOON)
    assert consent.needs_consent(session, club=club, person=nok)
    assert members.accounts_of(session, club=club, person=lek, now=NOON)[0].may_claim
    consent.agree(session, club=club, person=nok, language="th", now=NOON)
    assert not consent.needs_consent(session, club=club, person=nok)


def test_history_of_claims_outlives_the_role_of_its_claimer(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop = factories.member(session, nok, lek)
    offer = factories.privilege(session)
    claims.claim(session, club=club, person=nok, privilege_id=offer.id, member_id=shop.id, now=NOON)
    session.execute(update(Admin).where(Admin.line_user_id == nok.line_user_id).values(removed_at=NOON))
    assert held_claims.claims_of(session, club=club, person=nok, member_id=shop.id, now=NOON) == []
    assert [
        held.may_use for held in held_claims.claims_of(session, club=club, person=lek, member_id=shop.id, now=NOON)
    ] == [True]
    assert session.scalars(select(Claim.person_id)).one() == nok.id


def told(account: Account) -> dict[str, object]:
    """What an account says, its refusal by kind and words."""
    facts = {
        name: getattr(account, name) for name in ("member", "role", "membership", "tier", "is_new", "new_last_day")
    }
    return {**facts, "why_not": (type(account.why_not), vars(account.why_not or object))}


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("stays_before", [0, 2])
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"badge": "green"},
        {"deleted_at": NOON},
        {"new_until": NOON + timedelta(days=1)},
        {"tier_override": "gold", "override_until": NOON + timedelta(days=1)},
        {"tier_override": "gold", "override_until": NOON},
    ],
)
def test_an_account_held_is_the_account_as_it_is_read_otherwise(
    session: Session, club: Club, values: dict[str, Any], stays_before: int, joined: bool
) -> None:
    """`hold_and_ask` reads stay and role where it locks them, `accounts_of` looks for the newest stay: the same account."""
    nok = factories.person(session)
    shop = factories.member(session, nok, joined=False)
    for year in range(stays_before):
        ended = {"joined_at": NOON, "left_at": NOON + timedelta(days=year), "left_reason": "asked"}
        session.add(Membership(member_id=shop.id, agreed_by=nok.id, terms_version="2026-01", **ended))
    session.flush()
    if joined:
        stay = {"joined_at": NOON, "new_until": values.get("new_until"), "terms_version": "2026-01"}
        session.add(Membership(member_id=shop.id, agreed_by=nok.id, **stay))
    for name, value in values.items():
        if name != "new_until":
            setattr(shop, name, value)
    session.flush()
    who: dict[str, Any] = {"club": club, "person": nok, "member_id": shop.id, "now": NOON}
    assert told(members.hold_and_ask(session, **who)[0]) == told(members.accounts_of(session, **who)[0])


def test_lfc_19_an_account_of_another_club_is_not_held(session: Session, club: Club) -> None:
    """Stay and role are found by account alone; the account must still be one of this club."""
    nok = factories.person(session)
    shop = factories.member(session, nok, club="another_club")
    with pytest.raises(NotAdministrator):
        members.hold_and_ask(session, club=club, person=nok, member_id=shop.id, now=NOON)
