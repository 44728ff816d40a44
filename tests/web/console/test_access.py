"""B5: every route of the console, for every role, without a session, and with another club's ids. A new route without an
entry in the access table, or with an id nobody explained here, fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select
from werkzeug.routing import Rule

import models
from benefits.vault import Vault
from models import JournalEntry
from models.staff import ROLES
from tests.web.console.conftest import database
from tests.web.console.desk import CLUB, OTHER_CLUB, Desk, make_desk
from tests.web.console.rows import made
from web.console.access import ANYBODY, HALF, roles_of


@pytest.fixture(scope="module")
def desk(server_url: str, template: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A console of its own: the bare rows made here are nobody else's."""
    with database(server_url, template) as url:
        desk = make_desk(url, Path(tmp_path_factory.mktemp("access")), vault)
        yield desk
        desk.sessions.kw["bind"].dispose()


IDS: dict[str, Callable[[Any], tuple[type[Any], str]]] = {
    "row_id": lambda page: (page.model, "id"),
    "offer_id": lambda _: (models.Offer, "id"),
    "batch_id": lambda _: (models.Batch, "id"),
    "tester_id": lambda _: (models.Tester, "id"),
    "event_id": lambda _: (models.TurnRow, "event_id"),
    "partner_id": lambda _: (models.Partner, "id"),
    "preview_id": lambda _: (models.RoundPreview, "id"),
}
"""Whose id a part of an address is: the model, and its key."""
FREE = {"month": "2026-10"}
"""Parts that name nobody's row; what stands behind them is read for the present club only."""
NARROWER = {"imports.rejects"}
"""Where the kind of the row narrows the entry further, or a bare row has nothing to show; their own tests show them open."""
PART = re.compile(r"<(?:\w+:)?(\w+)>")


class Route(NamedTuple):
    """One rule and method."""

    rule: Rule
    method: str
    view: Any
    wanted: frozenset[str] | None

    @property
    def parts(self) -> list[str]:
        """The ids in its address."""
        return PART.findall(self.rule.rule)

    @property
    def owned(self) -> list[str]:
        """Those that are some club's rows."""
        return [part for part in self.parts if part not in FREE]


def routes(desk: Desk) -> Iterator[Route]:
    """All of them."""
    for rule in desk.console.url_map.iter_rules():
        view = desk.console.view_functions[rule.endpoint]
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(rule, method, view, roles_of(view))


def address(desk: Desk, route: Route, club: str) -> str:
    """The route's address with ids of rows of `club`."""
    page = getattr(route.view, "__self__", None)
    values = dict(FREE)
    with desk.sessions.begin() as session:
        for part in route.owned:
            model, key = IDS[part](page)
            extra = {"offer_id": values["offer_id"]} if part == "batch_id" and "offer_id" in values else {}
            row = made(session, model, club, **extra)
            if model is models.Staff:
                made(session, models.StaffRole, club, staff_id=row.id, role="viewer")
            if model is models.Correction:
                made(
                    session,
                    models.StaffRequest,
                    club,
                    kind="correct_stars",
                    subject_kind="correction",
                    subject_id=row.id,
                )
            values[part] = str(getattr(row, key))
    return PART.sub(lambda match: values[match[1]], route.rule.rule)


def test_b5_every_route_has_an_entry_and_every_id_an_owner(desk: Desk) -> None:
    """B5: a new route fails here until somebody says who may open it, and whose its ids are."""
    for route in routes(desk):
        assert route.wanted, (
            f"{route.method} {route.rule.rule}: say who may open it, with @allow (web/console/access.py)"
        )
        unknown = [part for part in route.parts if part not in IDS and part not in FREE]
        assert not unknown, f"{route.rule.rule}: say whose {unknown} is (IDS in this file)"
    assert len(list(routes(desk))) > 20


def test_b5_a_route_without_an_entry_opens_for_nobody(desk: Desk) -> None:
    """B5: the gate shuts what was forgotten, also for an admin."""
    view = desk.console.view_functions["home.index"]
    before = desk.console.view_functions["home.index"]
    try:
        desk.console.view_functions["home.index"] = lambda: "open"
        assert desk.staff(*ROLES).get("/console/").status_code == 403
    finally:
        desk.console.view_functions["home.index"] = before
    assert roles_of(view)


def test_b5_without_a_session_everything_leads_to_the_sign_in(desk: Desk) -> None:
    """B5: also with rows that exist."""
    for route in routes(desk):
        if route.wanted == ANYBODY:
            continue
        answer = desk.client().open(PART.sub("1", route.rule.rule), method=route.method)
        # A POST without a token of its own is refused before anybody asks who sends it.
        assert (answer.status_code, answer.headers.get("Location")) in ((303, "/console/sign-in"), (400, None)), route


@pytest.mark.parametrize("role", ROLES)
def test_b5_each_role_opens_what_its_entry_says_and_nothing_of_another_club(desk: Desk, role: str) -> None:
    """B5: not in the entry: 403, and a line in the journal. In the entry: open, but another club's row is a 404."""
    hand, refused = desk.staff(role), 0
    for route in routes(desk):
        if route.wanted in (ANYBODY, HALF) or route.wanted is None:
            continue
        if role not in route.wanted:
            where = PART.sub("1", route.rule.rule)
            assert status(desk, hand, route, where) == 403, (role, route.method, where)
            refused += 1
            continue
        if route.owned:
            where = address(desk, route, OTHER_CLUB)
            rows = everything(desk, route)
            seen = status(desk, hand, route, where)
            # Some deeds say calmly that there is nothing by this number; reading is a 404 always.
            assert seen == 404 or (seen == 303 and route.method == "POST"), (role, route.method, where, seen)
            assert everything(desk, route) == rows, (role, route.method, where)
        if route.rule.endpoint not in NARROWER and (route.method == "GET" or not route.owned):
            mine = hand if route.method == "GET" else desk.staff(role)
            where = address(desk, route, CLUB)
            seen = status(desk, mine, route, where)
            # A bare row may lack what its page tells of; that it is found shows what the 404 above was for.
            assert seen != 403, (role, route.method, where)
            assert seen != 404 if route.owned else seen < 500, (role, route.method, where, seen)
    with desk.sessions() as session:
        found = session.query(JournalEntry).filter_by(action="refused", actor=str(hand.staff.id)).count()
    assert found == refused


def everything(desk: Desk, route: Route) -> list[Any]:
    """All rows of another club that the route's ids name, as they stand."""
    page = getattr(route.view, "__self__", None)
    with desk.sessions() as session:
        tables = [IDS[part](page)[0].__table__ for part in route.owned]
        return [sorted(map(str, session.execute(select(table)))) for table in tables]


def status(desk: Desk, hand: Any, route: Route, where: str) -> int:
    """The answer's status."""
    answer = hand.get(where) if route.method == "GET" else hand.post(where)
    return int(answer.status_code)
