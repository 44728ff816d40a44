"""Telling colleagues in their LINE chats that somebody's sign-in or rights were changed: the colleague and every administrator.

A notice holds numbers only; names are looked up when it is worded. The console's home page says the same to who has no chat.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from benefits import notices
from benefits.staff_changes import Actor
from models import Person, Staff, StaffChat, StaffRole

CHANGED = "staff_changed"
"""The kind of notice: facts `what`, `staff`, `by` (none: by command), `until` (none: nothing waits)."""


def tell(
    session: Session,
    staff: Staff,
    *,
    what: str,
    clubs: Collection[str],
    now: datetime,
    actor: Actor,
    until: datetime | None = None,
) -> None:
    """Leave a notice, to be pushed at once, to the colleague and the administrators of each club who connected a chat.

    `what`: `added`, `roles`, `enabled`, `reset`, `disabled` or `confirmed`. Whoever made the change is told as well: it
    may have been made under their name.
    """
    administers = exists().where(
        StaffRole.staff_id == StaffChat.staff_id, StaffRole.club == StaffChat.club, StaffRole.role == "admin"
    )
    reached = or_(StaffChat.staff_id == staff.id, administers & Staff.active)
    _leave(session, staff, reached, what=what, clubs=clubs, now=now, actor=actor, until=until)


def tell_owner(session: Session, staff: Staff, *, what: str, clubs: Collection[str], now: datetime) -> None:
    """Leave a notice to the colleague about a change under their own sign-in: `password`, `factor` or `codes`."""
    mine = StaffChat.staff_id == staff.id
    _leave(session, staff, mine, what=what, clubs=clubs, now=now, actor=("staff", staff.id), until=None)


def _leave(
    session: Session, staff: Staff, reached: object, *, what: str, clubs: Collection[str], now: datetime, actor: Actor,
    until: datetime | None,
) -> None:  # fmt: skip
    chats = select(Person).join(StaffChat, StaffChat.person_id == Person.id)
    chats = chats.join(Staff, Staff.id == StaffChat.staff_id).where(StaffChat.club.in_(clubs), reached)  # type: ignore[arg-type]
    facts = {"what": what, "staff": staff.id, "by": actor[1], "until": until.isoformat() if until else None}
    for person in session.scalars(chats.order_by(Person.id)):
        key = f"{CHANGED}:{what}:{staff.id}:{now.isoformat()}"
        notices.wait(session, person=person, kind=CHANGED, key=key, facts=facts, now=now, push_at=now)
