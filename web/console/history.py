"""What the journal tells of one record: when, who, what, and why, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from clubs import Club
from models import JournalEntry, Partner, Staff
from web.console import cells, journal_words
from wording import Words

SHOWN = 30


class Told(NamedTuple):
    """One line of a record's history."""

    when: str
    who: str
    what: str
    why: str


def of(session: Session, club: Club, subject: tuple[str, int], t: Words) -> list[Told]:
    """The last lines about `subject`, (kind, id) as in the journal."""
    query = select(JournalEntry).where(
        JournalEntry.club == club.key, JournalEntry.subject_kind == subject[0], JournalEntry.subject_id == subject[1]
    )
    lines = session.scalars(query.order_by(JournalEntry.at.desc(), JournalEntry.id.desc()).limit(SHOWN)).all()
    names = actors(session, lines, t)
    return [
        Told(
            t.moment(line.at),
            names[line.actor_kind, line.actor],
            journal_words.deed(line, club, t),
            str(line.facts.get("reason") or ""),
        )
        for line in lines
    ]


def actors(session: Session, lines: Sequence[JournalEntry], t: Words) -> dict[tuple[str, str | None], str]:
    """Who did what: colleagues and partners by name, persons by number (never by name)."""
    staff = {row.id: row.name for row in session.scalars(select(Staff).where(Staff.id.in_(_ids(lines, "staff"))))}
    partners = {
        row.id: cells.label(row, "name", t)
        for row in session.scalars(select(Partner).where(Partner.id.in_(_ids(lines, "partner"))))
    }
    told: dict[tuple[str, str | None], str] = {}
    for line in lines:
        n = int(line.actor) if line.actor and line.actor.isdecimal() else 0
        told[line.actor_kind, line.actor] = {
            "staff": staff.get(n) or t("Colleague {n}", n=line.actor),
            "partner": partners.get(n) or t("Partner {n}", n=line.actor),
            "person": t("Person {n}", n=line.actor),
        }.get(line.actor_kind, t("The program"))
    return told


def _ids(lines: Sequence[JournalEntry], kind: str) -> set[int]:
    return {int(line.actor) for line in lines if line.actor_kind == kind and line.actor and line.actor.isdecimal()}
