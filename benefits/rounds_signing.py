"""Where the club file says `sign_off`: a round waits until two different persons have signed its figures.

They sign a preview (`rounds_preview`): one asks, the other grants (`requests`). What they sign is its `figures_hash`.
The round computes the same hash in the transaction that closes its month, and closes it only when they are equal.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from sqlalchemy import Connection, text

from benefits.refusal import Refusal
from benefits.rounds_lease import Lease
from clubs import Club

KIND = "publish_round"
SUBJECT = "round_preview"

# A month that is closed was signed when it was closed; whoever takes over an interrupted run asks nobody again.
CLOSED = """
SELECT EXISTS (SELECT FROM runs WHERE club = :club AND kind = 'stars' AND period = :period
               AND (cursor IS NOT NULL OR state = 'done'))
"""

SIGNED = """
SELECT previews.figures_hash FROM round_previews previews
JOIN staff_requests requests ON requests.club = previews.club AND requests.kind = :kind
     AND requests.subject_kind = :subject AND requests.subject_id = previews.id AND requests.state = 'granted'
WHERE previews.club = :club AND previews.period = :period AND previews.state = 'ready'
"""

LAPSE = "UPDATE round_previews SET state = 'lapsed' WHERE club = :club AND period = :period AND state = 'ready'"

FORGET = "DELETE FROM runs WHERE id = :run AND owner = :owner AND state = 'running' AND cursor IS NULL"


class NotSigned(Refusal):
    """Two persons have not signed these figures: none signed, or something counted since has changed them."""

    rule: ClassVar[str] = "LFC-8"

    def __init__(self, period: date) -> None:
        self.period = period


def signed_figures(connection: Connection, club: Club, period: date) -> frozenset[str] | None:
    """The figures that two persons have signed for a month; none: nobody has to. Raises `NotSigned`."""
    values = {"club": club.key, "period": period, "kind": KIND, "subject": SUBJECT}
    if not club.round.sign_off or connection.scalar(text(CLOSED), values):
        return None
    found = frozenset(connection.scalars(text(SIGNED), values))
    if not found:
        raise NotSigned(period)
    return found


def lapse(connection: Connection, club: Club, period: date) -> None:
    """The previews of a month no longer say what the round would do: their signatures with them."""
    connection.execute(text(LAPSE), {"club": club.key, "period": period})


def forget(connection: Connection, lease: Lease) -> None:
    """Give back a run that closed nothing, as if it had never been begun."""
    connection.execute(text(FORGET), {"run": lease.run_id, "owner": lease.owner})
