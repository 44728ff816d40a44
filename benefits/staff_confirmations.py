"""Two persons are two persons: after a change of a colleague's sign-in or rights, what needs a second person waits.

An administrator who resets an approver holds the one-time password, and could approve as them. So after a colleague was
added, enabled, reset, or given a role that counts, everything of theirs that needs a second person (approving offers,
corrections of stars, signing rounds, late undos, and asking for any of these) waits in that club until a second
administrator confirms the change, or a day has passed. Whoever the change rests on cannot confirm it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from benefits import staff_notices
from benefits.journal import note
from benefits.refusal import Refusal
from benefits.staff_changes import Actor, StaffRefusal, lock_change
from models import Staff, StaffChat, StaffConfirmation

WAIT = timedelta(days=1)
COUNTING = frozenset({"support", "marketer", "approver", "finance", "admin"})
"""Roles whose giving has to be confirmed: one half of a deed of two persons each, or the right to confirm."""


class AwaitsConfirmation(Refusal):
    """Their sign-in or rights were changed (`cause`, at `made_at`): this waits for a second administrator, or for `until`."""

    rule: ClassVar[str] = "B10"

    def __init__(self, cause: str, made_at: datetime, until: datetime) -> None:
        self.cause, self.made_at, self.until = cause, made_at, until


def waiting(session: Session, *, staff_id: int, now: datetime, club: str | None = None) -> Sequence[StaffConfirmation]:
    """Changes of a colleague that still wait, the one that waits longest last; in one club, or in all."""
    query = select(StaffConfirmation).where(
        StaffConfirmation.staff_id == staff_id,
        StaffConfirmation.confirmed_by.is_(None),
        StaffConfirmation.until > now,
    )
    if club is not None:
        query = query.where(StaffConfirmation.club == club)
    return session.scalars(query.order_by(StaffConfirmation.until, StaffConfirmation.id)).all()


def refuse_while_waiting(session: Session, *, club: str, staff_id: int, now: datetime) -> None:
    """Raises `AwaitsConfirmation` while a change of this colleague waits in `club`."""
    found = waiting(session, staff_id=staff_id, now=now, club=club)
    if found:
        raise AwaitsConfirmation(found[-1].cause, found[-1].made_at, found[-1].until)


def require(
    session: Session, staff: Staff, *, clubs: Collection[str], cause: str, now: datetime, actor: Actor
) -> datetime:
    """Let what needs a second person wait in `clubs`; until when it waits if nobody confirms."""
    involved = involved_in(session, actor, now=now)
    maker = int(str(actor[1])) if actor[0] == "staff" else None
    until = now + WAIT
    session.add_all(
        StaffConfirmation(
            club=club, staff_id=staff.id, cause=cause, made_by=maker, involved=involved, made_at=now, until=until
        )
        for club in sorted(clubs)
    )
    # A code made before would connect a chat to a sign-in that is somebody else's now.
    codes = update(StaffChat).where(StaffChat.staff_id == staff.id).values(code_hash=None, code_until=None)
    session.execute(codes.execution_options(synchronize_session=False))
    session.flush()
    return until


def restart(session: Session, *, clubs: Collection[str], now: datetime, actor: Actor) -> None:
    """An administrator was locked out: what rests on the same hands waits a whole day again.

    Otherwise one administrator could lock out all others, and wait for the day to pass with nobody left to confirm.
    """
    rests = StaffConfirmation.involved.overlap(involved_in(session, actor, now=now))
    session.execute(
        update(StaffConfirmation)
        .where(StaffConfirmation.club.in_(clubs), rests)
        .where(StaffConfirmation.confirmed_by.is_(None), StaffConfirmation.until > now)
        .values(until=now + WAIT)
        .execution_options(synchronize_session=False)
    )


def involved_in(session: Session, actor: Actor, *, now: datetime) -> list[int]:
    """On whose word a change by `actor` rests: theirs, and of whoever made a change of theirs that still waits."""
    if actor[0] != "staff":
        return []
    maker = int(str(actor[1]))
    others = {number for row in waiting(session, staff_id=maker, now=now) for number in row.involved}
    return sorted({maker, *others})


def may_confirm(session: Session, row: StaffConfirmation, *, by: int, now: datetime) -> bool:
    """Whether `by`, an administrator of the club, is a second person for this change."""
    return by != row.staff_id and by not in row.involved and not waiting(session, staff_id=by, now=now)


def confirm(session: Session, staff: Staff, *, club: str, now: datetime, actor: Actor) -> int:
    """A second administrator confirms what waits about this colleague in `club`; how many changes.

    Raises `StaffRefusal` (`actor`, `own`, `nothing`, `waits`, `involved`).
    """
    lock_change(session, staff, club=club, actor=actor)
    by = int(str(actor[1]))
    found = waiting(session, staff_id=staff.id, now=now, club=club)
    if not found:
        raise StaffRefusal("nothing")
    if waiting(session, staff_id=by, now=now):
        raise StaffRefusal("waits")
    mine = [row for row in found if may_confirm(session, row, by=by, now=now)]
    if not mine:
        raise StaffRefusal("involved")
    for row in mine:
        row.confirmed_by, row.confirmed_at = by, now
    session.flush()
    facts = {"causes": sorted({row.cause for row in mine}), "left": len(found) - len(mine)}
    note(session, club=club, at=now, action="staff_confirmed", subject=("staff", staff.id), actor=actor, **facts)
    staff_notices.tell(session, staff, what="confirmed", clubs=[club], now=now, actor=actor)
    return len(mine)
