"""A demo on free ports, once for all tests of this folder, and its page in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.demo.test_launcher import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Everything running, as `make run` starts it, with its data in a folder of the tests."""
    one = Demo(tmp_path_factory.mktemp("story") / "var")
    try:
        one.start()
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.end()


@pytest.fixture
def desk(demo: Demo, chromium: Browser) -> Iterator[Page]:
    """The page as it opens for a newcomer in Bangkok. At the end no script may have failed on it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, locale="th-TH")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _note(message, complaints))
    page.goto(f"http://127.0.0.1:{demo.line}")
    expect(page.locator(".line-state.live")).to_be_visible()
    yield page
    context.close()
    assert complaints == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if "Content Security Policy" in message.text or "Uncaught" in message.text:
        complaints.append(message.text)
