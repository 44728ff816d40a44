"""Recovery of replies (D9 to D11): whose turn it is to send, under which key, and when to stop."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models import TurnRow
from tests.conversations.chat import Chat, World
from tests.conversations.chat import world as running
from tests.factories import NOON

REPLY, PUSH = "/v2/bot/message/reply", "/v2/bot/message/push"
MESSAGES = [{"type": "text", "text": "ของคุณ"}]


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A program and a LINE platform."""
    with running(database_url, tmp_path, NOON) as found:
        yield found


@pytest.fixture
def may(world: World) -> Chat:
    """A friend."""
    return world.phone("เมย์", friend=True)


def left(world: World, may: Chat, age: timedelta, **values: Any) -> None:
    """A turn that some process left open so long ago."""
    row = TurnRow(club="family_club", event_id="left", kind="message", event={}, state="done", matters=True)
    row.received_at, row.line_user_id, row.reply, row.reply_token = (
        NOON - age,
        may.user_id,
        MESSAGES,
        "issued-to-no-one",
    )
    row.reply_state = "new"
    for name, value in values.items():
        setattr(row, name, value)
    with world.parts.sessions.begin() as session:
        session.add(row)


def state(world: World) -> str:
    """What is known of it now."""
    with world.parts.sessions() as session:
        return session.get_one(TurnRow, ("family_club", "left")).reply_state


def begun(ago: timedelta) -> dict[str, Any]:
    """A push that was begun so long ago, under a key."""
    at: datetime = NOON - ago
    return {"reply_state": "pushing", "retry_key": uuid.uuid4(), "first_attempt_at": at}


def test_d10_what_is_young_is_left_to_the_process_that_has_it(world: World, may: Chat) -> None:
    """D10: for its first fifteen seconds a turn belongs to the process that stored it; then to whoever comes."""
    left(world, may, timedelta(seconds=14))
    assert world.parts.outbox.recover() == 0
    assert (state(world), world.line.calls(REPLY)) == ("new", [])
    world.move_to(NOON + timedelta(seconds=2))
    assert world.parts.outbox.recover() == 1
    assert len(world.line.calls(REPLY)) == 1


def test_d10_two_recoveries_at_once_send_one_reply(world: World, may: Chat) -> None:
    """D10: what one has taken up the other leaves alone, however slow LINE is."""
    left(world, may, timedelta(seconds=20))
    world.line.fault("slow", path=REPLY, seconds=1.0)
    first = threading.Thread(target=world.parts.outbox.recover, daemon=True)
    first.start()
    for _ in range(100):
        if world.line.do(lambda line: line.calls_open):
            break
        first.join(0.01)
    assert world.parts.outbox.recover() == 0
    first.join(10)
    assert len(world.line.calls(REPLY)) == 1


def test_d9_d10_a_push_begun_is_gone_on_with_under_its_key(world: World, may: Chat) -> None:
    """D9, D10: LINE accepted it and the process died before writing that down; the person has it once, and we know it."""
    left(world, may, timedelta(minutes=2), **begun(timedelta(minutes=2)))
    world.line.fault("error_500_after", path=PUSH, times=1)
    assert world.parts.outbox.recover() == 1
    assert state(world) == "pushing"
    assert world.parts.outbox.recover() == 1
    assert state(world) == "pushed"
    assert [call["status"] for call in world.line.calls(PUSH)] == [500, 409]
    assert world.line.said(may.phone) == MESSAGES


def test_d11_after_23_hours_a_push_is_unknown_and_left_to_people(world: World, may: Chat) -> None:
    """D11: LINE forgets keys after 24 hours; until 23 we go on, afterwards nothing is sent any more."""
    left(world, may, timedelta(hours=24), **begun(timedelta(hours=22, minutes=59)))
    world.line.fault("error_500_before", path=PUSH, times=1)
    world.parts.outbox.recover()
    assert (state(world), len(world.line.calls(PUSH))) == ("pushing", 1)
    world.move_to(NOON + timedelta(minutes=2))
    world.parts.outbox.recover()
    assert (state(world), len(world.line.calls(PUSH))) == ("unknown", 1)
