"""A5: a claim killed (-9) at every boundary leaves all of it or nothing, and pressing again gives the same answer."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, people
from clubs import Club
from models import Claim, Code, JournalEntry, Privilege
from tests import factories
from tests.factories import NOON
from tests.faults.children import forkserver
from tests.faults.crashing import Attempt, attempt
from tests.rules.test_privileges import add_codes

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Traces:
    """What a claim leaves: it must be all ones or all noughts."""

    grants: int
    stock: int
    codes: int
    notes: int


NOTHING, EVERYTHING = Traces(0, 0, 0, 0), Traces(1, 1, 1, 1)


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start in milliseconds, everything imported."""
    return forkserver()


@pytest.fixture
def url(database_url: str) -> str:
    """The database of this test, as children reach it."""
    return database_url


def scene(session: Session) -> tuple[str, int, int]:
    """A new account, its admin, and an offer with a stock and a pool: (LINE user id, privilege id, member id)."""
    nok = factories.person(session)
    shop = factories.member(session, nok)
    offer = factories.privilege(session, stock=3, pooled=True)
    add_codes(session, offer, 3)
    session.commit()
    return nok.line_user_id, offer.id, shop.id


def run(processes: ForkServerContext, job: Any, target: Callable[..., None] = attempt) -> tuple[int, int | None, int]:
    """Let a child try: its exit code, its number of boundaries if it lived, and the server process it spoke to."""
    ours, theirs = processes.Pipe()
    child = processes.Process(target=target, args=(theirs, job))
    child.start()
    theirs.close()
    backend = ours.recv()
    try:
        passed = ours.recv()
    except EOFError:
        passed = None
    child.join(20)
    assert child.exitcode is not None
    return child.exitcode, passed, backend


def settle(session: Session, backend: int) -> None:
    """Wait until the server has noticed that the child is gone: only then is the outcome decided."""
    for _ in range(200):
        gone = session.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": backend}
        ).scalar()
        session.rollback()
        if not gone:
            return
        time.sleep(0.02)
    pytest.fail("the server still serves a dead client")


def traces(session: Session, privilege_id: int) -> Traces:
    """What is there now."""
    session.rollback()
    mine = select(Claim.id).where(Claim.privilege_id == privilege_id)
    return Traces(
        grants=session.scalars(select(func.count()).where(Claim.privilege_id == privilege_id)).one(),
        stock=session.execute(select(Privilege.taken).where(Privilege.id == privilege_id)).scalar_one(),
        codes=session.scalars(
            select(func.count()).where(Code.privilege_id == privilege_id, Code.claim_id.is_not(None))
        ).one(),
        notes=session.scalars(
            select(func.count()).where(JournalEntry.subject_kind == "claim", JournalEntry.subject_id.in_(mine))
        ).one(),
    )


def press_again(
    sessions: sessionmaker[Session], club: Club, user: str, privilege_id: int, member_id: int
) -> tuple[bool, int]:
    """The same button, after the crash: (created, claim id)."""
    with sessions() as session:
        person = people.meet(session, club=club, line_user_id=user, now=NOON)
        made = claims.claim(session, club=club, person=person, privilege_id=privilege_id, member_id=member_id, now=NOON)
        session.commit()
        return made.created, made.claim.id


def test_a5_killed_at_every_boundary_a_claim_is_whole_or_absent(
    processes: ForkServerContext,
    sessions: sessionmaker[Session],
    club: Club,
    url: str,
    evidence: Callable[[str], None],
) -> None:
    """A5: grant, stock, code and journal: all or none; and pressing again gives one claim, always the same."""
    with sessions() as session:
        user, offer, shop = scene(session)
        exit_code, boundaries, _ = run(processes, Attempt(url, user, offer, shop, die_at=0))
        assert exit_code == 0
        assert boundaries is not None
        assert boundaries > 20
        outcomes = list[Traces]()
        for die_at in range(1, boundaries + 1):
            user, offer, shop = scene(session)
            exit_code, _, backend = run(processes, Attempt(url, user, offer, shop, die_at=die_at))
            assert exit_code == -signal.SIGKILL, f"boundary {die_at} of {boundaries} was not reached"
            settle(session, backend)
            left = traces(session, offer)
            assert left in (NOTHING, EVERYTHING), f"killed at boundary {die_at} of {boundaries}: {left}"
            outcomes.append(left)
            created, claim_id = press_again(sessions, club, user, offer, shop)
            assert created is (left == NOTHING)
            assert press_again(sessions, club, user, offer, shop) == (False, claim_id)
            assert traces(session, offer) == EVERYTHING
    # The last boundary is after the commit: there, and only from there, everything must stand.
    assert outcomes[-1] == EVERYTHING
    assert outcomes[-2] == NOTHING
    evidence(f"claiming: killed at {len(outcomes)} points of {boundaries}")


def test_a5_control_a_claim_torn_in_two_transactions_is_seen(
    processes: ForkServerContext, sessions: sessionmaker[Session], club: Club, url: str
) -> None:
    """A3 of A5: with a commit in the middle, some boundary must leave half a claim, else the test above proves nothing."""
    with sessions() as session:
        for die_at in range(18, 60):  # the grant is about there
            user, offer, shop = scene(session)
            exit_code, _, backend = run(processes, Attempt(url, user, offer, shop, die_at=die_at, torn=True))
            settle(session, backend)
            if traces(session, offer) not in (NOTHING, EVERYTHING):
                return
            if exit_code != -signal.SIGKILL:
                break
    pytest.fail("no half claim appeared: this harness cannot see a torn one")
