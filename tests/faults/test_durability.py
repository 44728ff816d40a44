"""D1: what was answered 200 is stored with its effects, once, whoever is killed right after."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from database import embedded, migrate
from database.engine import make_engine
from simulator import Simulator
from tests.conversations.chat import SECRET, TOKEN
from tests.faults.serving import Crowd, serving
from tests.temporary_server import temporary_folder

pytestmark = pytest.mark.slow
KILLS = 30
LOST = """
SELECT count(*) FROM unnest(%(events)s::text[], %(users)s::text[]) AS sent (event_id, user_id)
LEFT JOIN turns USING (event_id)
LEFT JOIN people ON people.line_user_id = user_id
WHERE turns.state IS DISTINCT FROM 'done' OR people.language IS DISTINCT FROM 'en'
   OR 1 <> (SELECT count(*) FROM journal WHERE subject_kind = 'person' AND subject_id = people.id AND action = 'language')
"""
"""Acknowledged events whose turn, effect or note is missing, or there more than once."""
HALVES = "SELECT (SELECT count(*) FROM turns), (SELECT count(*) FROM people), \
(SELECT count(*) FROM journal WHERE action = 'language')"


@pytest.fixture
def line() -> Iterator[Simulator]:
    """A LINE platform that takes replies (and knows none of these tokens)."""
    with Simulator(secret=SECRET, token=TOKEN) as platform:
        yield platform


def check(database_url: str, crowd: Crowd) -> None:
    """Nothing acknowledged is lost; nothing at all is there by halves or twice."""
    assert set(crowd.refused) <= {503}
    with psycopg.connect(database_url) as connection:
        found = {"events": list(crowd.acknowledged), "users": list(crowd.acknowledged.values())}
        assert connection.execute(LOST, found).fetchone() == (0,)
        invented = {"events": [*found["events"], "never sent"], "users": [*found["users"], "nobody"]}
        assert connection.execute(LOST, invented).fetchone() == (1,), "this question would see a lost one"
        turns, people, notes = connection.execute(HALVES).fetchone() or (0, 0, 0)
    assert turns == people == notes
    assert len(crowd.acknowledged) <= turns <= crowd.sent


@pytest.mark.timeout(600)
def test_d1_killed_right_after_an_answer(database_url: str, line: Simulator, tmp_path: Path) -> None:
    """D1: 30 processes killed −9 at random moments right after a 200, some with their master: 0 of thousands lost."""
    rng, killed, masters = random.Random(20261112), 0, 0
    with serving(database_url, line.url, tmp_path) as server, Crowd(server.url) as crowd:
        while killed < KILLS:
            crowd.wait_for(rng.randint(1, 25))
            time.sleep(rng.random() * 0.02)
            if rng.random() < 0.25:
                killed += len(server.workers())
                masters += 1
                server.kill()
                server.start()
            else:
                killed += server.kill_workers()
        crowd.wait_for(20)
    assert masters > 0
    assert len(crowd.acknowledged) > 5 * KILLS
    check(database_url, crowd)


@pytest.mark.timeout(600)
def test_d1_the_database_stops_at_once_under_load(line: Simulator, tmp_path: Path) -> None:
    """D1, D2: PostgreSQL ended with `-m immediate` and started again, three times, data made to last: nothing
    acknowledged is lost, nothing is answered 200 meanwhile, and the program finds it again by itself."""
    with temporary_folder() as folder:
        url = embedded.ensure_running(folder, {"shared_buffers": "64MB"})
        engine = make_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        with serving(url, line.url, tmp_path) as server, Crowd(server.url) as crowd:
            for _ in range(3):
                crowd.wait_for(100)
                embedded.stop(folder, "immediate")
                before = len(crowd.acknowledged)
                time.sleep(1)
                assert len(crowd.acknowledged) - before <= crowd.threads, "only what was stored before the stop"
                assert embedded.ensure_running(folder, {"shared_buffers": "64MB"}) == url
            crowd.wait_for(100)
        assert 503 in crowd.refused
        check(url, crowd)
