"""The jobs joined to the parts of the program, and to the handlers that word what they push."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.routing import Turn
from bot.webhook import try_again
from clubs import Club
from handlers import offering
from handlers.telling import worded
from jobs.offering import Offering
from jobs.work import Work
from models import Notice, Offer, Person
from wording import words

if TYPE_CHECKING:
    from app import Parts


PATIENCE = 10.0
"""Seconds the job for offers stays for a batch that is to be tried again: the next ring may be fifteen away."""


@dataclass(frozen=True)
class Drawn:
    """Offers as handlers/offering.py words them, with links on our own address."""

    public_url: str

    def body(self, session: Session, club: Club, offer: Offer, language: str, *, now: datetime) -> list[Any]:
        """What everybody who reads this language gets."""
        return offering.body(session, club, offer, language, public_url=self.public_url, now=now)

    def bodies(
        self, session: Session, club: Club, offer: Offer, readers: Mapping[int, str], *, now: datetime
    ) -> Mapping[int, list[Any] | None]:
        """What each of these people (id → language) gets; none: she lacks a value."""
        return offering.bodies(session, club, offer, readers, public_url=self.public_url, now=now)


def make_offering(parts: Parts, patience: float = PATIENCE) -> Offering:
    """The job that sends offers."""
    return Offering(
        sessions=parts.sessions,
        clubs=parts.clubs,
        lines=parts.lines,
        draw=Drawn(parts.settings.public_url),
        now=parts.clock.now,
        chance=random.random,
        patience=patience,
    )


def make_work(parts: Parts) -> Work:
    """The jobs of a running program."""

    def say(session: Session, person: Person, notice: Notice) -> Sequence[dict[str, Any]]:
        club = parts.clubs[person.club]
        language = person.language if person.language in club.languages else club.languages[0]
        turn = Turn(session, club, person, {}, parts.clock.now(), words(language), parts.settings.public_url)
        return [worded(turn, notice)]

    return Work(
        engine=parts.engine,
        sessions=parts.sessions,
        clubs=parts.clubs,
        lines=parts.lines,
        outbox=parts.outbox,
        worded=say,
        retry=lambda club, event_id: try_again(parts.doors, club, event_id),
        now=parts.clock.now,
        offering=make_offering(parts),
        uploads_folder=parts.settings.data_dir / "uploads",
    )
