"""The marketer's whole story and the approver's, in a browser, with a LINE platform and a worker: until messages arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benefits.offers import budget
from benefits.vault import Vault
from models import Staff
from tests.factories import NOON
from tests.web.console.offer_house import House, open_house
from web.member.assets import PACKAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SHOTS = Path(__file__).parents[3] / "test-artifacts" / "offers"
AXE = PACKAGES / "axe-core" / "axe.min.js"
SERIOUS = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((found) => ["serious", "critical"].includes(found.impact))
  .map((found) => found.id + ": " + found.nodes.map((node) => node.target.join(" ")).join(", "))"""
SIZES = ((1280, 900), (390, 844))


@pytest.fixture(scope="module")
def house(server_url: str, template: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for the story: members, money, a quota of LINE."""
    with open_house(server_url, template, vault, tmp_path_factory.mktemp("story")) as made:
        made.people(8)
        made.people(2, friend=False)
        made.people(1, opted_out_at=NOON)
        made.line.set(quota_limit=500)
        with made.desk.sessions.begin() as session:
            budget.configure(session, made.club, by=made.approver.id, now=NOON, reserve=100, cost_satang=8)
        yield made


@pytest.fixture(scope="module")
def address(house: House) -> Iterator[str]:
    """The console on a port, and a worker that does what it rings for."""
    with house.desk.served() as url, house.worker():
        yield url


class Desk:
    """A colleague's browser."""

    def __init__(self, house: House, chromium: Browser, url: str, staff: Staff, **options: Any) -> None:
        self.context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.context.add_cookies(house.desk.cookies(staff, url))
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.url = url

    def open(self, path: str) -> None:
        """A page of the console."""
        self.page.goto(f"{self.url}/console/{path}")

    def press(self, name: str, **options: Any) -> None:
        """A button, by its words."""
        self.page.get_by_role("button", name=name, exact=True, **options).click()

    def told(self, words: str) -> None:
        """What was just done is said."""
        expect(self.page.locator(".told").first).to_contain_text(words)

    def fine(self) -> None:
        """No serious fault for those who see or move differently, nothing wider than the screen, no script failed."""
        self.page.evaluate(AXE.read_text())
        assert self.page.evaluate(SERIOUS) == [], self.page.url
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, self.page.url
        assert self.errors == []


@pytest.fixture
def hands(house: House, chromium: Browser, address: str) -> Iterator[tuple[Desk, Desk]]:
    """The marketer and the approver, each at her own browser."""
    both = Desk(house, chromium, address, house.marketer), Desk(house, chromium, address, house.approver)
    yield both
    for desk in both:
        desk.context.close()


def test_an_offer_from_the_first_word_to_what_it_brought(house: House, hands: tuple[Desk, Desk]) -> None:
    """Written, previewed, aimed, costed, tested, asked for, approved by a colleague, sent, read."""
    mali, anong = hands
    write(mali, house)
    aim(mali)
    when(mali)
    try_out(mali, house)
    mali.page.get_by_role("link", name="Review", exact=True).click()
    mali.fine()
    mali.press("Ask for approval")
    mali.told("An approver who did not write it decides.")
    approve(anong, house)
    watch(anong, house)
    read(anong)


def write(mali: Desk, house: House) -> None:
    page = mali.page
    mali.open("offers/")
    mali.fine()
    page.get_by_label("A new offer, called").fill("Coffee in December")
    mali.press("Begin writing")
    mali.press("Text")
    thai, english = page.locator("textarea[lang=th]"), page.locator("textarea[lang=en]")
    thai.fill("สวัสดีค่ะ ")
    page.locator(".variables").first.get_by_role("button", name="Name").click()
    expect(thai).to_have_value("สวัสดีค่ะ {name|คุณลูกค้า}")
    english.fill("😀 Hello {name|dear member} of {account|your account}. See https://club.example.com/coffee")
    expect(page.locator("[data-counter=part-0-en]")).to_contain_text("90 of 5,000")
    phone = page.locator(".phone[data-language=en]")
    expect(phone).to_contain_text("Hello ‹name› of ‹account›")
    mali.press("Privilege card")
    page.get_by_label("Privilege", exact=True).select_option(label="Iced coffee, buy one get one · โมงเช้า คอฟฟี่")
    expect(phone).to_contain_text("At every branch")
    page.get_by_label("Preview for a member").fill("Baan Coffee")
    page.locator(".found button").first.click()
    expect(phone).to_contain_text("Hello ป••• of Baan Coffee 3")
    mali.fine()
    mali.press("Save, then choose the audience")
    mali.told("Saved.")


def aim(mali: Desk) -> None:
    page = mali.page
    expect(page.locator(".big-number")).to_contain_text("8 can be reached")
    for tier in ("Welcome", "Silver", "Gold"):
        page.get_by_label(tier, exact=True).check()
    expect(page.locator("#counted")).to_contain_text("manages an account of tier Welcome, Silver or Gold")
    expect(page.locator(".big-number")).to_contain_text("6 can be reached")
    expect(page.locator("#counted .samples li")).to_have_count(5)
    mali.fine()
    mali.press("Save, then see the cost")


def when(mali: Desk) -> None:
    page = mali.page
    expect(page.locator(".cost")).to_contain_text("6 messages · 0.48 baht")
    expect(page.locator(".cost")).to_contain_text(re.compile(r"Left after it\s*394"))
    page.get_by_label("Do not start after").fill("2026-11-12T18:00")
    mali.fine()
    mali.press("Save, then test it")


def try_out(mali: Desk, house: House) -> None:
    page = mali.page
    tester = next(iter(house.members))
    page.get_by_role("link", name="Name or remove testers").click()
    page.get_by_label("Account name or ID, or LINE user ID").fill(house.members[tester].id)
    mali.press("Search")
    page.locator(".found-person input[name=name]").fill("พี่นก")
    mali.press("Name as a tester")
    mali.told("พี่นก is a tester now.")
    mali.fine()
    mali.open("offers/")
    page.get_by_role("link", name="Coffee in December").click()
    page.get_by_role("link", name="Test", exact=True).click()
    mali.press("Send the test")
    mali.told("The test is on its way to 1 tester.")
    for _ in range(60):
        if house.heard(tester):
            break
        page.wait_for_timeout(250)
    assert "Hello สมชาย of" in house.heard(tester)[0] or "สวัสดีค่ะ สมชาย" in house.heard(tester)[0]
    page.reload()
    expect(page.get_by_role("cell", name="LINE took it")).to_be_visible()
    mali.fine()


def approve(anong: Desk, house: House) -> None:
    page = anong.page
    anong.open("offers/?state=waiting")
    page.get_by_role("link", name="Coffee in December").click()
    expect(page.locator("main")).to_contain_text("exactly this is sent")
    expect(page.locator(".phone[data-language=th]")).to_contain_text("สวัสดีค่ะ ‹ชื่อ›")
    expect(page.locator(".cost")).to_contain_text("6 messages · 0.48 baht")
    anong.fine()
    anong.press("Approve: it may be sent")
    anong.told("Approved.")
    expect(page.locator(".offer-say")).to_contain_text("It begins on 12 Nov 2026 12:05")


def watch(anong: Desk, house: House) -> None:
    """The hold-back over, the worker sends; the page follows by itself."""
    page = anong.page
    before = {who: len(house.heard(who)) for who in house.members}
    house.desk.later(minutes=6)
    house.desk.desk.ring("offers")
    for _ in range(80):
        if house.row(1).prepared_at is not None:
            break
        page.wait_for_timeout(250)
    anong.open("offers/1/progress")
    expect(page.locator(".progress-say")).to_have_text("Done: LINE took it for all 6.")
    expect(page.locator("progress")).to_have_js_property("value", 1000)
    anong.fine()
    got = [len(house.heard(who)) - before[who] for who in house.members]
    assert sorted(got) == [0] * 5 + [2] * 6, "a text and a card to each of six, nothing to anybody else"


def read(anong: Desk) -> None:
    page = anong.page
    page.get_by_role("link", name="Results", exact=True).click()
    expect(page.locator(".figures")).to_contain_text("of 6 to be sent")
    expect(page.locator("main")).to_contain_text("LINE gave none yet.")
    expect(page.locator(".chart canvas").first).to_be_visible()
    anong.fine()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename.startswith("offer-1-")


def test_e4_a_sending_is_paused_resumed_and_watched_on_one_page(house: House, hands: tuple[Desk, Desk]) -> None:
    """E4: asked once; paused, nothing more goes out and the page says so; resumed, the page follows until it is done."""
    mali, page = hands[0], hands[0].page
    house.people(6)
    content = {"parts": [{"kind": "text", "th": "คุณ {name|ลูกค้า}", "en": "You {name|there}"}], "languages": ["th", "en"]}
    offer = house.offer("Slow", state="approved", content=content, hold_back_minutes=0, pace=1)
    house.desk.desk.ring("offers")
    mali.open(f"offers/{offer}/")
    for _ in range(80):
        if house.row(offer).prepared_at is not None:
            break
        page.wait_for_timeout(250)
    mali.open(f"offers/{offer}/progress")
    expect(page.locator(".progress-say")).to_have_text(re.compile(r"Sent to \d+ of 14\."))
    page.get_by_text("Pause…").click()
    mali.press("Yes, pause it")
    mali.told("Paused.")
    expect(page.locator(".progress-say")).to_have_text(re.compile(r"Paused at \d+ of 14: somebody asked for it\."))
    page.wait_for_timeout(1500)
    stood = sum(len(house.heard(who)) for who in house.members)
    page.wait_for_timeout(2500)
    assert sum(len(house.heard(who)) for who in house.members) == stood
    mali.fine()
    page.get_by_text("Resume…").click()
    mali.press("Yes, go on")
    expect(page.locator(".progress-say")).to_have_text(
        re.compile(r"(Sent to 14 of 14|Done: LINE took it for all 14)\.")
    )


def test_all_of_it_works_without_scripts(house: House, chromium: Browser, address: str) -> None:
    """Parts, audience, times and asking are forms; only the phone and the live counts need scripts."""
    mali = Desk(house, chromium, address, house.marketer, java_script_enabled=False)
    page = mali.page
    mali.open("offers/")
    page.get_by_label("A new offer, called").fill("Plain")
    mali.press("Begin writing")
    mali.press("Text")
    page.locator("textarea[lang=th]").fill("สวัสดี")
    page.locator("textarea[lang=en]").fill("Hello")
    mali.press("Save, then choose the audience")
    page.get_by_label("Gold", exact=True).check()
    mali.press("Count without saving")
    expect(page.locator("#counted")).to_contain_text("manages an account of tier Gold")
    mali.press("Save, then see the cost")
    page.get_by_role("link", name="Review", exact=True).click()
    mali.press("Ask for approval")
    mali.told("Asked.")
    mali.context.close()


def test_pages_fit_both_widths_and_languages(house: House, hands: tuple[Desk, Desk]) -> None:
    """Nothing is wider than the screen in Thai or English, on a phone or a desk; pictures are kept to be looked at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    mali, anong = hands
    draft = house.offer("ข้อเสนอที่มีชื่อยาวมากเพื่อดูว่าหน้าจอเล็กยังอ่านได้ครบถ้วน", holdout_percent=10)
    pages = [(mali, "list", "offers/"), (mali, "audience", f"offers/{draft}/audience"), (mali, "when", f"offers/{draft}/when"),
             (anong, "progress", "offers/1/progress"), (anong, "results", "offers/1/results")]  # fmt: skip
    for language in ("th", "en"):
        with house.desk.sessions.begin() as session:
            for staff in (house.marketer, house.approver):
                session.get_one(Staff, staff.id).language = language
        for who, name, path in pages:
            who.page.set_viewport_size({"width": 1280, "height": 900})
            who.open(path)
            for width, height in SIZES:
                who.page.set_viewport_size({"width": width, "height": height})
                assert who.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (
                    name,
                    language,
                    width,
                )
                who.page.screenshot(path=SHOTS / f"{name}-{language}-{width}.png", full_page=True)
