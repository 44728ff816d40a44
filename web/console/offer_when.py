"""When an offer begins, how fast it goes, and what it costs against what is left of the month (E5, E10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import redirect, request
from flask_admin import expose
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from benefits.offers import audience as audiences
from benefits.offers import budget as budgets
from benefits.offers import drafting, refusals
from benefits.offers.content import personal
from benefits.offers.pace import CALLS
from benefits.offers.running import quiet
from benefits.refusal import Refusal
from models import Budget, Offer
from web.console.access import allow
from web.console.desk import LineTrouble
from web.console.offer_desk import OfferPage
from web.console.offer_form import bangkok, local, number
from web.console.offer_words import refusal_sentence, too_dear
from wording import Words

WIDTH = 1000
PUSH_SHARE = 0.8
"""Of LINE's allowed pushes a second, unless the deployment says otherwise."""


@dataclass(frozen=True)
class Cost:
    """What an offer costs, and what of the month's messages is left."""

    messages: int
    satang: int
    each: int
    limit: int | None
    used: int
    running: int
    reserve: int
    room: int | None
    trouble: str | None = None
    refusal: str | None = None
    bar: list[dict[str, Any]] = field(default_factory=list)


class Timing(OfferPage):
    """The page of time and cost."""

    @expose("/<int:offer_id>/when")
    @allow("marketer")
    def when(self, offer_id: int) -> Answer:
        """The form, with the cost beside it."""
        offer = self.offer(offer_id)
        if offer.state not in drafting.EDITABLE:
            return redirect(self.to("review", offer), 303)
        return self._when_form(offer, _typed(offer), {})

    @expose("/<int:offer_id>/when", methods=("POST",))
    @allow("marketer")
    def set_when(self, offer_id: int) -> Answer:
        """Save the times and the pace."""
        offer, deed = self.offer(offer_id), request.form.get("do", "save")
        typed = {name: request.form.get(name, "").strip()[:40] for name in _typed(offer)}
        found, faults = self._read_when(typed)
        if faults:
            return self._when_form(offer, typed, faults, 400)
        try:
            with self.console.sessions.begin() as session:
                row = self.find(Offer, offer_id, session)
                drafting.change(session, offer=row, by=self.staff.id, now=self.now, seen=self.seen(), **found)
        except Refusal as refusal:
            return self._when_form(offer, typed, *self._refused(offer, refusal))
        return self.done(self.t("Saved."), self.to("test" if deed == "next" else "when", offer))

    def _refused(self, offer: Offer, refusal: Refusal) -> tuple[dict[str, str], int]:
        said = refusal_sentence(self.t, refusal)
        match refusal:
            case refusals.BadTimes():
                return {"not_after": said}, 400
            case refusals.BadSetting(field=name):
                return {name: said}, 400
            case refusals.Changed():
                return {"whole": self.meanwhile(offer)}, 409
        return {"whole": said}, 409

    def _read_when(self, typed: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        found: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for name in ("start_at", "not_after"):
            try:
                found[name] = bangkok(typed[name])
            except ValueError:
                faults[name] = self.t("Write a day and a time, such as 2026-12-01 10:00.")
        for name in ("hold_back_minutes", "pace"):
            least, most = drafting.BOUNDS[name]
            try:
                value = number(typed[name], least, most)
            except ValueError:
                value = None
            if value is None:
                faults[name] = self.t("Write a whole number from {least} to {most}.", least=self.t.number(least),
                                      most=self.t.number(most))  # fmt: skip
            found[name] = value
        return found, faults

    def _when_form(
        self, offer: Offer, typed: Mapping[str, str], faults: Mapping[str, str], status: int = 200
    ) -> Answer:
        cost = self.cost(offer)
        return self.show_offer(
            "console/offer_when.html",
            offer,
            "when",
            status,
            typed=typed,
            found={name: [said] for name, said in faults.items()},
            cost=cost,
            quiet=self.quiet_sentence(offer),
            kept={name: getattr(offer, name) for name in ("start_at", "not_after")},
            lasting=lasting(self.t, offer, cost.messages),
            lapses=offer.state in ("asked", "approved"),
        )

    def cost(self, offer: Offer, counts: audiences.Counts | None = None) -> Cost:
        """What the offer costs now, with LINE's figures of this minute; with our last ones where LINE does not answer."""
        counted = counts or audiences.count(self.session, self.club, offer.audience, self.now)
        row, messages = budgets.of(self.session, self.club), drafting.needed(offer, counted.reachable)
        limit, used, trouble = self._quota(row)
        set_aside = select(func.coalesce(func.sum(Offer.reserved), 0)).where(Offer.club == self.club.key)
        running = int(self.session.scalar(set_aside.where(Offer.id != offer.id)) or 0)
        room = None if limit is None else max(0, limit - used - row.reserve - running)
        refusal = too_dear(self.t, messages, room) if room is not None and messages > room else None
        bar = _bar(limit, {"used": used, "running": running, "reserve": row.reserve, "this": messages})
        satang = budgets.cost(self.session, self.club, messages)
        return Cost(messages, satang, row.cost_satang, limit, used, running, row.reserve, room, trouble, refusal, bar)

    def quota(self) -> tuple[int | None, int] | None:
        """LINE's (limit, used) of this minute; None where LINE does not answer."""
        try:
            return self.console.quota(self.club.key)
        except LineTrouble:
            return None

    def _quota(self, row: Budget) -> tuple[int | None, int, str | None]:
        asked = self.quota()
        if asked is not None:
            return *asked, None
        if row.asked_at is None:
            return None, 0, self.t("LINE does not answer, so what is left of the month is not known.")
        told = self.t("LINE does not answer. These are its figures of {moment}.", moment=self.t.moment(row.asked_at))
        return row.quota, row.used or 0, told

    def quiet_sentence(self, offer: Offer) -> str:
        """The quiet hours, and what they mean for this offer's beginning."""
        row, t = budgets.of(self.session, self.club), self.t
        if row.quiet_from == row.quiet_to:
            return t("There are no quiet hours.")
        hours = {"start": f"{row.quiet_from:02d}:00", "end": f"{row.quiet_to:02d}:00"}
        said = t("Quiet hours: nothing is sent from {start} to {end}, Bangkok time.", **hours)
        if offer.start_at is not None and quiet(row, offer.start_at):
            said += " " + t("It is to begin within them, so it waits until {end}.", **hours)
        return said


def lasting(t: Words, offer: Offer, messages: int) -> str:
    """How long the sending takes at this pace, roughly and never too short."""
    pace = min(offer.pace, int(CALLS["push"] * PUSH_SHARE)) if personal(offer.content) else offer.pace
    minutes = -(-messages // (pace * 60))
    return t.count(
        "At this pace it takes about {n} minute.", "At this pace it takes about {n} minutes.", max(minutes, 1)
    )


def _bar(limit: int | None, pieces: Mapping[str, int]) -> list[dict[str, Any]]:
    """The pieces side by side on a scale of `WIDTH`; what does not fit is cut at the end."""
    found, x = [], 0
    for key, size in pieces.items() if limit else ():
        width = min(WIDTH - x, round(size * WIDTH / limit)) if limit else 0
        found.append({"key": key, "x": x, "width": max(width, 0)})
        x += max(width, 0)
    return found


def _typed(offer: Offer) -> dict[str, str]:
    return {
        "start_at": local(offer.start_at),
        "not_after": local(offer.not_after),
        "hold_back_minutes": str(offer.hold_back_minutes),
        "pace": str(offer.pace),
    }
