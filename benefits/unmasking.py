"""Looking at personal data: one record, for a reason, and written down before anything is shown (B9).

These functions commit: what was written must be stored, whatever becomes of the page. When it cannot be stored, nothing
is opened.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.people import name_of, names_of
from benefits.periods import start_of
from benefits.reasons import checked_reason
from benefits.refusal import Refusal
from clubs import Club
from models import JournalEntry, Person, TurnRow

VIEWED = "personal_data_viewed"
HIDDEN = "•••"


class UnknownPerson(Refusal):
    """No such person in this club."""


class UnknownTurn(Refusal):
    """No such event in this club."""


@dataclass(frozen=True)
class Revealed:
    """One person's data in the clear: never kept, never logged."""

    person: Person
    name: str | None
    """Her display name; none: LINE never told it, or it can no longer be opened."""
    line_user_id: str


def reveal_person(session: Session, *, club: Club, person_id: int, reason: str, by: int, now: datetime) -> Revealed:
    """Her name and LINE user id, after the journal entry was committed. Raises `UnknownPerson`, `ReasonMissing`."""
    why = checked_reason(reason)
    person = session.scalar(select(Person).where(Person.id == person_id, Person.club == club.key))
    if person is None:
        raise UnknownPerson()
    subject = ("person", person.id)
    _written(session, club, subject, by, now, {"reason": why, "fields": ["display_name", "line_user_id"]})
    return Revealed(person, name_of(session, person), person.line_user_id)


def reveal_turn(session: Session, *, club: Club, event_id: str, reason: str, by: int, now: datetime) -> TurnRow:
    """One event whole, after the journal entry was committed. Raises `UnknownTurn`, `ReasonMissing`."""
    why = checked_reason(reason)
    found = session.get(TurnRow, (club.key, event_id))
    if found is None:
        raise UnknownTurn()
    who = session.scalar(select(Person.id).where(Person.club == club.key, Person.line_user_id == found.line_user_id))
    # The person is the subject: who asks what was seen of her finds this too.
    facts = {"reason": why, "fields": ["event"], "event_id": event_id}
    _written(session, club, ("person", who), by, now, facts)
    return found


def views(
    session: Session,
    *,
    club: Club,
    staff_id: int | None = None,
    person_id: int | None = None,
    day: date | None = None,
    limit: int = 500,
) -> list[JournalEntry]:
    """Who looked at whose data, and why, the newest first: by a colleague, of a person, on a Bangkok day (B17)."""
    query = select(JournalEntry).where(JournalEntry.club == club.key, JournalEntry.action == VIEWED)
    if staff_id is not None:
        query = query.where(JournalEntry.actor_kind == "staff", JournalEntry.actor == str(staff_id))
    if person_id is not None:
        query = query.where(JournalEntry.subject_kind == "person", JournalEntry.subject_id == person_id)
    if day is not None:
        query = query.where(JournalEntry.at >= start_of(day), JournalEntry.at < start_of(day + timedelta(days=1)))
    return list(session.scalars(query.order_by(JournalEntry.at.desc(), JournalEntry.id.desc()).limit(limit)))


def masked(name: str | None) -> str:
    """The first character and •••; nothing of a name that is not known."""
    return f"{name[0]}{HIDDEN}" if name else HIDDEN


def masked_names(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Masked display names by person id, in one query: what lists show."""
    return {person_id: masked(name) for person_id, name in names_of(session, ids).items()} if ids else {}


def last_four(line_user_id: str | None) -> str:
    """A LINE user id as lists show it: its last four characters."""
    return f"…{line_user_id[-4:]}" if line_user_id else ""


def _written(
    session: Session, club: Club, subject: tuple[str, int | None], by: int, now: datetime, facts: dict[str, Any]
) -> None:
    """Commit the journal entry. An error here leaves the caller with nothing opened."""
    note(session, club=club.key, at=now, action=VIEWED, subject=subject, actor=("staff", by), **facts)
    session.commit()
