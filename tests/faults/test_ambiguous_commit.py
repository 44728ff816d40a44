"""A6: the connection is cut between COMMIT and its reply while an admin claims, with the real program and a real LINE."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bot.actions import ClaimFor
from models import Claim, Privilege, TurnRow
from tests import factories
from tests.conversations.chat import Chat, World, world
from tests.conversations.test_claiming import member_of
from tests.factories import NOON
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.slow

TIMES = 100
LATER = timedelta(seconds=20)
"""Longer than recovery leaves a turn alone, shorter than a reply token lives."""


@dataclass
class Cut:
    """A program whose database is reached through a proxy, and an administrator of one account."""

    world: World
    proxy: Proxy
    may: Chat
    member: int
    sessions: sessionmaker[Session]
    """The database itself, not through the proxy."""

    def offer(self) -> int:
        """A new privilege with a stock of three; its id."""
        with self.sessions.begin() as session:
            return int(factories.privilege(session, stock=3).id)

    def tap(self, offer: int) -> list[int | None]:
        """She taps Claim; what LINE was answered."""
        before = len(self.answered())
        data = ClaimFor(offer, self.member, 1).pack()
        self.world.line.tap(self.may.phone, {"type": "postback", "label": "x", "data": data})
        self.wait()
        return self.answered()[before:]

    def later(self) -> list[int | None]:
        """Time passes: LINE delivers anew what was not answered 200; what it was answered now."""
        before = len(self.answered())
        self.world.move_to(self.world.clock.at + LATER)
        self.wait()
        return self.answered()[before:]

    def answered(self) -> list[int | None]:
        """The status of every webhook so far."""
        return [item["status"] for item in self.world.line.traffic("out")]

    def wait(self) -> None:
        """Until no webhook is under way, first deliveries and later ones, and nothing is being sent."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.01)
            quiet = self.world.line.do(
                lambda line: line.webhooks.idle and not line.webhooks._tasks and not line.calls_open
            )
            if quiet and self.world.parts.outbox.idle:
                return
        raise TimeoutError("a webhook was never answered")

    def stored(self, offer: int) -> tuple[int, int, str | None]:
        """(claims, units taken, the newest turn's outcome)."""
        with self.sessions() as session:
            grants = session.scalars(select(func.count()).where(Claim.privilege_id == offer)).one()
            taken = session.scalars(select(Privilege.taken).where(Privilege.id == offer)).one()
            turns = select(TurnRow.outcome).where(TurnRow.event["postback"]["data"].astext.startswith(f"ca:{offer}:"))
            return grants, taken, session.scalars(turns.order_by(TurnRow.received_at.desc())).first()

    def said(self) -> str:
        """The bot's last words to her, with how many messages she has had from it."""
        entries = [entry.message for entry in self.world.line.chat(self.may.phone) if entry.origin == "bot"]
        return f"{len(entries)}: {entries[-1].get('altText', '')}"


@pytest.fixture
def cut(database_url: str, sessions: sessionmaker[Session], tmp_path: Path) -> Iterator[Cut]:
    """Everything running, nothing cut yet; LINE redelivers after twenty seconds."""
    with Proxy(database_url) as proxy, world(proxy.url, tmp_path, NOON) as found:
        may = found.phone("เมย์")
        member = member_of(found, may)
        found.line.set(redelivery=True, redelivery_after_seconds=LATER.total_seconds(), redelivery_times=5)
        yield Cut(found, proxy, may, member, sessions)


def test_a6_cut_between_commit_and_its_reply_the_original_result_is_found(cut: Cut) -> None:
    """LINE is told 503; delivered anew, the event finds what was committed: one grant, one answer, the original one."""
    for n in range(TIMES):
        offer, before = cut.offer(), cut.said()
        cut.proxy.toxics.cut_at_commit = 1
        assert cut.tap(offer) == [503], f"repetition {n}: told 200 what was not known"
        assert (cut.stored(offer), cut.proxy.cuts) == ((1, 1, "claimed"), n + 1)
        assert cut.said() == before, "nothing is said before the outcome is known"
        assert cut.later() == [200]
        assert cut.stored(offer) == (1, 1, "claimed")
        assert cut.world.parts.outbox.recover() == 1
        told = cut.said()
        assert int(told.split(":")[0]) == int(before.split(":")[0]) + 1, "told once"
        cut.world.settle()
    assert cut.tap(offer) == [200]
    assert cut.stored(offer) == (1, 1, "claimed before")


def test_a6_cut_before_commit_the_redelivered_event_is_the_first(cut: Cut) -> None:
    """To us it looks the same, and nothing was committed: delivered anew, it claims once and is answered at once."""
    for _ in range(10):
        offer, before = cut.offer(), cut.said()
        cut.proxy.toxics.cut_before_commit = 1
        assert cut.tap(offer) == [503]
        assert cut.stored(offer) == (0, 0, None)
        assert cut.said() == before, "told a claim that is none"
        assert cut.later() == [200]
        cut.world.settle()
        assert cut.stored(offer) == (1, 1, "claimed")


def test_a6_cut_twice_in_a_row(cut: Cut) -> None:
    """The first attempt reaches nobody, the second is committed unheard, the third finds it."""
    offer = cut.offer()
    cut.proxy.toxics.cut_before_commit = 1
    assert cut.tap(offer) == [503]
    cut.proxy.toxics.cut_at_commit = 1
    assert cut.later() == [503]
    assert cut.stored(offer) == (1, 1, "claimed")
    assert cut.later() == [200]
    assert cut.stored(offer) == (1, 1, "claimed")


def test_a6_control_a_turn_forgotten_is_taken_for_new(cut: Cut) -> None:
    """A3 of A6: were events not known again, the redelivered one would be handled a second time; the harness sees it."""
    offer = cut.offer()
    cut.proxy.toxics.cut_at_commit = 1
    assert cut.tap(offer) == [503]
    with cut.sessions.begin() as session:
        session.delete(session.scalars(select(TurnRow).where(TurnRow.outcome == "claimed")).one())
    assert cut.later() == [200]
    assert cut.stored(offer) == (1, 1, "claimed before"), "the constraint still holds; the answer is another one"
