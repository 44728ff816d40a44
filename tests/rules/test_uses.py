"""Using: the four ways to redeem, the countdown, the partner's PIN, undo, and what can't be used again and why."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, held_claims, members, people, pins, use_links, uses
from benefits.members import NotAdministrator, PremiumAccount
from benefits.sealed_codes import seal_pool_code, seal_privilege_code
from benefits.vault import vault_of
from clubs import Club
from models import Admin, Claim, Code, Member, Partner, Person, Privilege
from tests import factories
from tests.factories import NOON
from tests.rules.racing import Behind

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
PIN = "4711"
PIN_HASH = pins.hash_pin(PIN)


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need; those with parallel partners take `sessions`."""
    return rolled_back


class Kept:
    """A claim kept by Nok for a shop that Lek administers as well; its partner's PIN is 4711."""

    def __init__(self, session: Session, club: Club, **values: Any) -> None:
        self.session, self.club = session, club
        self.nok, self.lek = factories.person(session), factories.person(session)
        self.shop: Member = factories.member(session, self.nok, self.lek)
        partner = factories.partner(session, pin_hash=PIN_HASH)
        self.offer: Privilege = factories.privilege(session, partner_id=partner.id, **values)
        if self.offer.pooled:
            sealed, mark = seal_pool_code(vault_of(session), club=club.key, key=self.offer.key, text="POOL-1")
            session.add(Code(privilege_id=self.offer.id, sealed=sealed, fingerprint=mark, added_at=NOON))
            session.flush()
        made = claims.claim(
            session, club=club, person=self.nok, privilege_id=self.offer.id, member_id=self.shop.id, now=NOON
        )
        self.id = made.claim.id

    def start(self, at: timedelta = timedelta(), by: Person | None = None) -> uses.Shown:
        """Press Use."""
        return uses.start(self.session, club=self.club, person=by or self.nok, claim_id=self.id, now=NOON + at)

    def confirm(self, token: str, at: timedelta = timedelta(), pin: str = PIN) -> Claim:
        """The partner's page."""
        return uses.confirm(self.session, club=self.club, token=token, pin=pin, now=NOON + at)

    def state(self, at: timedelta = timedelta()) -> str:
        """As My info shows it."""
        return held_claims.one(self.session, club=self.club, person=self.nok, claim_id=self.id, now=NOON + at).state


@pytest.mark.parametrize("redeem", ["code", "barcode", "link"])
def test_a_shown_code_is_used_from_that_moment(session: Session, club: Club, redeem: str) -> None:
    kept = Kept(session, club, redeem=redeem, code_minutes=15)
    shown = kept.start()
    assert (shown.kind, shown.started, shown.code_until, shown.now) == (redeem, True, NOON + 15 * MINUTE, NOON)
    assert (shown.claim.state, shown.claim.used_at, shown.claim.used_by) == ("used", NOON, kept.nok.id)
    assert [kept.state(at) for at in (14 * MINUTE, 15 * MINUTE)] == ["in_use", "used"]


@pytest.mark.parametrize("redeem", ["code", "qr"])
def test_reopening_and_pressing_twice_show_the_same_code_and_end(session: Session, club: Club, redeem: str) -> None:
    kept = Kept(session, club, redeem=redeem)
    first, again = kept.start(), kept.start(at=9 * MINUTE, by=None)
    other = kept.start(at=10 * MINUTE, by=kept.lek)
    assert {(shown.code, shown.code_until, shown.token) for shown in (first, again, other)} == {
        (first.code, first.code_until, first.token)
    }
    assert [shown.started for shown in (first, again, other)] == [True, False, False]
    assert again.now == NOON + 9 * MINUTE


def test_used_says_when_and_by_whom(session: Session, club: Club) -> None:
    kept = Kept(session, club)
    people.learn_profile(session, person=kept.nok, display_name="Nok", language="th", now=NOON)
    kept.start()
    with pytest.raises(uses.AlreadyUsed) as told:
        kept.start(at=15 * MINUTE, by=kept.lek)
    assert (told.value.at, told.value.by, told.value.by_me) == (NOON, "Nok", False)


def test_where_the_code_comes_from(session: Session, club: Club) -> None:
    assert Kept(session, club, pooled=True).start().code == "POOL-1"
    own = Kept(session, club, redeem="link")
    link = "https://example.com/gift"
    own.offer.code = seal_privilege_code(vault_of(session), club=club.key, key=own.offer.key, text=link)
    session.flush()
    assert own.start().code == link
    number = Kept(session, club)
    code = number.start().code
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code)
    assert Kept(session, club).start().code != code


def test_a_qr_is_in_use_until_the_partner_confirms(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr")
    shown = kept.start()
    assert (shown.claim.state, kept.state(MINUTE)) == ("kept", "in_use")
    done = kept.confirm(shown.token, at=2 * MINUTE)
    assert (done.state, done.used_at, done.used_by) == ("used", NOON + 2 * MINUTE, kept.nok.id)
    assert done.confirmed_by == kept.offer.partner_id
    assert kept.state(3 * MINUTE) == "used", "the rest of the countdown means nothing any more"
    for press in (lambda: kept.confirm(shown.token, at=3 * MINUTE), lambda: kept.start(at=3 * MINUTE)):
        with pytest.raises(uses.AlreadyUsed):
            press()


def test_an_unconfirmed_qr_goes_back_to_kept_and_starts_again(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr", code_minutes=5)
    first = kept.start()
    assert [kept.state(at) for at in (4 * MINUTE, 5 * MINUTE)] == ["in_use", "kept"]
    with pytest.raises(uses.CodeTimeOver) as told:
        kept.confirm(first.token, at=5 * MINUTE)
    assert told.value.at == NOON + 5 * MINUTE
    second = kept.start(at=6 * MINUTE)
    assert (second.started, second.code_until) == (True, NOON + 11 * MINUTE)
    with pytest.raises(use_links.UnknownLink):
        kept.confirm(first.token, at=7 * MINUTE)
    assert kept.confirm(second.token, at=7 * MINUTE).state == "used"


def test_lfc_15_expired_not_yet_and_void_say_so(session: Session, club: Club) -> None:
    expired = Kept(session, club, use_days=2)
    with pytest.raises(uses.Expired) as told:
        expired.start(at=2 * DAY)
    assert (told.value.at, expired.state(2 * DAY)) == (NOON + 2 * DAY, "expired")
    early = Kept(session, club, use_from=NOON + DAY)
    with pytest.raises(uses.NotYetUsable) as not_yet:
        early.start(at=DAY - timedelta(microseconds=1))
    assert not_yet.value.opens == NOON + DAY
    assert early.start(at=DAY).started
    gone = Kept(session, club)
    members.leave(session, club=club, member=gone.shop, reason="asked", now=NOON + DAY, person=gone.nok)
    with pytest.raises(uses.Void) as void:
        gone.start(at=DAY)
    assert (void.value.reason, void.value.at) == ("asked", NOON + DAY)


def test_a_use_begun_in_time_may_be_confirmed_after_the_claims_end(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr", use_days=1)
    shown = kept.start(at=DAY - MINUTE)
    assert kept.confirm(shown.token, at=DAY + MINUTE).state == "used"


def test_lfc_19_only_administrators_of_the_account_use(session: Session, club: Club) -> None:
    kept = Kept(session, club)
    with pytest.raises(NotAdministrator):
        kept.start(by=factories.person(session))
    session.execute(update(Admin).where(Admin.line_user_id == kept.nok.line_user_id).values(role="operator"))
    with pytest.raises(NotAdministrator):
        kept.start()
    assert kept.start(by=kept.lek).started
    with pytest.raises(claims.UnknownClaim):
        uses.start(session, club=club, person=kept.lek, claim_id=10**12, now=NOON)


def test_lfc_4_an_account_turned_premium_uses_nothing(session: Session, club: Club) -> None:
    kept = Kept(session, club)
    kept.shop.badge = "green"
    with pytest.raises(PremiumAccount):
        kept.start()


def test_a_partner_undoes_within_its_minutes(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr", undo_minutes=10)
    by = ("partner", kept.offer.partner_id)
    with pytest.raises(uses.NotUsed):
        uses.undo(session, claim_id=kept.id, by=by, reason="wrong table", now=NOON)
    shown = kept.start()
    kept.confirm(shown.token)
    for wrong in (("partner", kept.offer.partner_id + 1), ("partner", 0)):
        with pytest.raises(claims.UnknownClaim):
            uses.undo(session, claim_id=kept.id, by=wrong, reason="x", now=NOON)
    with pytest.raises(ValueError, match="reason"):
        uses.undo(session, claim_id=kept.id, by=by, reason=" ", now=NOON)
    with pytest.raises(uses.UndoTooLate) as told:
        uses.undo(session, claim_id=kept.id, by=by, reason="x", now=NOON + 10 * MINUTE)
    assert told.value.until == NOON + 10 * MINUTE
    uses.undo(session, claim_id=kept.id, by=by, reason="wrong table", now=NOON + 9 * MINUTE)
    assert kept.state(9 * MINUTE) == "kept"
    with pytest.raises(use_links.UnknownLink):
        kept.confirm(shown.token, at=9 * MINUTE)
    assert kept.start(at=20 * MINUTE).started


def test_undo_for_an_account_that_left_meanwhile_is_void(session: Session, club: Club) -> None:
    kept = Kept(session, club)
    kept.start()
    members.leave(session, club=club, member=kept.shop, reason="asked", now=NOON + MINUTE, person=kept.nok)
    undone = uses.undo(session, claim_id=kept.id, by=("staff", "May"), reason="mistake", now=NOON + 2 * MINUTE)
    assert (undone.state, undone.void_reason) == ("void", "asked")


def test_staff_make_a_claim_void_with_a_reason(session: Session, club: Club) -> None:
    kept, used = Kept(session, club), Kept(session, club)
    uses.void(session, claim_id=kept.id, reason="fraud", by=("staff", "May"), now=NOON)
    with pytest.raises(uses.Void):
        uses.void(session, claim_id=kept.id, reason="fraud", by=("staff", "May"), now=NOON)
    used.start()
    with pytest.raises(uses.AlreadyUsed):
        uses.void(session, claim_id=used.id, reason="fraud", by=("staff", "May"), now=NOON)
    with pytest.raises(uses.Void) as told:
        kept.start()
    assert told.value.reason == "fraud"


def test_forged_altered_and_foreign_links_open_nothing(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr")
    token = kept.start().token
    assert use_links.claim_of_token(session, token).id == kept.id
    forged = ["", "x", token[:-2] + "AA", token + "A", f"{kept.id}", "W10." + token.split(".")[1], "ไทย"]
    for wrong in forged:
        with pytest.raises(use_links.UnknownLink):
            use_links.claim_of_token(session, wrong)
    with pytest.raises(use_links.UnknownLink):
        uses.confirm(session, club=_other(club), token=token, pin=PIN, now=NOON)
    with pytest.raises(use_links.UnknownLink):
        kept.confirm(use_links.page_token(session, session.get_one(Claim, Kept(session, club, redeem="qr").id)))


def _other(club: Club) -> Club:
    return replace(club, key="card_club")


def test_five_wrong_pins_begin_a_pause(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr", code_minutes=60)
    token = kept.start().token
    left = []
    for _ in range(4):
        with pytest.raises(pins.WrongPin) as wrong:
            kept.confirm(token, pin="0000")
        left.append(wrong.value.tries_left)
    assert left == [4, 3, 2, 1]
    with pytest.raises(pins.PinLocked) as locked:
        kept.confirm(token, pin="0000")
    assert locked.value.until == NOON + MINUTE / 2
    with pytest.raises(pins.PinLocked):
        kept.confirm(token, at=MINUTE / 3)
    assert kept.confirm(token, at=MINUTE / 2).state == "used"


def test_nonsense_is_a_wrong_pin_and_no_pin_confirms_nothing(session: Session, club: Club) -> None:
    kept = Kept(session, club, redeem="qr")
    claim = kept.start().claim
    for wrong in ("0000", "", "4711 " + "9" * 100):
        with pytest.raises(pins.WrongPin):
            pins.check_pin(session, claim=claim, pin=wrong, now=NOON)
    pins.check_pin(session, claim=claim, pin=PIN, now=NOON)
    session.get_one(Partner, kept.offer.partner_id).pin_hash = None
    with pytest.raises(pins.NoPin):
        pins.check_pin(session, claim=claim, pin="", now=NOON)


def test_two_admins_using_at_once_see_one_use(sessions: sessionmaker[Session], club: Club) -> None:
    """LFC-15: who comes second waits for the first to commit, and is shown her use: nothing is begun twice."""
    with sessions() as session:
        kept = Kept(session, club)
        session.commit()

    def use(session: Session, by: int) -> uses.Shown:
        person = session.get_one(Person, by)
        return uses.start(session, club=club, person=person, claim_id=kept.id, now=NOON)

    def second() -> uses.Shown:
        with sessions.begin() as session:
            return use(session, kept.lek.id)

    with sessions() as session:
        first = use(session, kept.nok.id)
        behind = Behind(second)
        session.commit()
    again = behind.join()
    assert (first.started, again.started, again.code) == (True, False, first.code)
    assert again.claim.used_by == kept.nok.id
    with sessions() as session:
        assert session.scalars(select(Claim.state)).all() == ["used"]
