"""Claims by four processes that are killed, disconnected and cut off, on a server that crashes; then the books are read."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits.vault import Vault
from database import embedded, migrate
from database.engine import make_engine, make_sessions
from models import Claim
from tests import factories
from tests.faults.children import forkserver
from tests.faults.claimants import attempt, work
from tests.faults.history import Granted, Press, Scarce, Told, faults, read
from tests.faults.proxy import Proxy
from tests.rules.test_privileges import add_codes

WORKERS = 4
ACCOUNTS = 40
SECONDS = 25.0
"""The faults stop then; what is still to be pressed is pressed in peace."""


@pytest.fixture
def server() -> Iterator[tuple[Path, str]]:
    """A server of this test alone that keeps what it commits (fsync on), because it is going to be killed."""
    folder = Path(tempfile.mkdtemp(prefix="history-"))
    folder.chmod(0o755)
    url = embedded.ensure_running(folder, settings={"shared_buffers": "32MB"})
    engine = make_engine(url)
    migrate.upgrade(engine)
    engine.dispose()
    yield folder, url
    embedded.stop(folder, "immediate")
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Scene:
    """What there is to claim, and every press that will be made."""

    scarce: dict[int, Scarce]
    presses: list[Press]


def scene(session: Session, dice: random.Random) -> Scene:
    """Accounts with two admins who both press for all there is, each button once: more rivals than units."""
    pool = factories.privilege(session, pooled=True)
    add_codes(session, pool, 30)
    offers = {
        pool.id: Scarce(30, 1),
        factories.privilege(session, stock=25).id: Scarce(25, 1),
        factories.privilege(session, stock=60, claim_limit=3).id: Scarce(60, 3),
        factories.privilege(session).id: Scarce(None, 1),
        factories.privilege(session, scope="person").id: Scarce(None, 1, by_person=True),
    }
    presses, numbers = [], count(1)
    both = factories.person(session)
    for _ in range(ACCOUNTS):
        admins = [factories.person(session), factories.person(session)]
        shop = factories.member(session, *admins, both)
        for who in (*admins, both):
            for offer, rule in offers.items():
                for slot in range(1, rule.per_holder + 1):
                    presses.append(Press(next(numbers), who.line_user_id, who.id, shop.id, offer, slot))
    session.commit()
    dice.shuffle(presses)
    return Scene(offers, presses)


@dataclass
class Nemesis:
    """Does harm of one kind after another, and counts what it did."""

    folder: Path
    proxy: Proxy
    dice: random.Random
    workers: list[BaseProcess]
    done: Counter[str]

    def strike(self) -> None:
        """One harm, by chance; a restart of the server is the rarest."""
        harm = self.dice.choices(("kill", "terminate", "cut", "cut early", "restart"), (4, 3, 6, 2, 1))[0]
        {"kill": self.kill, "terminate": self.terminate, "restart": self.restart}.get(harm, self.cut)()
        if harm == "cut early":
            self.proxy.toxics.cut_before_commit += 1
        self.done[harm] += 1

    def cut(self) -> None:
        """The next COMMIT's reply is lost."""
        self.proxy.toxics.cut_at_commit += 1

    def kill(self) -> None:
        """A worker, −9."""
        alive = [worker for worker in self.workers if worker.is_alive()]
        if alive:
            self.dice.choice(alive).kill()

    def terminate(self) -> None:
        """A server process in the middle of its work."""
        with psycopg.connect(embedded.ensure_running(self.folder), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
            )

    def restart(self) -> None:
        """The server, without a goodbye; it recovers from its log."""
        embedded.stop(self.folder, "immediate")
        embedded.ensure_running(self.folder)


def press_under_fire(
    server: tuple[Path, str], found: Scene, dice: random.Random, notes: Path
) -> tuple[list[Told], Counter[str]]:
    """Every press by one of the workers, who are replaced when they die; what they were told, and what was done to them."""
    context = forkserver()
    files = [notes / f"{number}.jsonl" for number in range(WORKERS)]
    with Proxy(server[1]) as proxy:

        def employ(number: int) -> BaseProcess:
            mine = found.presses[number::WORKERS]
            worker = context.Process(target=work, args=(proxy.url, files[number], mine), daemon=True)
            worker.start()
            return worker

        workers: list[BaseProcess] = [employ(number) for number in range(WORKERS)]
        nemesis, begun = Nemesis(server[0], proxy, dice, workers, Counter()), time.monotonic()
        while any(worker.exitcode != 0 for worker in workers):
            time.sleep(dice.uniform(0.05, 0.3))
            if time.monotonic() - begun < SECONDS:
                nemesis.strike()
            for number, worker in enumerate(workers):
                if worker.exitcode not in (None, 0):
                    assert worker.exitcode < 0, "a worker raised: see stderr"
                    workers[number] = employ(number)
    return [told for file in files for told in read(file)], nemesis.done


def resolve(sessions: sessionmaker[Session], history: list[Told]) -> list[Told]:
    """Press every unknown again, twice: an answer, and the same answer."""
    found = []
    for told in history:
        if told.told == "unknown":
            first, second = (attempt(sessions, told.press) for _ in range(2))
            assert first == second, f"press {told.press.number} was told {first}, then {second}"
            assert first[0] != "unknown"
            found.append(Told(told.press, told.begun, time.monotonic(), *first))
    return found


def grants(session: Session) -> list[Granted]:
    """Every claim there is."""
    columns = (Claim.id, Claim.privilege_id, Claim.member_id, Claim.person_id, Claim.slot)
    return [Granted(*row) for row in session.execute(select(*columns))]


BOOKS = """
SELECT (SELECT count(*) FROM claims),
       (SELECT count(*) FROM journal WHERE action = 'claimed'),
       (SELECT count(DISTINCT subject_id) FROM journal WHERE action = 'claimed'),
       (SELECT count(*) FROM codes WHERE claim_id IS NOT NULL) - (SELECT count(*) FROM claims
            JOIN privileges ON privileges.id = privilege_id WHERE pooled),
       (SELECT sum(taken) FROM privileges WHERE stock IS NOT NULL) - (SELECT count(*) FROM claims
            JOIN privileges ON privileges.id = privilege_id WHERE stock IS NOT NULL)
"""


@pytest.mark.slow
def test_a1_a2_a4_a6_a_history_under_fire_could_have_been_one_press_after_another(
    server: tuple[Path, str], vault: Vault, tmp_path: Path, seed: int, evidence: Callable[[str], None]
) -> None:
    """A1, A2, A4, A6 at once: nothing granted too often, nothing told and lost, nobody refused falsely, nothing unsold."""
    dice = random.Random(seed)
    engine = make_engine(server[1])
    sessions = make_sessions(engine, vault=vault)
    with sessions() as session:
        found = scene(session, dice)
    engine.dispose()
    history, harm = press_under_fire(server, found, dice, tmp_path)
    with sessions() as session:
        before = {(grant.privilege, grant.member, grant.person) for grant in grants(session)}
    resolved = resolve(sessions, history)
    with sessions() as session:
        final, books = grants(session), session.connection().exec_driver_sql(BOOKS).one()
    unknown = [told for told in history if told.told == "unknown"]
    unheard = [t for t in unknown if (t.press.privilege, t.press.member, t.press.person) in before]
    evidence(
        f"history, seed {seed}: {len(history)} presses, {dict(harm)}; {len(final)} claims, "
        f"{len(unknown)} presses unknown, of which {len(unheard)} with a claim"
    )
    assert len(history) == len(found.presses)
    assert faults([*history, *resolved], final, found.scarce) == [], f"seed {seed}"
    assert tuple(books) == (len(final), len(final), len(final), 0, 0), f"seed {seed}"
    sold = Counter(grant.privilege for grant in final)
    for privilege, rule in found.scarce.items():
        holders = {rule.holder(press) for press in found.presses if press.privilege == privilege}
        assert sold[privilege] == (len(holders) if rule.units is None else rule.units), f"unsold; seed {seed}"
    assert len(unheard) >= 2, "too few ambiguous commits to show anything"


ONE, TWO = Press(1, "U1", 1, 10, 100, 1), Press(2, "U2", 2, 20, 100, 1)
RULES = {100: Scarce(1, 1)}
FIRST = Granted(7, 100, 10, 1, 1)


@pytest.mark.parametrize(
    ("history", "granted", "fault"),
    [
        ([Told(ONE, 0, 1, "ok", 7), Told(TWO, 2, 3, "SoldOut")], [FIRST], None),
        ([Told(ONE, 0, float("inf"), "unknown"), Told(TWO, 2, 3, "SoldOut")], [FIRST], None),
        ([Told(ONE, 0, 1, "ok", 7)], [], "there is none"),
        ([Told(ONE, 0, 1, "ok", 7), Told(TWO, 0, 1, "ok", 7)], [FIRST], "another's"),
        ([Told(ONE, 0, 1, "ok", 7), Told(TWO, 0, 1, "ok", 8)], [FIRST, Granted(8, 100, 20, 2, 1)], "2 times, and"),
        ([Told(ONE, 0, 1, "ok", 7)], [FIRST, replace(FIRST, claim=8)], "holder 10"),
        ([Told(TWO, 0, 1, "SoldOut"), Told(ONE, 2, 3, "ok", 7)], [FIRST], "sold out when 0 of 1"),
        ([Told(ONE, 0, 1, "AlreadyClaimed")], [], "had at most 0"),
        ([Told(ONE, 0, 1, "Left")], [], "was told Left"),
    ],
)
def test_the_checker_sees_every_kind_of_fault(history: list[Told], granted: list[Granted], fault: str | None) -> None:
    """A3: a history that is right passes, and each wrong one is found out."""
    found = faults(history, granted, RULES)
    assert (found == []) if fault is None else any(fault in line for line in found)
