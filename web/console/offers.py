"""Offers: what is sent to many. The list by state, a new one, and all pages of one offer."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask_admin import expose
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from benefits.offers import drafting
from benefits.refusal import Refusal
from models import Offer
from web.console import home, offer_points
from web.console.access import READERS, allow
from web.console.desk import Console
from web.console.offer_progress import Watching
from web.console.offer_results import Reading
from web.console.offer_review import Reviewing
from web.console.offer_words import refusal_sentence
from web.console.page import Page

GROUPS = {
    "writing": ("draft",),
    "waiting": ("asked",),
    "going": ("approved", "preparing", "sending", "paused"),
    "over": ("done", "stopped", "expired"),
}
"""The list's tabs and their states."""
PAGE = 25


class Offers(Reading, Watching, Reviewing):
    """Everything about offers."""

    @expose("/")
    @allow(*READERS)
    def index(self) -> Answer:
        """The list; `?state=` chooses a tab, `?before=` the older ones."""
        return self._list_page()

    @expose("/new", methods=("POST",))
    @allow("marketer")
    def new(self) -> Answer:
        """An empty draft, ready to be written."""
        name = request.form.get("name", "").strip()
        try:
            with self.console.sessions.begin() as session:
                offer = drafting.create(session, club=self.club, name=name, by=self.staff.id, now=self.now)
                offer_id = offer.id
        except Refusal as refusal:
            return self._list_page(400, typed=name, said=refusal_sentence(self.t, refusal))
        return redirect(url_for("offers.write", offer_id=offer_id), 303)

    def _list_page(self, status: int = 200, typed: str = "", said: str = "") -> Answer:
        chosen = request.args.get("state", "")
        rows = self._rows(chosen)
        more = len(rows) > PAGE
        rows = rows[:PAGE]
        older = url_for("offers.index", state=chosen or None, before=rows[-1].id) if more else None
        return self.show(
            "console/offers.html",
            status,
            offers=[self._row(offer) for offer in rows],
            groups=self._groups(),
            chosen=chosen if chosen in GROUPS else "",
            may_write=self.may("marketer"),
            typed_name=typed,
            said=said,
            next_url=older,
        )

    def _rows(self, chosen: str) -> list[Offer]:
        found = select(Offer).where(Offer.club == self.club.key)
        if chosen in GROUPS:
            found = found.where(Offer.state.in_(GROUPS[chosen]))
        before = request.args.get("before", "")
        if before.isdecimal() and len(before) < 19:
            found = found.where(Offer.id < int(before))
        return list(self.session.scalars(found.order_by(Offer.id.desc()).limit(PAGE + 1)))

    def _row(self, offer: Offer) -> dict[str, Any]:
        status = self.status(offer, brief=True)
        page = "write" if offer.state == "draft" and self.may("marketer") else "review"
        return {
            "name": offer.name,
            "url": self.to("progress" if offer.prepared_at is not None else page, offer),
            "status": status,
            "author": self.colleague(offer.author_id),
            "changed_at": offer.changed_at,
        }

    def _groups(self) -> list[dict[str, Any]]:
        counted = select(Offer.state, func.count()).where(Offer.club == self.club.key).group_by(Offer.state)
        numbers: dict[str, int] = {row[0]: row[1] for row in self.session.execute(counted)}
        t = self.t
        labels = {
            "writing": t("Being written"),
            "waiting": t("Waiting for approval"),
            "going": t("On the way"),
            "over": t("Over"),
        }
        tabs = [{"key": "", "label": t("All"), "count": sum(numbers.values())}]
        for key, states in GROUPS.items():
            tabs.append({"key": key, "label": labels[key], "count": sum(numbers.get(state, 0) for state in states)})
        return tabs


def views(console: Console) -> list[Page]:
    """The page of offers."""
    return [Offers(console)]


home.POINTS.append(offer_points.points)
