"""A real LINE client against the simulator, and menus with pictures small enough to publish a hundred times."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line
from clubs import Club
from models import Person, PublishedMenu
from richmenu.drawn import Drawn, make_drawn
from richmenu.job import Job
from richmenu.menus import menu_json, menus_of
from simulator import Simulator
from tests import factories
from tests.factories import NOON

Jobs = Callable[..., Job]


@pytest.fixture(scope="session")
def running() -> Iterator[Simulator]:
    """One simulator for all tests of this folder, whose clock stands at noon."""
    with Simulator(webhook=None, secret="secret", clock=NOON) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    """The simulator, empty."""
    running.do(lambda line: line.reset(keep_people=False))
    running.move_to(NOON)
    return running


@pytest.fixture
def line(simulator: Simulator) -> Line:
    """The real client."""
    return Line("token", simulator.url, simulator.url)


@pytest.fixture
def job(club: Club, line: Line, sessions: sessionmaker[Session]) -> Jobs:
    """Make a publication; what is not said is the shipped club's, at noon."""

    def make(
        drawn: Sequence[Drawn] | None = None, *, now: datetime = NOON, said: list[str] | None = None, **other: Any
    ) -> Job:
        values = {"club": club, "drawn": drawn or small(club), "line": line, "sessions": sessions, "now": now}
        return Job(**{**values, "say": (said if said is not None else []).append, **other})

    return make


def small(club: Club, *, changed: Sequence[str] = (), languages: Sequence[str] = ("th", "en")) -> list[Drawn]:
    """The club's menus with a small picture; those `changed` have another label."""
    found = []
    for menu in menus_of(club):
        if menu.language in languages:
            json = menu_json(menu, "")
            if menu.key in changed:
                json["areas"][0]["action"]["label"] = "another label"
            found.append(make_drawn(club.key, menu.key, json, _picture()))
    return found


def _picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (800, 540), (75, 63, 114)).save(file, "PNG")
    return file.getvalue()


def people(simulator: Simulator, session: Session, *keys: str) -> list[Person]:
    """Friends at LINE and in our tables, who should see these menus."""
    made = []
    for n, key in enumerate(keys):
        phone = simulator.person(f"friend {n}", friend=True)
        made.append(factories.person(session, line_user_id=phone.id, menu_wanted=key, menu_linked=None))
    session.commit()
    return made


def seen(simulator: Simulator, person: Person) -> str | None:
    """The key and digest of the menu LINE shows to a person."""
    simulator.do(lambda line: line.timers.run())  # links of many are made a moment later
    menu = simulator.do(lambda line: line.menus.shown_to(line.people[person.line_user_id]))
    return str(menu["name"]).rsplit("/", 1)[1] if menu else None


def calls(simulator: Simulator) -> Counter[str]:
    """What was asked of LINE since the last look, ids left out."""
    found: Counter[str] = Counter()
    for item in simulator.traffic("in"):
        parts = ["{id}" if part.startswith("richmenu-") else part for part in item["path"].split("/")[3:]]
        found[f"{item['method']} {'/'.join(parts)}"] += 1
    simulator.do(lambda line: line.traffic.clear())
    return found


def assert_whole(simulator: Simulator, sessions: sessionmaker[Session], club: Club, drawn: Sequence[Drawn]) -> None:
    """LINE has exactly these menus of ours, each with its picture, alias and default right; the ledger says the same."""
    ours, aliases, default = simulator.do(
        lambda line: (
            {menu.id: menu for menu in line.menus.all.values() if menu.spec["name"].startswith("sitthi/")},
            dict(line.menus.aliases),
            line.menus.default,
        )
    )
    assert sorted(menu.spec["name"] for menu in ours.values()) == sorted(menu.json["name"] for menu in drawn)
    assert all(menu.image for menu in ours.values())
    ids = {menu.spec["name"].rsplit("/", 1)[1].split("@")[0]: menu.id for menu in ours.values()}
    assert aliases == {key.replace(".", "-"): menu_id for key, menu_id in ids.items()}
    assert default == ids["guest.th.main"]
    with sessions() as session:
        rows = session.scalars(select(PublishedMenu).where(PublishedMenu.deleted_at.is_(None))).all()
        standing = {row.key: (row.rich_menu_id, row.digest) for row in rows if row.state == "live"}
        assert standing == {menu.key: (ids[menu.key], menu.digest) for menu in drawn}
        assert not [row for row in rows if row.state != "live" and row.rich_menu_id]
