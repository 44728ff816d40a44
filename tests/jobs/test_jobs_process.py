"""`python -m jobs` as it runs in life: started, doubled, told to stop, killed, and left without its database."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from clock import MovableClock
from models import Notice
from simulator import Simulator
from tests import factories
from tests.conversations.chat import SECRET, TOKEN
from tests.factories import NOON
from tests.jobs.running import ask, jobs, until

pytestmark = pytest.mark.slow
BEATS = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '20 seconds'"
DONE = "SELECT count(*) FROM runs WHERE state = 'done'"
DOING = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND task_name = 'pushes'"


@pytest.fixture
def line() -> Iterator[Simulator]:
    """A LINE platform that calls nobody."""
    with Simulator(secret=SECRET, token=TOKEN) as platform:
        yield platform


@pytest.fixture
def clock(tmp_path: Path) -> MovableClock:
    """The processes' clock: noon of 12 November 2026 and going on."""
    return MovableClock(tmp_path / "clock.json", NOON)


@pytest.fixture
def due(session: Session, clock: MovableClock) -> None:
    """An account with a paid line of October: its round has been due for ten days."""
    shop = factories.member(session, factories.person(session))
    factories.charge(session, shop, "6000.00", count_month=date(2026, 10, 1))
    session.commit()


def news(session: Session, line: Simulator, name: str = "เมย์") -> str:
    """Something that must be pushed to a friend now; her LINE user id."""
    phone = line.person(name, friend=True)
    friend = factories.person(session, line_user_id=phone.id, profile_at=NOON)
    facts = {"club": "family_club", "person_id": friend.id, "facts": {}, "created_at": NOON, "push_at": NOON}
    session.add(Notice(kind="news", key=f"news:{friend.id}", **facts))
    session.commit()
    return phone.id


def heard(line: Simulator, user_id: str) -> int:
    """How many messages arrived there."""
    return line.do(lambda platform: sum(e.origin == "bot" for e in platform.people[user_id].entries or []))


@pytest.mark.usefixtures("due")
def test_a_due_round_runs_at_start_and_sigterm_ends_it(
    database_url: str, line: Simulator, session: Session, tmp_path: Path
) -> None:
    """F2: what came due while nothing ran is done within seconds; heartbeat seen; a stop takes less than ten."""
    user = news(session, line)
    with jobs(database_url, line, tmp_path) as running:
        until(lambda: ask(database_url, DONE) == 1, "the round")
        assert ask(database_url, BEATS) == 1
        until(lambda: heard(line, user) == 1, "the push")
        assert running.stop() < 10
        assert running.process.returncode == 0
        assert [entry["count"] for entry in running.said("job done") if entry["job"] == "rounds"] == [1]
    assert ask(database_url, "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('doing', 'failed')") == 0


@pytest.mark.usefixtures("due")
def test_two_processes_do_each_work_once(database_url: str, line: Simulator, session: Session, tmp_path: Path) -> None:
    """F1: both ring and both work, and every row is worked on by one of them."""
    users = [news(session, line, f"เพื่อน {n}") for n in range(30)]
    with jobs(database_url, line, tmp_path, "one") as one, jobs(database_url, line, tmp_path, "two") as two:
        until(lambda: ask(database_url, DONE) == 1, "the round")
        until(lambda: ask(database_url, BEATS) == 2, "both at work")
        until(lambda: sum(heard(line, user) for user in users) >= 30, "the pushes")
        for process in (one, two):
            assert process.stop() < 10
        done = [
            entry["count"] for process in (one, two) for entry in process.said("job done") if entry["job"] == "rounds"
        ]
        assert done == [1]
    assert [heard(line, user) for user in users] == [1] * 30


def test_f12_the_database_throws_everybody_out(database_url: str, line: Simulator, tmp_path: Path) -> None:
    """F12: every connection is ended, twice; each time work goes on within 30 seconds, by itself."""
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    throw = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %(n)s AND pid <> pg_backend_pid()"
    since = "SELECT count(*) FROM procrastinate_events WHERE type = 'succeeded' AND at > %(at)s"
    with jobs(database_url, line, tmp_path) as running:
        until(lambda: ask(database_url, BEATS) == 1, "the worker")
        for _ in range(2):
            until(lambda: ask(database_url, throw, n=name) > 0, "somebody to throw out")
            thrown = ask(database_url, "SELECT clock_timestamp()")
            until(partial(ask, database_url, since, at=thrown), "work after it", 30)
        assert running.process.poll() is None
        assert running.stop() < 10


def test_d10_a_worker_killed_in_the_middle_of_a_push(
    database_url: str, line: Simulator, session: Session, clock: MovableClock, tmp_path: Path
) -> None:
    """D10: kill −9 after LINE accepted and before that was written down: the next worker frees the dead one's task and
    goes on under the same key; she gets it once, and so does everybody who comes later."""
    user = news(session, line)
    line.fault("timeout_after", path="/v2/bot/message/push", times=1, seconds=60)
    with jobs(database_url, line, tmp_path, "killed") as killed:
        until(lambda: heard(line, user) == 1, "LINE has it")
        assert ask(database_url, DOING) == 1
        killed.stop(signal.SIGKILL)
    assert ask(database_url, "SELECT count(*) FROM notices WHERE state = 'pushing'") == 1
    ask(database_url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    clock.move_to(clock.now() + timedelta(minutes=2))
    later = news(session, line, "บอย")
    with jobs(database_url, line, tmp_path, "next") as following:
        until(lambda: ask(database_url, "SELECT count(*) FROM notices WHERE state = 'pushed'") == 2, "both pushed", 100)
        assert "pushes" in [entry["job"] for entry in following.said("stalled task taken up again")]
        assert following.stop() < 10
    assert (heard(line, user), heard(line, later)) == (1, 1)
    keys = line.do(lambda platform: [item.status for item in platform.traffic.items if item.path.endswith("/push")])
    assert 409 in keys


def test_g10_a_stop_does_not_wait_for_a_task_that_hangs(
    database_url: str, line: Simulator, session: Session, tmp_path: Path
) -> None:
    """G10: LINE is silent and a hundred pushes wait: SIGTERM still ends the process in ten seconds; nothing is lost."""
    for n in range(20):
        news(session, line, f"เพื่อน {n}")
    line.fault("timeout_before", path="/v2/bot/message/push", seconds=60)
    with jobs(database_url, line, tmp_path) as running:
        until(lambda: ask(database_url, DOING) == 1, "a hanging push")
        assert running.stop() < 10
    assert ask(database_url, "SELECT count(*) FROM notices WHERE state IN ('waiting', 'pushing')") == 20
