"""Two processes and one reply: whoever has it, the person reads it once, and what is written down is so."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

import bot.outbox
from bot.outbox import PATIENCE, Outbox
from models import TurnRow
from tests.conversations.chat import World
from tests.conversations.chat import world as running
from tests.factories import NOON


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Everything running, nobody there yet."""
    with running(database_url, tmp_path, NOON) as found:
        yield found


def test_d12_a_reply_that_recovery_sent_meanwhile_is_not_pushed_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D12: LINE asks for patience, recovery takes the turn up and replies; LINE then calls the token used: no push."""
    may, taken = world.phone("เมย์"), list[int]()
    other = Outbox(world.parts.sessions, world.parts.lines, world.clock.now, lambda club, user: None)

    def meanwhile(seconds: float) -> None:
        if seconds == PATIENCE[0] and not taken:
            world.move_to(NOON + timedelta(seconds=16))
            taken.append(other.recover())

    monkeypatch.setattr(bot.outbox, "time", SimpleNamespace(sleep=meanwhile, monotonic=time.monotonic))
    world.line.fault("rate_429", path="/v2/bot/message/reply", times=1)
    welcome = may.follows()
    assert taken == [1]
    assert len(welcome.messages) == 1
    assert world.line.calls("/v2/bot/message/push") == []
    with world.parts.sessions() as session:
        assert session.scalars(select(TurnRow.reply_state)).all() == ["sent"]
