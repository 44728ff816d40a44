"""How far an offer is: counts of one instant, which always add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits.offers import pace
from models import Offer

RECENT = 60.0
"""Seconds by whose speed the rest is estimated."""

# One statement, hence one instant: batches move while this reads.
_COUNTS = text("""
SELECT 'batch' AS what, state, count(*) AS n, CAST(coalesce(sum(size), 0) AS bigint) AS people
FROM offer_batches WHERE offer_id = :offer GROUP BY state
UNION ALL
SELECT 'left_out', state, count(*), count(*) FROM offer_recipients
WHERE offer_id = :offer AND state <> 'batched' GROUP BY state
UNION ALL
SELECT 'offer', state, 0, 0 FROM offers WHERE id = :offer
UNION ALL
SELECT 'why', paused_reason, 0, 0 FROM offers WHERE id = :offer
""")
_SPEED = text("""
WITH latest AS (SELECT max(answered_at) AS at FROM offer_batches WHERE offer_id = :offer AND state = 'accepted')
SELECT CAST(sum(b.size) AS float) AS people, extract(epoch FROM max(b.answered_at) - min(b.answered_at)) AS seconds
FROM offer_batches AS b, latest
WHERE b.offer_id = :offer AND b.state = 'accepted' AND b.answered_at > latest.at - make_interval(secs => :recent)
""")


@dataclass(frozen=True)
class Progress:
    """Counts of people. `recipients` = `to_send` + all `skipped`; `to_send` = `accepted` + `refused` + `unknown` +
    `waiting` + `not_sent`."""

    state: str
    paused_reason: str | None
    recipients: int
    to_send: int
    accepted: int
    """LINE took a message for them; whether a phone showed it, nobody can know."""
    refused: int
    unknown: int
    """LINE did not say, and no longer remembers: a person decides."""
    waiting: int
    """Not settled yet, those under way among them."""
    under_way: int
    """In batches that left, or may have."""
    not_sent: int
    """Left behind when it was stopped."""
    batches: int
    batches_done: int
    skipped: Mapping[str, int] = field(default_factory=dict)
    """People of the audience who get nothing, by reason: held_out, blocked, opted_out, capped, malformed, incomplete, erased."""
    seconds_left: int | None = None
    """At the speed of the last minute, or the pace; none: it does not move."""


def progress(session: Session, offer: Offer) -> Progress:
    """Where `offer` stands at this instant (E4). Its state is read anew; before it was prepared all counts are 0."""
    people: dict[str, int] = {}
    batches: dict[str, int] = {}
    skipped: dict[str, int] = {}
    says: dict[str, str | None] = {}
    for row in session.execute(_COUNTS, {"offer": offer.id}):
        if row.what == "batch":
            people[row.state], batches[row.state] = row.people, row.n
        elif row.what == "left_out":
            skipped[row.state] = row.n
        else:
            says[row.what] = row.state
    state = str(says.get("offer"))
    stopped = state == "stopped"
    planned = people.get("planned", 0)
    under_way = people.get("sending", 0)
    waiting = under_way + (0 if stopped else planned)
    to_send = sum(people.values())
    return Progress(
        state=state,
        paused_reason=says.get("why"),
        recipients=to_send + sum(skipped.values()),
        to_send=to_send,
        accepted=people.get("accepted", 0),
        refused=people.get("refused", 0),
        unknown=people.get("unknown", 0),
        waiting=waiting,
        under_way=under_way,
        not_sent=people.get("stopped", 0) + (planned if stopped else 0),
        batches=sum(batches.values()),
        batches_done=sum(n for state, n in batches.items() if state not in ("planned", "sending")),
        skipped=skipped,
        seconds_left=_seconds_left(session, offer, waiting) if state == "sending" else None,
    )


def _seconds_left(session: Session, offer: Offer, waiting: int) -> int:
    row = session.execute(_SPEED, {"offer": offer.id, "recent": RECENT}).one()
    speed = float(pace.bounded(offer.pace, offer.recipients or 0))
    if row.seconds and row.seconds > 2:
        speed = min(speed, row.people / float(row.seconds))
    return int(waiting / max(speed, 0.1)) + 1 if waiting else 0
