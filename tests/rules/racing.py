"""Rivals for races: real processes that wait at one barrier and then press at once, each press its own transaction."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import Engine, bindparam, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, people
from benefits.conditions import AlreadyClaimed
from benefits.refusal import Refusal
from benefits.vault import Vault
from clubs import load_club
from clubs.catalogue import SHIPPED
from database.engine import make_engine, make_sessions
from models import Privilege
from models.queries import Query
from tests.conftest import TEST_KEYS
from tests.factories import NOON

GUARDED, CHECK_THEN_ACT, SKIP_ONLY = "guarded", "check then act", "skip locked only"


@dataclass(frozen=True)
class Press:
    """One admin presses Claim; with `abort_after` her transaction is rolled back so many seconds after the grant."""

    line_user_id: str
    privilege_id: int
    member_id: int
    abort_after: float | None = None


@dataclass(frozen=True)
class Answer:
    """What she was told: `ok`, `aborted`, a refusal's class name, or `error: …`; and, when too late, who was first."""

    press: Press
    told: str
    claim_id: int | None = None
    first: int | None = None
    by: str | None = None


class Behind:
    """Something done in another thread, that is to wait for us."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.outcome: Any = None
        self._thread = threading.Thread(target=self._run, args=(act,))
        self._thread.start()
        self._thread.join(0.4)
        assert self._thread.is_alive(), f"it did not wait: {self.outcome!r}"

    def _run(self, act: Callable[[], Any]) -> None:
        try:
            self.outcome = act()
        except Exception as error:
            self.outcome = error

    def join(self) -> Any:
        """Its outcome, once we let it go on."""
        self._thread.join(10)
        return self.outcome


class Rivals:
    """So many processes, started once, that run rounds of presses against any database."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._barrier = context.Barrier(count)
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_rival, args=(theirs, self._barrier), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def run(self, url: str, presses: Sequence[Press], mode: str = GUARDED) -> list[Answer]:
        """Deal the presses out, let every process begin at once, and collect the answers."""
        for n, pipe in enumerate(self._pipes):
            pipe.send((url, list(presses[n :: len(self._pipes)]), mode))
        return [answer for pipe in self._pipes for answer in pipe.recv()]

    def stop(self) -> None:
        """Let the processes end."""
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(10)


def _rival(pipe: Connection, barrier: Barrier) -> None:
    engines: dict[str, Engine] = {}
    guards = {name: getattr(claims, name) for name in ("_TAKE", "_CODE_WAITED_FOR")}
    while (job := pipe.recv()) is not None:
        url, presses, mode = job
        engine = engines.setdefault(url, make_engine(url, pool_size=1))
        for name, guard in guards.items():
            setattr(claims, name, WITHOUT[mode].get(name, guard))
        sessions = make_sessions(engine, vault=Vault(TEST_KEYS))
        with sessions() as session:
            session.execute(select(1))  # connected before the barrier opens
        barrier.wait(60)
        pipe.send([_press(sessions, press) for press in presses])
    for engine in engines.values():
        engine.dispose()


CLUB = load_club(SHIPPED / "family_club.toml")


def _press(sessions: sessionmaker[Session], press: Press) -> Answer:
    with sessions() as session:
        try:
            person = people.meet(session, club=CLUB, line_user_id=press.line_user_id, now=NOON)
            made = claims.claim(
                session,
                club=CLUB,
                person=person,
                privilege_id=press.privilege_id,
                member_id=press.member_id,
                now=NOON,
            )
            if press.abort_after is not None:
                time.sleep(press.abort_after)
                session.rollback()
                return Answer(press, "aborted")
            session.commit()
            return Answer(press, "ok", made.claim.id)
        except AlreadyClaimed as refusal:
            session.commit()
            return Answer(press, "AlreadyClaimed", refusal.claim.id, refusal.claim.person_id, refusal.by)
        except Refusal as refusal:
            session.commit()
            return Answer(press, type(refusal).__name__)
        except Exception as error:
            session.rollback()
            return Answer(press, f"error: {error!r}")


_ALONE = select(Privilege.taken).where(Privilege.id == bindparam("privilege")).scalar_subquery()
TAKE_UNGUARDED = Query(
    update(Privilege)
    .where(Privilege.id == bindparam("privilege"), or_(Privilege.stock.is_(None), Privilege.stock > _ALONE))
    .values(taken=_ALONE + 1)
    .returning(Privilege.taken)
)
"""Read, then write: what `claims._TAKE` must not be. Who waited for the row goes by what was read before."""


WITHOUT: dict[str, dict[str, Any]] = {
    GUARDED: {},
    CHECK_THEN_ACT: {"_TAKE": TAKE_UNGUARDED},
    SKIP_ONLY: {"_CODE_WAITED_FOR": claims._CODE_NOBODY_TAKES},
}
