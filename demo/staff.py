"""The demo's colleagues for the console. Their sign-ins are known to everybody: only `SITTHI_ENV=demo` makes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy.orm import Session, sessionmaker

from benefits import staff as colleagues
from benefits.offers import budget
from clubs import Club
from web.console.example import COLLEAGUES, PASSWORD

KEPT_BACK, COST_SATANG = 200, 10
"""Examples: messages a month kept for reminders, and what one costs."""


SINCE = timedelta(days=30)
"""The examples work here so long already: nothing of theirs waits for a second administrator."""


def hire(sessions: sessionmaker[Session], club: Club, now: datetime) -> int:
    """Make those who are not there yet, and with the first the month's budget; how many were made."""
    made, hashed = 0, PasswordHasher().hash(PASSWORD)
    with sessions.begin() as session:
        for one in COLLEAGUES:
            if colleagues.staff_of(session, one.email) is None:
                colleagues.add(
                    session, email=one.email, name=one.name, password=hashed, club=club.key,
                    roles=one.roles, now=now - SINCE, one_time=False,
                )  # fmt: skip
                made += 1
        if made:
            admin = colleagues.staff_of(session, next(one.email for one in COLLEAGUES if "admin" in one.roles))
            assert admin is not None
            budget.configure(session, club, by=admin.id, now=now, reserve=KEPT_BACK, cost_satang=COST_SATANG)
    return made
