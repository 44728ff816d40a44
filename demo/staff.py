"""The demo's colleagues for the console. Their sign-ins are known to everybody: only `SITTHI_ENV=demo` makes them."""

from __future__ import annotations

from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy.orm import Session, sessionmaker

from benefits import staff as colleagues
from clubs import Club
from web.console.example import COLLEAGUES, PASSWORD


def hire(sessions: sessionmaker[Session], club: Club, now: datetime) -> int:
    """Make those who are not there yet; how many were made."""
    made = 0
    with sessions.begin() as session:
        for one in COLLEAGUES:
            if colleagues.staff_of(session, one.email) is None:
                colleagues.add(
                    session, email=one.email, name=one.name, password=PasswordHasher().hash(PASSWORD), club=club.key,
                    roles=one.roles, now=now, one_time=False,
                )  # fmt: skip
                made += 1
    return made
