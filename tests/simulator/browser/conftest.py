"""A headless Chromium, a simulator with a teachable bot behind it, and a page that fails the test when it complains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, publish_menus

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 12:00 in Bangkok

Opener = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder drives a browser."""
    for item in items:
        if "simulator/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def bot() -> Iterator[TeachableBot]:
    """A bot that says what the test taught it."""
    made = TeachableBot()
    yield made
    made.close()


@pytest.fixture
def line(bot: TeachableBot) -> Iterator[Simulator]:
    """A simulator that begins at NOON."""
    with Simulator(bot.url, "secret", bot_name="คลับสิทธิ์", clock=NOON) as simulator:
        bot.api = simulator.url
        yield simulator


@pytest.fixture
def menus(line: Simulator, bot: TeachableBot) -> tuple[str, str]:
    """The bot's two menus, published."""
    return publish_menus(bot, f"{line.url}/page/icon.svg")


@pytest.fixture
def malee(line: Simulator) -> Person:
    """A friend whose LINE is Thai."""
    return line.person("มาลี ใจดี", friend=True)


@pytest.fixture
def ben(line: Simulator) -> Person:
    """A friend whose LINE is English."""
    return line.person("Ben", language="en", friend=True)


@pytest.fixture
def open_page(chromium: Browser, line: Simulator) -> Iterator[Opener]:
    """Opens the page: open_page(width=1280, language="en"). At the end no script error may have been seen, and nothing
    that the page's content policy forbids."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_at(width: int = 1280, language: str = "en", **more: Any) -> Page:
        height = 844 if width < 600 else 860
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            has_touch=width < 600,
            locale="th-TH" if language == "th" else "en-GB",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _note(message, complaints))
        page.goto(line.url)
        expect(page.locator(".line-state.live")).to_be_visible()
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert complaints == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if "Content Security Policy" in message.text or "Uncaught" in message.text:
        complaints.append(message.text)


@pytest.fixture
def desk(open_page: Opener, menus: tuple[str, str], malee: Person, ben: Person) -> Page:
    """The English page, 1280 wide, with two people's phones and the menus."""
    page = open_page()
    expect(page.locator(".phone .rich-menu")).to_have_count(2)
    return page
