"""Changes of one's own sign-in: the present password is asked, every other session ends, the owner is told (C14, C18)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from passlib.totp import TOTP
from sqlalchemy import select

from benefits import signin
from benefits import staff as colleagues
from models import Notice, RecoveryCode, Staff, StaffChat
from tests import factories
from tests.factories import NOON
from tests.rules.racing import Behind
from tests.web.console.desk import CLUB, PASSWORD, Desk, Hand
from tests.web.console.test_signing_in import NEW, equipped, noted, sign_in, token_on

Change = Callable[[Desk, Hand, str], Any]


def password(desk: Desk, hand: Hand, present: str) -> Any:
    return hand.post("/console/me/password", {"present": present, "password": NEW, "again": NEW})


def codes(desk: Desk, hand: Hand, present: str) -> Any:
    return hand.post("/console/me/recovery-codes", {"present": present})


def factor(desk: Desk, hand: Hand, present: str) -> Any:
    """Scan the QR code shown and type what the new app shows."""
    page = hand.get("/console/me/second-factor").text
    key = re.search(r"<code>([A-Z2-7 -]+)</code>", page)
    assert key
    code = TOTP(key=re.sub("[ -]", "", key[1])).generate(desk.clock.now()).token
    fields = {"csrf_token": token_on(page), "code": code, "present": present}
    return hand.client.post("/console/me/second-factor", data=fields)


CHANGES = (password, codes, factor)
KEPT = ("password", "tf_totp_secret", "fs_uniquifier")


def state(desk: Desk, staff: Staff) -> list[Any]:
    """What a sign-in consists of."""
    with desk.sessions() as session:
        row = session.get_one(Staff, staff.id)
        prints = session.scalars(select(RecoveryCode.fingerprint).where(RecoveryCode.staff_id == staff.id)).all()
        return [*(getattr(row, name) for name in KEPT), sorted(prints)]


@pytest.mark.parametrize("change", CHANGES)
def test_a11_a_session_alone_changes_no_sign_in(desk: Desk, change: Change) -> None:
    """A browser left open, or a stolen cookie: without the present password nothing changes, however often it is tried."""
    staff, _ = equipped(desk, "admin")
    hand, before = Hand(desk, staff, desk.enter(staff)), state(desk, staff)
    for present in ("", "guess", PASSWORD[:-1], PASSWORD.upper()):
        answer = change(desk, hand, present)
        assert (answer.status_code, "รหัสผ่านปัจจุบันไม่ถูกต้อง" in answer.text) == (400, True)
    assert state(desk, staff) == before
    assert change(desk, hand, PASSWORD).status_code in (200, 303)
    assert state(desk, staff) != before


@pytest.mark.parametrize("change", CHANGES)
def test_a11_the_present_password_is_counted_before_it_is_looked_at(desk: Desk, change: Change) -> None:
    """C18: five tries, then a pause in which the right one changes nothing; whichever change they were tried at."""
    staff, _ = equipped(desk, "admin")
    hand, before = Hand(desk, staff, desk.enter(staff)), state(desk, staff)
    for n in range(signin.FREE_TRIES):
        assert CHANGES[n % 3](desk, hand, "guess").status_code == 400
    assert change(desk, hand, PASSWORD).status_code == 400
    assert state(desk, staff) == before
    desk.later(seconds=31)
    assert change(desk, hand, PASSWORD).status_code in (200, 303)


@pytest.mark.parametrize("change", CHANGES)
def test_a6_every_other_session_ends_and_this_browser_goes_on(desk: Desk, change: Change) -> None:
    staff, _ = equipped(desk, "admin")
    hand, other = Hand(desk, staff, desk.enter(staff)), Hand(desk, staff, desk.enter(staff))
    taken = hand.client.get_cookie("console")
    assert taken is not None
    assert change(desk, hand, PASSWORD).status_code in (200, 303)
    assert hand.get("/console/me/").status_code == 200
    assert other.get("/console/").status_code == 303
    other.client.set_cookie("console", taken.value, domain="localhost")
    assert other.get("/console/").status_code == 303, "nor does the cookie this browser had before"


@pytest.mark.parametrize(
    ("change", "action", "told"),
    [
        (password, "password_changed", "รหัสผ่านของคุณถูกเปลี่ยนเมื่อ"),
        (codes, "recovery_codes_made", "มีการสร้างรหัสกู้คืนใหม่ของคุณเมื่อ"),
        (factor, "second_factor_replaced", "การยืนยันตัวตนชั้นที่สองของคุณถูกเปลี่ยนเมื่อ"),
    ],
)
def test_a6_the_owner_is_told_and_the_journal_knows(desk: Desk, change: Change, action: str, told: str) -> None:
    """On the home page for three days, and at once in the chat that is connected."""
    staff, _ = equipped(desk, "admin")
    with desk.sessions.begin() as session:
        chat = factories.person(session)
        session.add(StaffChat(club=CLUB, staff_id=staff.id, person_id=chat.id, connected_at=NOON))
    hand = Hand(desk, staff, desk.enter(staff))
    change(desk, hand, PASSWORD)
    assert told in hand.get("/console/").text
    assert noted(desk, staff).count(action) == 1
    with desk.sessions() as session:
        notice = session.query(Notice).filter_by(person_id=chat.id, kind="staff_changed").one()
    assert (notice.push_at, notice.facts["staff"]) == (NOON, staff.id)
    desk.later(days=3)
    assert told not in hand.again().get("/console/").text


def test_c18_the_replaced_factor_and_its_recovery_codes_are_no_good_any_more(desk: Desk) -> None:
    staff, former = equipped(desk, "admin")
    hand = Hand(desk, staff, desk.enter(staff))
    answer = factor(desk, hand, PASSWORD)
    fresh = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)
    assert len(fresh) == signin.RECOVERY_CODES
    for code, status in ((former[0], 401), (fresh[0], 303)):
        client = desk.client()
        assert sign_in(client, staff).headers["Location"] == "/console/second-factor"
        page = client.get("/console/second-factor").text
        given = {"csrf_token": token_on(page), "code": code}
        assert client.post("/console/second-factor", data=given).status_code == status


def test_a11_a_viewer_sets_a_factor_up_with_the_password_only(desk: Desk) -> None:
    """A first factor is a change like any other: who has the session alone could lock the owner out with it."""
    hand = desk.staff("viewer")
    assert hand.get("/console/second-factor/new").headers["Location"] == "/console/"
    assert factor(desk, hand, "guess").status_code == 400
    assert factor(desk, hand, PASSWORD).status_code == 200


def reset_beside(desk: Desk, staff: Staff, form: Callable[[], Any]) -> Any:
    """A form is under way while an administrator resets its sender; what the form comes to."""
    with desk.sessions() as session:
        row = session.get_one(Staff, staff.id)
        colleagues.reset(session, row, club=CLUB, password="-", now=NOON, actor=("system", None))
        late = Behind(form)
        session.commit()
    return late.join()


@pytest.mark.parametrize("change", CHANGES)
def test_b10_a_change_under_way_when_the_sign_in_is_reset_changes_nothing(desk: Desk, change: Change) -> None:
    """Else a thief's form, sent a moment before the reset, would give them the sign-in back."""
    staff, _ = equipped(desk, "admin")
    hand = Hand(desk, staff, desk.enter(staff))
    answer = reset_beside(desk, staff, lambda: change(desk, hand, PASSWORD))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/sign-in")
    password_kept, secret, _, prints = state(desk, staff)
    assert (password_kept, secret, prints) == ("-", None, [])
    assert hand.get("/console/").status_code == 303


def test_b10_a_sign_in_under_way_when_it_is_reset_begins_no_session(desk: Desk) -> None:
    """The old password fitted when it was looked at; the session would outlive the reset."""
    staff, client = desk.hire("viewer"), desk.client()
    assert reset_beside(desk, staff, lambda: sign_in(client, staff)).status_code == 401
    assert client.get("/console/").status_code == 303


def test_a6_few_recovery_codes_are_told_before_they_run_out(desk: Desk) -> None:
    """Who has none left, and loses the phone, needs somebody to reset the sign-in; the page of the factor says whom to ask."""
    staff, codes_ = equipped(desk, "admin")
    hand = Hand(desk, staff, desk.enter(staff))
    for spent in codes_[:7]:
        with desk.sessions.begin() as session:
            assert signin.use_recovery_code(session, session.get_one(Staff, staff.id), spent, now=NOON)
    assert "เหลือรหัสกู้คืน" not in hand.get("/console/").text
    for left, spent in ((2, codes_[7]), (1, codes_[8]), (0, codes_[9])):
        with desk.sessions.begin() as session:
            signin.use_recovery_code(session, session.get_one(Staff, staff.id), spent, now=NOON)
        assert f"คุณเหลือรหัสกู้คืน {left} รหัส" in hand.get("/console/").text
    client = desk.client()
    sign_in(client, staff)
    assert "flask staff reset" in client.get("/console/second-factor").text
