"""`flask richmenu publish`, with the real pictures."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line
from clubs import Club
from commands.richmenu import group
from simulator import Simulator
from tests.factories import NOON


@pytest.fixture
def app(club: Club, line: Line, sessions: sessionmaker[Session]) -> Flask:
    """An application with just the parts the command takes."""
    app = Flask("test")
    clock = SimpleNamespace(now=lambda: NOON)
    app.extensions["sitthi"] = SimpleNamespace(
        clubs={club.key: club}, lines={club.key: line}, sessions=sessions, clock=clock
    )
    app.cli.add_command(group)
    return app


def run(app: Flask, *words: Any) -> Result:
    """The command's result."""
    return app.test_cli_runner().invoke(args=["richmenu", "publish", *words])


@pytest.mark.slow
def test_the_command_publishes_and_then_has_nothing_to_do(app: Flask, simulator: Simulator) -> None:
    planned = run(app, "--club", "family_club", "--dry-run")
    assert planned.exit_code == 0
    assert planned.output.count("make ") == 6
    assert not simulator.do(lambda line: line.menus.all)
    first = run(app, "--club", "family_club")
    assert first.exit_code == 0
    assert "made member.en.more (6 of 6)" in first.output
    assert first.output.endswith("the menus of family_club are published\n")
    again = run(app, "--club", "family_club")
    assert "nothing to do: 6 menus are as they should be" in again.output


def test_an_unknown_club_is_refused_with_the_known_ones(app: Flask) -> None:
    result = run(app, "--club", "nobody")
    assert result.exit_code == 2
    assert "use one of family_club" in result.output


def test_a_failure_is_told_in_one_sentence_and_by_the_exit_code(app: Flask, simulator: Simulator, club: Club) -> None:
    parts = app.extensions["sitthi"]
    stars = replace(club.stars, name={"th": "คะแนนสะสมพิเศษสุดคุ้มประจำปี", "en": "stars"})
    parts.clubs[club.key] = replace(club, stars=stars)
    result = run(app, "--club", "family_club")
    assert result.exit_code == 1
    assert result.output.startswith("Error: menu member.th.more: ")
    assert "Traceback" not in result.output
