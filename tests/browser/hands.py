"""Hands on the simulator's page: a phone, its menu, its cards, the clock. Everything is a click that a person could make."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from demo.accounts import people

SHOTS = Path(__file__).parents[2] / "test-artifacts" / "story"
SIZES = ((1280, 860), (390, 844))
ANSWER = 30_000
"""Milliseconds within which an answer is seen on the screen, on a busy machine."""


class Hand:
    """One person's phone on the page."""

    def __init__(self, page: Page, key: str) -> None:
        self.somebody = next(one for one in people() if one.key == key)
        self.page, self.name = page, self.somebody.name
        self.root = page.locator(f".phone[data-person='{self.somebody.id}']")
        self.answers = self.root.locator(".row.bot")

    def add_friend(self, label: str) -> None:
        """The button of the banner over a chat with a stranger."""
        self._answered(self.root.get_by_role("button", name=label))

    def menu(self, label: str) -> None:
        """An area of the rich menu; a closed menu is opened first. It steps aside for the answer."""
        expect(self.root.locator(".bar-text")).to_be_visible(timeout=ANSWER)
        if self.root.locator(".rich-menu").count() == 0:
            self.root.locator(".bar-text").click()
        self._answered(self.root.locator(".rich-menu").get_by_role("button", name=label, exact=True))
        expect(self.root.locator(".rich-menu")).to_have_count(0, timeout=ANSWER)

    def button(self, label: str, card: int = 0) -> Locator:
        """A button of the last answer; in a carousel, of the card with this number."""
        return self.answers.last.get_by_role("button", name=label, exact=True).nth(card)

    def press(self, label: str, card: int = 0) -> None:
        """Presses it, and waits for the answer."""
        self._answered(self.button(label, card))

    def reads(self, *parts: str) -> None:
        """These words are in the last answer, for the eye."""
        for part in parts:
            expect(self.answers.last).to_contain_text(part, timeout=ANSWER)

    def _answered(self, what: Locator) -> None:
        before = self.answers.count()
        what.click()
        expect(self.answers.nth(before)).to_be_attached(timeout=ANSWER)


def both_at_once(first: Locator, second: Locator) -> None:
    """Two clicks within the same turn of the page's event loop: nearer together than two thumbs can be."""
    page = first.page
    page.evaluate("([a, b]) => { a.click(); b.click(); }", [first.element_handle(), second.element_handle()])


def picture(browser: Browser, url: str, name: str, *phones: Hand) -> None:
    """What these phones show now, at desk and phone width, in the page's language of the first one's owner."""
    language = phones[0].somebody.language
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        ids = [phone.somebody.id for phone in (phones if width > 600 else phones[-1:])]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="th-TH" if language == "th" else "en-GB"
        )
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem('line-simulator.phones', JSON.stringify({ids}))")
        page.goto(url)
        expect(page.locator(".line-state.live")).to_be_visible()
        expect(page.locator(".phone:visible .row.bot").first).to_be_attached()
        opened = page.locator(".phone:visible .bar-text[aria-expanded=true]")
        while opened.count():
            opened.first.click()  # the menu steps aside, as it does after a tap
        page.wait_for_timeout(600)  # pictures
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        page.screenshot(path=SHOTS / f"{name}-{language}-{width}.png")
        context.close()
