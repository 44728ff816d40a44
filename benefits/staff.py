"""Colleagues and what each may do, club by club. Every change of rights is in the journal; e-mail addresses never are.

What each change has in common is in `staff_changes` (locks, last administrator, sessions), what has to wait for a second
administrator afterwards in `staff_confirmations`, who is told in `staff_notices`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits import staff_confirmations, staff_notices
from benefits.journal import note
from benefits.signin import new_recovery_codes, one_time_secret
from benefits.staff_changes import (
    Actor,
    StaffRefusal,
    clubs_of,
    keep_an_admin,
    lock_change,
    roles_in,
    sign_out_everywhere,
)
from models import RecoveryCode, Staff, StaffRole
from models.staff import ROLES

__all__ = ["Actor", "StaffRefusal", "clubs_of", "roles_in"]

FACTOR_ROLES = frozenset({"approver", "finance", "admin"})
"""Who holds one of these anywhere needs a second factor."""
ONE_TIME_PASSWORD_LASTS = timedelta(days=3)
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,60}")
NAME_LONGEST = 80
SYSTEM: Actor = ("system", None)


def staff_of(session: Session, email: str) -> Staff | None:
    """The colleague who signs in with `email`, however it is written."""
    return session.scalar(select(Staff).where(Staff.email == email.strip().lower()))


def needs_factor(staff: Staff) -> bool:
    """Whether a second factor is demanded: by a role that decides, or because they set one up."""
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
    actor: Actor = SYSTEM,
    one_time: bool = True,
) -> Staff:
    """A new colleague with roles in `club`; `password` is a hash, and `one_time` unless they typed it themselves.

    Raises `StaffRefusal` (`email`, `name`, `taken`, `role`, `actor`).
    """
    email, name = email.strip().lower(), name.strip()
    if not EMAIL.fullmatch(email):
        raise StaffRefusal("email")
    if not 1 <= len(name) <= NAME_LONGEST:
        raise StaffRefusal("name")
    lock_change(session, None, club=club, actor=actor)
    until = now + ONE_TIME_PASSWORD_LASTS if one_time else None
    values = {
        "email": email, "name": name, "password": password, "password_until": until,
        "fs_uniquifier": secrets.token_hex(32), "created_at": now,
    }  # fmt: skip
    made = session.scalar(insert(Staff).values(values).on_conflict_do_nothing().returning(Staff.id))
    if made is None:
        raise StaffRefusal("taken")
    staff = session.get_one(Staff, made)
    _note(session, staff, "staff_added", club, now, actor)
    _give(session, staff, club, roles, now, actor)
    _tell(session, staff, "added", {club}, now, actor)
    return staff


def set_roles(
    session: Session, staff: Staff, *, club: str, roles: Collection[str], now: datetime, actor: Actor
) -> None:
    """Their roles in `club` are exactly `roles` from the next request on, and every session of theirs is over (B10).

    Raises `StaffRefusal` (`role`, `last_admin`, `actor`, `own`).
    """
    lock_change(session, staff, club=club, actor=actor)
    had = roles_in(staff, club)
    if "admin" in had - frozenset(roles):
        keep_an_admin(session, staff, club=club, now=now)
    given = _give(session, staff, club, roles, now, actor)
    if had == roles_in(staff, club):
        return
    sign_out_everywhere(session, staff, now=now)
    if "admin" in had - frozenset(roles):
        staff_confirmations.restart(session, clubs={club}, now=now, actor=actor)
    if given & staff_confirmations.COUNTING:
        _tell(session, staff, "roles", {club}, now, actor)
    else:
        staff_notices.tell(session, staff, what="roles", clubs={club}, now=now, actor=actor)


def disable(session: Session, staff: Staff, *, club: str, now: datetime, actor: Actor) -> None:
    """They may no longer sign in, and every session of theirs is over. Who is disabled already stays so.

    Raises `StaffRefusal` (`last_admin`, `actor`, `own`, `elsewhere`).
    """
    lock_change(session, staff, club=club, actor=actor, everywhere=True)
    if not staff.active:
        return
    administered = [grant.club for grant in staff.grants if grant.role == "admin"]
    for administers in administered:
        keep_an_admin(session, staff, club=administers, now=now)
    staff.active = False
    ended = sign_out_everywhere(session, staff, now=now)
    staff_confirmations.restart(session, clubs=administered, now=now, actor=actor)
    _note(session, staff, "staff_disabled", club, now, actor, sessions=ended)
    staff_notices.tell(session, staff, what="disabled", clubs={club, *clubs_of(staff)}, now=now, actor=actor)


def enable(session: Session, staff: Staff, *, club: str, now: datetime, actor: Actor) -> None:
    """They may sign in again, with the roles they had; what needs a second person waits to be confirmed. Who was never
    disabled is left as they are.

    Raises `StaffRefusal` (`actor`, `own`, `elsewhere`).
    """
    lock_change(session, staff, club=club, actor=actor, everywhere=True)
    if staff.active:
        return
    staff.active = True
    sign_out_everywhere(session, staff, now=now)
    _note(session, staff, "staff_enabled", club, now, actor)
    _tell(session, staff, "enabled", {club, *clubs_of(staff)}, now, actor)


def reset(session: Session, staff: Staff, *, club: str, password: str, now: datetime, actor: Actor) -> None:
    """A one-time password (a hash) instead of their own, and no second factor until they set one up anew; what needs a
    second person waits to be confirmed. Raises `StaffRefusal` (`actor`, `own`, `elsewhere`)."""
    lock_change(session, staff, club=club, actor=actor, everywhere=True)
    staff.password, staff.password_until = password, now + ONE_TIME_PASSWORD_LASTS
    staff.tf_totp_secret = staff.tf_last_counter = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    ended = sign_out_everywhere(session, staff, now=now)
    administered = [grant.club for grant in staff.grants if grant.role == "admin"]
    staff_confirmations.restart(session, clubs=administered, now=now, actor=actor)
    _note(session, staff, "staff_reset", club, now, actor, sessions=ended)
    _tell(session, staff, "reset", {club, *clubs_of(staff)}, now, actor)


def set_password(
    session: Session, staff: Staff, password: str, *, signed_in_to: str, now: datetime, clubs: Collection[str]
) -> None:
    """Their own new password (a hash): every session is over, the one that changed it included (C14).

    `signed_in_to` is the `fs_uniquifier` of the sign-in that changes it. Raises `StaffRefusal` (`actor`) when it is over:
    an administrator may have reset it in this very moment.
    """
    _lock_own(session, staff, signed_in_to)
    first = staff.password_until is not None
    staff.password, staff.password_until = password, None
    sign_out_everywhere(session, staff, now=now)
    _own(session, staff, "password_changed", "" if first else "password", now, clubs, first=first)


def set_factor(
    session: Session,
    staff: Staff,
    *,
    secret: str,
    counter: int,
    signed_in_to: str,
    now: datetime,
    clubs: Collection[str],
) -> list[str]:
    """A second factor (sealed, its first code of step `counter` taken), instead of the one they had; ten new recovery codes.

    Every session of theirs is over. Raises `StaffRefusal` (`actor`), as `set_password` does.
    """
    _lock_own(session, staff, signed_in_to)
    replaced = staff.tf_totp_secret is not None
    staff.tf_totp_secret, staff.tf_last_counter = secret, counter
    codes = new_recovery_codes(session, staff)
    sign_out_everywhere(session, staff, now=now)
    action = "second_factor_replaced" if replaced else "second_factor_set_up"
    _own(session, staff, action, "factor" if replaced else "", now, clubs)
    return codes


def set_recovery_codes(
    session: Session, staff: Staff, *, signed_in_to: str, now: datetime, clubs: Collection[str]
) -> list[str]:
    """Ten new recovery codes; the former ones are void, and every session of theirs is over.

    Raises `StaffRefusal` (`actor`), as `set_password` does.
    """
    _lock_own(session, staff, signed_in_to)
    codes = new_recovery_codes(session, staff)
    sign_out_everywhere(session, staff, now=now)
    _own(session, staff, "recovery_codes_made", "codes", now, clubs)
    return codes


def new_password() -> str:
    """A password to be used once, for choosing one's own."""
    return one_time_secret()


def _give(
    session: Session, staff: Staff, club: str, roles: Collection[str], now: datetime, actor: Actor
) -> frozenset[str]:
    """Exactly `roles` in `club`, with a line in the journal if they differ; those that are new. Under the locks."""
    wanted = frozenset(roles)
    if not wanted <= frozenset(ROLES):
        raise StaffRefusal("role")
    had = roles_in(staff, club)
    if had == wanted:
        return frozenset()
    mine = (StaffRole.staff_id == staff.id, StaffRole.club == club)
    session.execute(delete(StaffRole).where(*mine, StaffRole.role.in_(had - wanted)))
    session.add_all(StaffRole(staff_id=staff.id, club=club, role=role) for role in sorted(wanted - had))
    session.flush()
    session.refresh(staff, ["grants"])
    facts = {"given": sorted(wanted - had), "taken": sorted(had - wanted)}
    _note(session, staff, "staff_roles", club, now, actor, **facts)
    return wanted - had


def _lock_own(session: Session, staff: Staff, signed_in_to: str) -> None:
    """Hold the colleague's row as it is now. Raises `StaffRefusal` (`actor`) when it is not what they signed in to."""
    row = select(Staff).where(Staff.id == staff.id).with_for_update(key_share=True)
    session.execute(row.execution_options(populate_existing=True)).scalar_one()
    if staff.fs_uniquifier != signed_in_to or not staff.active:
        raise StaffRefusal("actor")


def _own(
    session: Session, staff: Staff, action: str, told: str, now: datetime, clubs: Collection[str], **facts: object
) -> None:
    for club in clubs:
        _note(session, staff, action, club, now, ("staff", staff.id), **facts)
    if told:
        staff_notices.tell_owner(session, staff, what=told, clubs=clubs, now=now)


def _tell(session: Session, staff: Staff, cause: str, clubs: Collection[str], now: datetime, actor: Actor) -> None:
    """Let what needs a second person wait, and say so."""
    until = staff_confirmations.require(session, staff, clubs=clubs, cause=cause, now=now, actor=actor)
    staff_notices.tell(session, staff, what=cause, clubs=clubs, now=now, actor=actor, until=until)


def _note(session: Session, staff: Staff, action: str, club: str, now: datetime, actor: Actor, **facts: object) -> None:
    note(session, club=club, at=now, action=action, subject=("staff", staff.id), actor=actor, **facts)
