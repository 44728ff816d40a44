"""Coming in: one answer to all that is wrong, tries counted before they are judged, the second factor, new tokens (C14, C18)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import func, select

from benefits import signin
from benefits import staff as colleagues
from models import JournalEntry, RecoveryCode, Staff, StaffSession
from tests.web.console.desk import PASSWORD, Desk
from web.console import example
from web.console.security import SecondFactor

NEW = "seven blue elephants sing"


def token_on(page: str) -> str:
    """The CSRF token of a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def send(client: FlaskClient, address: str, **fields: str) -> Any:
    """Open the page of a form and send it."""
    return client.post(address, data={"csrf_token": token_on(client.get(address).text), **fields})


def sign_in(client: FlaskClient, staff: Staff, password: str = PASSWORD) -> Any:
    """E-mail and password, typed."""
    return send(client, "/console/sign-in", email=staff.email, password=password)


def code_of(desk: Desk, sealed: str) -> str:
    """What the authenticator app shows now."""
    with desk.console.app_context():
        totp: SecondFactor = desk.console.extensions["security"].totp_factory
        return str(totp._totp.from_source(sealed).generate(desk.clock.now()).token)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """Everything at the same moment."""
    barrier, answers = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(n: int, deed: Callable[[], Any]) -> None:
        barrier.wait()
        answers[n] = deed()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def noted(desk: Desk, staff: Staff) -> list[str]:
    """What the journal says of her."""
    with desk.sessions() as session:
        found = select(JournalEntry).where(JournalEntry.subject_kind == "staff", JournalEntry.subject_id == staff.id)
        entries = session.scalars(found.order_by(JournalEntry.id)).all()
        assert not any(staff.email in str(entry.facts) or staff.name in str(entry.facts) for entry in entries)
        return [entry.action for entry in entries]


def test_password_is_enough_for_a_viewer_and_the_journal_says_so(desk: Desk) -> None:
    staff, client = desk.hire("viewer"), desk.client()
    answer = sign_in(client, staff)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/")
    assert client.get("/console/").status_code == 200
    assert noted(desk, staff)[-1] == "signed_in"
    with desk.sessions() as session:
        assert session.get_one(Staff, staff.id).password.startswith("$argon2id$")


def test_all_that_is_wrong_gets_one_answer(desk: Desk) -> None:
    """Unknown address, wrong password, disabled, paused: nobody learns who works here (C5)."""
    known, gone = desk.hire("viewer"), desk.hire("viewer", active=False)
    unknown = Staff(email="nobody@club.example")
    pages = []
    for staff, password in ((unknown, "x"), (known, "x"), (gone, PASSWORD), (known, "")):
        answer = sign_in(desk.client(), staff, password)
        assert answer.status_code == 401
        pages.append(re.sub(r'value="[^"]*"', "", answer.text))
    for _ in range(6):
        answer = sign_in(desk.client(), known, "wrong")
    pages.append(re.sub(r'value="[^"]*"', "", sign_in(desk.client(), known).text))
    assert len(set(pages)) == 1


def test_c18_of_thirty_guesses_at_once_five_are_judged(desk: Desk) -> None:
    """C18: counted in one statement before the password is looked at; the right one among the late ones does not help."""
    staff = desk.hire("viewer")
    forms = [desk.client() for _ in range(30)]
    tokens = [token_on(client.get("/console/sign-in").text) for client in forms]

    def guess(n: int) -> Callable[[], int]:
        fields = {"csrf_token": tokens[n], "email": staff.email, "password": f"guess {n}"}
        return lambda: int(forms[n].post("/console/sign-in", data=fields).status_code)

    assert set(at_once(*(guess(n) for n in range(30)))) == {401}
    assert noted(desk, staff).count("sign_in_failed") == signin.FREE_TRIES
    assert sign_in(desk.client(), staff).status_code == 401, "the pause holds for the right password, too"


def test_c18_pauses_grow_and_hammering_does_not_lengthen_them(desk: Desk) -> None:
    """C18: 30 s, 1 min, 2 min … 15 min at most; a whole day's quiet forgets."""
    lengths = []
    with desk.sessions() as session:
        now = desk.clock.now()
        for _ in range(signin.FREE_TRIES):
            assert signin.take_try(session, door="email:x", now=now)
        for _ in range(8):
            begun = now
            while not signin.take_try(session, door="email:x", now=now):
                now += timedelta(seconds=10)
            lengths.append(now - begun)
        longest = timedelta(minutes=15)
        assert lengths == [timedelta(seconds=s) for s in (30, 60, 120, 240, 480)] + [longest] * 3
        now += signin.FORGOTTEN_AFTER
        tries = [signin.take_try(session, door="email:x", now=now) for _ in range(signin.FREE_TRIES + 1)]
        assert tries == [True] * signin.FREE_TRIES + [False]


def test_c18_a_stranger_cannot_keep_a_colleague_out_of_her_own_browser(desk: Desk) -> None:
    """C18, 6.1.1: strangers close the door for unknown devices only; hers has its own, with its own count."""
    staff, hers = desk.hire("viewer"), desk.client()
    assert sign_in(hers, staff).status_code == 303
    hers.post("/console/sign-out", data={"csrf_token": token_on(hers.get("/console/").text)})
    stranger = desk.client()
    for _ in range(signin.FREE_TRIES + 3):
        assert sign_in(stranger, staff, "guess").status_code == 401
    assert sign_in(stranger, staff).status_code == 401
    assert sign_in(hers, staff).status_code == 303
    hers.delete_cookie("console", domain="localhost")
    other = desk.hire("viewer")
    for _ in range(signin.FREE_TRIES):
        sign_in(stranger, other, "guess")
    assert sign_in(hers, other).status_code == 401, "her device is known for her, not for others"


@pytest.mark.parametrize("role", sorted(colleagues.FACTOR_ROLES))
def test_c18_who_decides_sets_up_a_second_factor_before_anything_opens(desk: Desk, role: str) -> None:
    """C18: approver, finance and admin; until it is set up every page leads there. Then ten recovery codes, once."""
    staff, client = desk.hire("viewer", role), desk.client()
    assert sign_in(client, staff).headers["Location"] == "/console/second-factor/new"
    for address in ("/console/", "/console/me/", "/console/team/"):
        assert client.get(address).headers["Location"] == "/console/second-factor/new"
    page = client.get("/console/second-factor/new").text
    assert 'src="data:image/svg+xml;base64,' in page
    wrong = client.post("/console/second-factor/new", data={"csrf_token": token_on(page), "code": "000000"})
    assert wrong.status_code == 400
    answer = set_up(desk, client)
    codes = re.findall(r"<code>([a-z0-9-]{19})</code>", answer.text)
    assert len(set(codes)) == signin.RECOVERY_CODES
    assert client.get("/console/").status_code == 200
    assert "second_factor_set_up" in noted(desk, staff)
    with desk.sessions() as session:
        kept = session.scalars(select(RecoveryCode.fingerprint).where(RecoveryCode.staff_id == staff.id)).all()
        assert not any(code.encode() in kept for code in codes)


def set_up(desk: Desk, client: FlaskClient) -> Any:
    """Scan the QR code and type what the app shows."""
    page = client.get("/console/second-factor/new").text
    key = re.search(r"<code>([A-Z2-7 -]+)</code>", page)
    assert key
    code = TOTP(key=re.sub("[ -]", "", key[1])).generate(desk.clock.now()).token
    return client.post("/console/second-factor/new", data={"csrf_token": token_on(page), "code": code})


def equipped(desk: Desk, *roles: str) -> tuple[Staff, list[str]]:
    """A colleague with a second factor, and her recovery codes."""
    staff = desk.hire(*roles)
    with desk.console.app_context(), desk.sessions.begin() as session:
        row = session.get_one(Staff, staff.id)
        row.tf_totp_secret = desk.console.extensions["security"].totp_factory.generate_totp_secret()
        codes = signin.new_recovery_codes(session, row)
    return row, codes


def test_c18_a_code_opens_once_and_of_ten_at_once_one(desk: Desk) -> None:
    """C2, C18: the same code at the same moment from ten browsers; one is in, and later nobody with it."""
    staff, _ = equipped(desk, "approver")
    clients = [desk.client() for _ in range(4)]
    for client in clients:
        assert sign_in(client, staff).headers["Location"] == "/console/second-factor"
        assert client.get("/console/").headers["Location"] == "/console/second-factor"
    tokens = [token_on(client.get("/console/second-factor").text) for client in clients]
    code = code_of(desk, staff.tf_totp_secret or "")

    def give(n: int) -> Callable[[], int]:
        fields = {"csrf_token": tokens[n], "code": code}
        return lambda: int(clients[n].post("/console/second-factor", data=fields).status_code)

    assert sorted(at_once(*(give(n) for n in range(4)))) == [303, 401, 401, 401]
    late = desk.client()
    sign_in(late, staff)
    assert send(late, "/console/second-factor", code=code).status_code == 401
    desk.later(seconds=60)
    assert send(late, "/console/second-factor", code=code_of(desk, staff.tf_totp_secret or "")).status_code == 303
    assert late.get("/console/").status_code == 200


def test_c18_codes_are_counted_too(desk: Desk) -> None:
    """C18: five wrong codes, then a pause in which the right one is not looked at."""
    staff, _ = equipped(desk, "admin")
    client = desk.client()
    sign_in(client, staff)
    for _ in range(signin.FREE_TRIES):
        assert send(client, "/console/second-factor", code="000000").status_code == 401
    assert send(client, "/console/second-factor", code=code_of(desk, staff.tf_totp_secret or "")).status_code == 401
    desk.later(seconds=31)
    assert send(client, "/console/second-factor", code=code_of(desk, staff.tf_totp_secret or "")).status_code == 303


def test_a_recovery_code_stands_in_once(desk: Desk) -> None:
    staff, codes = equipped(desk, "admin")
    for code, status in ((codes[0].upper(), 303), (codes[0], 401), (codes[1], 303)):
        client = desk.client()
        sign_in(client, staff)
        assert send(client, "/console/second-factor", code=f" {code} ").status_code == status
    assert noted(desk, staff).count("recovery_code_used") == 2


def test_who_has_a_factor_cannot_set_up_another_with_the_password_alone(desk: Desk) -> None:
    staff, _ = equipped(desk, "admin")
    client = desk.client()
    sign_in(client, staff)
    assert client.get("/console/second-factor/new").headers["Location"] == "/console/second-factor"


def test_c14_a_new_token_at_every_step_and_the_old_ones_open_nothing(desk: Desk) -> None:
    """C14: a cookie planted before the sign-in, or taken between password and factor, is worth nothing afterwards (7.2.4)."""
    staff, _ = equipped(desk, "admin")
    client = desk.client()
    client.get("/console/sign-in")
    planted = client.get_cookie("console")
    sign_in(client, staff)
    between = client.get_cookie("console")
    send(client, "/console/second-factor", code=code_of(desk, staff.tf_totp_secret or ""))
    assert client.get("/console/").status_code == 200
    for taken in (planted, between):
        assert taken is not None
        thief = desk.client()
        thief.set_cookie("console", taken.value, domain="localhost")
        assert thief.get("/console/").headers["Location"] == "/console/sign-in"


def test_a_one_time_password_is_good_for_choosing_ones_own(desk: Desk) -> None:
    """Nothing else opens before; it ends after three days; the new one has rules, and is hers alone."""
    staff = desk.hire("viewer", password_until=desk.clock.now() + timedelta(days=3))
    client = desk.client()
    assert sign_in(client, staff).headers["Location"] == "/console/new-password"
    assert client.get("/console/").headers["Location"] == "/console/new-password"
    for bad, again in (
        ("short", "short"),
        (NEW, NEW + "!"),
        (PASSWORD, PASSWORD),
        ("aaaaaaaaaaaaaaa",) * 2,
        (staff.email,) * 2,
    ):
        assert send(client, "/console/new-password", password=bad, again=again).status_code == 400
    assert send(client, "/console/new-password", password=NEW, again=NEW).headers["Location"] == "/console/"
    assert client.get("/console/").status_code == 200
    assert sign_in(desk.client(), staff).status_code == 401
    assert sign_in(desk.client(), staff, NEW).status_code == 303
    late = desk.hire("viewer", password_until=desk.clock.now())
    assert sign_in(desk.client(), late).status_code == 401


def test_the_demos_password_is_worth_nothing_elsewhere(desk: Desk) -> None:
    """No default password (C16): nobody may choose it."""
    staff = desk.hire("viewer", password_until=desk.clock.now() + timedelta(days=1))
    client = desk.client()
    sign_in(client, staff)
    assert send(client, "/console/new-password", password=example.PASSWORD, again=example.PASSWORD).status_code == 400


def test_a_session_row_holds_no_token(desk: Desk) -> None:
    with desk.sessions() as session:
        assert session.scalar(select(func.min(func.length(StaffSession.token_hash)))) == 32


def test_guesses_at_addresses_do_not_pile_up(desk: Desk) -> None:
    """What is forgotten anyway goes; a door that still pauses, and a session of today, stay."""
    staff = desk.hire("viewer")
    with desk.sessions() as session:
        signin.tidy(session, now=desk.clock.now() + timedelta(days=400))
        for n in range(3):
            signin.take_try(session, door=f"email:{n}", now=desk.clock.now() - timedelta(days=n))
        signin.begin_session(session, staff, now=desk.clock.now() - signin.KEEP_SESSIONS)
        token = signin.begin_session(session, staff, now=desk.clock.now())
        assert signin.tidy(session, now=desk.clock.now()) == 3
        assert signin.session_of(session, token, now=desk.clock.now()) is not None
        session.rollback()
