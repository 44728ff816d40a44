"""Parked turns: events that could not be handled, without personal data; tried again, put aside, or read for a reason."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, abort, flash, request
from flask_admin import expose
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import parked, unmasking
from benefits.refusal import Refusal
from models import TurnRow
from web.console.access import READERS, allow
from web.console.deeds import refused
from web.console.desk import Console
from web.console.page import Page
from wording import Words

PAGE_SIZE = 50
CAREFUL = ("support", "admin")
"""Who tries again and puts aside."""


def views(console: Console) -> list[Page]:
    """The parked turns."""
    return [Parked(console)]


class Parked(Page):
    """Events that failed."""

    endpoint_name = "parked"
    section = "club"
    position = 60

    def title(self, t: Words) -> str:
        """Parked turns."""
        return t("Parked turns")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """By kind of error, and event by event. `?reason=`, `?seen=1`, `?page=`."""
        reason, seen = request.args.get("reason") or None, request.args.get("seen") == "1"
        query = parked.listed(club=self.club, reason=reason, seen=seen)
        asked = request.args.get("page", "1")
        page = int(asked) if asked.isdecimal() and 0 < len(asked) < 6 else 1
        rows = self.session.scalars(query.offset((max(page, 1) - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)).all()
        return self.show(
            "console/parked.html",
            reasons=[
                (each.kind, self._events(each.events), self.t.moment(each.newest))
                for each in parked.reasons(self.session, club=self.club)
            ],
            rows=[self._row(row) for row in rows[:PAGE_SIZE]],
            chosen=reason,
            seen=seen,
            number=max(page, 1),
            more=len(rows) > PAGE_SIZE,
            may_retry=self.may(*CAREFUL),
        )

    @expose("/event/<event_id>")
    @allow(*READERS)
    def event(self, event_id: str) -> Response:
        """One event, its words hidden."""
        return self._shown(event_id)

    @expose("/event/<event_id>/reveal", methods=["POST"])
    @allow("support")
    def reveal(self, event_id: str) -> Response:
        """Show one event whole, in this answer only; the journal entry is committed before (B9)."""
        self._found(self.session, event_id)
        reason, by = request.form.get("reveal_reason", ""), self.staff.id
        with self.console.sessions() as session:
            try:
                whole = unmasking.reveal_turn(
                    session, club=self.club, event_id=event_id, reason=reason, by=by, now=self.now
                )
            except Refusal as refusal:
                flash(refused(refusal, self.t), "bad")
                return self._shown(event_id, 409)
            return self._shown(event_id, whole=_pretty(whole.event), error=whole.error)

    @expose("/event/<event_id>/retry", methods=["POST"])
    @allow(*CAREFUL)
    def retry(self, event_id: str) -> Answer:
        """Have it handled again by the jobs, at once where they run."""
        with self.console.sessions.begin() as session:
            self._found(session, event_id)
            asked = parked.ask_retry(session, club=self.club, event_id=event_id, by=self.staff.id, now=self.now)
        if not asked:
            return self.done(self.t("It is not parked any more."), self._url(event_id), "warn")
        self.console.ring("parked")
        return self.done(
            self.t("It will be handled again within a minute. Nothing is said to the person."), self._url(event_id)
        )

    @expose("/retry", methods=["POST"])
    @allow(*CAREFUL)
    def retry_all(self) -> Answer:
        """Have all unseen events of one kind of error handled again."""
        reason = request.form.get("reason", "")
        with self.console.sessions.begin() as session:
            asked = parked.ask_retry_all(session, club=self.club, reason=reason, by=self.staff.id, now=self.now)
        if asked:
            self.console.ring("parked")
        t = self.t
        said = t.count("{n} event will be handled again.", "{n} events will be handled again.", asked)
        return self.done(said, kind="good" if asked else "warn")

    @expose("/event/<event_id>/seen", methods=["POST"])
    @allow(*CAREFUL)
    def mark(self, event_id: str) -> Answer:
        """Put it aside (`seen=1`), or take that back."""
        seen = request.form.get("seen") == "1"
        with self.console.sessions.begin() as session:
            self._found(session, event_id)
            parked.mark_seen(session, club=self.club, event_id=event_id, seen=seen, by=self.staff.id, now=self.now)
        said = (
            self.t("Put aside. It needs no attention any more.")
            if seen
            else self.t("It stands among the parked ones again.")
        )
        return self.done(said, self._url(event_id))

    def _found(self, session: Session, event_id: str) -> TurnRow:
        try:
            return parked.found(session, club=self.club, event_id=event_id)
        except unmasking.UnknownTurn:
            abort(404)

    def _events(self, n: int) -> str:
        t = self.t
        return t.count("{n} event", "{n} events", n)

    def _url(self, event_id: str) -> str:
        return f"{self.url}/event/{event_id}"

    def _row(self, row: TurnRow) -> dict[str, Any]:
        return {
            "id": row.event_id,
            "url": self._url(row.event_id),
            "at": self.t.moment(row.received_at),
            "kind": row.kind,
            "why": parked.without_values(row.error),
            "tries": row.attempts,
            "asked": row.retry_asked_at is not None,
        }

    def _shown(self, event_id: str, status: int = 200, **clear: object) -> Response:
        row, t = self._found(self.session, event_id), self.t
        parked_still = row.state == "parked"
        facts = [
            (t("Received"), t.moment(row.received_at)),
            (t("Kind"), row.kind),
            (t("State"), t("Parked") if parked_still else t("Handled: {outcome}", outcome=row.outcome or row.state)),
            (t("Error"), parked.without_values(row.error)),
            (t("Tries"), t.number(row.attempts)),
            (t("Person"), unmasking.last_four(row.line_user_id)),
            (t("Next try"), t("asked for; within a minute") if row.retry_asked_at else None),
            (t("Put aside"), t.moment(row.seen_at) if row.seen_at else None),
        ]
        return self.show(
            "console/parked_event.html",
            status,
            title=t("Event {id}", id=row.event_id),
            facts=facts,
            masked=_pretty(parked.without_personal_data(row.event)),
            here=self._url(event_id),
            may_retry=parked_still and self.may(*CAREFUL),
            may_reveal=self.may("support") and not clear,
            put_aside=row.seen_at is not None,
            **{"whole": None, "error": None, **clear},
        )


def _pretty(event: Any) -> str:
    return json.dumps(event, indent=2, ensure_ascii=False, sort_keys=True)
