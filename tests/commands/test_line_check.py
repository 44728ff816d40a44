"""`flask line check`: each thing that is wrong gives its line, its remedy and exit 1; nothing wrong gives neither."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask import Flask

import commands
from app import Parts
from clubs import Club
from commands import checking
from database import embedded, migrate
from database.engine import make_engine
from models import TurnRow
from richmenu.drawn import draw_menus
from settings import Settings
from tests import factories
from tests.conversations.chat import CLUB, SECRET, TOKEN, World
from tests.conversations.chat import world as running
from tests.factories import NOON
from tests.temporary_server import temporary_folder

pytestmark = pytest.mark.slow
BEAT = "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"


@pytest.fixture(scope="module")
def lasting() -> Iterator[str]:
    """A database whose data is made to last, as the check demands."""
    with temporary_folder() as folder:
        url = embedded.ensure_running(folder, {"shared_buffers": "64MB"})
        engine = make_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def house(lasting: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A program with everything as it should be: webhook known, menus published, jobs running."""
    drawn: dict[str, Any] = {}

    def once(club: Club) -> Any:
        return drawn.setdefault(club.key, drawn.get(club.key) or draw_menus(club))

    with pytest.MonkeyPatch.context() as patch, running(lasting, tmp_path_factory.mktemp("house"), NOON) as world:
        world.line.set(rate_limits=False)  # its clock stands still: the buckets would never fill again
        patch.setattr(checking, "draw_menus", once)  # the pictures are real; they are drawn once
        assert flask(world, "richmenu", "publish", "--club", CLUB).exit_code == 0
        yield world


@pytest.fixture(autouse=True)
def beating(house: World) -> None:
    """A worker gave a sign of life just now; no faults, the right secret, the right address."""
    run(house, "DELETE FROM procrastinate_workers", BEAT, "DELETE FROM turns")
    house.line.clear_faults()
    house.line.set(quota_limit=None, webhook_active=True)
    house.line.do(lambda line: setattr(line, "webhook", f"{house.url}/callback/{CLUB}"))
    house.line.do(lambda line: setattr(line, "secret", SECRET))


def run(world: World, *statements: str) -> None:
    """Raw SQL."""
    with psycopg.connect(world.parts.database_url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def flask(world: World, *words: str, parts: Parts | None = None, **settings: Any) -> Result:
    """The command's result, in this world, or with some of its settings or parts changed."""
    app = Flask("test")
    found = parts or replace(world.parts, settings=_with(world.parts.settings, {"public_url": world.url, **settings}))
    app.extensions["sitthi"] = found
    commands.register(app)
    try:
        return app.test_cli_runner().invoke(args=list(words))
    finally:
        if "engine" in found.__dict__ and found is not world.parts:
            found.engine.dispose()


def _with(settings: Settings, changes: dict[str, Any]) -> Settings:
    return replace(settings, **changes)


def check(world: World, **settings: Any) -> Result:
    """`flask line check` and its words."""
    return flask(world, "line", "check", "--club", CLUB, **settings)


def bad(result: Result) -> list[str]:
    """The lines that say something must be mended, each with its remedy behind it."""
    lines = result.output.splitlines()
    return [f"{line.strip()} → {lines[n + 1].strip()}" for n, line in enumerate(lines) if line.startswith("  ✗")]


@contextmanager
def undone(world: World, do: str, undo: str) -> Iterator[None]:
    """Something done to the database, and taken back."""
    run(world, do)
    try:
        yield
    finally:
        run(world, undo)


def test_nothing_wrong(house: World) -> None:
    """Every line is good, or says what cannot be known; exit 0."""
    result = check(house)
    assert result.exit_code == 0, result.output
    assert bad(result) == []
    for good in (
        "✓ database reachable (PostgreSQL 18",
        "✓ the token belongs to Bot",
        f"✓ LINE knows the webhook address {house.url}/callback/{CLUB}",
        "✓ LINE called it just now and was answered 200",
        "sent, no limit",
        "✓ 6 rich menus are published and up to date",
        "✓ jobs are running",
        "! webhook redelivery can't be asked for",
        "! SITTHI_ENV is test",
    ):
        assert good in result.output


def test_a_token_that_is_not_valid(house: World) -> None:
    """One line, not one for each question that needs it."""
    house.line.fault("expired_token")
    result = check(house)
    assert result.exit_code == 1
    [line] = bad(result)
    assert "the channel access token is not valid → " in line
    assert "SITTHI_FAMILY_CLUB_CHANNEL_TOKEN" in line
    assert "✓ jobs are running" in result.output, "what needs no token is still looked at"
    assert TOKEN not in result.output


def test_the_webhook_of_another_address_is_mended_by_its_remedy(house: World) -> None:
    """The remedy is a command; after it the check is good."""
    for wrong in ("https://old.example/callback", None):
        house.line.do(lambda line, wrong=wrong: setattr(line, "webhook", wrong))
        result = check(house)
        assert result.exit_code == 1
        [line] = bad(result)
        assert f"LINE sends events to {wrong or 'no address'}, not to {house.url}/callback/{CLUB}" in line
        assert line.endswith(f"→ flask line webhook --club {CLUB}")
        assert flask(house, "line", "webhook", "--club", CLUB).exit_code == 0
        assert check(house).exit_code == 0


def test_a_webhook_that_is_off_or_fails(house: World) -> None:
    """Switched off at LINE; another secret, so that we answer 400; nobody listening."""
    house.line.set(webhook_active=False)
    [line] = bad(check(house))
    assert "the webhook is switched off at LINE → " in line
    assert "Use webhook: on" in line
    house.line.set(webhook_active=True)
    house.line.do(lambda found: setattr(found, "secret", "another-secret"))
    result = check(house)
    assert result.exit_code == 1
    assert "failed: ERROR_STATUS_CODE 400" in bad(result)[0]
    nowhere = "http://127.0.0.1:9"
    house.line.do(lambda found: setattr(found, "webhook", f"{nowhere}/callback/{CLUB}"))
    result = check(house, public_url=nowhere)
    assert result.exit_code == 1
    assert "LINE called it just now and failed: COULD_NOT_CONNECT" in bad(result)[0]
    assert "is the program running" in bad(result)[0]


def test_menus_that_are_not_as_they_should_be(house: World) -> None:
    """Unpublished, or of an older drawing."""
    change = "UPDATE published_menus SET digest = {} WHERE id = (SELECT min(id) FROM published_menus)"
    with undone(house, change.format("'old' || digest"), change.format("substr(digest, 4)")):
        result = check(house)
    assert result.exit_code == 1
    assert bad(result) == [f"✗ 1 rich menus are not published as they should be → flask richmenu publish --club {CLUB}"]


def test_no_jobs(house: World) -> None:
    """None ever, or none since a while."""
    for statement in (
        "DELETE FROM procrastinate_workers",
        "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 minutes')",
    ):
        run(house, statement)
        result = check(house)
        assert result.exit_code == 1
        assert bad(result) == ["✗ no jobs are running: rounds, reminders and late replies wait → start python -m jobs"]


def test_the_quota(house: World) -> None:
    """Low is worth a look, none left must be mended; said in numbers."""
    friend, sent = house.line.person("เมย์", friend=True), 0
    house.line.set(quota_limit=20)
    for used, mark, code in ((0, "✓", 0), (17, "✓", 0), (18, "!", 0), (20, "✗", 1)):
        for _ in range(used - sent):
            house.parts.lines[CLUB].push(friend.id, [{"type": "text", "text": "x"}], uuid.uuid4())
        sent = used
        result = check(house)
        assert result.exit_code == code, result.output
        assert f"{mark} messages of this month: {20 - used} of 20 left" in result.output


def test_line_away(house: World) -> None:
    """Nobody there: one line; an error of LINE's: its own line for each question, no traceback, exit 1."""
    house.line.fault("outage", seconds=60)
    result = check(house)
    assert result.exit_code == 1
    assert len(bad(result)) == 5
    assert all("LINE did not " in line and "503" in line for line in bad(result))
    assert "✓ jobs are running" in result.output
    lost = replace(house.parts.lines[CLUB], api_url="http://127.0.0.1:9", data_url="http://127.0.0.1:9")
    result = flask(house, "line", "check", parts=replace(house.parts, lines={CLUB: lost}))
    assert result.exit_code == 1
    [line] = bad(result)
    assert "LINE can't be reached → check the network" in line
    answer = flask(house, "line", "webhook", "--club", CLUB, parts=replace(house.parts, lines={CLUB: lost}))
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: LINE did not take the address")


def test_the_database_away_empty_or_careless(house: World, lasting: str, tmp_path: Path) -> None:
    """No server; no tables; fsync off: one line each, with the way to mend it."""
    result = check(house, database_url=f"postgresql://sitthi@/sitthi?host={tmp_path}")
    assert result.exit_code == 1
    assert bad(result) == [
        "✗ the database did not answer: OperationalError → check DATABASE_URL; is the server running?"
    ]
    run(house, "DROP DATABASE IF EXISTS empty", "CREATE DATABASE empty")
    result = check(house, database_url=lasting.replace("/sitthi?", "/empty?"))
    assert bad(result) == ["✗ the database lacks the tables of this version → flask db upgrade"]
    reload = "SELECT pg_reload_conf(), pg_sleep(0.5)"
    run(house, "ALTER SYSTEM SET fsync = off", reload)
    result = check(house)
    run(house, "ALTER SYSTEM RESET fsync", reload)
    assert result.exit_code == 1
    lost = "✗ the database runs with fsync = off: what was acknowledged can be lost → set fsync = on and restart it"
    assert bad(result) == [lost]


def test_a_clock_that_is_off_in_production(house: World) -> None:
    """The program's clock stands at another day than LINE's: reminders and rounds would come wrongly."""
    result = check(house, env="production")
    assert result.exit_code == 1
    assert any("clock is" in line and "time synchronisation" in line for line in bad(result))
    assert "✓ settings complete" in result.output


def test_d8_redelivery_is_known_by_a_redelivered_event(house: World) -> None:
    """D8: LINE tells nobody whether it is on; an event that was redelivered within 30 days is proof."""
    redelivered = {"deliveryContext": {"isRedelivery": True}}
    for age, mark in ((timedelta(days=31), "!"), (timedelta(days=29), "✓")):
        with house.parts.sessions.begin() as session:
            values = {"club": CLUB, "kind": "message", "state": "done", "event": redelivered}
            session.add(TurnRow(event_id=f"e{mark}", received_at=NOON - age, **values))
        assert f"{mark} webhook redelivery" in check(house).output


def test_rounds_due_and_parked_events_are_worth_a_look(house: World) -> None:
    """They do not fail the check: jobs take care of the one, a person of the other."""
    with house.parts.sessions.begin() as session:
        factories.charge(session, factories.member(session), count_month=NOON.date().replace(month=9, day=1))
        values = {"club": CLUB, "kind": "message", "event": {}, "received_at": NOON}
        session.add(TurnRow(event_id="p1", state="parked", **values))
    result = check(house)
    assert result.exit_code == 0
    assert "! rounds due: 2026-09, 2026-10" in result.output
    assert "! 1 events are parked" in result.output


def test_an_unknown_club(house: World) -> None:
    """Exit 2 and the names there are."""
    for command in ("check", "webhook"):
        result = flask(house, "line", command, "--club", "nobody")
        assert result.exit_code == 2
        assert "use one of family_club" in result.output
