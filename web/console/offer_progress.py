"""How far an offer is: a bar, a true sentence, numbers; and batches of unknown outcome for a person to decide (D11, E4)."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, jsonify, redirect, request
from flask_admin import expose
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from benefits.offers import drafting
from benefits.offers.progress import Progress, progress
from benefits.offers.steering import PAUSABLE, STOPPABLE
from benefits.refusal import Refusal
from models import Batch, Offer
from web.console.access import READERS, allow
from web.console.offer_desk import OfferPage
from web.console.offer_review import STEERERS
from web.console.offer_status import BEGUN, permille, status_of
from web.console.offer_words import refusal_sentence
from wording import Words

OVER = ("stopped", "done", "expired")
SHOWN = 50
"""Undecided batches on one page; those decided make room for the next."""


class Watching(OfferPage):
    """The progress page."""

    @expose("/<int:offer_id>/progress")
    @allow(*READERS)
    def progress(self, offer_id: int) -> Answer:
        """As it is now; with scripts it looks again every two seconds."""
        return self._progress_page(self.offer(offer_id))

    @expose("/<int:offer_id>/progress.json")
    @allow(*READERS)
    def progress_now(self, offer_id: int) -> Response:
        """The same as numbers and sentences."""
        return jsonify(self._now(self.offer(offer_id)))

    @expose("/<int:offer_id>/unknown/<int:batch_id>", methods=("POST",))
    @allow("approver", "admin")
    def decide(self, offer_id: int, batch_id: int) -> Answer:
        """A person decides about a batch whose outcome nobody knows, with a reason (D11)."""
        offer, reason = self.offer(offer_id), request.form.get("reason", "").strip()
        resend = {"yes": True, "no": False}.get(request.form.get("resend", ""))
        here = self.to("progress", offer)
        batch = self.session.get(Batch, batch_id) if batch_id < 2**63 else None
        if batch is None or batch.offer_id != offer.id or resend is None:
            abort(404)
        if not reason:
            return self.done(self.t("Write the reason, so that it can be mended."), here, "bad")
        try:
            with self.console.sessions.begin() as session:
                drafting.decide_unknown(
                    session, batch_id=batch_id, by=self.staff.id, resend=resend, reason=reason, now=self.now
                )
        except Refusal as refusal:
            return self.done(refusal_sentence(self.t, refusal), here, "warn")
        self.console.ring("offers")
        return self.done(self.t("It is sent again.") if resend else self.t("It is left as it is."), here)

    def _progress_page(self, offer: Offer) -> Answer:
        if offer.state not in BEGUN:
            return redirect(self.to("review", offer), 303)
        return self.show_offer(
            "console/offer_progress.html",
            offer,
            "progress",
            progress=self._now(offer),
            unknown=[self._batch(batch) for batch in self._undecided(offer)],
            may={
                "pause": offer.state in PAUSABLE and self.may(*STEERERS),
                "resume": offer.state == "paused" and self.may(*STEERERS),
                "stop": offer.state in STOPPABLE and self.may(*STEERERS),
                "decide": self.may("approver", "admin"),
            },
        )

    def _now(self, offer: Offer) -> dict[str, Any]:
        found, t = progress(self.session, offer), self.t
        status = status_of(t, self.session, self.club, offer, self.now)
        looked = t(
            "As of {time}. This page looks again by itself; without scripts, load it anew.", time=t.time(self.now)
        )
        return {
            "state": offer.state,
            "over": offer.state in OVER and not found.waiting,
            "sentence": " ".join(filter(None, [status.sentence, _rest(t, offer, found)])),
            "permille": permille(found),
            "facts": _facts(t, found),
            "unknown": found.unknown,
            "looked": looked,
        }

    def _undecided(self, offer: Offer) -> list[Batch]:
        asked = select(Batch).where(Batch.offer_id == offer.id, Batch.state == "unknown", Batch.decided_at.is_(None))
        return list(self.session.scalars(asked.order_by(Batch.id).limit(SHOWN)))

    def _batch(self, batch: Batch) -> dict[str, Any]:
        t = self.t
        title = t.count("{n} recipient", "{n} recipients", batch.size)
        about = ""
        if batch.first_attempt_at is not None:
            tries = t.count("{n} try", "{n} tries", batch.attempts)
            about = t("Tried first on {moment}, {tries}.", moment=t.moment(batch.first_attempt_at), tries=tries)
        return {"id": batch.id, "title": title, "about": about}


def _rest(t: Words, offer: Offer, found: Progress) -> str:
    """What is still to come, or undecided."""
    said = []
    if offer.state == "sending" and found.waiting and found.seconds_left is not None:
        minutes = max(1, -(-int(found.seconds_left) // 60))
        said.append(t.count("About {n} minute to go.", "About {n} minutes to go.", minutes))
    if found.unknown:
        said.append(t.count("Of {n} it is not known whether it arrived.", "Of {n} it is not known whether it arrived.",
                            found.unknown))  # fmt: skip
    return " ".join(said)


def _facts(t: Words, found: Progress) -> list[dict[str, Any]]:
    named = {
        "accepted": t("LINE took it"),
        "waiting": t("Still waiting"),
        "refused": t("LINE refused it for"),
        "unknown": t("Not known whether it arrived"),
        "recipients": t("In the audience"),
    }
    facts = [{"key": key, "label": label, "value": t.number(getattr(found, key))} for key, label in named.items()]
    for reason, n in found.skipped.items():
        facts.append({"key": f"skipped-{reason}", "label": skip_reason(t, reason), "value": t.number(n)})
    return facts


def skip_reason(t: Words, reason: str) -> str:
    """Why somebody of the audience got nothing."""
    return {
        "held_out": t("Held out to compare"),
        "blocked": t("Not a friend of the channel now"),
        "opted_out": t("Opted out of offers"),
        "capped": t("Had enough offers lately"),
        "malformed": t("Malformed LINE user ID"),
        "incomplete": t("A value for the text is missing"),
        "erased": t("Erased meanwhile"),
    }.get(reason, reason)
