"""Colleagues and their roles, in the console and from the command line (B10, C16)."""

from __future__ import annotations

import re
from typing import Any

from click.testing import Result

from benefits import staff as colleagues
from models import JournalEntry, Staff
from tests.web.console.desk import CLUB, OTHER_CLUB, Desk
from tests.web.console.test_signing_in import noted, sign_in

CODE = re.compile(r"\b[a-z0-9]{4}(?:-[a-z0-9]{4}){3}\b")


def number(answer: Any) -> int:
    """The colleague's number in an address."""
    found = re.search(r"/team/(\d+)", answer.headers["Location"])
    assert found
    return int(found[1])


def test_a_colleague_is_added_chooses_her_password_and_works(desk: Desk) -> None:
    admin = desk.staff("admin")
    fields = {"email": " New.Person@club.example ", "name": "มานี", "roles": ["viewer", "marketer"]}
    answer = admin.post("/console/team/new", fields)
    found = CODE.search(answer.text)
    assert answer.status_code == 200
    assert found
    with desk.sessions() as session:
        row = colleagues.staff_of(session, "new.person@club.example")
        assert row is not None
        assert colleagues.roles_in(row, CLUB) == {"viewer", "marketer"}
    assert noted(desk, row) == ["staff_added", "staff_roles"]
    client = desk.client()
    assert sign_in(client, row, found[0]).headers["Location"] == "/console/new-password"
    assert found[0] not in admin.get(f"/console/team/{row.id}").text, "it is shown once"


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(desk: Desk) -> None:
    admin, known = desk.staff("admin"), desk.hire("viewer")
    for email, name, roles, told in (
        ("nonsense", "ก", ["viewer"], "That is no e-mail address"),
        (known.email, "ก", ["viewer"], "works here already"),
        ("a@club.example", " ", ["viewer"], "Write their name"),
        ("a@club.example", "ก" * 81, ["viewer"], "Write their name"),
        ("a@club.example", "ก", [], "Tick at least one role"),
        ("a@club.example", "ก", ["root"], "Tick at least one role"),
    ):
        answer = admin.post("/console/team/new", {"email": email, "name": name, "roles": roles})
        assert answer.status_code == 400
        assert told in answer.text, told
        assert f'value="{email}"' in answer.text


def test_b10_roles_are_set_reset_disabled_enabled_with_a_line_each(desk: Desk) -> None:
    admin, other = desk.staff("admin"), desk.staff("viewer")
    where = f"/console/team/{other.staff.id}"
    assert admin.post(f"{where}/roles", {"roles": ["auditor", "marketer"]}).status_code == 303
    assert other.get("/console/").status_code == 303, "signed out by the change"
    assert other.again().get("/console/team/").status_code == 200
    assert admin.post(f"{where}/disable").status_code == 303
    assert other.get("/console/").status_code == 303
    assert sign_in(desk.client(), other.staff).status_code == 401
    assert admin.post(f"{where}/enable").status_code == 303
    assert CODE.search(admin.post(f"{where}/reset").text)
    deeds = ["staff_roles", "staff_disabled", "sign_in_failed", "staff_enabled", "staff_reset"]
    assert noted(desk, other.staff)[-5:] == deeds
    with desk.sessions() as session:
        entry = session.query(JournalEntry).filter_by(action="staff_roles", subject_id=other.staff.id)
        last = entry.order_by(JournalEntry.id.desc()).first()
        assert last is not None
        assert last.facts == {"given": ["auditor", "marketer"], "taken": ["viewer"]}
        assert last.actor == str(admin.staff.id)


def test_nobody_changes_her_own_and_the_last_admin_stays(desk: Desk) -> None:
    """An admin does not make herself an approver; a club is never left without an administrator."""
    admin = desk.staff("admin")
    for deed in ("roles", "disable", "reset", "enable"):
        assert admin.post(f"/console/team/{admin.staff.id}/{deed}", {"roles": ["approver"]}).status_code == 403
    with desk.sessions.begin() as session:
        for row in session.query(Staff).filter(Staff.id != admin.staff.id):
            row.active = row.active and "admin" not in colleagues.roles_in(row, CLUB)
    result = command(desk, "disable", admin.staff.email)
    assert result.exit_code == 1
    assert "no administrator" in result.output
    assert "no administrator" in command(desk, "roles", admin.staff.email, "--role", "viewer").output


def test_an_admin_locks_out_nobody_who_works_for_another_club_too(desk: Desk) -> None:
    """8.4.1: her roles here are this admin's to change; her password and her being here are not."""
    admin, both = desk.staff("admin"), desk.staff("viewer")
    with desk.sessions.begin() as session:
        row = session.get_one(Staff, both.staff.id)
        now, actor = desk.clock.now(), ("system", None)
        colleagues.set_roles(session, row, club=OTHER_CLUB, roles=["viewer"], now=now, actor=actor)
    where = f"/console/team/{both.staff.id}"
    for deed in ("disable", "reset"):
        assert admin.post(f"{where}/{deed}").status_code == 403
    assert admin.post(f"{where}/roles", {"roles": []}).status_code == 303
    assert admin.get(where).status_code == 404
    assert both.again().get("/console/").status_code == 200
    answer = admin.post("/console/team/new", {"email": both.staff.email, "name": "x", "roles": ["support"]})
    assert answer.status_code == 303
    with desk.sessions() as session:
        row = session.get_one(Staff, both.staff.id)
        assert (colleagues.roles_in(row, CLUB), colleagues.roles_in(row, OTHER_CLUB)) == ({"support"}, {"viewer"})


def command(desk: Desk, *words: str, typed: str | None = None) -> Result:
    """`flask staff …` for the club."""
    runner = desk.app.test_cli_runner()
    return runner.invoke(args=["staff", *words, "--club", CLUB], input=typed)


def test_c16_the_first_admin_comes_by_command_with_a_password_for_once(desk: Desk) -> None:
    """C16: printed once, or typed; never a default; weak ones are refused."""
    said = command(desk, "add", "first@club.example", "--name", "สมชาย", "--role", "admin", "--role", "auditor")
    assert said.exit_code == 0, said.output
    found = CODE.search(said.output)
    assert found
    with desk.sessions() as session:
        row = colleagues.staff_of(session, "first@club.example")
    assert row is not None
    assert sign_in(desk.client(), row, found[0]).headers["Location"] == "/console/new-password"
    again = command(desk, "add", "first@club.example", "--name", "x", "--role", "admin")
    assert (again.exit_code, "works here already" in again.output) == (1, True)
    weak = command(
        desk, "add", "second@club.example", "--name", "x", "--role", "viewer", "--ask", typed="short\nshort\n"
    )
    assert weak.exit_code == 1
    typed = "four quiet green doors\n" * 2
    assert (
        command(desk, "add", "second@club.example", "--name", "x", "--role", "viewer", "--ask", typed=typed).exit_code
        == 0
    )
    listed = command(desk, "list").output
    assert re.search(r"first@club\.example\s+สมชาย\s+admin, auditor", listed)
    reset = command(desk, "reset", "second@club.example").output
    assert CODE.search(reset)
    assert command(desk, "disable", "second@club.example").exit_code == 0
    assert "disabled" in command(desk, "list").output
    assert command(desk, "enable", "second@club.example").exit_code == 0
    assert "nobody with this address" in command(desk, "reset", "nobody@club.example").output
