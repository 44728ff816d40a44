"""Rounds: what each month came to; the difference the next one would make, signed by two persons where the club says so."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, abort, flash, jsonify, url_for
from flask_admin import expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import rounds, rounds_preview
from benefits.periods import add_months, month_name, parse_month, start_of
from benefits.refusal import Refusal
from models import RoundPreview, Staff
from web.console import home, round_words, staff_points
from web.console.access import READERS, allow
from web.console.deeds import refused
from web.console.desk import Console
from web.console.page import Page
from wording import Words

SIGNERS = ("finance", "approver")


def views(console: Console) -> list[Page]:
    """The rounds."""
    return [Rounds(console)]


class Rounds(Page):
    """The monthly rounds of the present club."""

    endpoint_name = "rounds"
    section = "club"
    position = 30

    def title(self, t: Words) -> str:
        """Rounds."""
        return t("Rounds")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """Every run, the newest first, and above them the month that comes next."""
        runs = rounds.listing(self.session, club=self.club)[::-1]
        period = rounds_preview.next_month(self.session, self.club)
        coming = self._coming(period) if period is not None else None
        return self.show("console/rounds.html", runs=[round_words.told(run, self.t) for run in runs], coming=coming)

    @expose("/<month>")
    @allow(*READERS)
    def month(self, month: str) -> Response:
        """One month: what its round came to, or what it would change."""
        return self._month(_parsed(month))

    @expose("/<month>/progress")
    @allow(*READERS)
    def progress(self, month: str) -> Response:
        """How far the computing of the difference is, for the page that waits."""
        preview = rounds_preview.latest(self.session, self.club, _parsed(month)) or abort(404)
        step, of = preview.step, len(rounds_preview.STEPS) - 1
        over = preview.state not in ("asked", "running")
        return jsonify(over=over, step=step, of=of, sentence=round_words.step(preview, self.t))

    @expose("/<month>/preview", methods=["POST"])
    @allow(*SIGNERS)
    def preview(self, month: str) -> Response | Answer:
        """Have the difference computed, in the background."""
        period = _parsed(month)
        try:
            with self.console.sessions.begin() as session:
                rounds_preview.ask(session, club=self.club, period=period, by=self.staff.id, now=self.now)
        except Refusal as refusal:
            return self._refused(period, refusal)
        self.console.ring("previews")
        return self.done(self.t("The difference is being computed."), f"{self.url}/{month}")

    @expose("/sign/<int:preview_id>", methods=["POST"])
    @allow(*SIGNERS)
    def sign(self, preview_id: int) -> Response | Answer:
        """Sign the figures of a preview. The second signature lets the round go, on its day."""
        period = self.find(RoundPreview, preview_id).period
        try:
            with self.console.sessions.begin() as session:
                signed = rounds_preview.sign(
                    session, club=self.club, preview_id=preview_id, by=self.staff.id, now=self.now
                )
        except Refusal as refusal:
            return self._refused(period, refusal)
        due = rounds.adjusted_at(self.club, period)
        if signed.state == "granted":
            self.console.ring("rounds")
            told = self.t("Signed by two. The round is published on {when}.", when=self.t.moment(max(due, self.now)))
        else:
            told = self.t("Signed. A second person has to sign, too.")
        return self.done(told, f"{self.url}/{month_name(period)}")

    @expose("/<month>/publish", methods=["POST"])
    @allow(*SIGNERS)
    def publish(self, month: str) -> Response | Answer:
        """Ask the job at once; it decides as it does every minute, so that nothing happens twice."""
        period = _parsed(month)
        if period not in rounds.due(self.session, self.club, self.now):
            return self._refused(period, rounds.RoundNotDue(period, rounds.adjusted_at(self.club, period)))
        with self.console.sessions.begin() as session:
            self.note(session, "round_asked", ("round", None), period=month_name(period))
        self.console.ring("rounds")
        return self.done(self.t("Asked. The round is computed now."), f"{self.url}/{month}")

    def _refused(self, period: date, refusal: Refusal) -> Response:
        flash(round_words.refused(refusal, self.t) or refused(refusal, self.t), "bad")
        return self._month(period, 409)

    def _month(self, period: date, status: int = 200) -> Response:
        run = next((run for run in rounds.listing(self.session, club=self.club) if run.period == period), None)
        coming = None
        if run is None or run.state != "done":
            if rounds_preview.next_month(self.session, self.club) != period:
                abort(404)
            coming = self._coming(period)
        title = self.t("Round of {month}", month=self.t.month(period))
        told = round_words.told(run, self.t) if run else None
        moves = round_words.moves(run, self.club, self.t) if run and run.state == "done" else None
        return self.show("console/round.html", status, title=title, run=told, moves=moves, coming=coming)

    def _coming(self, period: date) -> dict[str, Any]:
        """The month that comes next: when, what its difference is, who signed, what can be done."""
        preview = rounds_preview.latest(self.session, self.club, period)
        signing = rounds_preview.signing(self.session, self.club, preview) if preview else None
        due = rounds.adjusted_at(self.club, period)
        signed = signing is not None and signing.state == "granted" and preview is not None and preview.state == "ready"
        return {
            "month": month_name(period),
            "period": period,
            "ended": start_of(add_months(period, 1)) <= self.now,
            "due": due,
            "is_due": due <= self.now,
            "sign_off": self.club.round.sign_off,
            "signed": signed,
            "signatures": _signatures(self.session, signing, self.t),
            "may_sign": signing is None or (signing.state == "open" and signing.asked_by != self.staff.id),
            "waits": staff_points.waits_here(self) if self.may(*SIGNERS) else "",
            "preview": preview,
            "waiting": preview is not None and preview.state in ("asked", "running"),
            "sentence": round_words.step(preview, self.t) if preview else "",
            "steps": len(rounds_preview.STEPS) - 1,
            "difference": round_words.difference(preview, self.club, self.t) if preview and preview.facts else None,
            "may": self.may(*SIGNERS),
        }


def _signatures(session: Session, signing: Any, t: Words) -> list[str]:
    """Who signed when."""
    if signing is None:
        return []
    who = [(signing.asked_by, signing.asked_at)]
    if signing.state == "granted":
        who.append((signing.decided_by, signing.decided_at))
    return [t("{name}, {when}", name=session.get_one(Staff, by).name, when=t.moment(at)) for by, at in who]


def _parsed(month: str) -> date:
    try:
        return parse_month(month)
    except ValueError:
        abort(404)


def _points(page: Page) -> list[home.Point]:
    """On the first page: a round that waits for a signature."""
    if not page.club.round.sign_off or not page.may(*SIGNERS):
        return []
    due = rounds.due(page.session, page.club, page.now)
    if not due or any(run.state == "running" for run in rounds.listing(page.session, club=page.club)):
        return []
    preview = rounds_preview.latest(page.session, page.club, due[0])
    signing = rounds_preview.signing(page.session, page.club, preview) if preview else None
    if preview and preview.state == "ready" and signing and signing.state == "granted":
        return []
    told = page.t("The round of {month} waits for two signatures.", month=page.t.month(due[0]))
    return [home.Point(told, url_for("rounds.month", month=month_name(due[0])), "bad")]


home.POINTS.append(_points)
