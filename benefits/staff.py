"""Colleagues and what each may do, club by club. Every change of rights is in the journal; e-mail addresses never are."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.refusal import Refusal
from benefits.signin import end_sessions, one_time_secret
from models import RecoveryCode, Staff, StaffRole
from models.staff import ROLES

FACTOR_ROLES = frozenset({"approver", "finance", "admin"})
"""Who holds one of these anywhere needs a second factor."""
ONE_TIME_PASSWORD_LASTS = timedelta(days=3)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,60}")
NAME_LONGEST = 80
Actor = tuple[str, object]


class StaffRefusal(Refusal):
    """A change among colleagues that cannot be: `why` is one of `email`, `name`, `taken`, `role`, `last_admin`."""

    rule: ClassVar[str] = "B10"

    def __init__(self, why: str) -> None:
        self.why = why


def staff_of(session: Session, email: str) -> Staff | None:
    """The colleague who signs in with `email`, however it is written."""
    return session.scalar(select(Staff).where(Staff.email == email.strip().lower()))


def roles_in(staff: Staff, club: str) -> frozenset[str]:
    """What she is in `club`. Roles in one club say nothing about another."""
    return frozenset(grant.role for grant in staff.grants if grant.club == club)


def needs_factor(staff: Staff) -> bool:
    """Whether a second factor is demanded: by a role that decides, or because she set one up."""
    return staff.tf_totp_secret is not None or any(grant.role in FACTOR_ROLES for grant in staff.grants)


def add(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    club: str,
    roles: Collection[str],
    now: datetime,
    actor: Actor = ("system", None),
    one_time: bool = True,
) -> Staff:
    """A new colleague with roles in `club`; `password` is a hash, and `one_time` unless she typed it herself.

    Raises `StaffRefusal` (`email`, `name`, `taken`, `role`).
    """
    email, name = email.strip().lower(), name.strip()
    if not EMAIL.fullmatch(email):
        raise StaffRefusal("email")
    if not 1 <= len(name) <= NAME_LONGEST:
        raise StaffRefusal("name")
    if staff_of(session, email) is not None:
        raise StaffRefusal("taken")
    staff = Staff(
        email=email,
        name=name,
        password=password,
        password_until=now + ONE_TIME_PASSWORD_LASTS if one_time else None,
        fs_uniquifier=secrets.token_hex(32),
        created_at=now,
    )
    session.add(staff)
    session.flush()
    note(session, club=club, at=now, action="staff_added", subject=("staff", staff.id), actor=actor)
    set_roles(session, staff, club=club, roles=roles, now=now, actor=actor)
    return staff


def set_roles(
    session: Session, staff: Staff, *, club: str, roles: Collection[str], now: datetime, actor: Actor
) -> None:
    """Her roles in `club` are exactly `roles` from the next request on (B10). Raises `StaffRefusal` (`role`, `last_admin`)."""
    wanted = frozenset(roles)
    if not wanted <= frozenset(ROLES):
        raise StaffRefusal("role")
    session.execute(select(StaffRole.id).where(StaffRole.club == club, StaffRole.role == "admin").with_for_update())
    session.refresh(staff, ["grants"])
    had = roles_in(staff, club)
    if "admin" in had - wanted:
        _keep_an_admin(session, staff, club)
    if had == wanted:
        return
    session.execute(
        delete(StaffRole).where(
            StaffRole.staff_id == staff.id, StaffRole.club == club, StaffRole.role.in_(had - wanted)
        )
    )
    session.add_all(StaffRole(staff_id=staff.id, club=club, role=role) for role in sorted(wanted - had))
    session.flush()
    session.refresh(staff, ["grants"])
    facts = {"given": sorted(wanted - had), "taken": sorted(had - wanted)}
    note(session, club=club, at=now, action="staff_roles", subject=("staff", staff.id), actor=actor, **facts)


def disable(session: Session, staff: Staff, *, club: str, now: datetime, actor: Actor) -> None:
    """She may no longer sign in, and every session of hers is over. Raises `StaffRefusal` (`last_admin`)."""
    for role in [grant for grant in staff.grants if grant.role == "admin"]:
        _keep_an_admin(session, staff, role.club)
    staff.active = False
    ended = end_sessions(session, staff.id, now=now)
    note(session, club=club, at=now, action="staff_disabled", subject=("staff", staff.id), actor=actor, sessions=ended)


def enable(session: Session, staff: Staff, *, club: str, now: datetime, actor: Actor) -> None:
    """She may sign in again, with the roles she had."""
    staff.active = True
    note(session, club=club, at=now, action="staff_enabled", subject=("staff", staff.id), actor=actor)


def set_password(session: Session, staff: Staff, password: str, *, now: datetime, clubs: Collection[str]) -> None:
    """Her own new password (a hash): every session is over, the one that changed it included (C14)."""
    staff.password, staff.password_until, staff.fs_uniquifier = password, None, secrets.token_hex(32)
    end_sessions(session, staff.id, now=now)
    for club in clubs:
        note(
            session, club=club, at=now, action="password_changed", subject=("staff", staff.id),
            actor=("staff", staff.id),
        )  # fmt: skip


def reset(session: Session, staff: Staff, *, club: str, password: str, now: datetime, actor: Actor) -> None:
    """A one-time password (a hash) instead of her own, and no second factor until she sets one up anew."""
    staff.password, staff.password_until = password, now + ONE_TIME_PASSWORD_LASTS
    staff.fs_uniquifier = secrets.token_hex(32)
    staff.tf_totp_secret = staff.tf_last_counter = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    ended = end_sessions(session, staff.id, now=now)
    note(session, club=club, at=now, action="staff_reset", subject=("staff", staff.id), actor=actor, sessions=ended)


def new_password() -> str:
    """A password to be used once, for choosing one's own."""
    return one_time_secret()


def _keep_an_admin(session: Session, staff: Staff, club: str) -> None:
    others = (
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.club == club, StaffRole.role == "admin", StaffRole.staff_id != staff.id, Staff.active)
    )
    if session.scalar(others.limit(1)) is None:
        raise StaffRefusal("last_admin")
