"""Promises the parts make to each other: every action is answered, every menu area too, every rule has its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benefits.refusal import Refusal
from bot.actions import REGISTRY, SwitchTab, unpack
from clubs import Club
from handlers import ROUTES
from handlers.cards.refusals import WORDINGS
from jobs.timetable import TIMETABLE
from jobs.work import Work
from richmenu.menus import menu_json, menus_of

ROOT = Path(__file__).parent.parent
BEFORE_THE_CHAT = {"CodeTimeOver", "NoAccounts", "NotUsed", "UndoTooLate", "UnknownLink"}
"""Refusals that conversations meet in another shape, or only pages and staff meet."""


def test_every_action_has_one_handler() -> None:
    """No button of ours is answered by nobody; a tab is answered by LINE."""
    for action in REGISTRY.values():
        if action is not SwitchTab:
            assert callable(ROUTES._by_action[action].handler)


def test_every_menu_area_has_an_action_and_a_typed_twin(club: Club) -> None:
    """On LINE for PC there is no rich menu: whatever it says can be typed."""
    typed = {route.action for route in ROUTES.routes if route.typed or route.meaning}
    for menu in menus_of(club):
        for area in menu_json(menu, "test")["areas"]:
            action = unpack(area["action"]["data"])
            if not isinstance(action, SwitchTab):
                assert type(action) in typed, action
                said = area["action"]["displayText"]
                assert ROUTES.typed(said) is not None, f"{menu.key}: typing {said!r} means nothing"


def test_every_action_survives_packing() -> None:
    """What is packed is unpacked the same, within LINE's 300 characters."""
    import dataclasses

    for action in REGISTRY.values():
        values = [10**17 if field.type in (int, "int") else "ค" * 20 for field in dataclasses.fields(action)]
        made = action(*values)
        assert unpack(made.pack()) == made


def _refusals(kind: type[Refusal]) -> set[type[Refusal]]:
    return {kind} | {deeper for child in kind.__subclasses__() for deeper in _refusals(child)}


def test_every_refusal_has_a_wording() -> None:
    """Whatever a rule refuses in a conversation is told in a sentence."""
    known = {
        cls
        for cls in _refusals(Refusal)
        if cls.__module__ in ("benefits.members", "benefits.conditions", "benefits.uses")
    }
    assert {cls.__name__ for cls in known - set(WORDINGS)} <= BEFORE_THE_CHAT


def test_every_job_of_the_timetable_is_done_by_somebody() -> None:
    """Each name is a method of the work, or the engine's own repair."""
    for job in TIMETABLE:
        assert job.name == "stalled" or callable(getattr(Work, job.name))
    assert len({job.name for job in TIMETABLE}) == len(TIMETABLE)


def _rule_ids() -> list[str]:
    return re.findall(r"^(LFC-\d+)\b", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)


def _tests() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py") if path.name != "test_promises.py")


@pytest.mark.parametrize("rule", _rule_ids())
def test_every_rule_of_the_club_is_the_name_of_a_test(rule: str) -> None:
    """Each LFC rule id of docs/rules.md is in the name or the docstring of a test."""
    number = rule.removeprefix("LFC-")
    assert re.search(rf"def test_\w*lfc_{number}(?!\d)|LFC-{number}(?!\d)", _tests()), rule


def test_every_test_id_in_the_docs_is_a_test() -> None:
    """H6: a check that the docs say is shown exists: `A2` in a test's name or docstring."""
    tests = _tests()
    docs = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    named = {
        check
        for doc in docs
        if doc.exists()
        for check in re.findall(r"\(shown by ([A-H]\d+(?:, [A-H]\d+)*)\)", doc.read_text())
    }
    for check in {part for group in named for part in group.split(", ")}:
        assert re.search(rf"\b{check}\b|_{check.lower()}_", tests), check
