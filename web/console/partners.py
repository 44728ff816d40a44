"""Partners: the list, one with its privileges, making and renaming it, and its PIN: set anew, unlocked, never shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, abort, g, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import pins, signin
from benefits.editing import Faulty, Unknown, partners
from models import Partner, Privilege
from web.console import home
from web.console.access import allow
from web.console.cells import label
from web.console.desk import Console
from web.console.page import Page
from web.console.privilege_editing import MAKERS, Told
from web.console.privilege_words import by_field
from web.console.records import Column, Records
from wording import Words

DAY = timedelta(days=1)
MANY_WRONG = signin.FREE_TRIES
"""Fewer within a day are slips of the hand and do not stand on the first page."""


def views(console: Console) -> list[Page]:
    """One record."""
    return [Partners(console)]


class Partners(Records):
    """Businesses that honour privileges."""

    endpoint_name = "partners"
    section = "privileges"
    position = 20
    model = Partner
    default_sort = "name"
    list_template = "console/partners.html"
    details_template = "console/partner.html"

    def title(self, t: Words) -> str:
        """Partners."""
        return t("Partners")

    def empty(self, t: Words) -> str:
        """How the first one comes."""
        return t("No partner yet. Make the first one here; a file of privileges brings its partners along.")

    def columns(self, t: Words) -> list[Column]:
        """Names, id, and whether it can confirm uses."""
        name = Partner.name_en if t.language == "en" else Partner.name_th
        return [
            Column("name", t("Name"), lambda row: label(row, "name", t), name),
            Column("key", t("ID"), lambda row: row.key, Partner.key),
            Column("pin", t("PIN"), lambda row: self._pin(row, t), export=lambda row: self._pin_said(row, t)[0]),
        ]

    def search_in(self) -> list[Any]:
        """Names and id."""
        return [Partner.name_th, Partner.name_en, Partner.key]

    def name_of(self, row: Partner, t: Words) -> str:
        """Its name."""
        return label(row, "name", t)

    def facts(self, row: Partner, t: Words) -> list[tuple[str, object]]:
        """Names, id, PIN."""
        return [
            (t("Name in Thai"), row.name_th),
            (t("Name in English"), row.name_en),
            (t("ID"), row.key),
            (t("PIN"), self._pin(row, t)),
            (t("Wrong PINs within a day"), t.number(self._wrong().get(row.id, 0))),
        ]

    def extra(self, row: Partner) -> dict[str, Any]:
        """Its privileges, and what may be done."""
        query = select(Privilege).where(Privilege.partner_id == row.id).order_by(Privilege.position, Privilege.id)
        found = [(gift.id, label(gift, "name", self.t)) for gift in self.session.scalars(query)]
        names = {"name_th": row.name_th, "name_en": row.name_en}
        return {
            "gifts": found,
            "wrong": self._wrong_said(row),
            "paused": pins.used_up(row, self.now),
            "old": _too_short(row),
            "may_change": self.may(*MAKERS),
            "typed": names,
            "told": Told(),
        }

    @expose("/new", methods=["GET", "POST"])
    @allow(*MAKERS)
    def new(self) -> Response | Answer:
        """An empty form; POST makes it."""
        if request.method == "GET":
            return self._form({}, Told())
        try:
            with self.console.sessions.begin() as session:
                row = partners.create(session, club=self.club, typed=request.form, by=self.staff.id, now=self.now)
        except Faulty as refused:
            return self._form({**request.form, "pin": ""}, Told(by_field(self.t, refused.faults)), 400)
        return self.done(self.t("“{name}” is made.", name=self.name_of(row, self.t)), f"{self.url}/{row.id}")

    @expose("/<int:row_id>/names", methods=["POST"])
    @allow(*MAKERS)
    def names(self, row_id: int) -> Response | Answer:
        """Other names."""

        def rename(session: Session) -> str:
            typed, by = request.form, self.staff.id
            changed = partners.rename(session, club=self.club, partner_id=row_id, typed=typed, by=by, now=self.now)
            return self.t("Saved.") if changed else self.t("Nothing was changed.")

        return self._deed(row_id, rename)

    @expose("/<int:row_id>/pin", methods=["POST"])
    @allow(*MAKERS)
    def pin(self, row_id: int) -> Response | Answer:
        """Another PIN; the old one is no good any more."""

        def set_pin(session: Session) -> str:
            pin = request.form.get("pin", "").strip()
            partners.set_pin(session, club=self.club, partner_id=row_id, pin=pin, by=self.staff.id, now=self.now)
            return self.t("The new PIN is in force. Tell it to the partner: it is shown nowhere.")

        return self._deed(row_id, set_pin)

    @expose("/<int:row_id>/new-pin", methods=["POST"])
    @allow(*MAKERS)
    def new_pin(self, row_id: int) -> Response:
        """A PIN by chance, in force at once and shown this once."""
        pin = partners.new_pin()
        with self.console.sessions.begin() as session:
            row = self.one(row_id, session)
            partners.set_pin(session, club=self.club, partner_id=row.id, pin=pin, by=self.staff.id, now=self.now)
        title = self.t("The new PIN of {name}", name=self.name_of(row, self.t))
        return self.show("console/partner_pin.html", row=row, pin=pin, title=title)

    @expose("/<int:row_id>/unlock", methods=["POST"])
    @allow(*MAKERS)
    def unlock(self, row_id: int) -> Response | Answer:
        """The pauses after wrong PINs are over."""

        def unlock(session: Session) -> str:
            ended = partners.unlock(session, club=self.club, partner_id=row_id, by=self.staff.id, now=self.now)
            return self.t("The pauses are over: the PIN is taken again.") if ended else self.t("Nothing was paused.")

        return self._deed(row_id, unlock)

    def _deed(self, row_id: int, deed: Callable[[Session], str]) -> Response | Answer:
        """Do it and lead back; with faults, show its page with what was typed, but for a PIN."""
        try:
            with self.console.sessions.begin() as session:
                told = deed(session)
        except Unknown:
            abort(404)
        except Faulty as refused:
            row = self.one(row_id)
            t, faults = self.t, Told(by_field(self.t, refused.faults))
            names = {name: request.form.get(name, getattr(row, name)) for name in ("name_th", "name_en")}
            facts = {**self.extra(row), "told": faults, "typed": names, "facts": self.facts(row, t)}
            return self.show(self.details_template, 400, row=row, title=self.name_of(row, t), **facts)
        return self.done(told, f"{self.url}/{row_id}")

    def _form(self, typed: dict[str, str], told: Told, status: int = 200) -> Response:
        return self.show("console/partner_new.html", status, typed=typed, told=told, title=self.t("New partner"))

    def _wrong(self) -> dict[int, int]:
        """Wrong PINs of the last day, by partner; asked once a page."""
        if "wrong_pins" not in g:
            g.wrong_pins = pins.wrong_since(self.session, club=self.club.key, since=self.now - DAY)
        found: dict[int, int] = g.wrong_pins
        return found

    def _wrong_said(self, row: Partner) -> str:
        """How many wrong PINs there were, in a sentence; empty: none."""
        t, count = self.t, self._wrong().get(row.id, 0)
        told = t.count("{n} wrong PIN was typed within a day.", "{n} wrong PINs were typed within a day.", count)
        return told if count else ""

    def _pin_said(self, row: Partner, t: Words) -> tuple[str, str]:
        if row.pin_hash is None:
            return t("None: it confirms nothing"), "warn"
        if pins.used_up(row, self.now):
            return t("Many wrong PINs"), "bad"
        if _too_short(row):
            return t("To be renewed"), "warn"
        return t("Set"), "good"

    def _pin(self, row: Partner, t: Words) -> Markup:
        said, tone = self._pin_said(row, t)
        return Markup('<span class="tag {}">{}</span>').format(tone, said)


def _too_short(row: Partner) -> bool:
    """Whether its PIN has fewer digits than new ones, or was set when fewer were enough and nobody has typed it since."""
    return row.pin_hash is not None and (row.pin_digits is None or row.pin_digits < pins.SHORTEST)


def _points(page: Page) -> list[home.Point]:
    """On the first page: partners at which PINs are guessed, and those whose PIN is too short."""
    if not page.may(*MAKERS):
        return []
    t, found = page.t, []
    wrong = pins.wrong_since(page.session, club=page.club.key, since=page.now - DAY)
    query = select(Partner).where(Partner.club == page.club.key, Partner.pin_hash.is_not(None)).order_by(Partner.id)
    for row in page.session.scalars(query):
        where, name = url_for("partners.details", row_id=row.id), label(row, "name", t)
        count = wrong.get(row.id, 0)
        if count >= MANY_WRONG:
            said = t.count(
                "{name}: {n} wrong PIN within a day.", "{name}: {n} wrong PINs within a day.", count, name=name
            )
            found.append(home.Point(said, where, "bad" if pins.used_up(row, page.now) else "warn"))
        if _too_short(row):
            said = t("{name}: its PIN is from when fewer than six digits were enough. Set a new one.", name=name)
            found.append(home.Point(said, where))
    return found


home.POINTS.append(_points)
