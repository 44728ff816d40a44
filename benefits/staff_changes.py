"""What every change of a colleague's sign-in or rights has in common: its locks, who may make it, the sessions it ends.

Changes of colleagues run one after another: each locks the rows of the colleague and of whoever makes it, then the
administrators of the clubs it touches, always in this order and by number, and looks at what is there only then. So two
administrators who disable each other at once do not leave a club without one (B10).
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import ClassVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from benefits.refusal import Refusal
from benefits.signin import end_sessions
from models import Staff, StaffRole

Actor = tuple[str, object]
"""(kind, id) as the journal names it: `("staff", id)` in the console, `("system", None)` by command."""


class StaffRefusal(Refusal):
    """A change among colleagues that cannot be made; `why` says which:

    `email`, `name`, `taken`, `role` (what was typed) · `last_admin` (`club` would have none) · `actor` (whoever makes it
    is no administrator any more) · `elsewhere` (the colleague works for a club the actor does not administer) · `own` ·
    `involved` and `waits` (may not confirm: made it, or has a change of their own to be confirmed) · `nothing` (to confirm).
    """

    rule: ClassVar[str] = "B10"

    def __init__(self, why: str, club: str = "") -> None:
        self.why, self.club = why, club


def roles_in(staff: Staff, club: str) -> frozenset[str]:
    """What they are in `club`. Roles in one club say nothing about another."""
    return frozenset(grant.role for grant in staff.grants if grant.club == club)


def clubs_of(staff: Staff) -> list[str]:
    """The keys of the clubs they have a role in."""
    return sorted({grant.club for grant in staff.grants})


def lock_change(session: Session, staff: Staff | None, *, club: str, actor: Actor, everywhere: bool = False) -> None:
    """Wait for other changes, then read `staff` (none: a new colleague) as they are now, and check the actor.

    `everywhere`: the change counts in every club the colleague works for. Raises `StaffRefusal` (`actor`, `own`,
    `elsewhere`).
    """
    maker = _id_of(actor)
    numbers = sorted({number for number in (maker, staff.id if staff else None) if number is not None})
    session.execute(select(Staff.id).where(Staff.id.in_(numbers)).order_by(Staff.id).with_for_update(key_share=True))
    if staff is not None:
        session.refresh(staff)
        session.refresh(staff, ["grants"])
    clubs = {club, *(clubs_of(staff) if staff else [])}
    _lock_administrators(session, clubs)
    if maker is not None:
        _check_maker(session, maker, staff, club, clubs if everywhere else {club})


def keep_an_admin(session: Session, staff: Staff, *, club: str, now: datetime) -> None:
    """Somebody else who can sign in stays administrator of `club`. Call it under `lock_change`. Raises `StaffRefusal`."""
    others = (
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.club == club, StaffRole.role == "admin", StaffRole.staff_id != staff.id, Staff.active)
        # A one-time password that ran out lets nobody in.
        .where(or_(Staff.password_until.is_(None), Staff.password_until > now))
    )
    if session.scalar(others.limit(1)) is None:
        raise StaffRefusal("last_admin", club)


def sign_out_everywhere(session: Session, staff: Staff, *, now: datetime) -> int:
    """End every session of theirs, those included that are being begun at this moment; how many there were."""
    staff.fs_uniquifier = secrets.token_hex(32)
    session.flush()
    return end_sessions(session, staff.id, now=now)


def _lock_administrators(session: Session, clubs: Collection[str]) -> None:
    admins = select(StaffRole.id).where(StaffRole.club.in_(clubs), StaffRole.role == "admin").order_by(StaffRole.id)
    session.execute(admins.with_for_update())


def _check_maker(session: Session, maker: int, staff: Staff | None, club: str, clubs: Collection[str]) -> None:
    """Who makes the change may have lost the right to while it waited for the lock."""
    if staff is not None and staff.id == maker:
        raise StaffRefusal("own")
    held = select(StaffRole.club).join(Staff, Staff.id == StaffRole.staff_id)
    administered = set(
        session.scalars(
            held.where(
                StaffRole.staff_id == maker, StaffRole.role == "admin", Staff.active, Staff.password_until.is_(None)
            )
        )
    )
    if club not in administered:
        raise StaffRefusal("actor")
    if not set(clubs) <= administered:
        raise StaffRefusal("elsewhere")


def _id_of(actor: Actor) -> int | None:
    return int(str(actor[1])) if actor[0] == "staff" else None
