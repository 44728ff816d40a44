"""Two changes of colleagues at the same moment: one waits for the other, and a club keeps an administrator (B10)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations_with_replacement
from typing import Any

import pytest
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, sessionmaker

from benefits import staff as colleagues
from benefits import staff_confirmations
from benefits.staff import Actor, StaffRefusal
from models import Staff, StaffRole
from tests.factories import NOON
from tests.rules.racing import Behind

CLUB = "family_club"
SYSTEM: Actor = ("system", None)
Change = Callable[[Session, Staff, Actor], Any]


def disable(session: Session, staff: Staff, actor: Actor) -> None:
    colleagues.disable(session, staff, club=CLUB, now=NOON, actor=actor)


def enable(session: Session, staff: Staff, actor: Actor) -> None:
    colleagues.enable(session, staff, club=CLUB, now=NOON, actor=actor)


def reset(session: Session, staff: Staff, actor: Actor) -> None:
    colleagues.reset(session, staff, club=CLUB, password="x", now=NOON, actor=actor)


def take_role(session: Session, staff: Staff, actor: Actor) -> None:
    colleagues.set_roles(session, staff, club=CLUB, roles=["viewer"], now=NOON, actor=actor)


def give_role(session: Session, staff: Staff, actor: Actor) -> None:
    colleagues.set_roles(session, staff, club=CLUB, roles=["admin", "finance"], now=NOON, actor=actor)


def add(session: Session, staff: Staff, actor: Actor) -> None:
    email = f"new{staff.id}@club.example"
    values: dict[str, Any] = {"password": "x", "club": CLUB, "roles": ["admin"], "now": NOON, "actor": actor}
    colleagues.add(session, email=email, name="New", **values)


CHANGES = (disable, enable, reset, take_role, give_role, add)
PAIRS = list(combinations_with_replacement(CHANGES, 2))
LOSSES = (disable, take_role)


def hire(session: Session, name: str, *roles: str) -> Staff:
    """A colleague with a password of their own, whom nothing waits for."""
    row = Staff(email=f"{name}@club.example", name=name, password="x", fs_uniquifier=name, created_at=NOON)
    session.add(row)
    session.flush()
    session.add_all(StaffRole(staff_id=row.id, club=CLUB, role=role) for role in roles)
    session.flush()
    return row


def two_admins(sessions: sessionmaker[Session]) -> tuple[int, int]:
    """The numbers of the only administrators, Ann and Boy."""
    with sessions.begin() as session:
        return hire(session, "ann", "admin").id, hire(session, "boy", "admin").id


def administrators(sessions: sessionmaker[Session]) -> int:
    """How many can sign in as one."""
    with sessions() as session:
        query = select(Staff.id).join(StaffRole, StaffRole.staff_id == Staff.id)
        query = query.where(StaffRole.club == CLUB, StaffRole.role == "admin", Staff.active)
        return len(session.scalars(query.where(or_(Staff.password_until.is_(None), Staff.password_until > NOON))).all())


def changing(sessions: sessionmaker[Session], change: Change, target: int, actor: Actor) -> Callable[[], str]:
    """The change in a transaction of its own; `done`, or why not."""

    def run() -> str:
        try:
            with sessions.begin() as session:
                change(session, session.get_one(Staff, target), actor)
        except StaffRefusal as refusal:
            return refusal.why
        return "done"

    return run


def raced(
    sessions: sessionmaker[Session], first: tuple[Change, int, Actor], second: tuple[Change, int, Actor], back: bool
) -> str:
    """The first is done and waits to commit (or to roll `back`); what the second comes to, which has to wait for it."""
    change, target, actor = first
    with sessions() as session:
        change(session, session.get_one(Staff, target), actor)
        rival = Behind(changing(sessions, *second))
        if back:
            session.rollback()
        else:
            session.commit()
    outcome = rival.join()
    assert isinstance(outcome, str), outcome
    return outcome


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{a.__name__}-{b.__name__}" for a, b in PAIRS])
def test_b10_two_administrators_who_change_each_other_leave_one(
    sessions: sessionmaker[Session], one: Change, other: Change
) -> None:
    """B10: whatever they do to each other at once; who lost the right meanwhile is told so, and nobody deadlocks."""
    ann, boy = two_admins(sessions)
    outcome = raced(sessions, (one, boy, ("staff", ann)), (other, ann, ("staff", boy)), back=False)
    if one in (disable, take_role, reset):
        assert outcome == "actor", "Boy is no administrator any more, or has to choose a password first"
    assert administrators(sessions) >= 1


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=[f"{a.__name__}-{b.__name__}" for a, b in PAIRS])
def test_b10_two_commands_at_once_leave_an_administrator(
    sessions: sessionmaker[Session], one: Change, other: Change
) -> None:
    """B10: by command nobody's rights are asked for: here only the lock on the administrators keeps one."""
    ann, boy = two_admins(sessions)
    outcome = raced(sessions, (one, boy, SYSTEM), (other, ann, SYSTEM), back=False)
    assert outcome == ("last_admin" if one in LOSSES and other in LOSSES else "done")
    assert administrators(sessions) >= 1


@pytest.mark.parametrize("one", LOSSES)
def test_b10_a_change_that_was_taken_back_hinders_nobody(sessions: sessionmaker[Session], one: Change) -> None:
    ann, boy = two_admins(sessions)
    assert raced(sessions, (one, boy, SYSTEM), (disable, ann, SYSTEM), back=True) == "done"
    assert administrators(sessions) == 1


def test_b10_an_administrator_who_was_disabled_a_moment_ago_changes_nothing(sessions: sessionmaker[Session]) -> None:
    """With three the last one is not at stake: what counts is that Boy's right ended first."""
    ann, boy = two_admins(sessions)
    with sessions.begin() as session:
        mo = hire(session, "mo", "admin").id
    assert raced(sessions, (disable, boy, ("staff", ann)), (disable, mo, ("staff", boy)), back=False) == "actor"
    assert administrators(sessions) == 2


def test_b10_two_who_add_the_same_address_at_once_make_one_colleague(sessions: sessionmaker[Session]) -> None:
    ann, boy = two_admins(sessions)
    assert raced(sessions, (add, ann, SYSTEM), (add, ann, ("staff", boy)), back=False) == "taken"


def test_b10_confirming_waits_for_a_change_of_who_confirms(sessions: sessionmaker[Session]) -> None:
    """Ann resets Boy while Boy, still signed in, confirms what Ann did to May: that would be Ann alone."""
    ann, boy = two_admins(sessions)
    with sessions.begin() as session:
        may = hire(session, "may", "approver").id
        reset(session, session.get_one(Staff, may), ("staff", ann))

    def confirm(session: Session, staff: Staff, actor: Actor) -> None:
        staff_confirmations.confirm(session, staff, club=CLUB, now=NOON, actor=actor)

    assert raced(sessions, (reset, boy, ("staff", ann)), (confirm, may, ("staff", boy)), back=False) == "actor"
    with sessions() as session:
        assert staff_confirmations.waiting(session, staff_id=may, now=NOON)
