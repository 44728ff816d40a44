"""The records in a real browser: a use past its time comes back by two colleagues, on a phone and on a desktop, for everybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benefits import claims, people, uses
from clubs import Club
from models import Claim, Staff, TurnRow
from tests import factories
from tests.conftest import ROOT
from tests.factories import NOON
from tests.web.console.desk import CLUB, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = ROOT / "web/console/page/node_modules/axe-core/axe.min.js"
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PICTURES = os.environ.get("CONSOLE_PICTURES")
"""A folder to keep pictures in, for whoever wants to look."""


@contextmanager
def hand(chromium: Browser, desk: Desk, url: str, staff: Staff, size: ViewportSize) -> Iterator[Page]:
    """A browser window of a colleague."""
    context = chromium.new_context(viewport=size, base_url=url, bypass_csp=True)
    context.add_cookies(desk.cookies(staff, url))
    page = context.new_page()
    yield page
    context.close()


def checked(page: Page, name: str) -> None:
    """axe finds nothing serious, and nothing is wider than the window."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], name
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, name
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


@pytest.fixture
def used(desk: Desk, club: Club) -> int:
    """A claim used an hour ago, for an account with charges; and a parked event. Its number."""
    with desk.sessions.begin() as session:
        holder = factories.person(session, last_event_at=NOON)
        people.learn_profile(session, person=holder, display_name="มะลิ ใจกว้าง", language="th", now=NOON)
        shop = factories.member(session, holder, name="ร้านก๋วยเตี๋ยวเรือป้าสมศรี สาขาตลาดน้ำ", tier="silver", total_stars=7200)
        factories.charge(session, shop, "1234.50")
        factories.charge(session, shop, "99.99", paid_at=None)
        offer = factories.privilege(
            session, name_th="กาแฟเช้าฟรีหนึ่งแก้ว", name_en="A free morning coffee", undo_minutes=15
        )
        before = NOON - timedelta(hours=1)
        made = claims.claim(session, club=club, person=holder, privilege_id=offer.id, member_id=shop.id, now=before)
        uses.start(session, club=club, person=holder, claim_id=made.claim.id, now=before)
        event = {
            "type": "message",
            "source": {"userId": holder.line_user_id},
            "message": {"type": "text", "text": "hi"},
        }
        values = {"kind": "message", "event": event, "state": "parked", "received_at": NOON, "error": "KeyError: 'x'"}
        session.merge(TurnRow(club=CLUB, event_id="browser-1", **values))
        return made.claim.id


def test_a_late_use_comes_back_by_two_colleagues(chromium: Browser, desk: Desk, club: Club, used: int) -> None:
    """rules.md §5, support finds the claim by number and asks, in Thai; finance sees it at home and grants, in English."""
    support = desk.hire("support", name="ฝ้าย ช่วยเหลือ", language="th")
    finance = desk.hire("finance", name="Fin Ance", language="en")
    with desk.served() as url:
        with hand(chromium, desk, url, support, PHONE) as page:
            page.goto("/console/claims/")
            page.get_by_role("searchbox").fill(str(used))
            page.get_by_role("button", name="แสดง", exact=True).click()
            page.get_by_label("เหตุผล").fill("เครื่องคิดเงินเสีย")
            checked(page, "claim")
            page.get_by_role("button", name="ส่งคำขอ").click()
            page.get_by_text("ส่งคำขอแล้ว").wait_for()
        with hand(chromium, desk, url, finance, PHONE) as page:
            page.goto("/console/")
            checked(page, "home")
            page.get_by_role("link", name="waits for a second person").click()
            page.get_by_role("link", name=str(used), exact=True).click()
            page.get_by_role("button", name="Grant: take the use back").click()
            page.get_by_text("Granted: the use is taken back.").wait_for()
    with desk.sessions() as session:
        assert session.get_one(Claim, used).state == "kept"


@pytest.mark.parametrize(("size", "language"), [(PHONE, "th"), (DESKTOP, "en")], ids=["phone", "desktop"])
def test_every_record_can_be_read_by_everybody(
    chromium: Browser, desk: Desk, used: int, size: ViewportSize, language: str
) -> None:
    """axe finds no serious fault: lists and records, half of them in Thai on a phone and half in English on a desktop."""
    staff = desk.hire("admin", "support", "auditor", language=language)
    with desk.sessions() as session:
        claim = session.get_one(Claim, used)
        account, person = f"accounts/{claim.member_id}", f"people/{claim.person_id}"
    small = (account, "people/", "parked/event/browser-1", "jobs/")
    large = (f"{account}/statement/2026-10", person, "parked/", "views/", "charges/")
    with desk.served() as url, hand(chromium, desk, url, staff, size) as page:
        for address in small if size is PHONE else large:
            page.goto(f"/console/{address}")
            checked(page, f"{address.replace('/', '-')}{language}")
