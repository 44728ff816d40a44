"""Claiming: scopes, limits, old buttons, what a claim keeps, what a refused one leaves (LFC-13, 14, 15, 18 to 22; A16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from benefits import claims, consent, held_claims, members, people
from benefits.conditions import AlreadyClaimed, SoldOut
from benefits.members import NotAdministrator
from benefits.refusal import Refusal
from clubs import Club
from models import Admin, Claim, Code, JournalEntry, Member, Person, Privilege
from tests import factories
from tests.factories import NOON
from tests.rules.test_privileges import add_codes

DAY = timedelta(days=1)


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need."""
    return rolled_back


def press(
    session: Session, club: Club, by: Person, offer: Privilege, shop: Member, now: datetime = NOON, **values: Any
) -> claims.Claimed:
    """Claim `offer` for `shop`."""
    return claims.claim(session, club=club, person=by, privilege_id=offer.id, member_id=shop.id, now=now, **values)


def test_lfc_13_lfc_14_a_claim_is_kept_at_choosing_the_account(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session, stock=5)
    made = press(session, club, nok, offer, shop)
    assert (made.created, made.claim.state, made.claim.slot, made.claim.claimed_at) == (True, "kept", 1, NOON)
    (held,) = held_claims.claims_of(session, club=club, person=nok, member_id=shop.id, now=NOON)
    assert (held.state, held.by_me, held.may_use, held.account.member_id) == ("kept", True, True, shop.id)
    entry = session.scalars(select(JournalEntry)).one()
    assert (entry.action, entry.subject_id, entry.actor) == ("claimed", made.claim.id, str(nok.id))


def test_lfc_15_lfc_20_every_admin_of_the_account_sees_it_and_may_use_it(session: Session, club: Club) -> None:
    nok, lek, operator = (factories.person(session) for _ in range(3))
    people.learn_profile(session, person=nok, display_name="Nok", language="th", now=NOON)
    shop = factories.member(session, nok, lek)
    factories.administers(session, operator, shop, role="operator")
    press(session, club, nok, factories.privilege(session), shop)
    (held,) = held_claims.claims_of(session, club=club, person=lek, member_id=shop.id, now=NOON)
    assert (held.by, held.by_me, held.may_use) == ("Nok", False, True)
    assert held_claims.claims_of(session, club=club, person=operator, member_id=shop.id, now=NOON) == []


def test_lfc_21_lfc_22_one_per_account_and_the_second_admin_is_refused(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok, lek), factories.privilege(session, stock=5)
    press(session, club, nok, offer, shop)
    with pytest.raises(AlreadyClaimed) as told:
        press(session, club, lek, offer, shop)
    assert (told.value.by_me, told.value.at) == (False, NOON)
    assert session.scalars(select(func.count()).select_from(Claim)).one() == 1
    assert session.scalars(select(Privilege.taken)).one() == 1


def test_lfc_18_one_person_claims_for_each_of_her_accounts(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shops = [factories.member(session, nok) for _ in range(3)]
    offer = factories.privilege(session)
    assert [press(session, club, nok, offer, shop).created for shop in shops] == [True, True, True]


def test_an_old_button_pressed_again_tells_the_present_state(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session, stock=1, claim_to=NOON + DAY)
    made = press(session, club, nok, offer, shop)
    again = press(session, club, nok, offer, shop, now=NOON + 9 * DAY)
    assert (again.created, again.claim.id) == (False, made.claim.id)
    assert session.scalars(select(Privilege.taken)).one() == 1


def test_scope_person_counts_the_person_whatever_the_account(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    a, b = factories.member(session, nok, lek), factories.member(session, nok)
    offer = factories.privilege(session, scope="person")
    made = press(session, club, nok, offer, a)
    with pytest.raises(AlreadyClaimed) as told:
        press(session, club, nok, offer, b)
    assert (told.value.by_me, told.value.account, told.value.claim.id) == (True, a.name, made.claim.id)
    assert press(session, club, lek, offer, a).created, "another person has her own"


def test_scope_account_month_opens_anew_next_month(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session, scope="account_month")
    last = datetime(2026, 11, 30, 16, 59, 59, tzinfo=UTC)
    assert press(session, club, nok, offer, shop, now=NOON).claim.period == "2026-11"
    assert not press(session, club, nok, offer, shop, now=last).created
    second = last + timedelta(seconds=1) + DAY
    assert press(session, club, nok, offer, shop, now=second).claim.period == "2026-12"


def test_scope_account_month_says_when_it_opens_again(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok, lek), factories.privilege(session, scope="account_month")
    press(session, club, nok, offer, shop)
    with pytest.raises(AlreadyClaimed) as told:
        press(session, club, lek, offer, shop)
    assert told.value.again == datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
    offer.claim_to = NOON + DAY
    with pytest.raises(AlreadyClaimed) as told:
        press(session, club, lek, offer, shop)
    assert told.value.again is None


def test_n_times_per_account_and_no_more(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok, lek), factories.privilege(session, claim_limit=3)
    slots = [press(session, club, by, offer, shop).claim.slot for by in (nok, lek, nok)]
    assert slots == [1, 2, 3]
    with pytest.raises(AlreadyClaimed) as told:
        press(session, club, lek, offer, shop)
    assert (told.value.limit, told.value.claim.slot) == (3, 3)


def test_a_numbered_button_claims_once_however_often_pressed(session: Session, club: Club) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok, lek), factories.privilege(session, claim_limit=3)
    made = press(session, club, nok, offer, shop, slot=1)
    again = press(session, club, nok, offer, shop, slot=1)
    assert (again.created, again.claim.id) == (False, made.claim.id)
    hers = press(session, club, lek, offer, shop, slot=1)
    assert hers.claim.slot == 2, "another admin's press is her own"
    again = press(session, club, lek, offer, shop, slot=1)
    assert (again.created, again.claim.id) == (False, hers.claim.id), "and it made one claim, though not in its slot"
    assert press(session, club, nok, offer, shop, slot=99).claim.slot == 3, "a forged number gains nothing"


def test_lfc_19_forged_accounts_and_lost_roles_claim_nothing(session: Session, club: Club) -> None:
    nok, stranger = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session, stock=5)
    elsewhere = factories.member(session, nok, club="card_club")
    for by, member_id in ((stranger, shop.id), (nok, elsewhere.id), (nok, 10**12), (nok, -1)):
        with pytest.raises(NotAdministrator):
            claims.claim(session, club=club, person=by, privilege_id=offer.id, member_id=member_id, now=NOON)
    session.execute(update(Admin).values(removed_at=NOON))
    with pytest.raises(NotAdministrator):
        press(session, club, nok, offer, shop)
    assert session.scalars(select(Claim)).all() == []


@pytest.mark.parametrize(
    ("use_days", "use_to", "until"),
    [
        (None, None, None),
        (30, None, NOON + 30 * DAY),
        (None, NOON + 5 * DAY, NOON + 5 * DAY),
        (30, NOON + 5 * DAY, NOON + 5 * DAY),
        (3, NOON + 5 * DAY, NOON + 3 * DAY),
    ],
)
def test_a_claim_keeps_until_the_earlier_of_its_days_and_the_privileges_end(
    session: Session, club: Club, use_days: int | None, use_to: datetime | None, until: datetime | None
) -> None:
    nok = factories.person(session)
    offer = factories.privilege(session, use_days=use_days, use_to=use_to)
    assert press(session, club, nok, offer, factories.member(session, nok)).claim.use_until == until


def test_a_pool_gives_each_claim_a_code_of_its_own(session: Session, club: Club) -> None:
    nok = factories.person(session)
    offer = factories.privilege(session, pooled=True)
    add_codes(session, offer, 2)
    for _ in range(2):
        press(session, club, nok, offer, factories.member(session, nok))
    with pytest.raises(SoldOut):
        press(session, club, nok, offer, factories.member(session, nok))
    taken = session.scalars(select(Code.claim_id)).all()
    assert len(set(taken)) == 2
    assert None not in taken


def test_a_refusal_found_late_leaves_nothing_behind(session: Session, club: Club) -> None:
    """Stock says one is left, the pool turns out empty: the grant and the stock taken for it are taken back."""
    nok = factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session, stock=1, pooled=True)
    with pytest.raises(SoldOut):
        claims._take(session, offer, {**claims._values(offer, nok, shop.id, NOON), "id": 1}, set())
    session.commit()
    assert session.scalars(select(Claim)).all() == []
    assert session.scalars(select(JournalEntry)).all() == []
    assert session.execute(select(Privilege.taken)).scalar_one() == 0


def test_stock_set_later_counts_what_was_claimed_before(session: Session, club: Club) -> None:
    nok = factories.person(session)
    offer = factories.privilege(session)
    for _ in range(3):
        press(session, club, nok, offer, factories.member(session, nok))
    assert session.execute(select(Privilege.taken)).scalar_one() == 0
    session.execute(update(Privilege).values(stock=4))
    assert session.execute(select(Privilege.taken)).scalar_one() == 3
    press(session, club, nok, offer, factories.member(session, nok))
    with pytest.raises(SoldOut):
        press(session, club, nok, offer, factories.member(session, nok))


def test_one_privilege_sold_out_leaves_the_others_open(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop = factories.member(session, nok)
    with pytest.raises(SoldOut):
        press(session, club, nok, factories.privilege(session, stock=0), shop)
    assert press(session, club, nok, factories.privilege(session, stock=1), shop).created


MATRIX = {
    "unfollow and follow": lambda s, c, p, m: (
        people.unfollowed(s, person=p, event_at=NOON + DAY, now=NOON + DAY),
        people.followed(s, person=p, event_at=NOON + 2 * DAY, now=NOON + 2 * DAY),
    ),
    "consent withdrawn and given": lambda s, c, p, m: (
        consent.withdraw(s, club=c, person=p, now=NOON + DAY),
        consent.agree(s, club=c, person=p, language="th", now=NOON + 2 * DAY),
    ),
    "left and joined again": lambda s, c, p, m: (
        members.leave(s, club=c, member=m, reason="asked", now=NOON + DAY, person=p),
        consent.agree(s, club=c, person=p, language="th", now=NOON + 2 * DAY),
    ),
    "left and new again": lambda s, c, p, m: (
        members.leave(s, club=c, member=m, reason="asked", now=NOON + DAY, person=p),
        consent.agree(s, club=c, person=p, language="th", now=NOON + 200 * DAY),
    ),
    "role lost and given back": lambda s, c, p, m: (
        s.execute(update(Admin).where(Admin.line_user_id == p.line_user_id).values(removed_at=NOON + DAY)),
        s.execute(update(Admin).where(Admin.line_user_id == p.line_user_id).values(removed_at=None)),
    ),
}


@pytest.mark.parametrize("story", MATRIX)
def test_a16_one_claim_per_account_whatever_happens_between(session: Session, club: Club, story: str) -> None:
    nok, lek = factories.person(session), factories.person(session)
    shop, offer = factories.member(session, nok, lek), factories.privilege(session, stock=9)
    made = press(session, club, nok, offer, shop)
    MATRIX[story](session, club, nok, shop)
    later = NOON + 201 * DAY
    assert press(session, club, nok, offer, shop, now=later).claim.id == made.claim.id
    with pytest.raises(AlreadyClaimed):
        press(session, club, lek, offer, shop, now=later)
    assert session.scalars(select(func.count()).select_from(Claim)).one() == 1


def test_a16_a_new_phone_with_a_new_line_id_is_another_admin_of_the_same_account(session: Session, club: Club) -> None:
    nok = factories.person(session)
    shop, offer = factories.member(session, nok), factories.privilege(session)
    press(session, club, nok, offer, shop)
    new_phone = factories.person(session)
    session.execute(update(Admin).values(line_user_id=new_phone.line_user_id))
    with pytest.raises(AlreadyClaimed):
        press(session, club, new_phone, offer, shop)


def test_every_refusal_names_itself_for_the_trace(session: Session, club: Club) -> None:
    nok = factories.person(session)
    with pytest.raises(Refusal) as told:
        press(session, club, nok, factories.privilege(session, stock=0), factories.member(session, nok))
    assert told.value.name == "SoldOut LFC-20"
