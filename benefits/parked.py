"""Events that could not be handled: looked at without personal data, tried again by the jobs, or marked as seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.unmasking import HIDDEN, UnknownTurn, last_four
from clubs import Club
from models import TurnRow

PLAIN = {"type", "mode", "timestamp", "webhookEventId", "isRedelivery", "isUnblocked", "unit"}
"""What LINE itself says of an event, and nothing of the person's."""
IDS = {"userId", "groupId", "roomId"}
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|=\([^()]*\)")
NAMED = re.compile(r"\b[UCR][0-9a-f]{32}\b|\d{6,}|[^\s@]+@[^\s@]+")


@dataclass(frozen=True)
class Reason:
    """Parked events of one kind of error."""

    kind: str
    events: int
    oldest: datetime
    newest: datetime


def reasons(session: Session, *, club: Club) -> list[Reason]:
    """Kinds of error of events not yet seen, the most frequent first."""
    kind = _kind()
    query = (
        select(kind, func.count(), func.min(TurnRow.received_at), func.max(TurnRow.received_at))
        .where(*_parked(club), TurnRow.seen_at.is_(None))
        .group_by(kind)
        .order_by(func.count().desc(), kind)
    )
    return [Reason(*row) for row in session.execute(query)]


def listed(*, club: Club, reason: str | None = None, seen: bool | None = False) -> Select[TurnRow]:
    """Parked events, the newest first; of one kind of error; seen ones, those not, or both (none)."""
    query = select(TurnRow).where(*_parked(club)).order_by(TurnRow.received_at.desc(), TurnRow.event_id)
    if reason is not None:
        query = query.where(_kind() == reason)
    if seen is not None:
        query = query.where(TurnRow.seen_at.is_not(None) if seen else TurnRow.seen_at.is_(None))
    return query


def found(session: Session, *, club: Club, event_id: str) -> TurnRow:
    """One event of the club, parked or not: what became of it is worth reading after a retry too. Raises `UnknownTurn`."""
    row = session.get(TurnRow, (club.key, event_id), populate_existing=True)
    if row is None:
        raise UnknownTurn()
    return row


def ask_retry(session: Session, *, club: Club, event_id: str, by: int, now: datetime) -> bool:
    """Have the jobs handle a parked event again; False: it is not parked any more. Raises `UnknownTurn`."""
    found(session, club=club, event_id=event_id)
    return _ask(session, club, TurnRow.event_id == event_id, {"event_id": event_id}, by, now) == 1


def ask_retry_all(session: Session, *, club: Club, reason: str, by: int, now: datetime) -> int:
    """Have the jobs handle every unseen event of one kind of error again; how many."""
    unseen = TurnRow.seen_at.is_(None)
    return _ask(session, club, (_kind() == reason) & unseen, {"reason": reason}, by, now)


def next_asked(session: Session) -> tuple[str, str] | None:
    """(club, event id) of the parked event whose retry was asked first, its mark taken off; none: nobody asked.

    The mark goes before the try: an event that kills whoever handles it is not tried for ever.
    """
    oldest = (
        select(TurnRow.club, TurnRow.event_id)
        .where(TurnRow.state == "parked", TurnRow.retry_asked_at.is_not(None))
        .order_by(TurnRow.retry_asked_at, TurnRow.event_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    asked = session.execute(oldest).one_or_none()
    if asked is None:
        return None
    mine = (TurnRow.club == asked.club, TurnRow.event_id == asked.event_id)
    session.execute(
        update(TurnRow).where(*mine).values(retry_asked_at=None).execution_options(synchronize_session=False)
    )
    return asked.club, asked.event_id


def mark_seen(session: Session, *, club: Club, event_id: str, seen: bool, by: int, now: datetime) -> bool:
    """Put a parked event aside (it then ages away like any other), or take that back. Raises `UnknownTurn`."""
    found(session, club=club, event_id=event_id)
    changed = session.execute(
        update(TurnRow)
        .where(
            *_parked(club),
            TurnRow.event_id == event_id,
            TurnRow.seen_at.is_(None) if seen else TurnRow.seen_at.is_not(None),
        )
        .values(seen_at=now if seen else None, retry_asked_at=None)
        .returning(TurnRow.event_id)
    ).all()
    if changed:
        _note(session, club, "turn_seen" if seen else "turn_unseen", by, now, event_id=event_id)
    return bool(changed)


def kind_of(error: str | None) -> str:
    """The kind of an error: the name of the exception."""
    return (error or "").partition(":")[0]


def without_values(error: str | None) -> str:
    """An error's first line without what it quotes: values there may be somebody's words."""
    lines = (error or "").splitlines()
    return NAMED.sub(HIDDEN, QUOTED.sub(HIDDEN, lines[0])) if lines else ""


def without_personal_data(event: Any, key: str = "") -> Any:
    """The same event with every value hidden that LINE did not write about the event itself; shapes and keys stay.

    The data of our own buttons (`postback.data`) holds ids of ours and stays, ids of LINE keep four characters.
    """
    if isinstance(event, Mapping):
        ours = key == "postback"
        return {
            name: value if ours and name == "data" and isinstance(value, str) else without_personal_data(value, name)
            for name, value in event.items()
        }
    if isinstance(event, list):
        return [without_personal_data(value, key) for value in event]
    if event is None or isinstance(event, bool) or key in PLAIN:
        return event
    return last_four(event) if key in IDS and isinstance(event, str) else HIDDEN


def _parked(club: Club) -> tuple[Any, Any]:
    return TurnRow.club == club.key, TurnRow.state == "parked"


def _kind() -> Any:
    return func.split_part(func.coalesce(TurnRow.error, ""), ":", 1)


def _ask(session: Session, club: Club, which: Any, facts: dict[str, str], by: int, now: datetime) -> int:
    asked = session.execute(
        update(TurnRow)
        .where(*_parked(club), which)
        .values(retry_asked_at=now, seen_at=None)
        .returning(TurnRow.event_id)
        .execution_options(synchronize_session=False)
    ).all()
    if asked:
        _note(session, club, "retry_asked", by, now, events=len(asked), **facts)
    return len(asked)


def _note(session: Session, club: Club, action: str, by: int, now: datetime, **facts: object) -> None:
    note(session, club=club.key, at=now, action=action, subject=("turn", None), actor=("staff", by), **facts)
