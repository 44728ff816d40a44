"""A claim in a process of its own that kills itself at the boundary it is told: before or after a statement or the commit."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from unittest import mock

from sqlalchemy import event
from sqlalchemy.orm import Session

from benefits import claims, people
from benefits.vault import Vault
from clubs import load_club
from clubs.catalogue import SHIPPED
from database.engine import make_engine, make_sessions
from models import queries
from models.queries import Query, Values
from tests.conftest import TEST_KEYS
from tests.factories import NOON

CLUB = load_club(SHIPPED / "family_club.toml")


@dataclass(frozen=True)
class Attempt:
    """Who claims what, where; `die_at` is the boundary's number, from 1 (0: none); `torn` breaks the transaction in two."""

    url: str
    line_user_id: str
    privilege_id: int
    member_id: int
    die_at: int
    torn: bool = False


def attempt(pipe: Connection, job: Attempt) -> None:
    """Claim and commit, or die on the way. Sends (backend pid), then, if it lives, the number of boundaries."""
    engine = make_engine(job.url, pool_size=1)
    with make_sessions(engine, vault=Vault(TEST_KEYS))() as session:
        pipe.send(session.connection().connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
        passed = arm(session, job.die_at)
        if job.torn:
            _tear(session)
        person = people.meet(session, club=CLUB, line_user_id=job.line_user_id, now=NOON)
        claims.claim(
            session, club=CLUB, person=person, privilege_id=job.privilege_id, member_id=job.member_id, now=NOON
        )
        session.commit()
    pipe.send(passed[0])


def arm(session: Session, die_at: int) -> list[int]:
    """Kill this process at the `die_at`-th boundary of the session's connection; the list's one number counts them."""
    passed = [0]

    def boundary(*_: Any) -> None:
        passed[0] += 1
        if passed[0] == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    connection = session.connection()
    for name in ("before_cursor_execute", "after_cursor_execute", "savepoint", "release_savepoint", "commit"):
        event.listen(connection, name, boundary)
    event.listen(session, "after_commit", boundary)
    return passed


def _tear(session: Session) -> None:
    """The fault this test must be able to see: something commits between the grant and its journal note."""
    ask = queries.ask

    def torn(session: Session, *asked: tuple[Query, Values]) -> list[list[tuple[Any, ...]]]:
        if claims._GRANT not in [query for query, _ in asked]:
            return ask(session, *asked)
        granted = ask(session, *asked[:2])
        session.connection().connection.driver_connection.execute("COMMIT")  # type: ignore[union-attr]
        return granted + ask(session, *asked[2:])

    mock.patch.object(claims, "ask", torn).start()  # for good: this process is about to die
