"""`flask turns parked` and `flask turns retry`: what failed, why, and once more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

import commands
from models import Person, TurnRow
from tests.conversations.chat import CLUB, World
from tests.conversations.chat import world as running
from tests.factories import NOON, line_user_id

USER = line_user_id(0xFEED)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Everything running, nobody there yet."""
    with running(database_url, tmp_path, NOON) as found:
        yield found


def flask(world: World, *words: str) -> Result:
    """The command's result."""
    app = Flask("test")
    app.extensions["sitthi"] = world.parts
    commands.register(app)
    return app.test_cli_runner().invoke(args=["turns", *words])


def park(world: World, event_id: str, kind: str = "follow", **event: object) -> None:
    """An event that failed an hour ago."""
    told = {"type": kind, "timestamp": 1, "source": {"type": "user", "userId": USER}, **event}
    error = "DataError: (psycopg.errors.X) value out of range\n[SQL: SELECT …]"
    with world.parts.sessions.begin() as session:
        values = {"club": CLUB, "event_id": event_id, "kind": kind, "event": told, "state": "parked", "error": error}
        session.add(TurnRow(received_at=NOON - timedelta(hours=1), **values))


def turn(world: World, event_id: str) -> TurnRow:
    """What became of it."""
    with world.parts.sessions() as session:
        return session.get_one(TurnRow, (CLUB, event_id))


def test_d3_parked_events_are_listed_with_their_reason(world: World) -> None:
    """D3: one line each, with when, what and why; nothing of what people wrote, nor who they are."""
    park(world, "e1", "message", message={"type": "text", "text": "my secret wish"})
    park(world, "e2")
    result = flask(world, "parked")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("2026-11-12 04:00:00 UTC  message      e1  tried 1×  DataError: ")
    assert lines[2] == "2 parked. Try one again with: flask turns retry EVENT_ID"
    assert "secret" not in result.output
    assert USER not in result.output


def test_nothing_parked(world: World) -> None:
    """Says so."""
    assert flask(world, "parked").output == "0 parked.\n"


def test_d3_a_retry_handles_it_once_and_says_nothing_to_the_person(world: World) -> None:
    """D3: the effect is there, the reply token is long dead; a second retry finds nothing to do."""
    park(world, "e1")
    done = flask(world, "retry", "--club", CLUB, "e1")
    assert (done.exit_code, done.output) == (0, "handled.\n")
    assert (turn(world, "e1").state, turn(world, "e1").attempts) == ("done", 2)
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.friend).where(Person.line_user_id == USER)) is True
    again = flask(world, "retry", "--club", CLUB, "e1")
    assert again.exit_code == 1
    assert "not handled: it is not parked" in again.output
    assert world.line.calls("/v2/bot/message") == []


def test_d3_a_retry_that_fails_again_stays_parked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """D3: nothing of it is stored by halves; the new reason and the count of tries are."""
    park(world, "e1")
    answer = world.parts.doors.answer

    def half(arrival: object) -> object:
        answer(arrival)  # type: ignore[arg-type]
        raise RuntimeError("still broken\0")

    monkeypatch.setitem(world.parts.doors.__dict__, "answer", half)
    result = flask(world, "retry", "e1")
    assert result.exit_code == 1
    assert "flask turns parked tells why" in result.output
    found = turn(world, "e1")
    assert (found.state, found.attempts, found.error) == ("parked", 2, "RuntimeError: still broken\ufffd")
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_a_retry_of_what_is_not_there(world: World) -> None:
    """An id nobody knows; a club nobody knows."""
    assert flask(world, "retry", "nothing").exit_code == 1
    assert flask(world, "retry", "--club", "nobody", "e1").exit_code == 2
