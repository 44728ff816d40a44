"""A club is a file: another one, with its own tiers, rate, day and languages, is served without a line of code."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from benefits import rounds
from models import Entry, Member, Person
from tests import factories
from tests.conversations.chat import Chat, World
from tests.conversations.chat import world as running
from tests.factories import NOON

TEA = "tea_club"
THE_DAY = datetime(2026, 11, 19, 17, 0, tzinfo=UTC)
"""20 November 2026, 00:00 in Bangkok: the tea club's day."""


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A program that serves only the tea club, whose file lies in SITTHI_CLUBS_DIR."""
    folder = tmp_path / "clubs"
    folder.mkdir()
    shutil.copy(Path(__file__).parent / "tea_club.toml", folder)
    with running(database_url, tmp_path, NOON, club=TEA, clubs_dir=folder) as found:
        yield found


def samovars(world: World, who: Chat, baht: str, role: str = "operator") -> int:
    """An account of the tea club that paid for samovars and for something that does not count; its id."""
    with world.parts.sessions.begin() as session:
        shop = factories.member(session, club=TEA, name="Samovars Ltd", joined=False, badge="green")
        factories.administers(session, Person(line_user_id=who.user_id), shop, role)
        paid = {"club": TEA, "count_month": date(2026, 10, 1)}
        factories.charge(session, shop, baht, service="samovar", **paid)
        factories.charge(session, shop, "999.00", service="official_account", **paid)
        return int(shop.id)


def test_a_club_of_its_own_file_is_followed_and_joined(world: World) -> None:
    """Its languages, its terms, its entry tier, its roles and badges: an operator of a green account joins here."""
    olga = world.phone("Ольга", language="ru")
    shop = samovars(world, olga, "100.00")
    assert "Tea Club" in olga.follows(), "the club's first language, until the profile says another"
    page = olga.says("join")
    assert "Правила Чайного клуба" in page
    agree = next(action for action in page.buttons.values() if action.get("data", "").startswith("ag:"))
    assert "Чашка" in olga.presses(agree)
    with world.parts.sessions() as session:
        joined = session.get_one(Member, shop)
        assert (joined.club, joined.tier) == (TEA, "cup")


def test_a_stranger_is_spoken_to_in_the_clubs_first_language(world: World) -> None:
    """A Thai profile in a club that speaks English and Russian: English, and no error."""
    may = world.phone("เมย์", language="th")
    said = may.follows()
    assert "Tea Club" in said
    assert "ยินดี" not in said


def test_lfc_8_lfc_10_the_round_has_the_clubs_own_rate_and_day(world: World) -> None:
    """LFC-8, LFC-10: 101.00 baht at 2.50 a leaf are 40 leaves, rounded down; adjusted on the 20th, not on the 2nd."""
    olga = world.phone("Ольга", language="ru")
    shop = samovars(world, olga, "101.00")
    club = world.parts.clubs[TEA]
    olga.follows()
    olga.says("join")
    olga.presses_data("ag:t1")
    october = date(2026, 10, 1)
    with world.parts.sessions() as session:
        assert rounds.due(session, club, NOON) == []
        assert rounds.due(session, club, THE_DAY) == [october]
    with pytest.raises(rounds.RoundNotDue):
        rounds.run(world.parts.engine, club=club, period=october, now=NOON)
    rounds.run(world.parts.engine, club=club, period=october, now=THE_DAY)
    with world.parts.sessions() as session:
        assert session.scalar(select(Entry.amount).where(Entry.member_id == shop)) == 40
        assert session.get_one(Member, shop).tier == "pot"
    world.move_to(THE_DAY)
    assert "Чайник" in olga.says("stars")
