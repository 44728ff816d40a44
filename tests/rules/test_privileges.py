"""What may be claimed now, and what is locked and why (LFC-11, 12, 17 to 22, 25), in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from benefits import claims, held_claims, people, privileges
from benefits.conditions import (
    AlreadyClaimed,
    ClaimWindowClosed,
    NewMembersOnly,
    NotYet,
    OpensOnTheSecond,
    SoldOut,
    TierTooLow,
    UnknownPrivilege,
    Withdrawn,
)
from benefits.members import Left, NotAdministrator, NotJoined, PremiumAccount
from benefits.refusal import Refusal
from benefits.vault import vault_of
from clubs import Club
from models import Code, Person, Privilege
from tests import factories
from tests.factories import NOON

DAY = timedelta(days=1)
FIRST = datetime(2026, 11, 30, 17, 0, tzinfo=UTC)
"""1 December 2026, 00:00 in Bangkok."""
SECOND = FIRST + DAY


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need."""
    return rolled_back


def refusal_of(session: Session, club: Club, person: Person, privilege: Privilege, now: datetime = NOON) -> Any:
    """Why the person's only account cannot claim; the press and the card must say the same."""
    standing = privileges.one(session, club=club, person=person, privilege_id=privilege.id, now=now).standings[0]
    place = session.begin_nested()
    pressed: Refusal | None = None
    try:
        claims.claim(
            session, club=club, person=person, privilege_id=privilege.id, member_id=standing.account.member_id, now=now
        )
    except Refusal as refusal:
        pressed = refusal
    place.rollback()
    assert type(pressed) is type(standing.refusal)
    return standing.refusal


def add_codes(session: Session, privilege: Privilege, count: int) -> None:
    """Free codes in the pool."""
    vault = vault_of(session)
    for n in range(count):
        sealed = vault.seal(f"C{n}", "codes")
        fingerprint = vault.fingerprint(f"C{n}", f"codes:{privilege.id}")
        session.add(Code(privilege_id=privilege.id, sealed=sealed, fingerprint=fingerprint, added_at=NOON))
    session.flush()


def test_lfc_17_every_partner_of_the_tier_is_open(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, tier="gold")
    for tiers in ([], ["gold"], ["silver", "gold"]):
        factories.privilege(session, tiers=tiers)
    factories.privilege(session, tiers=["platinum"])
    offers = privileges.catalogue(session, club=club, person=nok, now=NOON)
    assert [bool(offer.claimable) for offer in offers] == [True, True, True, False]


def test_lfc_17_tier_too_low_names_the_tiers_in_rising_order(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, tier="welcome")
    found = refusal_of(session, club, nok, factories.privilege(session, tiers=["platinum", "gold"]))
    assert isinstance(found, TierTooLow)
    assert (found.needs, found.has, found.rule) == (("gold", "platinum"), "welcome", "LFC-17")


def test_lfc_12_the_tier_of_the_last_adjustment_counts_until_the_next(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok, tier="gold", total_stars=0)
    gold = factories.privilege(session, tiers=["gold"])
    assert refusal_of(session, club, nok, gold, FIRST - DAY) is None, "stars fell, and the adjustment is still to come"
    shop.tier = "welcome"
    assert isinstance(refusal_of(session, club, nok, gold, SECOND), TierTooLow)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (FIRST - timedelta(microseconds=1), None),
        (FIRST, SECOND),
        (SECOND - timedelta(microseconds=1), SECOND),
        (SECOND, None),
    ],
)
def test_lfc_11_nothing_on_the_first_of_the_month(
    session: Session, club: Club, now: datetime, opens: datetime | None
) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    found = refusal_of(session, club, nok, factories.privilege(session), now)
    assert (found.opens if found else None) == opens
    assert found is None or (type(found), found.rule) == (OpensOnTheSecond, "LFC-11")


def test_lfc_11_a_window_that_opens_on_the_first_opens_on_the_second(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    found = refusal_of(session, club, nok, factories.privilege(session, claim_from=FIRST))
    assert (type(found), found.opens) == (NotYet, SECOND)
    brief = factories.privilege(session, claim_from=FIRST, claim_to=SECOND)
    assert isinstance(refusal_of(session, club, nok, brief, FIRST), ClaimWindowClosed), "it never opens: not 'not yet'"


def test_lfc_20_claim_window_is_half_open(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    offer = factories.privilege(session, claim_from=NOON, claim_to=NOON + DAY)
    before = refusal_of(session, club, nok, offer, NOON - timedelta(microseconds=1))
    assert (type(before), before.opens) == (NotYet, NOON)
    assert refusal_of(session, club, nok, offer, NOON) is None
    after = refusal_of(session, club, nok, offer, NOON + DAY)
    assert (type(after), after.closed) == (ClaimWindowClosed, NOON + DAY)


def test_visible_window_and_withdrawal(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    offer = factories.privilege(session, visible_from=NOON, visible_to=NOON + DAY)
    gone = factories.privilege(session, withdrawn_at=NOON)

    def shown(now: datetime) -> list[int]:
        return [found.privilege.id for found in privileges.catalogue(session, club=club, person=nok, now=now)]

    assert (shown(NOON - DAY), shown(NOON), shown(NOON + DAY)) == ([], [offer.id], [])
    with pytest.raises(UnknownPrivilege):
        privileges.one(session, club=club, person=nok, privilege_id=offer.id, now=NOON - DAY)
    assert isinstance(refusal_of(session, club, nok, offer, NOON + DAY), ClaimWindowClosed)
    assert isinstance(refusal_of(session, club, nok, gone), Withdrawn)


def test_privilege_of_another_club_or_forged_is_unknown(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok)
    other = factories.privilege(session, club="card_club")
    for forged in (other.id, 10**12, -1):
        with pytest.raises(UnknownPrivilege):
            privileges.one(session, club=club, person=nok, privilege_id=forged, now=NOON)
        with pytest.raises(UnknownPrivilege):
            claims.claim(session, club=club, person=nok, privilege_id=forged, member_id=shop.id, now=NOON)


def test_lfc_25_new_members_only(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, new_until=NOON)
    offer = factories.privilege(session, new_members_only=True)
    assert refusal_of(session, club, nok, offer, NOON - timedelta(microseconds=1)) is None
    found = refusal_of(session, club, nok, offer, NOON)
    assert (type(found), found.last_day, found.rule) == (NewMembersOnly, date(2026, 11, 11), "LFC-25")


def test_lfc_18_each_account_stands_for_itself(session: Session, club: Club) -> None:
    nok = factories.person(session)
    for name, tier in (("A", "gold"), ("B", "welcome")):
        factories.member(session, nok, name=name, tier=tier)
    factories.privilege(session, tiers=["gold"])
    (offer,) = privileges.catalogue(session, club=club, person=nok, now=NOON)
    assert [(standing.account.name, standing.may_claim) for standing in offer.standings] == [("A", True), ("B", False)]


@pytest.mark.parametrize(
    ("values", "role", "expected"),
    [
        ({}, "operator", NotAdministrator),
        ({"badge": "green"}, "administrator", PremiumAccount),
        ({"joined": False}, "administrator", NotJoined),
        ({"deleted_at": NOON}, "administrator", Left),
    ],
)
def test_lfc_19_lfc_4_accounts_that_may_claim_nothing_say_why(
    session: Session, club: Club, values: dict[str, Any], role: str, expected: type[Refusal]
) -> None:
    nok = factories.person(session)
    factories.administers(session, nok, factories.member(session, **values), role=role)
    assert isinstance(refusal_of(session, club, nok, factories.privilege(session)), expected)


def test_lfc_22_taken_says_by_whom_when_and_through_which_account(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    people.learn_profile(session, person=nok, display_name="Nok", language="th", now=NOON)
    shop = factories.member(session, nok, lek)
    offer = factories.privilege(session)
    first = claims.claim(session, club=club, person=nok, privilege_id=offer.id, member_id=shop.id, now=NOON).claim
    found = refusal_of(session, club, lek, offer, NOON + DAY)
    assert isinstance(found, AlreadyClaimed)
    assert (found.by, found.by_me, found.at, found.account) == ("Nok", False, NOON, shop.name)
    assert (found.claim.id, found.limit, found.again, found.rule) == (first.id, 1, None, "LFC-22")


def test_stock_and_pool_tell_how_many_are_left(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    plain = factories.privilege(session, stock=7, taken=3)
    pool = factories.privilege(session, pooled=True)
    both = factories.privilege(session, pooled=True, stock=1)
    free = factories.privilege(session)
    for offer, count in ((pool, 3), (both, 3)):
        add_codes(session, offer, count)
    offers = privileges.catalogue(session, club=club, person=nok, now=NOON)
    assert {offer.privilege.id: offer.left for offer in offers} == {plain.id: 4, pool.id: 3, both.id: 1, free.id: None}


def test_sold_out_by_stock_and_by_pool(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok)
    for values in ({"stock": 0}, {"stock": 2, "taken": 2}, {"pooled": True}):
        found = refusal_of(session, club, nok, factories.privilege(session, **values))
        assert isinstance(found, SoldOut)


def test_lasting_reasons_come_before_passing_ones(session: Session, club: Club) -> None:
    nok = factories.person(session)
    factories.member(session, nok, tier="welcome")
    future = factories.privilege(session, tiers=["gold"], claim_from=NOON + DAY, stock=0)
    assert isinstance(refusal_of(session, club, nok, future), TierTooLow)
    assert isinstance(
        refusal_of(session, club, nok, factories.privilege(session, withdrawn_at=NOON, stock=0)), Withdrawn
    )


def test_without_any_account_the_catalogue_is_still_shown(session: Session, club: Club) -> None:
    factories.privilege(session)
    (offer,) = privileges.catalogue(session, club=club, person=factories.person(session), now=NOON)
    assert (offer.standings, offer.claimable) == ((), ())


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    """The SELECTs sent meanwhile."""
    sent: list[str] = []

    def note(*args: Any) -> None:
        if args[2].lstrip().upper().startswith("SELECT"):
            sent.append(args[2])

    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.parametrize(("accounts", "offers"), [(1, 1), (12, 30)])
def test_catalogue_takes_three_queries_however_much_there_is(
    session: Session, outer: Connection, club: Club, accounts: int, offers: int
) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shops = [factories.member(session, nok, lek) for _ in range(accounts)]
    partner = factories.partner(session)
    for n in range(offers):
        scope = ("account", "person", "account_month")[n % 3]
        offer = factories.privilege(session, partner_id=partner.id, scope=scope, stock=90, pooled=n % 2 == 1)
        add_codes(session, offer, 3)
        if n < 5:
            claims.claim(session, club=club, person=lek, privilege_id=offer.id, member_id=shops[0].id, now=NOON)
    session.expunge_all()
    nok = session.get_one(Person, nok.id)
    with counted(outer) as sent:
        found = privileges.catalogue(session, club=club, person=nok, now=NOON)
        facts = [(s.refusal, s.next_slot, o.privilege.partner.name_th) for o in found for s in o.standings]
    assert len(facts) == accounts * offers
    assert len(sent) == 3
    with counted(outer) as sent:
        held = held_claims.page(session, club=club, person=nok, state="kept", now=NOON, most=99)
        assert [found.claim.privilege.partner.name_th for found in held.claims]
    assert len(sent) == 2
