"""Killed at any call to LINE, statement or commit, publishing is completed by the next run, with no orphan left."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line
from clubs import Club
from database.engine import make_sessions
from models import Person, PublishedMenu
from richmenu import ledger
from richmenu.drawn import Drawn
from richmenu.job import Busy, Job
from richmenu.publishing import publish
from simulator import Simulator
from tests.factories import NOON
from tests.killing import killed_at
from tests.richmenu.conftest import Jobs, assert_whole, people, seen, small

ROOT = Path(__file__).parent.parent.parent
CHANGED = ("guest.th.main", "member.th.main")


class Killed(BaseException):
    """Stands for kill -9: nothing catches it, nothing runs after it."""


class Wire:
    """Counts the moments at which a run may die: before and after each call to LINE."""

    def __init__(self, line: Line) -> None:
        self.line, self.seen, self.fatal = line, 0, -1

    def moment(self) -> None:
        """One more; the fatal one kills."""
        self.seen += 1
        if self.seen == self.fatal:
            raise Killed

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self.line, name)

        def watched(*args: Any) -> Any:
            self.moment()
            answer = call(*args)
            self.moment()
            return answer

        return watched


def _empty(simulator: Simulator, session: Session) -> None:
    simulator.do(lambda line: line.reset(keep_people=False))
    session.execute(delete(PublishedMenu))
    session.execute(delete(Person))
    session.commit()


@pytest.mark.slow
def test_a_run_killed_at_any_moment_is_completed_by_the_next(
    simulator: Simulator,
    job: Jobs,
    club: Club,
    session: Session,
    sessions: sessionmaker[Session],
    database_url: str,
    evidence: Callable[[str], None],
) -> None:
    """Replacing two menus, killed (-9) before every statement and commit, before and after every call to LINE: people see a
    whole menu, and the next run completes it."""
    old, new = small(club, languages=["th"]), small(club, languages=["th"], changed=CHANGED)
    for fatal in itertools.count(1):
        _empty(simulator, session)
        (member,) = people(simulator, session, "member.th.main")
        publish(job(old))
        if not killed_at(database_url, fatal, partial(_publish, club, new, simulator.url)):
            break
        assert str(seen(simulator, member)).startswith("member.th.main@"), f"killed at moment {fatal}"
        _publish_when_free(job(new))
        assert_whole(simulator, sessions, club, new)
        assert seen(simulator, member) == f"member.th.main@{new[1].digest}", f"killed at moment {fatal}"
    assert_whole(simulator, sessions, club, new)
    # 3 questions, 2 x (validate, create, upload, alias), default, bulk link and 2 deletions are 15 calls, each two moments.
    assert fatal > 40
    evidence(f"publishing menus: killed at {fatal - 1} points")


def _publish(club: Club, drawn: Sequence[Drawn], url: str, engine: Engine) -> None:
    publish(Job(club, drawn, Line("token", url, url), make_sessions(engine), NOON, lambda sentence: None))


def _publish_when_free(job: Job) -> None:
    """The server needs a moment to see that whoever held the lock is dead."""
    for _ in range(200):
        try:
            return publish(job)
        except Busy:
            time.sleep(0.01)
    raise AssertionError("the lock of a dead process is still held")


def test_a_first_run_killed_after_each_call_is_completed_by_the_next(
    simulator: Simulator, line: Line, job: Jobs, club: Club, session: Session, sessions: sessionmaker[Session]
) -> None:
    drawn = small(club, languages=["th"])
    for fatal in range(2, 40, 2):
        _empty(simulator, session)
        wire = Wire(line)
        wire.fatal = fatal
        with suppress(Killed):
            publish(job(drawn, line=wire))
        publish(job(drawn))
        assert_whole(simulator, sessions, club, drawn)
    assert wire.seen < 38, "the last round was not killed: every call has had its turn"


def test_a_creation_that_never_came_to_be_counts_as_an_attempt(
    simulator: Simulator, line: Line, job: Jobs, club: Club, session: Session
) -> None:
    """LINE counts requests: what was asked in vain is counted with the rest of the hour."""
    drawn = small(club, languages=["th"])
    wire = Wire(line)
    wire.fatal = 2 * (3 + len(drawn)) + 1  # after the three questions and the validations: before the first creation
    with pytest.raises(Killed):
        publish(job(drawn, line=wire))
    assert not simulator.do(lambda line: line.menus.all)
    publish(job(drawn))
    assert ledger.room(session, club.key, PublishedMenu.created_at, NOON) == 100 - 4


RUN = """
import os, signal, sys
from bot.line import Line
from benefits.vault import Vault
from clubs import load_club
from clubs.catalogue import SHIPPED
from database.engine import make_engine, make_sessions
from richmenu.job import Job
from richmenu.publishing import publish
from tests.factories import NOON
from tests.richmenu.conftest import small

class Mortal(Line):
    uploads = 0
    def upload_menu_image(self, *args):
        super().upload_menu_image(*args)
        self.uploads += 1
        if self.uploads == 2:
            os.kill(os.getpid(), signal.SIGKILL)

url, database = sys.argv[1:]
sessions = make_sessions(make_engine(database))
club = load_club(SHIPPED / "family_club.toml")
publish(Job(club, small(club), Mortal("token", url, url), sessions, NOON, print))
"""


@pytest.mark.slow
def test_a_process_killed_while_publishing_leaves_no_lock_and_no_orphan(
    simulator: Simulator, job: Jobs, club: Club, sessions: sessionmaker[Session], database_url: str
) -> None:
    """The same with a real kill -9: what the process held, the database lets go."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUN, simulator.url, database_url]
    died = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert simulator.do(lambda line: len(line.menus.all)) == 2
    publish(job())
    assert_whole(simulator, sessions, club, small(club))
