"""The webhook when the database takes nothing (D2), or nothing of one person (D4), and when even the apology fails (D3):
never 200 for what is not kept. Here turns have the limits of real use."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError

from bot.routing import Arrival
from models import Person
from tests.bot.test_webhook import event, post, stored
from tests.conversations.chat import World
from tests.conversations.chat import world as running
from tests.factories import NOON, line_user_id


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Everything running, nobody there yet."""
    with running(database_url, tmp_path, NOON, punctual=True) as found:
        yield found


def admin(database_url: str, *statements: str) -> None:
    """What somebody does to the database behind our back; connections that stand are ended so that it takes hold."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        for statement in statements:
            connection.execute(statement.format(name=f'"{name}"'))
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        connection.execute(others, (name,))


def test_d4_another_persons_slow_turn_does_not_hold_this_one(world: World) -> None:
    """D4: while one person's row is locked elsewhere, another person is answered; the held one gets 503, never 200."""
    held, free = line_user_id(), line_user_id()
    post(world, {"events": [event(held), event(free)]})
    with world.parts.sessions() as session:
        session.execute(select(Person).where(Person.line_user_id == held).with_for_update())
        answers: dict[str, int] = {}
        threads = [
            threading.Thread(
                target=lambda who=who: answers.update({who: post(world, {"events": [event(who)]}).status_code})
            )
            for who in (held, free)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.rollback()
    assert answers == {held: 503, free: 200}
    assert post(world, {"events": [event(held)]}).status_code == 200


def test_d2_a_locked_database_is_answered_503_within_two_seconds(world: World) -> None:
    """D2: nothing stored means nothing acknowledged, in time for LINE to hear it; it recovers by itself."""
    waiting = event()
    with world.parts.sessions() as session:
        session.execute(text("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE"))
        answer = post(world, {"events": [waiting]})
        session.rollback()
    assert answer.status_code == 503
    assert answer.elapsed < timedelta(seconds=2)
    assert stored(world) == []
    assert post(world, {"events": [waiting]}).status_code == 200
    assert len(stored(world)) == 1


def test_d2_a_read_only_database_is_answered_503(world: World, database_url: str) -> None:
    """D2: a standby, or a server that somebody froze: 503 within two seconds, nothing parked, nothing said; then 200."""
    waiting = event()
    assert post(world, {"events": [event()]}).status_code == 200
    world.settle()
    admin(database_url, "ALTER DATABASE {name} SET default_transaction_read_only = on")
    answer = post(world, {"events": [waiting]})
    assert (answer.status_code, answer.text) == (503, "try again\n")
    assert answer.elapsed < timedelta(seconds=2)
    admin(database_url, "ALTER DATABASE {name} RESET default_transaction_read_only")
    assert post(world, {"events": [waiting]}).status_code == 200
    assert [row.state for row in stored(world)] == ["done", "done"]


def test_d2_a_database_that_is_gone_is_answered_503(world: World, database_url: str) -> None:
    """D2: nobody may connect: 503 within two seconds, for webhooks, and pages stay up; it recovers by itself."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    elsewhere = database_url.replace(name, "postgres", 1)
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        waiting = event()
        answer = post(world, {"events": [waiting]})
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert answer.status_code == 503
    assert answer.elapsed < timedelta(seconds=2)
    assert post(world, {"events": [waiting]}).status_code == 200
    assert len(stored(world)) == 1


def test_d2_a_server_that_stands_still_is_answered_503(world: World, database_url: str) -> None:
    """D2: its processes are stopped and their connections live: 503 within two seconds; what was sent before is stored once."""
    waiting = event()
    assert post(world, {"events": [event()]}).status_code == 200
    world.settle()
    with psycopg.connect(database_url, autocommit=True) as connection:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        stopped = [pid for (pid,) in connection.execute(others)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        answer = post(world, {"events": [waiting]})
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert (answer.status_code, answer.text) == (503, "try again\n")
    assert answer.elapsed < timedelta(seconds=2)
    assert post(world, {"events": [waiting]}).status_code == 200
    assert [row.state for row in stored(world)] == ["done", "done"]


def test_d2_every_connection_cut_in_the_middle(world: World, database_url: str) -> None:
    """D2: connections that were good a moment ago are made anew without a single event being refused for it."""
    for _ in range(5):
        assert post(world, {"events": [event()]}).status_code == 200
        admin(database_url)
    assert post(world, {"events": [event()]}).status_code == 200
    assert len(stored(world)) == 6


def test_g9_a_migration_changes_a_type_under_running_turns(world: World, database_url: str) -> None:
    """G9: what was prepared before no longer fits: no event is refused or parked for it, the next ones neither."""
    assert post(world, {"events": [event()]}).status_code == 200
    world.settle()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE people ALTER language TYPE varchar(20)")
    assert [post(world, {"events": [event()]}).status_code for _ in range(3)] == [200] * 3
    assert [row.state for row in stored(world)] == ["done"] * 4


def test_d12_what_line_took_is_written_down_when_the_database_needs_a_moment(world: World) -> None:
    """D12: no connection is free when a reply was sent: it does not stay open, to be found unknown by recovery later."""
    may = world.phone("May")
    may.follows()
    with ExitStack() as busy:
        for _ in range(15):
            busy.enter_context(world.parts.engine.connect())
        before = len(world.line.calls("/v2/bot/message/reply"))
        world.line.say(may.phone, "help")
        until = time.monotonic() + 10
        while len(world.line.calls("/v2/bot/message/reply")) == before and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(1.7)  # longer than the recorder waits for a connection
    world.settle(8)
    assert [row.reply_state for row in stored(world)] == ["sent"] * 2


def broken(world: World, monkeypatch: pytest.MonkeyPatch, door: str, act: Callable[[Arrival], Any]) -> None:
    """Make the program answer, or apologise, this way."""
    # The doors are frozen, as they should be; a test may still swap one.
    monkeypatch.setitem(world.parts.doors.__dict__, door, act)


def test_d3_an_apology_that_fails_costs_nothing_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """D3: the handler fails, and so does saying sorry: the event is parked with its reason, and the next goes on."""
    real = world.parts.doors.answer
    poison = event(said="poison")

    def answer(arrival: Arrival) -> Any:
        if arrival.event["webhookEventId"] == poison["webhookEventId"]:
            arrival.session.execute(text("SELECT * FROM no_such_table"))
        return real(arrival)

    def apologise(arrival: Arrival) -> Any:
        arrival.session.execute(text("SELECT 1/0"))

    broken(world, monkeypatch, "answer", answer)
    broken(world, monkeypatch, "apologise", apologise)
    assert (
        post(world, {"events": [event(timestamp=1), {**poison, "timestamp": 2}, event(timestamp=3)]}).status_code == 200
    )
    world.settle()
    rows = {row.event_id: row for row in stored(world)}
    assert sorted(row.state for row in rows.values()) == ["done", "done", "parked"]
    parked = rows[str(poison["webhookEventId"])]
    assert "no_such_table" in (parked.error or "")
    assert (parked.reply_state, len(world.line.calls("/v2/bot/message/reply"))) == ("none", 2)


def test_what_people_write_is_not_in_an_errors_text(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """B1: an error of the database names the statement, not the values: neither in the log nor beside the event."""

    def answer(arrival: Arrival) -> Any:
        said = arrival.event["message"]["text"]
        arrival.session.execute(text("SELECT CAST(:said AS text), CAST('x' AS integer)"), {"said": said})

    broken(world, monkeypatch, "answer", answer)
    assert post(world, {"events": [event(said="my secret wish")]}).status_code == 200
    [row] = stored(world)
    assert DataError.__name__ in (row.error or "")
    assert "my secret wish" not in f"{row.error} {capsys.readouterr()}"
