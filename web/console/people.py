"""People of the chat, masked; one record in the clear for a reason that is written down first (B9); who looked (B17)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, flash, g, request
from flask_admin import expose
from sqlalchemy import String, cast, func, select
from sqlalchemy.orm import Session

from benefits import unmasking
from benefits.refusal import Refusal
from benefits.unmasking import last_four, masked_names
from models import Admin, Claim, Consent, JournalEntry, Member, Person, Staff
from web.console import cells, csvs, history
from web.console.access import allow
from web.console.deeds import refused
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter, Records
from wording import Words

SEEN = (7, 30, 90)


def views(console: Console) -> list[Page]:
    """The people, and who looked at whose data."""
    return [People(console), Views(console)]


class People(Records):
    """LINE users the club's chat has met."""

    endpoint_name = "people"
    section = "members"
    position = 20
    model = Person
    details_template = "console/person.html"

    def title(self, t: Words) -> str:
        """People."""
        return t("People")

    def columns(self, t: Words) -> list[Column]:
        """Number, masked name and id, language, friendship, wishes, last seen."""
        return [
            Column("id", t("Person"), lambda row: str(row.id), Person.id),
            Column("name", t("Name"), lambda row: g.names.get(row.id)),
            Column("line", t("LINE user id"), lambda row: last_four(row.line_user_id)),
            Column("language", t("Language"), lambda row: cells.language_name(row.language, t)),
            Column("friend", t("Chat"), lambda row: _friendship(row, t)),
            Column("offers", t("Offers"), lambda row: _wishes(row, t)),
            Column("seen", t("Last seen"), lambda row: cells.moment(row.last_event_at, t), Person.last_event_at),
        ]

    def search_in(self) -> list[Any]:
        """By number, or by the last four characters of the LINE user id: names are sealed and can't be searched."""
        return [cast(Person.id, String), func.right(Person.line_user_id, 4)]

    def filters(self, t: Words) -> list[Filter]:
        """By friendship, wishes, language, and when they were last seen."""
        ago = {days: self.now - timedelta(days=days) for days in SEEN}
        seen = [
            (str(days), t("In the last {n} days", n=days), Person.last_event_at > since) for days, since in ago.items()
        ]
        languages = [(key, cells.language_name(key, t), Person.language == key) for key in self.club.languages]
        return [
            Filter("friend", t("Chat"), [
                ("yes", t("Friend"), Person.friend.is_(True)),
                ("blocked", t("Blocked"), ~Person.friend & Person.friend_event_at.is_not(None)),
                ("never", t("Never a friend"), ~Person.friend & Person.friend_event_at.is_(None)),
            ]),
            Filter("offers", t("Offers"), [
                ("yes", t("Wants offers"), Person.opted_out_at.is_(None)),
                ("no", t("Opted out"), Person.opted_out_at.is_not(None)),
            ]),
            Filter("language", t("Language"), [*languages, ("none", t("Not chosen"), Person.language.is_(None))]),
            Filter("seen", t("Last seen"), [*seen, ("never", t("Never"), Person.last_event_at.is_(None))]),
        ]  # fmt: skip

    def empty(self, t: Words) -> str:
        """Who will stand here."""
        return t("Nobody yet. Whoever adds the chat as a friend or writes to it stands here.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Masked names, in one query."""
        g.names = masked_names(self.session, [row.id for row in rows])

    def name_of(self, row: Any, t: Words) -> str:
        """By number: names are masked."""
        return t("Person {n}", n=row.id)

    def facts(self, row: Any, t: Words) -> list[tuple[str, object]]:
        """What the list says, and when which of it happened."""
        told: list[tuple[str, object]] = [(column.heading, column.cell(row)) for column in self.columns(t)[1:]]
        since = cells.moment(row.friend_event_at, t)
        return [*told, (t("Friend or blocked since"), since), (t("Met"), t.moment(row.created_at))]

    def extra(self, row: Any) -> dict[str, Any]:
        """Accounts, agreements, claims, what was done, and who looked at her data."""
        t = self.t
        consents = select(Consent).where(Consent.person_id == row.id).order_by(Consent.id.desc())
        seen = unmasking.views(self.session, club=self.club, person_id=row.id, limit=history.SHOWN)
        names = history.actors(self.session, seen, t)
        return {
            "person": row,
            "accounts": self._accounts(row, t),
            "consents": self.session.scalars(consents).all(),
            "claims": self.session.scalar(select(func.count()).where(Claim.person_id == row.id)),
            "history": history.of(self.session, self.club, ("person", row.id), t),
            "views": [(t.moment(line.at), names[line.actor_kind, line.actor], line.facts["reason"]) for line in seen],
            "may_reveal": self.may("support"),
            "revealed": g.get("revealed"),
        }

    @expose("/<int:row_id>/reveal", methods=["POST"])
    @allow("support")
    def reveal(self, row_id: int) -> Response:
        """Show one person's name and LINE user id once, in this answer only; the journal entry is committed before."""
        self.one(row_id)
        with self.console.sessions() as session:
            try:
                g.revealed = self._revealed(session, row_id)
            except Refusal as refusal:
                flash(refused(refusal, self.t), "bad")
        answer: Response = self.details(row_id)
        answer.status_code = 200 if "revealed" in g else 409
        return answer

    def _revealed(self, session: Session, row_id: int) -> unmasking.Revealed:
        reason, by = request.form.get("reveal_reason", ""), self.staff.id
        return unmasking.reveal_person(session, club=self.club, person_id=row_id, reason=reason, by=by, now=self.now)

    def _accounts(self, row: Person, t: Words) -> list[tuple[object, str, str | None]]:
        query = (
            select(Admin, Member)
            .join(Member, Member.id == Admin.member_id)
            .where(Member.club == self.club.key, Admin.line_user_id == row.line_user_id)
            .order_by(Admin.removed_at.is_not(None), Member.name)
        )
        return [
            (
                cells.link("accounts.details", f"{member.name} ({member.external_id})", row_id=member.id),
                cells.role_name(admin.role, t),
                cells.day(admin.removed_at, t),
            )
            for admin, member in self.session.execute(query)
        ]


class Views(Page):
    """Who looked at personal data, of whom, when and why."""

    endpoint_name = "views"
    section = "house"
    position = 60

    def title(self, t: Words) -> str:
        """Looks at personal data."""
        return t("Looks at personal data")

    @expose("/")
    @allow("auditor", "admin")
    def index(self) -> Response:
        """The newest first. `?staff=` a colleague, `?day=` a Bangkok day."""
        colleagues = select(Staff).order_by(Staff.name, Staff.id)
        return self.show(
            "console/views.html",
            rows=self._rows(),
            colleagues=[(str(each.id), each.name) for each in self.session.scalars(colleagues)],
            query=request.query_string.decode("ascii", "ignore"),
        )

    @expose("/export.csv")
    @allow("auditor", "admin")
    def export(self) -> Response:
        """The same as CSV (B11), itself a line of the journal."""
        t = self.t
        head: list[object] = [t("When"), t("Who"), t("Person"), t("What"), t("Why")]
        rows: list[list[object]] = [[when, who, n, what, why] for when, who, _, n, what, why in self._rows()]
        with self.console.sessions.begin() as session:
            self.note(session, "exported", (self.endpoint, None))
        answer = Response("".join(csvs.lines([head, *rows])), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="views.csv"'
        return answer

    def _rows(self) -> list[tuple[str, str, object, str, str, str]]:
        """When, who, whom (link, and number), what, why."""
        t, staff = self.t, request.args.get("staff", "")
        lines = unmasking.views(
            self.session,
            club=self.club,
            staff_id=int(staff) if staff.isdecimal() and len(staff) < 18 else None,
            day=_day(request.args.get("day", "")),
            limit=2000,
        )
        names = history.actors(self.session, lines, t)
        return [
            (
                t.moment(line.at),
                names[line.actor_kind, line.actor],
                cells.link("people.details", t("Person {n}", n=line.subject_id), row_id=line.subject_id),
                str(line.subject_id or ""),
                _what(line, t),
                str(line.facts.get("reason", "")),
            )
            for line in lines
        ]


def _what(line: JournalEntry, t: Words) -> str:
    event = line.facts.get("event_id")
    return t("The event {id}", id=event) if event else t("Name and LINE user id")


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _friendship(row: Person, t: Words) -> str:
    if row.friend:
        return t("Friend")
    return t("Blocked") if row.friend_event_at is not None else t("Never a friend")


def _wishes(row: Person, t: Words) -> str:
    return t("Wants offers") if row.opted_out_at is None else t("Opted out")
