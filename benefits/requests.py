"""Deeds that need a second person: one asks, another decides (rules.md §5). The deed itself is its own rule's.

Whoever grants does the deed in the same transaction: when it is refused meanwhile, the request stays open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.refusal import Refusal
from benefits.staff_confirmations import refuse_while_waiting
from clubs import Club
from models import StaffRequest


class AlreadyAsked(Refusal):
    """The same is asked already and waits for a decision: `request` is that one."""

    def __init__(self, request: StaffRequest) -> None:
        self.request = request


class UnknownRequest(Refusal):
    """No such request in this club."""


class OwnRequest(Refusal):
    """Who asked does not decide: a second person has to."""


class NotHers(Refusal):
    """Only who asked may withdraw."""


class AlreadyDecided(Refusal):
    """It is not open any more: `request` says who decided what, when."""

    def __init__(self, request: StaffRequest) -> None:
        self.request = request


def ask(
    session: Session,
    *,
    club: Club,
    kind: str,
    subject: tuple[str, int],
    facts: Mapping[str, Any],
    reason: str,
    by: int,
    now: datetime,
) -> StaffRequest:
    """Put a deed before a second person. `subject` is (kind, id), `by` the id of the colleague who asks.

    `facts` hold ids and numbers only and must say everything the decision needs. Raises `AlreadyAsked` while one of this
    kind about this subject is open, also when two ask at the same moment; `AwaitsConfirmation` while a change of the
    asker's sign-in or rights waits for a second administrator; `ValueError` without a reason.
    """
    refuse_while_waiting(session, club=club.key, staff_id=by, now=now)
    if not reason.strip():
        raise ValueError("a request needs a reason")
    values = {
        "club": club.key,
        "kind": kind,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "facts": dict(facts),
        "reason": reason.strip(),
        "state": "open",
        "asked_by": by,
        "asked_at": now,
    }
    made = session.execute(
        insert(StaffRequest).values(**values).on_conflict_do_nothing().returning(StaffRequest)
    ).scalar_one_or_none()
    if made is None:
        raise AlreadyAsked(_standing(session, club, kind, subject))
    _note(session, made, "asked", by, now, reason=made.reason)
    return made


def decide(
    session: Session, *, club: Club, request_id: int, by: int, yes: bool, reason: str, now: datetime
) -> StaffRequest:
    """Grant or refuse, by a second person. The row is held until the caller's transaction ends: one decision stands.

    Raises `UnknownRequest`, `OwnRequest`, `AlreadyDecided`, `AwaitsConfirmation`; `ValueError` for a refusal without a
    reason.
    """
    refuse_while_waiting(session, club=club.key, staff_id=by, now=now)
    request = _held(session, club, request_id)
    if request.asked_by == by:
        raise OwnRequest()
    if not yes and not reason.strip():
        raise ValueError("a refusal needs a reason")
    _close(session, request, "granted" if yes else "refused", by, reason, now)
    return request


def withdraw(session: Session, *, club: Club, request_id: int, by: int, now: datetime) -> StaffRequest:
    """Who asked takes it back. Raises `UnknownRequest`, `NotHers`, `AlreadyDecided`."""
    request = _held(session, club, request_id)
    if request.asked_by != by:
        raise NotHers()
    _close(session, request, "withdrawn", by, "", now)
    return request


def open_requests(session: Session, *, club: Club, kind: str | None = None) -> list[StaffRequest]:
    """Requests of the club that wait for a decision, of one kind or of all; the oldest first."""
    query = select(StaffRequest).where(StaffRequest.club == club.key, StaffRequest.state == "open")
    if kind is not None:
        query = query.where(StaffRequest.kind == kind)
    return list(session.scalars(query.order_by(StaffRequest.id)))


def requests_about(session: Session, *, club: Club, subject: tuple[str, int]) -> list[StaffRequest]:
    """Everything that was ever asked about a subject, the newest first."""
    query = select(StaffRequest).where(
        StaffRequest.club == club.key, StaffRequest.subject_kind == subject[0], StaffRequest.subject_id == subject[1]
    )
    return list(session.scalars(query.order_by(StaffRequest.id.desc())))


def _standing(session: Session, club: Club, kind: str, subject: tuple[str, int]) -> StaffRequest:
    return next(found for found in requests_about(session, club=club, subject=subject) if found.kind == kind)


def _held(session: Session, club: Club, request_id: int) -> StaffRequest:
    query = select(StaffRequest).where(StaffRequest.id == request_id, StaffRequest.club == club.key)
    found = session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()
    if found is None:
        raise UnknownRequest()
    if found.state != "open":
        raise AlreadyDecided(found)
    return found


def _close(session: Session, request: StaffRequest, state: str, by: int, reason: str, now: datetime) -> None:
    request.state, request.decided_by, request.decided_at = state, by, now
    request.decided_reason = reason.strip() or None
    _note(session, request, state, by, now, **({"reason": reason.strip()} if reason.strip() else {}))


def _note(session: Session, request: StaffRequest, deed: str, by: int, now: datetime, **facts: str) -> None:
    """Note it on the subject, so that the subject's history tells the whole story."""
    subject = (request.subject_kind, request.subject_id)
    told = {"request": request.id, "kind": request.kind, **facts}
    note(session, club=request.club, at=now, action=f"request_{deed}", subject=subject, actor=("staff", by), **told)
