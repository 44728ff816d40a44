"""One offer whole, as its approver sees it: what is sent, to whom, at what cost, what changed; and every step from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits.offers import approvers, drafting
from benefits.offers.content import personal
from benefits.offers.steering import STOPPABLE
from benefits.refusal import Refusal
from models import JournalEntry, Offer
from web.console import staff_points
from web.console.access import READERS, allow
from web.console.offer_audience import Targeting
from web.console.offer_changes import SNAPSHOT, changes, snapshot
from web.console.offer_history import told
from web.console.offer_tests import Chatting, Testing
from web.console.offer_when import Timing
from web.console.offer_words import fault_lines, not_independent, refusal_sentence

STEERERS = ("marketer", "approver", "admin")
"""Who may stop an offer, pause it and let it go on."""
HISTORY = 40


class Reviewing(Testing, Timing, Targeting, Chatting):
    """The page on which an offer is asked for, approved or sent back."""

    @expose("/<int:offer_id>/")
    @allow(*READERS)
    def review(self, offer_id: int) -> Answer:
        """Everything about it."""
        return self._page(self.offer(offer_id))

    @expose("/<int:offer_id>/ask", methods=("POST",))
    @allow("marketer")
    def ask(self, offer_id: int) -> Answer:
        """Ask for approval. What the approver will see is written to the journal, to be compared with later."""
        offer = self.offer(offer_id)
        if self.seen() != offer.digest:
            return self._page(offer, 409, outdated=True)
        said = self.line_says(offer)
        if said:
            return self._page(offer, 409, said=said)

        def deed(session: Session, row: Offer) -> None:
            drafting.ask(
                session,
                club=self.club,
                offer=row,
                by=self.staff.id,
                now=self.now,
                quota=self.quota(),
                public_url=self.console.settings.public_url,
                has_file=self.has_file,
            )
            self.note(session, SNAPSHOT, ("offer", row.id), digest=row.digest.hex(), seen=snapshot(row))

        return self._step(offer_id, deed, self.t("Asked. An approver who did not write it decides."))

    @expose("/<int:offer_id>/approve", methods=("POST",))
    @allow("approver")
    def approve(self, offer_id: int) -> Answer:
        """Approve exactly what was looked at."""
        digest = self.seen()

        def deed(session: Session, row: Offer) -> None:
            drafting.approve(session, offer=row, by=self.staff.id, digest=digest, now=self.now, via="console")

        return self._step(offer_id, deed, self.t("Approved."), ring=True)

    @expose("/<int:offer_id>/reject", methods=("POST",))
    @allow("approver")
    def reject(self, offer_id: int) -> Answer:
        """Send it back with a reason."""
        reason, digest = request.form.get("reason", "").strip(), self.seen()
        if not reason:
            return self._page(self.offer(offer_id), 400, said=[self.t("Write the reason, so that it can be mended.")])

        def deed(session: Session, row: Offer) -> None:
            drafting.reject(session, offer=row, by=self.staff.id, reason=reason, now=self.now, digest=digest)

        return self._step(offer_id, deed, self.t("Sent back to its author."), typed_reason=reason)

    @expose("/<int:offer_id>/stop", methods=("POST",))
    @allow(*STEERERS)
    def stop(self, offer_id: int) -> Answer:
        """End it for good (E4)."""
        return self._steer(offer_id, drafting.stop, self.t("Stopped for good."))

    @expose("/<int:offer_id>/pause", methods=("POST",))
    @allow(*STEERERS)
    def pause(self, offer_id: int) -> Answer:
        """Begin no further batch (E4)."""
        return self._steer(
            offer_id, drafting.pause, self.t("Paused. What is in LINE's hands this moment still arrives.")
        )

    @expose("/<int:offer_id>/resume", methods=("POST",))
    @allow(*STEERERS)
    def resume(self, offer_id: int) -> Answer:
        """Go on (E7)."""
        return self._steer(offer_id, drafting.resume, self.t("It goes on."))

    @expose("/<int:offer_id>/copy", methods=("POST",))
    @allow("marketer")
    def copy(self, offer_id: int) -> Answer:
        """A new draft that says the same."""
        with self.console.sessions.begin() as session:
            twin = drafting.copy_of(session, offer=self.find(Offer, offer_id, session), by=self.staff.id, now=self.now)
        return self.done(self.t("Copied. This is the copy; times and approval begin anew."), self.to("write", twin))

    def _steer(self, offer_id: int, act: Callable[..., None], told_: str) -> Answer:
        def deed(session: Session, row: Offer) -> None:
            act(session, offer=row, by=self.staff.id, now=self.now)

        return self._step(offer_id, deed, told_, ring=True)

    def _step(
        self,
        offer_id: int,
        deed: Callable[[Session, Offer], None],
        told_: str,
        *,
        ring: bool = False,
        typed_reason: str = "",
    ) -> Answer:
        """One step in one transaction; refused, the page says why. Pressed twice, the second finds it done (E3)."""
        try:
            with self.console.sessions.begin() as session:
                deed(session, self.find(Offer, offer_id, session))
        except Refusal as refusal:
            said = [refusal_sentence(self.t, refusal)]
            return self._page(self.offer(offer_id), 409, said=said, typed_reason=typed_reason)
        if ring:
            self.console.ring("offers")
        offer = self.offer(offer_id)
        return self.done(told_, self.to("progress" if offer.prepared_at is not None else "review", offer))

    def _page(self, offer: Offer, status: int = 200, **facts: Any) -> Answer:
        counted = self.counted(offer, offer.audience, offer.holdout_percent)
        wrong = self.faults_of(offer) if offer.state in drafting.EDITABLE else []
        seen = facts.pop("said", [])
        return self.show_offer(
            "console/offer.html",
            offer,
            "review",
            status,
            **{"outdated": False, "typed_reason": "", **facts},
            said=seen,
            faults=fault_lines(wrong, self.t),
            counted=counted,
            cost=self.cost(offer, counted.counts),
            times=self._times(offer),
            quiet=self.quiet_sentence(offer),
            messages=self.phones(offer.content),
            personal=personal(offer.content),
            may=self._may(offer),
            waits=staff_points.waits_here(self) if offer.state == "asked" and self.may("approver") else "",
            not_independent=not_independent(self.t) if self._not_independent(offer) else "",
            own_work=offer.state == "asked" and self.may("approver") and self._had_a_hand(offer),
            connected=self.connected(self.staff),
            changes=changes(self.t, self.club, self._last_approved(offer), offer, self._privilege, self._list),
            history=self._history(offer),
        )

    def _may(self, offer: Offer) -> Mapping[str, bool]:
        steering = self.may(*STEERERS)
        return {
            "ask": offer.state == "draft" and self.may("marketer"),
            "approve": self._may_approve(offer),
            "copy": self.may("marketer"),
            "stop": offer.state in STOPPABLE and steering,
        }

    def _may_approve(self, offer: Offer) -> bool:
        """Whether the rule would take their approval: what it can only refuse is not offered."""
        hindered = self._had_a_hand(offer) or self._not_independent(offer) or staff_points.waits_here(self)
        return offer.state == "asked" and self.may("approver") and not hindered

    def _not_independent(self, offer: Offer) -> bool:
        asked = offer.state == "asked" and self.may("approver")
        return asked and approvers.gave_the_sign_in(self.session, offer=offer, by=self.staff.id)

    def _had_a_hand(self, offer: Offer) -> bool:
        """Whether they wrote or changed it at any time: the rule refuses her approval, so no button offers it (E10)."""
        made = self._entries(offer, "offer_created", "offer_changed")
        return offer.author_id == self.staff.id or any(one.actor == str(self.staff.id) for one in made)

    def _times(self, offer: Offer) -> list[dict[str, str]]:
        t = self.t

        def when(moment: datetime | None, otherwise: str) -> str:
            return otherwise if moment is None else t.moment(moment)

        return [
            {"label": t("Not before"), "value": when(offer.start_at, t("As soon as it is approved"))},
            {"label": t("Do not start after"), "value": when(offer.not_after, t("No such bound"))},
            {
                "label": t("Time to think again after approval"),
                "value": t.count("{n} minute", "{n} minutes", offer.hold_back_minutes),
            },
            {"label": t("Pace: at most"), "value": t("{n} recipients a second", n=t.number(offer.pace))},
            {"label": t("Hold-out"), "value": f"{offer.holdout_percent} %"},
        ]

    def _entries(self, offer: Offer, *actions: str) -> list[JournalEntry]:
        found = select(JournalEntry).where(
            JournalEntry.club == self.club.key,
            JournalEntry.subject_kind == "offer",
            JournalEntry.subject_id == offer.id,
        )
        if actions:
            found = found.where(JournalEntry.action.in_(actions))
        return list(self.session.scalars(found.order_by(JournalEntry.id.desc()).limit(HISTORY)))

    def _last_approved(self, offer: Offer) -> Mapping[str, Any] | None:
        """What was approved last, as it was then; None: it never was, or nothing else has been written since."""
        approved = next(iter(self._entries(offer, "offer_approved")), None)
        if approved is None or approved.facts.get("digest") == offer.digest.hex():
            return None
        kept = self._entries(offer, SNAPSHOT)
        return next((one.facts["seen"] for one in kept if one.facts["digest"] == approved.facts.get("digest")), None)

    def _history(self, offer: Offer) -> list[dict[str, Any]]:
        lines = []
        for entry in reversed(self._entries(offer)):
            who = self.colleague(int(entry.actor)) if entry.actor_kind == "staff" and entry.actor else ""
            said = told(self.t, entry, who)
            if said:
                lines.append({"at": entry.at, "sentence": said})
        return lines
