"""An offer's job in a process of its own that kills itself (-9) at the boundary it is told: SQL, commit, call of LINE."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

import jobs.offering
from benefits.offers import preparing
from benefits.vault import Vault
from bot.line import Line
from clubs import Club
from database.engine import make_engine, make_sessions
from jobs.offering import Offering
from models import Offer
from tests.conftest import TEST_KEYS
from tests.conversations.chat import TOKEN
from tests.factories import NOON
from tests.faults.crashing import CLUB

SIZE = 2
"""People in a batch: three batches of two show what three of 500 would."""


class Plain:
    """Words an offer without reading anything: the boundaries are the job's own."""

    def body(self, session: Session, club: Club, offer: Offer, language: str, *, now: datetime) -> list[Any]:
        """The offer's name."""
        return [{"type": "text", "text": f"{offer.id}"}]

    def bodies(
        self, session: Session, club: Club, offer: Offer, readers: Mapping[int, str], *, now: datetime
    ) -> dict[int, list[Any] | None]:
        """The person's number, too."""
        return {person: [{"type": "text", "text": f"{offer.id} {person}"}] for person in readers}


@dataclass(frozen=True)
class Run:
    """Where; and the boundary to die at, from 1 (0: none)."""

    database_url: str
    line_url: str
    die_at: int


def job_at(database_url: str, line: Line) -> Offering:
    """The job with small batches, two at once."""
    preparing.BATCH, jobs.offering.AT_ONCE = SIZE, 2
    sessions = make_sessions(make_engine(database_url, pool_size=5), vault=Vault(TEST_KEYS))
    return Offering(sessions, {CLUB.key: CLUB}, {CLUB.key: line}, Plain(), lambda: NOON, lambda: 0.5, threads=2)


def send(pipe: Connection, run: Run) -> None:
    """Run the job, or die on the way; then tell the number of boundaries."""
    line = Line(TOKEN, run.line_url, run.line_url)
    job = job_at(run.database_url, line)
    passed, lock = [0], threading.Lock()

    def boundary(*_: Any) -> None:
        with lock:
            passed[0] += 1
            if passed[0] == run.die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    engine = job.sessions.kw["bind"]
    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, boundary)
    event.listen(Session, "after_commit", boundary)
    call = line._call

    def called(*args: Any, **values: Any) -> Any:
        boundary()
        try:
            return call(*args, **values)
        finally:
            boundary()

    line._call = called  # type: ignore[method-assign]
    job.run()
    pipe.send(passed[0])
