"""Sessions end when they must, in every process at once (B10, C14); rights change with the next request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from benefits import staff as colleagues
from models import Staff
from tests.web.console.desk import CLUB, ENVIRON, OTHER_CLUB, PASSWORD, Desk, Hand, keep, kept_in, make_desk
from tests.web.console.test_signing_in import NEW, code_of, equipped, noted, send, sign_in

SYSTEM = ("system", None)


@pytest.fixture(scope="module")
def second(shared_desk: Desk, console_database: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Another process's application on the same database, its clock the same."""
    other = make_desk(console_database, Path(tmp_path_factory.mktemp("second")), shared_desk.vault)
    other.app.extensions["sitthi"].clock.at = shared_desk.clock.at
    yield other
    other.sessions.kw["bind"].dispose()


def elsewhere(second: Desk, hand: Hand) -> int:
    """What the same cookie gets from the other process."""
    second.clock.at = hand.desk.clock.at
    client, cookie = second.client(), hand.client.get_cookie("console")
    assert cookie is not None
    client.set_cookie("console", cookie.value, domain="localhost")
    return int(client.get("/console/").status_code)


def test_c14_idle_for_half_an_hour_is_over(desk: Desk) -> None:
    hand = desk.staff("viewer")
    desk.later(minutes=29)
    assert hand.get("/console/").status_code == 200
    desk.later(minutes=29)
    assert hand.get("/console/").status_code == 200
    desk.later(minutes=30)
    assert hand.get("/console/").headers["Location"] == "/console/sign-in"
    desk.later(minutes=-10)
    assert hand.get("/console/").status_code == 200, "over is told by the clock; a row that ended stays so (next test)"


def test_c14_twelve_hours_are_the_most(desk: Desk) -> None:
    hand = desk.staff("viewer")
    for _ in range(28):
        desk.later(minutes=25)
        assert hand.get("/console/").status_code == 200
    desk.later(minutes=20)
    assert hand.get("/console/").status_code == 303


def test_c14_a_cookie_taken_before_the_sign_out_opens_nothing_after_it(desk: Desk, second: Desk) -> None:
    hand = desk.staff("viewer")
    taken = hand.client.get_cookie("console")
    assert taken is not None
    assert elsewhere(second, hand) == 200
    assert hand.post("/console/sign-out").status_code == 303
    hand.client.set_cookie("console", taken.value, domain="localhost")
    assert hand.get("/console/").status_code == 303
    assert elsewhere(second, hand) == 303


def ends_all(desk: Desk, hand: Hand) -> None:
    with desk.sessions.begin() as session:
        colleagues.disable(
            session, session.get_one(Staff, hand.staff.id), club=CLUB, now=desk.clock.now(), actor=SYSTEM
        )


def resets(desk: Desk, hand: Hand) -> None:
    with desk.sessions.begin() as session:
        row = session.get_one(Staff, hand.staff.id)
        colleagues.reset(session, row, club=CLUB, password=desk.hash, now=desk.clock.now(), actor=SYSTEM)


def changes_password(desk: Desk, hand: Hand) -> None:
    other = Hand(desk, hand.staff, desk.enter(hand.staff))
    answer = other.post("/console/me/password", {"present": PASSWORD, "password": NEW, "again": NEW})
    assert answer.status_code == 303
    assert other.get("/console/").status_code == 200, "the browser that changed it goes on, under a new token"


def only_uniquifier(desk: Desk, hand: Hand) -> None:
    with desk.sessions.begin() as session:
        session.get_one(Staff, hand.staff.id).fs_uniquifier = f"another-{hand.staff.id}"


@pytest.mark.parametrize("deed", [ends_all, resets, changes_password, only_uniquifier])
def test_b10_every_session_is_over_in_every_process(
    desk: Desk, second: Desk, deed: Callable[[Desk, Hand], None]
) -> None:
    """B10, C14: disabled, reset, password changed: the next request is refused, also by the other process."""
    hand = desk.staff("viewer")
    assert (hand.get("/console/").status_code, elsewhere(second, hand)) == (200, 200)
    deed(desk, hand)
    assert (hand.get("/console/").status_code, elsewhere(second, hand)) == (303, 303)


def test_b10_roles_count_from_the_next_request(desk: Desk, second: Desk) -> None:
    """B10: a role taken is refused at once, and noted; one given opens at once. The session of before is over."""
    hand = desk.staff("admin", "viewer")
    assert hand.get("/console/team/").status_code == 200
    desk.staff("admin")

    def be(*roles: str) -> None:
        with desk.sessions.begin() as session:
            row = session.get_one(Staff, hand.staff.id)
            colleagues.set_roles(session, row, club=CLUB, roles=roles, now=desk.clock.now(), actor=SYSTEM)
        assert (hand.get("/console/").status_code, elsewhere(second, hand)) == (303, 303)

    be("viewer")
    hand = hand.again()
    assert hand.get("/console/team/").status_code == 403
    assert noted(desk, hand.staff)[-2:] == ["staff_roles", "refused"]
    be("viewer", "auditor")
    hand = hand.again()
    assert hand.get("/console/team/").status_code == 200
    be()
    assert hand.again().get("/console/").status_code == 403


def test_c18_a_role_that_decides_demands_the_factor_at_once(desk: Desk) -> None:
    """C18: given the role in the middle of a session without a factor, they sign in anew and set one up first."""
    staff = desk.hire("viewer")
    hand = Hand(desk, staff, desk.enter(staff, factor=False))
    assert hand.get("/console/").status_code == 200
    with desk.sessions.begin() as session:
        row = session.get_one(Staff, staff.id)
        colleagues.set_roles(session, row, club=CLUB, roles=["approver"], now=desk.clock.now(), actor=SYSTEM)
    assert hand.get("/console/").headers["Location"] == "/console/sign-in"
    client = desk.client()
    assert sign_in(client, staff).headers["Location"] == "/console/second-factor/new"
    assert client.get("/console/").headers["Location"] == "/console/second-factor/new"


def test_roles_in_one_club_say_nothing_about_another(desk: Desk) -> None:
    """8.4.1: admin here, viewer there: which club she looks at decides; a club she is nothing in is not there."""
    hand = desk.staff("admin")
    assert hand.post("/console/me/club", {"club": OTHER_CLUB}).status_code == 404
    with desk.sessions.begin() as session:
        row = session.get_one(Staff, hand.staff.id)
        colleagues.set_roles(session, row, club=OTHER_CLUB, roles=["viewer"], now=desk.clock.now(), actor=SYSTEM)
    hand = hand.again()
    assert hand.get("/console/team/").status_code == 200
    assert hand.post("/console/me/club", {"club": OTHER_CLUB}).status_code == 303
    assert "Other Club" in hand.get("/console/").text
    assert hand.get("/console/team/").status_code == 403
    assert hand.post("/console/me/club", {"club": CLUB}).status_code == 303
    assert hand.get("/console/team/").status_code == 200


def test_a_forged_cookie_opens_nothing(desk: Desk) -> None:
    """7.2.3: signed under another key, a token nobody gave, another colleague's uniquifier."""
    ann, boy = desk.staff("viewer"), desk.hire("admin")
    kept = kept_in(desk.console, ann.client)
    for forged in (
        {**kept, "_user_id": boy.fs_uniquifier},
        {**kept, "token": "guess"},
        {**kept, "token": 7},
        {"_user_id": boy.fs_uniquifier},
    ):
        keep(desk.console, ann.client, forged)
        assert ann.get("/console/").status_code == 303
    ann.client.set_cookie("console", "nonsense.nonsense.nonsense", domain="localhost")
    assert ann.get("/console/").status_code == 303


def test_503_when_the_database_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a trace: a calm page in both languages."""
    hand = desk.staff("viewer")

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT secret", {}, Exception("host=db.internal"))

    monkeypatch.setattr("benefits.signin.session_of", away)
    answer = hand.get("/console/")
    assert answer.status_code == 503
    assert "Nothing was lost" in answer.text
    assert "internal" not in answer.text
    monkeypatch.undo()
    with desk.sessions() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_signing_in_again_ends_the_former_session_of_that_browser(desk: Desk) -> None:
    staff, client = desk.hire("viewer"), desk.client()
    sign_in(client, staff)
    former = client.get_cookie("console")
    assert former is not None
    hand = Hand(desk, staff, client)
    hand.post("/console/me/sign-out-elsewhere")
    assert client.get("/console/").status_code == 200
    client.set_cookie("console", former.value, domain="localhost")
    assert client.get("/console/").status_code == 303


def test_c15_new_keys_sign_and_old_ones_still_read_until_they_go(
    desk: Desk, console_database: str, tmp_path: Path
) -> None:
    """C15: a new key in front: open sessions, second factors and recovery codes go on; what is new is signed with it."""
    old, new = ENVIRON["SITTHI_SECRET_KEYS"], "another-key-for-tests-only-9876543210-zyxwvu"
    staff, codes = equipped(desk, "admin")
    hand = Hand(desk, staff, desk.enter(staff))
    rotated = make_desk(console_database, tmp_path, desk.vault, SITTHI_SECRET_KEYS=f"{new},{old}")
    assert elsewhere(rotated, hand) == 200
    for given in (code_of(desk, staff.tf_totp_secret or ""), codes[0]):
        client = rotated.client()
        sign_in(client, staff)
        assert send(client, "/console/second-factor", code=given).status_code == 303
    cookie = client.get_cookie("console")
    assert cookie is not None
    theirs = desk.client()
    theirs.set_cookie("console", cookie.value, domain="localhost")
    assert theirs.get("/console/").status_code == 303, "signed with the new key, which the old process does not have"
    (tmp_path / "later").mkdir()
    gone = make_desk(console_database, tmp_path / "later", desk.vault, SITTHI_SECRET_KEYS=new)
    assert elsewhere(gone, hand) == 303
    for other in (rotated, gone):
        other.sessions.kw["bind"].dispose()
