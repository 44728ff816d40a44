"""An offer sent by `python -m jobs` as it runs in life."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import budget
from clock import MovableClock
from clubs import Club
from simulator import Simulator
from tests import factories
from tests.conversations.chat import SECRET, TOKEN
from tests.factories import NOON
from tests.jobs.offers import MULTICAST, approved
from tests.jobs.running import ask, jobs, until

STATE = "SELECT state FROM offers"


@pytest.mark.slow
def test_d10_one_process_is_killed_in_the_middle_and_the_next_ends_the_offer(
    database_url: str, sessions: sessionmaker[Session], club: Club, tmp_path: Path
) -> None:
    """D10, E2: prepared and begun by the timetable; killed −9 after LINE accepted and before that was written down; the next
    process goes on under the same key, and everybody has it once. A stop takes less than ten seconds."""
    clock = MovableClock(tmp_path / "clock.json", NOON)
    with Simulator(secret=SECRET, token=TOKEN) as line:
        with sessions.begin() as session:
            for number in range(5):
                factories.person(session, line_user_id=line.person(f"เพื่อน {number}", friend=True).id)
            budget.of(session, club)
            approved(session, clock.now())
        line.fault("timeout_after", path=MULTICAST, times=1, seconds=60)
        with jobs(database_url, line, tmp_path, "killed") as killed:
            until(lambda: line.do(lambda platform: platform.quota.used) == 5, "LINE has it")
            killed.stop(signal.SIGKILL)
        assert ask(database_url, STATE) == "sending"
        ask(database_url, "UPDATE offer_batches SET lease_until = now() - interval '1 s'")
        # What stalled with the dead process is freed after its heartbeats are old.
        ask(database_url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
        with jobs(database_url, line, tmp_path, "next") as running:
            until(lambda: ask(database_url, STATE) == "done", "the offer")
            assert running.stop() < 10
        assert [call["status"] for call in line.calls(MULTICAST)][-1] == 409
        assert line.do(lambda platform: {len(person.entries or ()) for person in platform.people.values()}) == {1}
