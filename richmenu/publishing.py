"""Publishing a club's menus: change only what differs, never show half, go on where an earlier run stopped.

The order is what makes it safe. New menus are created beside the old ones; aliases and the default move to them one
call at a time, each always pointing at a whole menu; one commit makes them the live ones; people are linked again; only
then are the old ones deleted. Killed anywhere, the next run completes it. Refused on the way, it goes back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.line import LineError, Unknown
from richmenu import ledger
from richmenu.finishing import finish
from richmenu.job import Busy, Job, PublishError
from richmenu.making import make, switch
from richmenu.plan import AtLine, Plan, make_plan, survey
from richmenu.rollback import roll_back


def publish(job: Job) -> None:
    """Bring LINE to what is drawn. Raises a `PublishError` that says how things stand; running again is always right."""
    with _alone(job):
        at_line = _ask_line(job)
        with job.sessions.begin() as session:
            plan = _plan(job, session, at_line)
        for sentence in plan.sentences():
            job.say(sentence)
        try:
            make(job, plan.new)
            switch(job, at_line)
        except (LineError, Unknown) as error:
            roll_back(job, at_line, error)
        with job.sessions.begin() as session:
            changed = ledger.go_live(session, club=job.club, wanted=job.wanted)
        if changed:
            job.say(f"live: {', '.join(changed)}")
        finish(job, at_line)


def dry_run(job: Job) -> Plan:
    """What `publish` would do, with nothing changed here or at LINE. Raises `PublishError` when LINE does not answer."""
    at_line = _ask_line(job)
    with job.sessions() as session:
        plan = _plan(job, session, at_line)
        session.rollback()
    return plan


@contextmanager
def _alone(job: Job) -> Iterator[None]:
    """One publication of a club at a time. The lock goes with its connection, however this process ends."""
    with job.sessions() as session:
        name = func.hashtextextended(f"richmenu publish {job.club.key}", 0)
        if not session.scalar(select(func.pg_try_advisory_xact_lock(name))):
            raise Busy(f"the menus of {job.club.key} are being published by another process: wait for it to end")
        yield


def _ask_line(job: Job) -> AtLine:
    try:
        return survey(job.line, job.club.key)
    except (LineError, Unknown) as error:
        raise PublishError(f"LINE did not tell its menus ({error}): nothing was changed, run again") from error


def _plan(job: Job, session: Session, at_line: AtLine) -> Plan:
    ledger.reconcile(session, club=job.club.key, wanted=job.wanted, listed=at_line.ours, now=job.now)
    return make_plan(session, job.club, job.drawn, at_line, job.now)
