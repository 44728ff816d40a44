"""Workers that send one offer, killed -9 at random and replaced (E2): `python -m tests.faults.offer_kills --kills 50`.

LINE thinks for a while about every call, so that most kills hit one that is under way. Prints one line; exit code 1 when
somebody has the offer twice, or not at all.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import budget
from benefits.vault import Vault
from bot.line import Line
from database import embedded, migrate
from database.engine import make_engine, make_sessions
from jobs.offering import Offering
from simulator import Simulator
from tests.conftest import TEST_KEYS
from tests.conversations.chat import SECRET, TOKEN
from tests.factories import NOON
from tests.faults.crashing import CLUB
from tests.faults.offer_crash import Plain
from tests.jobs.offers import FRIENDS, MULTICAST, OUTCOMES, _phones, approved

WORKERS = 2


@dataclass(frozen=True)
class Account:
    """What came of it."""

    kills: int
    heard: Counter[int]
    """How many people have how many messages."""
    outcomes: dict[str, int]
    """People by the state of their batch."""
    calls: int
    alone: int
    """How often the other worker was seen to go on while one was dead."""


def work(database_url: str, line_url: str) -> None:
    """Send until killed."""
    job = job_of(database_url, line_url)
    while True:
        job.run()
        time.sleep(0.02)


def job_of(database_url: str, line_url: str) -> Offering:
    """The job as it is."""
    sessions = make_sessions(make_engine(database_url, pool_size=5), vault=Vault(TEST_KEYS))
    line = Line(TOKEN, line_url, line_url)
    return Offering(sessions, {CLUB.key: CLUB}, {CLUB.key: line}, Plain(), lambda: NOON, lambda: 0.5)


def forkserver() -> ForkServerContext:
    """Processes that start in milliseconds, everything imported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.offer_kills"])
    return context


def run(database_url: str, people: int, kills: int, chance: random.Random) -> Account:
    """One offer to `people`, sent by two workers of which one after the other is killed, `kills` times in all."""
    processes = forkserver()
    with Simulator(secret=SECRET, token=TOKEN) as line:
        line.fault("slow", path=MULTICAST, seconds=0.05)
        rescue = job_of(database_url, line.url)
        offer_id = _stage(rescue.sessions, line, people, kills)
        workers = [_started(processes, database_url, line.url) for _ in range(WORKERS)]
        killed = alone = 0
        try:
            while killed < kills and _sends_on(rescue.sessions, offer_id, line):
                time.sleep(chance.uniform(0.0, 0.2))
                victim = chance.randrange(WORKERS)
                workers[victim].kill()
                workers[victim].join()
                killed += 1
                alone += _sends_on(rescue.sessions, offer_id, line)
                workers[victim] = _started(processes, database_url, line.url)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        _rescued(rescue, offer_id)
        heard = line.do(lambda found: Counter(len(person.entries or ()) for person in found.people.values()))
        with rescue.sessions() as session:
            outcomes = {row.state: int(row[2]) for row in session.execute(OUTCOMES, {"offer": offer_id})}
        rescue.sessions.kw["bind"].dispose()
        return Account(killed, heard, outcomes, len(line.calls(MULTICAST)), alone)


def _stage(sessions: sessionmaker[Session], line: Simulator, people: int, kills: int) -> int:
    """The crowd, and an offer slow enough to be killed so often; its id."""
    line.do(_phones, 1, people, "th")
    with sessions.begin() as session:
        values = {"club": CLUB.key, "language": "th", "now": NOON, "first": 1, "last": people}
        session.execute(FRIENDS, values)
        limits = budget.of(session, CLUB)
        limits.cap_days = limits.quiet_from = limits.quiet_to = 0
        return approved(session, NOON, pace=max(1_000, people // (3 * kills)))


def _started(processes: ForkServerContext, database_url: str, line_url: str) -> BaseProcess:
    process = processes.Process(target=work, args=(database_url, line_url), daemon=True)
    process.start()
    return process


def _state(sessions: sessionmaker[Session], offer_id: int) -> str:
    with sessions() as session:
        return str(session.execute(text("SELECT state FROM offers WHERE id = :id"), {"id": offer_id}).scalar_one())


def _sends_on(sessions: sessionmaker[Session], offer_id: int, line: Simulator) -> bool:
    """Wait until LINE has accepted two more batches; False: the offer is done, or nothing moves for 20 s."""
    before, until = line.do(lambda found: found.quota.used), time.monotonic() + 20
    while time.monotonic() < until:
        if line.do(lambda found: found.quota.used) >= before + 2 * 500:
            return True
        if _state(sessions, offer_id) == "done":
            return False
        time.sleep(0.02)
    return False


def _rescued(rescue: Offering, offer_id: int) -> None:
    """Time passes, leases of the dead end, and what is left is sent."""
    for _ in range(500):
        with rescue.sessions.begin() as session:
            lapsed = "UPDATE offer_batches SET lease_until = now() - interval '1 s', next_attempt_at = NULL"
            session.execute(text(f"{lapsed} WHERE state = 'sending'"))
            session.execute(text("UPDATE send_rates SET factor = 100"))
            session.execute(text("UPDATE offers SET pace = 100000 WHERE state = 'sending'"))
        rescue.run()
        if _state(rescue.sessions, offer_id) == "done":
            return
        time.sleep(0.02)
    raise AssertionError("not ended")


@contextmanager
def _database() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="sitthi-kills-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the database runs under an account of its own
        url = embedded.ensure_running(folder)
        try:
            engine = make_engine(url)
            migrate.upgrade(engine)
            engine.dispose()
            yield url
        finally:
            embedded.stop(folder, "immediate")


def main(arguments: list[str]) -> int:
    """By command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.offer_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    chosen = parser.parse_args(arguments)
    with _database() as url:
        found = run(url, chosen.people, chosen.kills, random.Random(chosen.seed))
    whole = found.heard == {1: chosen.people} and found.outcomes == {"accepted": chosen.people}
    print(
        f"seed {chosen.seed}: {found.kills} kills, {chosen.people:,} people, messages by person {dict(found.heard)}, "
        f"{found.outcomes}, {found.calls} calls: {'each once' if whole else 'BROKEN'}"
    )
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
