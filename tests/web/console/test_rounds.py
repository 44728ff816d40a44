"""Rounds in the console: the difference computed in the background, signed by two persons, published once (LFC-8, F4)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from benefits import rounds, rounds_preview
from benefits import staff as colleagues
from benefits.vault import Vault
from clubs.catalogue import SHIPPED
from jobs.wiring import make_work
from models import JournalEntry, Run, Staff, TurnRow
from tests import factories
from tests.conftest import ROOT
from tests.factories import NOON
from tests.rules.books import Books
from tests.web.console.desk import CLUB, Desk, make_desk

AXE = ROOT / "web/console/page/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("CONSOLE_PICTURES")
"""A folder to keep pictures in, for whoever wants to look."""
OCTOBER = "/console/rounds/2026-10"


@pytest.fixture
def desk(database_url: str, tmp_path: Path, vault: Vault) -> Iterator[Desk]:
    """A club whose file says that two persons sign; @a will rise to silver, @b will fall from gold."""
    folder = tmp_path / "clubs"
    folder.mkdir()
    text = (SHIPPED / "family_club.toml").read_text()
    (folder / "family_club.toml").write_text(text.replace("sign_off = false", "sign_off = true"))
    desk = make_desk(database_url, tmp_path, vault, SITTHI_CLUBS_DIR=str(folder))
    with desk.sessions.begin() as session:
        factories.member(session, external_id="@a")
        factories.member(session, external_id="@b", tier="gold", total_stars=60_000)
    Books(desk.parts.engine, desk.sessions, desk.parts.clubs["family_club"], tmp_path).bill("@a", "6000.00")
    yield desk
    desk.sessions.kw["bind"].dispose()


def work(desk: Desk, job: str) -> int:
    """The worker does one of its jobs."""
    done: int = getattr(make_work(desk.parts), job)()
    return done


def asked(desk: Desk, job: str) -> bool:
    """Whether the job engine was asked for it."""
    with desk.parts.engine.connect() as connection:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo'"
        return bool(connection.exec_driver_sql(query, (job,)).scalar())


def preview_id(desk: Desk) -> int:
    """The newest preview of October."""
    with desk.sessions() as session:
        found = rounds_preview.latest(session, desk.parts.clubs["family_club"], date(2026, 10, 1))
        assert found is not None
        return found.id


def text_of(answer: Any) -> str:
    """What the page says."""
    assert answer.status_code == 200, answer.text
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


def chart(answer: Any) -> dict[str, Any]:
    """The first chart of a page."""
    found = re.search(r'data-chart="([^"]*)"', answer.text)
    assert found is not None
    spec: dict[str, Any] = json.loads(unescape(found[1]))
    return spec


def test_a6_neither_signature_is_given_by_a_sign_in_just_reset(desk: Desk) -> None:
    """LFC-8: one administrator who resets a signer does not sign as them, first or second."""
    nok, may = desk.staff("finance", name="Nok"), desk.staff("approver", name="May")
    nok.post(f"{OCTOBER}/preview")
    assert work(desk, "previews") == 1
    sign = f"/console/rounds/sign/{preview_id(desk)}"
    for signer in (nok, may):
        with desk.sessions.begin() as session:
            row = session.get_one(Staff, signer.staff.id)
            colleagues.reset(session, row, club=CLUB, password=desk.hash, now=NOON, actor=("system", None))
            row.password_until = None
    nok, may = nok.again(), may.again()
    refused = nok.post(sign)
    assert (refused.status_code, "Your sign-in was reset on" in refused.text) == (409, True)
    assert "Sign these figures" not in text_of(nok.get(OCTOBER))
    desk.later(days=1)
    assert nok.again().post(sign).status_code == 303
    desk.clock.at = NOON
    assert may.again().post(sign).status_code == 409
    desk.later(days=1)
    assert may.again().post(sign).status_code == 303


def test_lfc_8_two_persons_sign_the_difference_and_the_job_publishes_it(desk: Desk) -> None:
    """From the first look to the round done: what was shown is what was posted, and nobody signs for two."""
    nok, may, viewer = desk.staff("finance", name="Nok"), desk.staff("approver", name="May"), desk.staff("viewer")
    assert "waits for two signatures" in text_of(nok.get("/console/"))
    assert work(desk, "rounds") == 0, "due, and it waits"
    assert viewer.post(f"{OCTOBER}/preview").status_code == 403
    assert "Nobody has had it computed yet" in text_of(viewer.get(OCTOBER))
    assert nok.post(f"{OCTOBER}/preview").status_code == 303
    assert asked(desk, "previews")
    progress = nok.get(f"{OCTOBER}/progress").json
    assert (progress["over"], progress["sentence"]) == (False, "Waiting for a worker.")
    assert work(desk, "previews") == 1
    assert nok.get(f"{OCTOBER}/progress").json["over"] is True
    page = nok.get(OCTOBER)
    assert chart(page)["series"][1]["values"] == [1, 1, 0, 0], "then: one welcome, one silver"
    for shown in ("@b", "60,000", "−60,000", "Gold", "Sign these figures"):
        assert shown in text_of(page), shown
    sign = f"/console/rounds/sign/{preview_id(desk)}"
    assert viewer.post(sign).status_code == 403
    assert nok.post(sign).status_code == 303
    assert "You have signed. Another person has to sign, too." in text_of(nok.get(OCTOBER))
    again = nok.post(sign)
    assert (again.status_code, "another colleague has to decide" in again.text) == (409, True)
    assert work(desk, "rounds") == 0
    assert may.post(sign).status_code == 303
    assert asked(desk, "rounds")
    assert work(desk, "rounds") == 1
    assert work(desk, "rounds") == 0
    done = nok.get(OCTOBER)
    assert "Changes of tier" in text_of(done)
    assert sum(chart(done)["series"][0]["values"]) == 1
    assert "waits for two signatures" not in text_of(nok.get("/console/"))
    with desk.sessions() as session:
        run = rounds.listing(session, club=desk.parts.clubs["family_club"])[0]
        assert run.result_hash is not None
        assert run.result_hash[:12] in text_of(viewer.get("/console/rounds/"))


def test_a_payment_after_the_signatures_makes_them_lapse_and_the_page_says_so(desk: Desk, tmp_path: Path) -> None:
    """Nothing is published; the page asks for a new difference; old figures can't be signed."""
    hands = [desk.staff("finance"), desk.staff("finance")]
    hands[0].post(f"{OCTOBER}/preview")
    work(desk, "previews")
    sign = f"/console/rounds/sign/{preview_id(desk)}"
    for hand in hands:
        hand.post(sign)
    Books(desk.parts.engine, desk.sessions, desk.parts.clubs["family_club"], tmp_path, iter((77,))).bill("@b", "1.00")
    assert work(desk, "rounds") == 0
    with desk.sessions() as session:
        assert session.query(Run).count() == 0
    assert "The figures have changed since" in text_of(hands[0].get(OCTOBER))
    late = desk.staff("approver").post(sign)
    assert (late.status_code, "no longer true" in late.text) == (409, True)


def test_months_that_are_not_the_next_are_not_there(desk: Desk) -> None:
    """Neither read nor computed; what is no month is no page; too early is said with the day."""
    nok = desk.staff("finance")
    for month in ("2026-09", "2027-01", "x", "2026-13", "0000-00"):
        assert nok.get(f"/console/rounds/{month}").status_code == 404, month
    assert nok.post("/console/rounds/2026-11/publish").status_code == 404
    desk.clock.at = factories.NOON.replace(month=10)
    early = nok.post(f"{OCTOBER}/preview")
    assert (early.status_code, "It is too early" in early.text) == (409, True)
    assert "has not ended yet" in text_of(nok.get(OCTOBER))


def story(desk: Desk) -> list[str]:
    """A preview, a correction that waits and lines of the journal; the pages that show them, and those of an empty month."""
    nok = desk.staff("finance", name="Nok")
    nok.post(f"{OCTOBER}/preview")
    work(desk, "previews")
    asked = {"shape": "tier", "tier": "all", "stars": "7000", "period": "", "reason": "ชดเชยระบบขัดข้อง"}
    correction = nok.post("/console/corrections/new", asked, content_type="multipart/form-data").headers["Location"]
    wrong = {"shape": "account", "account": "", "stars": "x", "period": "y", "reason": ""}
    assert nok.post("/console/corrections/new", wrong, content_type="multipart/form-data").status_code == 400
    with desk.sessions.begin() as session:
        line = session.query(JournalEntry).order_by(JournalEntry.id.desc()).first()
        assert line is not None
        session.add(TurnRow(club="family_club", event_id="1", kind="message", event={}, received_at=factories.NOON,
                            state="done", reply_state="sent"))  # fmt: skip
    return ["rounds/2026-10", correction.removeprefix("/console/"), "corrections/new", "journal/", "budget/", "rounds/",
            "corrections/", f"journal/{line.id}"]  # fmt: skip


@pytest.mark.browser
@pytest.mark.slow
def test_on_a_phone_and_a_desktop_charts_are_drawn_and_nobody_is_left_out(desk: Desk, chromium: Browser) -> None:
    """Under the console's policy nothing is refused; axe finds nothing serious; the page that waits loads anew by itself."""
    hired = {language: desk.hire("finance", "approver", "auditor", language=language) for language in ("th", "en")}
    with desk.served() as url:
        context = chromium.new_context(viewport={"width": 390, "height": 844}, base_url=url)
        context.add_cookies(desk.cookies(hired["th"], url))
        page = context.new_page()
        page.goto(OCTOBER)
        page.get_by_role("button", name="คำนวณผลต่าง").click()
        page.wait_for_selector("[data-waiting]")
        assert work(desk, "previews") == 1
        page.wait_for_selector("[data-chart][data-drawn=yes] canvas")
        context.close()
        pages, faults = story(desk), list[str]()

        def told(message: ConsoleMessage) -> None:
            faults.extend([message.text] if message.type == "error" else [])

        small, large = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=900)
        for language, size, looked in (("th", small, pages[:5]), ("en", large, pages if PICTURES else pages[:4])):
            context = chromium.new_context(viewport=size, base_url=url)
            context.add_cookies(desk.cookies(hired[language], url))
            page = context.new_page()
            page.on("console", told)
            for address in looked:
                page.goto(f"/console/{address}")
                charts = page.locator("[data-chart]").count()
                page.wait_for_function(
                    "n => document.querySelectorAll('[data-drawn=yes] canvas').length === n", arg=charts
                )
                assert page.locator("table.list").count() >= charts, "the numbers stand beside the drawing"
                looked_at(page, f"{language}-{address.strip('/').replace('/', '-')}")
            context.close()
        assert faults == []


def looked_at(page: Page, name: str) -> None:
    """axe finds nothing serious, nothing is wider than the window, and a picture is kept for whoever asks for one."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [
        (each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")
    ] == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)
