"""Killed (-9) at boundaries of preparing and sending an offer: whoever comes next ends it, and everybody has it once.

Of the boundaries every fourth is tried, by chance which; `SITTHI_CRASH_STRIDE=1` tries all.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import budget
from bot.line import Line
from jobs.offering import Offering
from simulator import Simulator
from tests import factories
from tests.conversations.chat import SECRET, TOKEN
from tests.factories import NOON
from tests.faults.children import forkserver
from tests.faults.crashing import CLUB
from tests.faults.offer_crash import Run, job_at, send
from tests.jobs.offers import OUTCOMES, PERSONAL, approved

pytestmark = pytest.mark.slow
PEOPLE = 6
STRIDE = int(os.environ.get("SITTHI_CRASH_STRIDE", "4"))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start in milliseconds, everything imported."""
    return forkserver()


@pytest.fixture
def line(sessions: sessionmaker[Session]) -> Iterator[Simulator]:
    """A LINE platform with six friends; no frequency cap."""
    with Simulator(secret=SECRET, token=TOKEN, clock=NOON) as platform:
        with sessions.begin() as session:
            for number in range(PEOPLE):
                factories.person(session, line_user_id=platform.person(f"เพื่อน {number}", friend=True).id)
            limits = budget.of(session, CLUB)
            limits.cap_days = limits.quiet_from = limits.quiet_to = 0
        platform.set(rate_limits=False)
        yield platform


@pytest.mark.parametrize(("kind", "stride"), [("multicast", STRIDE), ("push", STRIDE if STRIDE == 1 else 3 * STRIDE)])
def test_d10_e2_killed_at_every_boundary_everybody_has_the_offer_once(
    processes: ForkServerContext,
    sessions: sessionmaker[Session],
    database_url: str,
    line: Simulator,
    kind: str,
    stride: int,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    evidence: Callable[[str], None],
) -> None:
    """D10, E2: rows whole or absent, each person once, and the counts add up, whatever the point. Personal messages go the
    same way: of theirs fewer points are tried."""
    monkeypatch.setattr("benefits.offers.preparing.BATCH", 500)  # given back afterwards, as is the next
    monkeypatch.setattr("jobs.offering.AT_ONCE", 10)
    rescue = job_at(database_url, Line(TOKEN, line.url, line.url))
    points, die_at, killed, runs = 1, 0, 0, 0
    while die_at <= points:
        with sessions.begin() as session:
            content = {"content": PERSONAL} if kind == "push" else {}
            offer_id = approved(session, NOON, name=f"killed-{die_at}", **content)
        exit_code, passed = _run(processes, Run(database_url, line.url, die_at))
        points = max(points, passed)
        assert exit_code in (0, -signal.SIGKILL)
        killed += exit_code != 0
        _recover(rescue, sessions, offer_id)
        heard = line.do(lambda found: Counter(len(person.entries or ()) for person in found.people.values()))
        runs += 1
        assert heard == {runs: PEOPLE}, f"killed at boundary {die_at} of {points}"
        with sessions() as session:
            outcomes = {row.state: int(row[2]) for row in session.execute(OUTCOMES, {"offer": offer_id})}
        assert outcomes == {"accepted": PEOPLE}, f"killed at boundary {die_at} of {points}"
        die_at += stride if die_at else 1 + seed % stride
    rescue.sessions.kw["bind"].dispose()
    assert killed >= 0.7 * points / stride, "what is looked at once a second is counted in slow runs only"
    assert points > 40
    evidence(f"offer, {kind}: killed at {killed} points of {points}")


def _run(processes: ForkServerContext, run: Run) -> tuple[int, int]:
    """The child's exit code, and how many boundaries it counted."""
    ours, theirs = processes.Pipe()
    child = processes.Process(target=send, args=(theirs, run))
    child.start()
    theirs.close()
    child.join(60)
    assert child.exitcode is not None
    return child.exitcode, ours.recv() if child.exitcode == 0 else 0


def _recover(rescue: Offering, sessions: sessionmaker[Session], offer_id: int) -> None:
    """Time passes, so that the dead one's leases are over; then another worker does what is left. The server may need a
    moment to see that a client is gone."""
    for _ in range(200):
        with sessions.begin() as session:
            lapsed = "UPDATE offer_batches SET lease_until = now() - interval '1 s', next_attempt_at = NULL"
            session.execute(text(f"{lapsed} WHERE state = 'sending'"))
        rescue.run()
        with sessions() as session:
            state = session.execute(text("SELECT state FROM offers WHERE id = :id"), {"id": offer_id}).scalar_one()
        if state == "done":
            return
        time.sleep(0.02)
    raise AssertionError(f"not ended: {state}")
