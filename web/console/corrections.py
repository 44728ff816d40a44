"""Corrections of stars: asked by finance, granted by a second person, taken back by one action (A15)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Response, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import corrections, requests
from benefits.periods import parse_month
from benefits.refusal import Refusal
from models import Correction, Staff, StaffRequest
from web.console import cells, correction_words, history, home, staff_points
from web.console.access import allow
from web.console.deeds import Deeds, refused
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter
from wording import Words

DECIDERS = ("finance", "approver")
SHAPES = ("account", "tier", "file")


def views(console: Console) -> list[Page]:
    """The corrections."""
    return [Corrections(console)]


class Corrections(Deeds):
    """Corrections of the present club, asked, posted or refused."""

    endpoint_name = "corrections"
    section = "members"
    position = 60
    model = Correction
    list_template = "console/corrections.html"
    details_template = "console/correction.html"

    def title(self, t: Words) -> str:
        """Corrections."""
        return t("Corrections of stars")

    def columns(self, t: Words) -> list[Column]:
        """Number, of what, accounts, stars, state, asked by whom and when."""
        return [
            Column("id", t("Number"), lambda row: row.id, Correction.id),
            Column("scope", t("Whose stars"), lambda row: correction_words.scope(row, self.club, t)),
            Column("accounts", t("Accounts"), lambda row: t.number(row.facts.get("accounts", 0)), number=True,
                   export=lambda row: row.facts.get("accounts", 0)),
            Column("stars", t("Stars"), lambda row: correction_words.signed(row.facts.get("stars", 0), t), number=True,
                   export=lambda row: row.facts.get("stars", 0)),
            Column("state", t("State"), lambda row: correction_words.state(row, t), Correction.state),
            Column("asked", t("Asked"), lambda row: t.moment(row.asked_at), Correction.asked_at),
            Column("posted", t("Posted"), lambda row: cells.moment(row.posted_at, t), Correction.posted_at),
        ]  # fmt: skip

    def filters(self, t: Words) -> list[Filter]:
        """By state."""
        states = correction_words.states(t)
        return [Filter("state", t("State"), [(key, said, Correction.state == key) for key, said in states.items()])]

    def name_of(self, row: Correction, t: Words) -> str:
        """Its number."""
        return t("Correction {n}", n=row.id)

    def empty(self, t: Words) -> str:
        """What will stand here."""
        return t("No stars were ever corrected. Finance asks for a correction, and a second person grants it.")

    def facts(self, row: Correction, t: Words) -> list[tuple[str, object]]:
        """Who asked why, what it comes to, who decided."""
        told: list[tuple[str, object]] = [
            (t("Whose stars"), correction_words.scope(row, self.club, t)),
            (t("State"), correction_words.state(row, t)),
        ]
        for asked in requests.requests_about(self.session, club=self.club, subject=(corrections.SUBJECT, row.id))[:1]:
            told += self._asked(asked)
        if "count_month" in row.facts:
            counted = date.fromisoformat(row.facts["count_month"])
            told.append((t("Counts in the round of"), t.month(counted)))
        return [*told, *correction_words.sums(corrections.sums(self.session, self.club, row), row.state, t)]

    def _asked(self, asked: StaffRequest) -> Iterator[tuple[str, object]]:
        t = self.t
        yield t("Reason"), asked.reason
        yield t("Asked"), t("{name}, {when}", name=self._name(asked.asked_by), when=t.moment(asked.asked_at))
        if asked.decided_by is not None and asked.decided_at is not None:
            decider = self._name(asked.decided_by)
            yield t("Decided"), t("{name}, {when}", name=decider, when=t.moment(asked.decided_at))
        if asked.decided_reason:
            yield t("Reason of the decision"), asked.decided_reason

    def _name(self, staff_id: int) -> str:
        return self.session.get_one(Staff, staff_id).name

    def extra(self, row: Correction) -> dict[str, Any]:
        """Its sums as a chart and a table, its largest lines, and what this colleague may do."""
        t, found = self.t, corrections.sums(self.session, self.club, row)
        own = row.asked_by == self.staff.id
        back = corrections.reversal_of(self.session, row)
        waits = staff_points.waits_here(self)
        return {
            "waits": waits if row.state in ("asked", "posted") and self.may(*DECIDERS) else "",
            "moves": correction_words.moves(found, self.club, t) if row.state == "asked" else None,
            "lines": correction_words.lines(corrections.largest(self.session, row), t),
            "all": found.accounts,
            "may_decide": row.state == "asked" and not own and not waits and self.may(*DECIDERS),
            "may_withdraw": row.state == "asked" and own,
            "may_reverse": row.state == "posted" and back is None and not waits and self.may("finance"),
            "back": back,
            "reversed": cells.link(
                "corrections.details", t("Correction {n}", n=row.reverses_id), row_id=row.reverses_id
            ) if row.reverses_id else None,
            "history": history.of(self.session, self.club, ("correction", row.id), t),
        }  # fmt: skip

    @expose("/new")
    @allow("finance")
    def new(self) -> Response:
        """The three ways to ask for one."""
        return self._form({}, {})

    @expose("/new", methods=["POST"])
    @allow("finance")
    def ask(self) -> Response | Answer:
        """Ask for a correction; nothing changes until a second person grants it."""
        typed = {
            key: request.form.get(key, "").strip()[:300]
            for key in ("shape", "account", "tier", "stars", "period", "reason")
        }
        typed["stars"] = typed["stars"].replace("−", "-")
        faults = correction_words.faults(typed, "file" in request.files, self.t)
        if faults:
            return self._form(typed, faults, 400)
        try:
            with self.console.sessions.begin() as session, TemporaryDirectory() as folder:
                made = self._ask(session, typed, Path(folder))
        except Refusal as refusal:
            field, said = correction_words.refused(refusal, self.t)
            return self._form(typed, {field: said or [refused(refusal, self.t)]}, 409)
        told = self.t("Asked. It is posted once a second person has granted it.")
        return self.done(told, f"{self.url}/{made}")

    def _ask(self, session: Session, typed: dict[str, str], folder: Path) -> int:
        common: dict[str, Any] = {"club": self.club, "reason": typed["reason"], "by": self.staff.id, "now": self.now}
        if typed["shape"] == "file":
            file = folder / "corrections.csv"
            request.files["file"].save(file)
            return corrections.ask_file(session, file=file, **common).id
        period = parse_month(typed["period"]) if typed["period"] else None
        stars = int(typed["stars"].replace(",", ""))
        if typed["shape"] == "tier":
            tier = typed["tier"] if typed["tier"] != "all" else None
            return corrections.ask_tier(session, tier=tier, stars=stars, period=period, **common).id
        return corrections.ask_one(session, account=typed["account"], stars=stars, period=period, **common).id

    @expose("/<int:row_id>/grant", methods=["POST"])
    @allow(*DECIDERS)
    def grant(self, row_id: int) -> Response | Answer:
        """Post it: by a second person only."""
        return self._decided(row_id, yes=True)

    @expose("/<int:row_id>/refuse", methods=["POST"])
    @allow(*DECIDERS)
    def refuse(self, row_id: int) -> Response | Answer:
        """Refuse it, with a reason."""
        return self._decided(row_id, yes=False)

    def _decided(self, row_id: int, *, yes: bool) -> Response | Answer:
        reason = request.form.get("reason", "").strip()[:200]
        if not yes and not reason:
            return self.done(self.t("Write why you refuse it."), f"{self.url}/{self.one(row_id).id}", "bad")

        def deed(session: Session) -> str:
            corrections.decide(
                session, club=self.club, correction_id=self.one(row_id, session).id, by=self.staff.id, yes=yes,
                reason=reason, now=self.now,
            )  # fmt: skip
            return (
                self.t("Posted. It counts at the next adjustment.") if yes else self.t("Refused. Nothing was posted.")
            )

        return self.do(row_id, deed)

    @expose("/<int:row_id>/withdraw", methods=["POST"])
    @allow("finance")
    def withdraw(self, row_id: int) -> Response | Answer:
        """Take one's own request back."""

        def deed(session: Session) -> str:
            found = self.one(row_id, session).id
            corrections.withdraw(session, club=self.club, correction_id=found, by=self.staff.id, now=self.now)
            return self.t("Withdrawn. Nothing was posted.")

        return self.do(row_id, deed)

    @expose("/<int:row_id>/reverse", methods=["POST"])
    @allow("finance")
    def reverse(self, row_id: int) -> Response | Answer:
        """Ask to take it back whole, by entries that correct every one of its entries."""
        found = self.one(row_id)
        try:
            with self.console.sessions.begin() as session:
                made = corrections.ask_reversal(
                    session, club=self.club, correction_id=found.id, reason=request.form.get("reason", ""),
                    by=self.staff.id, now=self.now,
                )  # fmt: skip
        except Refusal as refusal:
            _, said = correction_words.refused(refusal, self.t)
            return self.done((said or [refused(refusal, self.t)])[0], f"{self.url}/{found.id}", "bad")
        told = self.t("Asked: every account is to get back what it had. A second person has to grant it.")
        return self.done(told, f"{self.url}/{made.id}")

    def _form(self, typed: dict[str, str], found: dict[str, list[str]], status: int = 200) -> Response:
        t = self.t
        tiers = [("all", t("Every tier"))] + [
            (tier.key, self.club.say(tier.name, t.language)) for tier in self.club.tiers
        ]
        return self.show(
            "console/correction_new.html", status, title=t("Ask for a correction"), typed=typed, found=found, tiers=tiers,
            shapes=correction_words.shapes(t), waits=staff_points.waits_here(self),
        )  # fmt: skip


def _points(page: Page) -> list[home.Point]:
    """On the first page: corrections that wait for a second person."""
    if not page.may(*DECIDERS) or staff_points.waits_here(page):
        return []
    t, count = page.t, corrections.waiting(page.session, club=page.club, other_than=page.staff.id)
    if not count:
        return []
    said = t.count("{n} correction of stars waits for you.", "{n} corrections of stars wait for you.", count)
    return [home.Point(said, url_for("corrections.index", state="asked"))]


home.POINTS.append(_points)
