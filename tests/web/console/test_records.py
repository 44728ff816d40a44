"""Lists: CSV that no spreadsheet computes (B11), search, filters, sorting, paging."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benefits.vault import Vault
from models import Staff, StaffRole
from tests.web.console.conftest import database
from tests.web.console.desk import CLUB, Desk, make_desk
from web.console import csvs
from web.console.access import allow, roles_of
from web.console.records import PAGE_SIZE
from web.console.staff import Team

FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@x",
    "\t=1",
    "\r=1",
    "\n=1",
    "\0=1",
    " =1",
    "＝1",
    "|x",
    "%0A=1",
    "\u00a0=1",
    "'=1",
)


def read(text: str) -> list[list[str]]:
    """As a spreadsheet's import reads it."""
    assert text.startswith(csvs.BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(csvs.BOM), newline="")))


def computed(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for a formula, spaces and the like before it forgiven."""
    return bool(re.match(r"[\s\u00a0\u3000\ufeff\0]*[=+\-@＝＋－＠|%]", cell)) or cell[:1] in ("\t", "\r", "\n")


@given(
    st.lists(
        st.lists(st.text() | st.sampled_from(FORMULAS) | st.integers() | st.none(), min_size=1, max_size=5), min_size=1
    )
)
def test_b11_no_cell_is_computed_and_every_cell_comes_back(rows: list[list[Any]]) -> None:
    """B11: formulas, tabs, NULs, newlines, quotes, Thai: text stays text, and what was written is read again."""
    text = "".join(csvs.lines(rows))
    assert "\0" not in text
    for row, cells in zip(rows, read(text), strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, int):
                assert cell == str(value)
            else:
                plain = (value or "").replace("\0", "")
                assert cell in (plain, f"'{plain}")
                assert not computed(cell), repr(cell)


@pytest.mark.parametrize("bad", FORMULAS)
def test_b11_each_dangerous_beginning(bad: str) -> None:
    assert not computed(csvs.neutral(bad))


@pytest.fixture(scope="module")
def crowd(server_url: str, template: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A club with 120 colleagues, some of them with hostile names."""
    with database(server_url, template) as url:
        desk = make_desk(url, tmp_path_factory.mktemp("crowd"), vault)
        with desk.sessions.begin() as session:
            for n in range(120):
                name = FORMULAS[n].replace("\0", "") if n < len(FORMULAS) else f"Colleague {n:03d}"
                row = Staff(
                    email=f"c{n}@club.example",
                    name=name,
                    password="x",
                    fs_uniquifier=f"u{n}",
                    created_at=desk.clock.now(),
                )
                session.add(row)
                session.flush()
                session.add(StaffRole(staff_id=row.id, club=CLUB, role="viewer"))
        open_too = {**Team.allowed, "export": ("admin",)}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Team, "allowed", open_too)
            other = make_desk(url, tmp_path_factory.mktemp("crowd2"), vault)
        vars(getattr(other.console.view_functions["team.export"], "__self__"))["allowed"] = open_too  # noqa: B009
        yield other
        for each in (desk, other):
            each.sessions.kw["bind"].dispose()


def names(page: str) -> list[str]:
    """First cells of the list."""
    return re.findall(r'<td data-label="Name">(?:<a href="[^"]+">)?([^<]*)', page)


def test_pages_follow_each_other_and_sorting_turns_round(crowd: Desk) -> None:
    admin = crowd.staff("admin", name="Colleague 999")
    first, second, third = (names(admin.get(f"/console/team/?page={n}").text) for n in (1, 2, 3))
    assert (len(first), len(second), len(third)) == (PAGE_SIZE, PAGE_SIZE, 121 - 2 * PAGE_SIZE)
    assert len({*first, *second, *third}) == 121
    assert names(admin.get("/console/team/?sort=-name").text)[:10].count("Colleague 999") == 1
    for nonsense in ("page=0", "page=-1", "page=x", "page=99999", "sort=password", "sort=-", "page=%00"):
        assert admin.get(f"/console/team/?{nonsense}").status_code == 200, nonsense
    assert names(admin.get("/console/team/?page=99").text) == third


def test_b11_an_export_has_every_row_and_a_line_in_the_journal(crowd: Desk) -> None:
    """B11 on the real thing: the route streams all rows, not a page of them."""
    admin = crowd.staff("admin")
    answer = admin.get("/console/team/export.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="team-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"])
    rows = read(answer.text)
    assert rows[0] == ["Name", "E-mail", "Roles", "State"]
    assert len(rows) > 120
    assert not [cell for row in rows for cell in row if computed(cell)]
    assert crowd.staff("auditor").get("/console/team/export.csv").status_code == 403


def test_an_endpoint_without_roles_is_not_there(desk: Desk) -> None:
    assert "team.export" not in desk.console.view_functions
    assert desk.staff("admin").get("/console/team/export.csv").status_code == 404


def test_allow_knows_its_roles() -> None:
    with pytest.raises(ValueError, match="not roles"):
        allow("king")
    with pytest.raises(ValueError, match="not roles"):
        allow()
    assert roles_of(lambda: None) is None
