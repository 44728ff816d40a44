"""The demo's console: colleagues everybody knows, shown on its first page, and no second factor, which it says."""

from __future__ import annotations

from pathlib import Path

from benefits.vault import Vault
from demo import staff
from tests.web.console.desk import CLUB, Desk, make_desk
from tests.web.console.test_signing_in import send
from web.console import example


def test_the_demos_colleagues_come_in_from_its_first_page(console_database: str, vault: Vault, tmp_path: Path) -> None:
    demo = make_desk(console_database, tmp_path, vault, SITTHI_ENV="demo")
    club, now = demo.desk.clubs[CLUB], demo.clock.now()
    assert staff.hire(demo.sessions, club, now) == len(example.COLLEAGUES)
    assert staff.hire(demo.sessions, club, now) == 0
    page = demo.client().get("/console/sign-in").text
    demo.clock.at = demo.desk.wall()  # the demo's clock may stand anywhere; sign-ins go by the machine's
    for one in example.COLLEAGUES[::3]:
        assert one.email in page
        client = demo.client()
        answer = send(client, "/console/sign-in", email=one.email, password=example.PASSWORD)
        assert answer.headers["Location"] == "/console/", one.email
        home = client.get("/console/")
        assert home.status_code == 200
        assert "ระบบสาธิต" in home.text
    demo.sessions.kw["bind"].dispose()


def test_nobody_sees_them_elsewhere(desk: Desk) -> None:
    assert example.COLLEAGUES[0].email not in desk.client().get("/console/sign-in").text
