"""What offers ask of somebody, on the first page: an approval, a look at one that paused by itself, a decision."""

from __future__ import annotations

from flask import url_for

from benefits.offers import attention
from web.console import home, staff_points
from web.console.offer_review import STEERERS
from web.console.offer_status import pause_reason
from web.console.page import Page

NAMED = 5
"""So many offers are named one by one; more are counted."""


def points(page: Page) -> list[home.Point]:
    """For approvers what waits for them (E10); for those who steer offers what stands still (E5) or is not known (D11)."""
    found = _for_approval(page) if page.may("approver") and not staff_points.waits_here(page) else []
    return [*found, *_standing(page)] if page.may(*STEERERS) else found


def _for_approval(page: Page) -> list[home.Point]:
    t, waiting = page.t, attention.for_approval(page.session, club=page.club, by=page.staff.id)
    if len(waiting) > NAMED:
        said = t.count("{n} offer waits for your approval.", "{n} offers wait for your approval.", len(waiting))
        return [home.Point(said, url_for("offers.index", state="waiting"))]
    return [
        home.Point(t("“{name}” waits for your approval.", name=offer.name), url_for("offers.review", offer_id=offer.id))
        for offer in waiting
    ]


def _standing(page: Page) -> list[home.Point]:
    t = page.t
    stopped = [
        home.Point(
            t("“{name}” stands still: {why}", name=offer.name, why=pause_reason(t, offer.paused_reason)),
            url_for("offers.progress", offer_id=offer.id),
            "bad",
        )
        for offer in attention.halted(page.session, club=page.club)
    ]
    unknown = [
        home.Point(
            t(
                "“{name}”: of {n} it is not known whether it arrived. Decide about them.",
                name=offer.name,
                n=t.number(n),
            ),
            url_for("offers.progress", offer_id=offer.id),
        )
        for offer, n in attention.undecided(page.session, club=page.club, now=page.now)
    ]
    return [*stopped, *unknown]
