"""The jobs joined to the parts of the program, and to the handlers that word what they push."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from bot.routing import Turn
from bot.webhook import try_again
from handlers.telling import worded
from jobs.work import Work
from models import Notice, Person
from wording import words

if TYPE_CHECKING:
    from app import Parts


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
    )
