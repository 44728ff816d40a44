"""The journal: who did what, when and why; and which records a colleague looked at on a day (B17)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import g, request
from sqlalchemy import Select, and_, select

from benefits.periods import day_of, start_of
from benefits.unmasking import VIEWED
from models import JournalEntry, Staff, StaffRole
from web.console import history, journal_words
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter, Records
from wording import Words

MOST_STAFF = 200
READERS_OF_IT = ("auditor", "admin")


def views(console: Console) -> list[Page]:
    """The journal."""
    return [Journal(console)]


class Journal(Records):
    """Every deed in the present club, the newest first. Nobody can change a line, not even by hand."""

    endpoint_name = "journal"
    section = "club"
    position = 80
    model = JournalEntry
    allowed: Mapping[str, tuple[str, ...]] = {"index": READERS_OF_IT, "details": READERS_OF_IT, "export": READERS_OF_IT}
    list_template = "console/journal.html"
    details_template = "console/journal_entry.html"

    def title(self, t: Words) -> str:
        """Journal."""
        return t("Journal")

    def columns(self, t: Words) -> list[Column]:
        """When, who, what, of what, why; the file has the facts as well."""
        found = [
            Column("at", t("When"), lambda row: t.moment(row.at), export=lambda row: row.at.isoformat()),
            Column("who", t("Who"), lambda row: g.journal_names[row.actor_kind, row.actor]),
            Column("what", t("What"), lambda row: journal_words.deed(row, self.club, t)),
            Column("subject", t("Concerns"), lambda row: journal_words.subject(row, t), export=lambda row: _plain(row)),
            Column("why", t("Why"), lambda row: row.facts.get("reason")),
        ]
        if request.path.endswith(".csv"):
            found.append(Column("facts", t("Facts"), lambda row: json.dumps(row.facts, ensure_ascii=False)))
        return found

    def prepare(self, rows: Sequence[JournalEntry]) -> None:
        """Look the names of those who acted up at once."""
        g.journal_names = history.actors(self.session, rows, self.t)

    def filters(self, t: Words) -> list[Filter]:
        """By who, by what, by what it was done to."""
        kinds = {"person": t("Persons"), "partner": t("Partners"), "system": t("The program")}
        who = [(key, said, JournalEntry.actor_kind == key) for key, said in kinds.items()]
        colleagues = [
            (f"staff:{row.id}", row.name, and_(JournalEntry.actor_kind == "staff", JournalEntry.actor == str(row.id)))
            for row in self._colleagues()
        ]
        deeds = [(key, said, JournalEntry.action == key) for key, said in journal_words.deeds(t).items()]
        subjects = [(key, said, JournalEntry.subject_kind == key) for key, said in journal_words.subjects(t).items()]
        return [
            Filter(
                "who", t("Who"), [*colleagues, ("staff", t("Colleagues"), JournalEntry.actor_kind == "staff"), *who]
            ),
            Filter("what", t("What"), deeds),
            Filter("of", t("Concerns"), subjects),
        ]

    def query(self) -> Select[Any]:
        """The club's lines, of the days and the record the address names. A day that is none shows nothing."""
        query = select(JournalEntry).where(JournalEntry.club == self.club.key)
        for key in ("from", "to"):
            if request.args.get(key):
                query = query.where(_bound(key, request.args[key]))
        number = request.args.get("number", "").strip()
        if number:
            wanted = int(number) if number.isdecimal() and len(number) < 19 else -1
            query = query.where(JournalEntry.subject_id == wanted)
        return query

    def name_of(self, row: JournalEntry, t: Words) -> str:
        """Its number."""
        return t("Line {n} of the journal", n=row.id)

    def facts(self, row: JournalEntry, t: Words) -> list[tuple[str, object]]:
        """The line's columns, then its facts as they are kept."""
        kept = [(key, journal_words.plain(value)) for key, value in sorted(row.facts.items()) if key != "reason"]
        return [*super().facts(row, t), *kept]

    def extra(self, row: JournalEntry) -> dict[str, Any]:
        """The line as a sentence."""
        return {"sentence": journal_words.sentence(row, g.journal_names[row.actor_kind, row.actor], self.club, self.t)}

    def empty(self, t: Words) -> str:
        """What will stand here."""
        return t("Nothing was done in this club yet.")

    @property
    def looked(self) -> dict[str, Any]:
        """For the question which records a colleague looked at on a day."""
        return {"staff": self._colleagues(), "what": VIEWED, "today": day_of(self.now).isoformat()}

    def _colleagues(self) -> list[Staff]:
        """Colleagues of the club, those that are disabled or were something once included: by the rights they hold."""
        here = select(StaffRole.staff_id).where(StaffRole.club == self.club.key)
        query = select(Staff).where(Staff.id.in_(here)).order_by(Staff.name, Staff.id).limit(MOST_STAFF)
        return list(self.session.scalars(query))

    def _sorted(self, query: Select[Any], columns: list[Column]) -> Select[Any]:
        # Plainly descending, so that an index gives the order: the journal is the largest table there is.
        return query.order_by(JournalEntry.at.desc(), JournalEntry.id.desc())


def _bound(key: str, written: str) -> Any:
    """The first or the last Bangkok day as a condition."""
    try:
        day = date.fromisoformat(written)
        edge = start_of(day) if key == "from" else start_of(day + timedelta(days=1))
    except (ValueError, OverflowError):
        return JournalEntry.id < 0
    return JournalEntry.at >= edge if key == "from" else JournalEntry.at < edge


def _plain(row: JournalEntry) -> str:
    return f"{row.subject_kind} {row.subject_id}" if row.subject_id is not None else row.subject_kind
