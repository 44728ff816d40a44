"""Colleagues of the present club and their roles: an admin adds, changes, resets and disables; in force at once (B10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, abort, request
from flask_admin import expose
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import staff as colleagues
from benefits import staff_confirmations
from benefits.staff import StaffRefusal, roles_in
from models import Staff, StaffRole
from models.staff import ROLES
from web.console import history, staff_words
from web.console.access import allow
from web.console.desk import Console
from web.console.page import Page, role_names
from web.console.records import Column, Records
from web.console.security import password_hash
from web.console.staff_points import maker_of
from wording import Words


def views(console: Console) -> list[Page]:
    """One record."""
    return [Team(console)]


class Team(Records):
    """Who works here. Admins of the club change it; auditors read."""

    endpoint_name = "team"
    section = "house"
    position = 10
    model = Staff
    allowed: Mapping[str, tuple[str, ...]] = {"index": ("admin", "auditor"), "details": ("admin", "auditor")}
    default_sort = "name"
    list_template = "console/team.html"
    details_template = "console/colleague.html"

    def title(self, t: Words) -> str:
        """Colleagues."""
        return t("Colleagues")

    def columns(self, t: Words) -> list[Column]:
        """Name, address, roles, whether they can come in."""
        return [
            Column("name", t("Name"), lambda row: row.name, Staff.name),
            Column("email", t("E-mail"), lambda row: row.email, Staff.email),
            Column("roles", t("Roles"), lambda row: ", ".join(role_names(t, roles_in(row, self.club.key)))),
            Column("state", t("State"), lambda row: self._state(row, t), Staff.active),
        ]

    def query(self) -> Select[Any]:
        """Those with a role in the present club, the disabled among them."""
        here = select(StaffRole.staff_id).where(StaffRole.club == self.club.key)
        return select(Staff).where(Staff.id.in_(here))

    def name_of(self, row: Staff, t: Words) -> str:
        """Their name."""
        return row.name

    def facts(self, row: Staff, t: Words) -> list[tuple[str, object]]:
        """What an admin has to know of them."""
        factor = t("Set up") if row.tf_totp_secret else t("Not set up yet") if colleagues.needs_factor(row) else "—"
        return [
            (t("E-mail"), row.email),
            (t("State"), self._state(row, t)),
            (t("Second factor"), factor),
            (t("Here since"), t.moment(row.created_at)),
        ]

    def extra(self, row: Staff) -> dict[str, Any]:
        """For the forms: their roles, whether this admin may change them or lock them out, and what waits to be confirmed."""
        found = staff_confirmations.waiting(self.session, staff_id=row.id, now=self.now, club=self.club.key)
        by = self.staff.id
        mine = [each for each in found if staff_confirmations.may_confirm(self.session, each, by=by, now=self.now)]
        return {
            "choices": self._choices(roles_in(row, self.club.key)),
            "may_change": self.may("admin") and row.id != self.staff.id,
            "may_lock": self._may_lock(row),
            "waiting": [staff_words.change(self.t, each, row.name, maker_of(self, each)) for each in found],
            "waits_until": found[-1].until if found else None,
            "may_confirm": self.may("admin") and bool(mine),
            "why_not": self._why_not(row) if found and not mine and self.may("admin") else "",
            "history": history.of(self.session, self.club, ("staff", row.id), self.t),
        }

    def _why_not(self, row: Staff) -> str:
        """Why this administrator cannot confirm what waits for the colleague."""
        if row.id == self.staff.id:
            return self._words(StaffRefusal("own"))
        waits = staff_confirmations.waiting(self.session, staff_id=self.staff.id, now=self.now)
        return self._words(StaffRefusal("waits" if waits else "involved"))

    @expose("/new", methods=["GET", "POST"])
    @allow("admin")
    def new(self) -> Response | Answer:
        """A colleague: address, name, roles. The one-time password is shown once, here; they choose their own with it."""
        if request.method == "GET":
            return self.show(
                "console/colleague_new.html", choices=self._choices(()), typed={}, title=self.t("New colleague")
            )
        email, name, roles = request.form.get("email", ""), request.form.get("name", ""), request.form.getlist("roles")
        password = colleagues.new_password()
        try:
            if not roles:
                raise StaffRefusal("role")
            with self.console.sessions.begin() as session:
                known = colleagues.staff_of(session, email)
                if known is not None and not roles_in(known, self.club.key):
                    self._give(session, known, roles)
                    return self.done(
                        self.t(
                            "{name} works for another club already; they have their roles here now.", name=known.name
                        )
                    )
                row = colleagues.add(
                    session, email=email, name=name, password=password_hash(password), club=self.club.key, roles=roles,
                    now=self.now, actor=self.actor,
                )  # fmt: skip
        except StaffRefusal as refusal:
            typed = {"email": email, "name": name}
            fault, title = self._words(refusal), self.t("New colleague")
            choices = self._choices(roles)
            return self.show(
                "console/colleague_new.html",
                400,
                choices=choices,
                typed=typed,
                title=title,
                fault=fault,
                why=refusal.why,
            )
        return self._handed_over(row.name, row.email, password)

    @expose("/<int:row_id>/roles", methods=["POST"])
    @allow("admin")
    def roles_of(self, row_id: int) -> Answer:
        """Exactly the ticked roles; they sign in anew. Nobody changes their own."""
        return self._change(
            row_id, lambda session, row: self._give(session, row, request.form.getlist("roles")), self._told_roles
        )

    @expose("/<int:row_id>/disable", methods=["POST"])
    @allow("admin")
    def disable(self, row_id: int) -> Answer:
        """They are out, everywhere, at once."""
        return self._change(
            row_id,
            lambda session, row: colleagues.disable(session, row, club=self.club.key, now=self.now, actor=self.actor),
            lambda row: self.t("{name} can no longer sign in, and is signed out everywhere.", name=row.name),
            locking=True,
        )

    @expose("/<int:row_id>/enable", methods=["POST"])
    @allow("admin")
    def enable(self, row_id: int) -> Answer:
        """They may come in again."""
        return self._change(
            row_id,
            lambda session, row: colleagues.enable(session, row, club=self.club.key, now=self.now, actor=self.actor),
            lambda row: self.t("{name} can sign in again.", name=row.name),
            locking=True,
        )

    @expose("/<int:row_id>/confirm", methods=["POST"])
    @allow("admin")
    def confirm(self, row_id: int) -> Answer:
        """A second administrator says that a change was right: what needs a second person waits no longer."""
        return self._change(
            row_id,
            lambda session, row: staff_confirmations.confirm(
                session, row, club=self.club.key, now=self.now, actor=self.actor
            ),
            lambda row: self.t("Confirmed for {name}.", name=row.name),
        )

    @expose("/<int:row_id>/reset", methods=["POST"])
    @allow("admin")
    def reset(self, row_id: int) -> Response | Answer:
        """A one-time password, shown once, and a new second factor: for who lost either."""
        self._another(row_id, locking=True)
        password = colleagues.new_password()
        hashed = password_hash(password)
        try:
            with self.console.sessions.begin() as session:
                row = self.one(row_id, session)
                colleagues.reset(session, row, club=self.club.key, password=hashed, now=self.now, actor=self.actor)
        except StaffRefusal as refusal:
            return self.done(self._words(refusal), f"{self.url}/{row_id}", "bad")
        return self._handed_over(row.name, row.email, password)

    def _change(
        self, row_id: int, do: Callable[[Session, Staff], object], told: Callable[[Staff], str], locking: bool = False
    ) -> Answer:
        self._another(row_id, locking)
        try:
            with self.console.sessions.begin() as session:
                row = self.one(row_id, session)
                do(session, row)
        except StaffRefusal as refusal:
            return self.done(self._words(refusal), f"{self.url}/{row_id}", "bad")
        return self.done(told(row), f"{self.url}/{row_id}" if roles_in(row, self.club.key) else None)

    def _another(self, row_id: int, locking: bool) -> None:
        """403 for themselves, and for locking out somebody who works for a club that is not this admin's."""
        row = self.one(row_id)
        if row.id == self.staff.id or (locking and not self._may_lock(row)):
            abort(403)

    def _may_lock(self, row: Staff) -> bool:
        mine = {grant.club for grant in self.staff.grants if grant.role == "admin"}
        return self.may("admin") and row.id != self.staff.id and {grant.club for grant in row.grants} <= mine

    def _give(self, session: Session, row: Staff, roles: list[str]) -> None:
        now = self.now
        colleagues.set_roles(session, row, club=self.club.key, roles=roles, now=now, actor=self.actor)

    def _told_roles(self, row: Staff) -> str:
        names = role_names(self.t, roles_in(row, self.club.key))
        if not names:
            return self.t("{name} has no role in this club any more.", name=row.name)
        return self.t("{name} is now: {roles}.", name=row.name, roles=", ".join(names))

    def _handed_over(self, name: str, email: str, password: str) -> Response:
        title = self.t("A password for once")
        return self.show("console/one_time_password.html", name=name, email=email, password=password, title=title)

    def _choices(self, held: Any) -> list[tuple[str, str, str, bool]]:
        """(role, its name, what it may, whether it is held), for check boxes."""
        t = self.t
        may = {
            "viewer": t("reads; names of members stay masked"),
            "support": t("reads; sees one member's name for a reason; undoes a use"),
            "marketer": t("makes privileges and writes offers; sees no personal data"),
            "approver": t("approves offers, never their own; needs a second factor"),
            "finance": t("corrects stars and signs rounds, always with a second person; needs a second factor"),
            "admin": t("colleagues and everything structural; approves nothing by it; needs a second factor"),
            "auditor": t("reads everything, the journal too; changes nothing"),
        }
        return [(role, role_names(t, [role])[0], may[role], role in held) for role in ROLES]

    def _state(self, row: Staff, t: Words) -> str:
        if not row.active:
            return t("Disabled")
        return t("Has not signed in yet") if row.password_until else t("Active")

    def _words(self, refusal: StaffRefusal) -> str:
        return staff_words.refused(self.t, refusal, dict(self.console.clubs))
