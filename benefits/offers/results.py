"""What an offer brought: sent and failed, clicks, claims and uses, their cost, all beside those it was held back from.

Claims are of the privileges on its cards, by people who got it, from its beginning on. That somebody claims does not
prove that the offer made her: the held-out share, who could have got it and did not, says how many claim anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits.offers.progress import Progress, progress
from benefits.offers.shape import parts_of
from models import Budget, Offer

# Whoever got it, batch by batch: a batch's people lie between its two ids.
_TOOK = """
    SELECT r.person_id FROM offer_batches AS b
    JOIN offer_recipients AS r ON r.offer_id = b.offer_id AND r.language = b.language AND r.state = 'batched'
      AND r.person_id BETWEEN b.first_person_id AND b.last_person_id
    WHERE b.offer_id = :offer AND b.state = 'accepted'
"""
_HELD = "SELECT person_id FROM offer_recipients WHERE offer_id = :offer AND state = 'held_out'"
_CLAIMS = """
    SELECT count(*) AS people, CAST(coalesce(sum(theirs.claims), 0) AS bigint) AS claims,
           CAST(coalesce(sum(theirs.uses), 0) AS bigint) AS uses
    FROM (
        SELECT c.person_id, count(*) AS claims, count(*) FILTER (WHERE c.state = 'used') AS uses
        FROM claims AS c WHERE c.privilege_id = ANY(:privileges) AND c.claimed_at >= :since AND c.state <> 'void'
        GROUP BY c.person_id
    ) AS theirs WHERE theirs.person_id IN ({people})
"""
_BY_GROUP = {"sent": text(_CLAIMS.format(people=_TOOK)), "held": text(_CLAIMS.format(people=_HELD))}
_CLICKS = text("""
    SELECT l.target, l.language, count(k.id) AS clicks FROM offer_links AS l LEFT JOIN offer_clicks AS k ON k.link_id = l.id
    WHERE l.offer_id = :offer GROUP BY l.id, l.target, l.language, l.position ORDER BY l.language, l.position
""")
_REFUSALS = text("""
    SELECT coalesce(error, '') AS error, CAST(sum(size) AS bigint) AS people FROM offer_batches
    WHERE offer_id = :offer AND state = 'refused' GROUP BY error ORDER BY 2 DESC
""")


@dataclass(frozen=True)
class Clicked:
    """Openings of one link, in one language; one person may open it many times."""

    target: str
    language: str
    clicks: int


@dataclass(frozen=True)
class Group:
    """People who got it, or who were held out; how many of them claimed, how often, and how many of the claims were used."""

    people: int
    claimers: int
    claims: int
    uses: int

    @property
    def rate(self) -> float | None:
        """Claimers of all, 0 to 1; none: nobody is in it."""
        return self.claimers / self.people if self.people else None


@dataclass(frozen=True)
class Results:
    """Everything about one offer, now."""

    progress: Progress
    refusals: Sequence[tuple[str, int]]
    """LINE's words and how many people's messages it refused with them."""
    links: Sequence[Clicked]
    clicks: int
    sent: Group
    held_out: Group
    cost_satang: int
    """Messages LINE took, at the club's price for one."""
    cost_per_use_satang: int | None
    """None: nothing was used yet."""
    more_per_hundred: float | None
    """Claimers per hundred people more among those who got it than among those held out; none: one of the groups is empty."""
    line: Mapping[str, Any] | None
    """LINE's own statistics: `seen`, `clicked` (people; none: LINE gives no number below 20); none: not asked yet."""
    line_asked_at: datetime | None


def results(session: Session, offer: Offer, now: datetime) -> Results:
    """What `offer` brought until now."""
    stands = progress(session, offer)
    links = [Clicked(*row) for row in session.execute(_CLICKS, {"offer": offer.id})]
    sent = _group(session, offer, "sent", stands.accepted)
    held = _group(session, offer, "held", stands.skipped.get("held_out", 0))
    price = session.get(Budget, offer.club)
    cost = stands.accepted * (price.cost_satang if price else 0)
    return Results(
        progress=stands,
        refusals=[(row.error, row.people) for row in session.execute(_REFUSALS, {"offer": offer.id})],
        links=links,
        clicks=sum(link.clicks for link in links),
        sent=sent,
        held_out=held,
        cost_satang=cost,
        cost_per_use_satang=round(cost / sent.uses) if sent.uses else None,
        more_per_hundred=_more(sent, held),
        line=_lines_own(offer.line_figures),
        line_asked_at=offer.line_figures_at,
    )


def _group(session: Session, offer: Offer, name: str, people: int) -> Group:
    privileges = sorted({int(part["privilege_id"]) for part in parts_of(offer.content) if part.get("kind") == "card"})
    if not privileges or offer.begun_at is None:
        return Group(people, 0, 0, 0)
    values = {"offer": offer.id, "privileges": privileges, "since": offer.begun_at}
    row = session.execute(_BY_GROUP[name], values).one()
    return Group(people, row.people, row.claims, row.uses)


def _more(sent: Group, held: Group) -> float | None:
    if sent.rate is None or held.rate is None:
        return None
    return 100 * (sent.rate - held.rate)


def _lines_own(figures: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What LINE says of the whole message; of which it says nothing, it says nothing."""
    if figures is None:
        return None
    overview = figures.get("overview") or {}
    return {"seen": overview.get("uniqueImpression"), "clicked": overview.get("uniqueClick")}
