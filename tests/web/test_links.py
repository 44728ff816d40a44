"""/o/<token>: to the stored target and nowhere else, counted when a person opens it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from benefits.offers import clicks
from models import Click, Link, Offer
from tests.factories import NOON
from tests.rules.offers.books import colleague
from tests.web.conftest import House
from web import links

PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14; CUBOT NOTE 20) AppleWebKit/537.36 Line/14.10.1/IAB"}
TARGET = "https://shop.example/new?x=1&y=%E0%B8%81#top"


@pytest.fixture
def token(house: House) -> str:
    """A link of an offer."""
    with house.sessions.begin() as session:
        return made(session, TARGET)


@pytest.fixture
def browser(house: House) -> Iterator[FlaskClient]:
    """Somebody's browser before the redirect alone."""
    app = Flask("links")
    app.register_blueprint(links.pages(house.sessions, house.now))
    with app.test_client() as client:
        yield client


def made(session: Session, target: str) -> str:
    """A link to `target`, as it lies in the database."""
    by = colleague(session, "marketer").id
    offer = Offer(club="family_club", name="x", author_id=by, digest=b"", created_at=NOON, changed_at=NOON)
    session.add(offer)
    session.flush()
    row = Link(offer_id=offer.id, language="th", position=0, token=clicks.new_token(), target=target)
    session.add(row)
    session.flush()
    return row.token


def count(house: House, token: str) -> int:
    """Openings of this link written down."""
    opened = select(func.count()).select_from(Click).join(Link, Link.id == Click.link_id).where(Link.token == token)
    with house.sessions() as session:
        return session.scalar(opened) or 0


def test_b20_a_link_leads_to_its_stored_target_alone(house: House, browser: FlaskClient, token: str) -> None:
    """B20: 302 to what was stored, whatever is added to the address; counted each time; nothing of a person in it."""
    for added in ("", "?next=https://evil.example", "?url=//evil.example#x"):
        answer = browser.get(f"/o/{token}{added}", headers=PHONE)
        assert (answer.status_code, answer.headers["Location"]) == (302, TARGET)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert count(house, token) == 3
    assert len(token) == 10


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "facebookexternalhit/1.1;line-poker/1.0"},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User-Agent": "Linespider/1.1 (+https://lin.ee/4dwXkTH)"},
        {"User-Agent": "curl/8.5.0"},
        {"User-Agent": ""},
        {**PHONE, "Sec-Purpose": "prefetch;prerender"},
        {**PHONE, "Purpose": "prefetch"},
    ],
    ids=lambda headers: headers.get("User-Agent", "")[:20] or "none",
)
def test_what_draws_previews_is_not_counted(
    house: House, browser: FlaskClient, token: str, headers: dict[str, str]
) -> None:
    """It is led on all the same, so that the preview shows the shop."""
    assert browser.get(f"/o/{token}", headers=headers).status_code == 302
    assert browser.head(f"/o/{token}", headers=PHONE).status_code == 302
    assert count(house, token) == 0


def test_an_unknown_link_is_told_calmly_in_both_languages(house: House, browser: FlaskClient, token: str) -> None:
    """404, whatever the token looks like; a target that should never have been stored is not gone to (B20)."""
    with house.sessions.begin() as session:
        bad = made(session, "javascript:alert(1)")
    for wrong in ("abcdefghij", token.swapcase(), token + "x", "x" * 500, "%00", "กขค", "..", bad):
        answer = browser.get(f"/o/{wrong}", headers=PHONE)
        assert answer.status_code == 404, wrong
    page = browser.get("/o/abcdefghij", headers=PHONE).get_data(as_text=True)
    assert "ลิงก์นี้ไม่มีปลายทางแล้ว" in page
    assert "This link leads nowhere any more" in page
    assert count(house, token) == 0


def test_an_opening_that_cannot_be_written_down_still_leads_on(house: House, browser: FlaskClient, token: str) -> None:
    """The person matters more than the figure."""
    with house.sessions.begin() as session:
        session.execute(text("ALTER TABLE offer_clicks ADD CONSTRAINT never CHECK (false) NOT VALID"))
    assert browser.get(f"/o/{token}", headers=PHONE).status_code == 302
    with house.sessions.begin() as session:
        session.execute(text("ALTER TABLE offer_clicks DROP CONSTRAINT never"))
    assert count(house, token) == 0
