"""Which round counts a line: decided once, when the line is paid, so that a round reads a set that no longer changes.

`count_month` of a paid line of a service that counts is the latest of: its service month, the Bangkok month in which it
was paid, and the first month whose round is still open (LFC-9). Closing a month therefore freezes its lines without
touching them. What adds lines holds the club's counting lock shared, what closes a month holds it alone: no line can
slip between the decision and the closing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from benefits.periods import add_months
from clubs import Club

BEFORE_ALL = date(1, 1, 1)

MAY_JOIN = "(coalesce(members.badge, '') <> ALL(:barred) AND members.deleted_at IS NULL)"
"""Whether a row of `members` is an account whose charges count: known, not deleted, not premium (LFC-4)."""


def count_month(paid: str, service: str, service_month: str) -> str:
    """The decision as SQL over the three expressions given; binds `:services`, `:barred`, `:first_open`."""
    return (
        f"CASE WHEN {paid} IS NOT NULL AND {service} = ANY(:services) AND {MAY_JOIN} THEN GREATEST("
        f"{service_month}, date_trunc('month', {paid} AT TIME ZONE 'Asia/Bangkok')::date, :first_open) END"
    )


def counting_values(connection: Connection | Session, club: Club) -> dict[str, Any]:
    """What `count_month` binds. Take the counting lock first: the first open month holds only under it."""
    return {
        "services": list(club.stars.services),
        "barred": list(club.barred_badges),
        "first_open": first_open(connection, club) or BEFORE_ALL,
    }


def first_open(connection: Connection | Session, club: Club) -> date | None:
    """The first month whose lines are not frozen yet; none: no round ever closed a month."""
    closed = connection.scalar(
        text("SELECT max(period) FROM runs WHERE club = :club AND kind = 'stars' AND cursor IS NOT NULL"),
        {"club": club.key},
    )
    return None if closed is None else add_months(closed, 1)


def counting_lock(connection: Connection | Session, club: Club, *, alone: bool) -> None:
    """Hold the club's counting lock until the transaction ends: shared to add lines, alone to close a month."""
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    connection.execute(text(f"SELECT {function}(hashtext('counting'), hashtext(:club))"), {"club": club.key})


@contextmanager
def unhurried(connection: Connection) -> Iterator[Connection]:
    """One transaction without the time limits that keep turns short; committed, or rolled back when something is raised."""
    with connection.begin():
        connection.execute(
            text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
        )
        yield connection
