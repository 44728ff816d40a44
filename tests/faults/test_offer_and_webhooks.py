"""E9: while an offer goes out, people's answers come first: real gunicorn, the real worker, and LINE refusing or holding it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import budget
from clock import MovableClock
from clubs import Club
from simulator import Simulator
from simulator.people import Person as Phone
from tests.conversations.chat import CLUB, SECRET, TOKEN
from tests.factories import NOON
from tests.faults.serving import serving
from tests.jobs.offers import FRIENDS, MULTICAST, _phones, approved
from tests.jobs.running import ask, jobs, until

pytestmark = pytest.mark.slow
REPLY = "/v2/bot/message/reply"
READERS, CALLS, TALKERS = 3_000, 6, 12
HELD = 6.0
"""Seconds LINE thinks about each call of the offer: less than the worker waits."""
STATE = "SELECT state FROM offers"


@pytest.fixture
def line(database_url: str, sessions: sessionmaker[Session], club: Club, tmp_path: Path) -> Iterator[Simulator]:
    """LINE before a running server, with readers of an offer that is due, and no quiet hours."""
    clock = MovableClock(tmp_path / "clock.json", NOON)
    with Simulator(secret=SECRET, token=TOKEN) as platform, serving(database_url, platform.url, tmp_path) as server:
        with sessions.begin() as session:
            values = {"club": CLUB, "language": "th", "now": NOON, "first": 1, "last": READERS}
            session.execute(FRIENDS, values)
            limits = budget.of(session, club)
            limits.cap_days = limits.quiet_from = limits.quiet_to = 0
            approved(session, clock.now())
        platform.do(_phones, 1, READERS, "th")
        platform.do(lambda found: setattr(found, "webhook", server.url))
        until(lambda: _ready(server.port), "a server that answers")
        yield platform


def test_e9_answers_leave_while_every_call_of_an_offer_is_refused_or_held(
    database_url: str, line: Simulator, tmp_path: Path
) -> None:
    """E9: LINE answers 429 to the whole offer, then holds each of its calls: whoever says something meanwhile is answered,
    by a reply that LINE took before it let one call of the offer go. Then everybody has the offer, once."""
    talkers = [line.person(f"เพื่อน {number}", friend=True) for number in range(TALKERS)]
    line.fault("rate_429", path=MULTICAST)
    with jobs(database_url, line, tmp_path):
        until(lambda: line.calls(MULTICAST), "the offer's first call")
        _all_are_answered(line, talkers)
        assert {call["status"] for call in line.calls(MULTICAST)} == {429}
        assert ask(database_url, STATE) == "sending"
        line.clear_faults()
        line.fault("slow", path=MULTICAST, seconds=HELD)
        until(lambda: _held(database_url, line) >= CALLS / 2, "calls of the offer that LINE holds")
        _all_are_answered(line, talkers)
        line.clear_faults()
        until(lambda: ask(database_url, STATE) == "done", "the offer")
    held = [_between(call) for call in line.calls(MULTICAST) if call["status"] == 200]
    replies = [_between(call) for call in line.calls(REPLY)]
    assert {call["status"] for call in line.calls(REPLY)} == {200}
    meanwhile = [reply for reply in replies if any(begun < reply[0] and reply[1] < ended for begun, ended in held)]
    assert len(meanwhile) >= TALKERS, "answered while LINE held calls of the offer"
    heard = line.do(lambda found: [len(found.people[f"U{n:032x}"].entries or ()) for n in range(1, READERS + 1)])
    assert set(heard) == {1}


def _held(database_url: str, line: Simulator) -> int:
    """How many calls LINE is thinking about; the worker need not wait for what LINE refused to be long ago."""
    ask(database_url, "UPDATE offer_batches SET next_attempt_at = NULL")
    ask(database_url, "UPDATE send_rates SET factor = 100, next_at = now()")
    return line.do(lambda found: found.calls_open)


def _ready(port: int) -> bool:
    with suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).ok
    return False


def _all_are_answered(line: Simulator, talkers: list[Phone]) -> None:
    """Each says something, and hears back."""
    asked = [(phone, line.say(phone, "help")) for phone in talkers]
    until(lambda: all(line.said(phone, since) for phone, since in asked), "an answer for each")


def _between(call: dict[str, Any]) -> tuple[float, float]:
    begun = datetime.fromisoformat(call["at"]).timestamp()
    return begun, begun + call["ms"] / 1000
