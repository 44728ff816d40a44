"""Processes that press Claim, note what they were told, and may be killed at any moment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, people
from benefits.refusal import Refusal
from benefits.vault import Vault
from clubs import load_club
from clubs.catalogue import SHIPPED
from database.engine import make_engine, make_sessions
from tests.conftest import TEST_KEYS
from tests.factories import NOON
from tests.faults.history import Notebook, Press, read

THINKING = 0.03
"""Seconds between presses: on a quick machine, too, they last longer than the faults are apart."""
CLUB = load_club(SHIPPED / "family_club.toml")


def work(url: str, notes: Path, presses: Sequence[Press]) -> None:
    """Make these presses in order, but those that the notes say were begun: the one that was cut short stays unknown."""
    known = {told.press.number for told in read(notes)}
    notebook = Notebook(notes)
    sessions = make_sessions(make_engine(url, pool_size=1), vault=Vault(TEST_KEYS))
    for press in presses:
        if press.number not in known:
            _until_there(sessions)
            notebook.begin(press)
            told, claim = attempt(sessions, press)
            notebook.end(press, told, claim)
            time.sleep(THINKING)


def attempt(sessions: sessionmaker[Session], press: Press) -> tuple[str, int | None]:
    """Claim and commit, as the webhook does it: `ok` and the claim, a refusal's name, or `unknown`."""
    try:
        with sessions() as session:
            try:
                person = people.meet(session, club=CLUB, line_user_id=press.line_user_id, now=NOON)
                made = claims.claim(
                    session,
                    club=CLUB,
                    person=person,
                    privilege_id=press.privilege,
                    member_id=press.member,
                    slot=press.slot,
                    now=NOON,
                )
                told, claim = "ok", made.claim.id
            except Refusal as refusal:
                told, claim = type(refusal).__name__, None
            session.commit()
            return told, claim
    except (DBAPIError, PoolTimeout):
        return "unknown", None


def _until_there(sessions: sessionmaker[Session]) -> None:
    """Wait for a server that is being restarted: a press into nothing would say nothing."""
    while True:
        try:
            with sessions() as session:
                session.execute(select(1))
            return
        except (DBAPIError, PoolTimeout):
            time.sleep(0.05)
