"""What is done for a person after the commit, outside the request: learn the profile, link the rich menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits import people
from bot.line import Line, LineError, NotFound, Unknown
from clubs import Club
from models import Person
from richmenu import choosing, linking

log = structlog.get_logger("attending")


@dataclass(frozen=True)
class Attendant:
    """Looks after one person at a time. What fails is found again: by the next turn, or by the repairing job."""

    sessions: sessionmaker[Session]
    lines: Mapping[str, Line]
    clubs: Mapping[str, Club]
    now: Callable[[], datetime]

    def attend(self, club: str, line_user_id: str) -> None:
        """Learn who this is if we do not know, then show the menu that belongs to them."""
        try:
            self._learn(club, line_user_id)
            linking.link(self.sessions, self.lines[club], club=club, line_user_id=line_user_id)
        except (LineError, Unknown) as error:
            log.warning("left for the next time", club=club, error=str(error))

    def _learn(self, club: str, line_user_id: str) -> None:
        with self.sessions() as session:
            person = _find(session, club, line_user_id)
            at = person.profile_at if person else None
        if person is None or (at is not None and self.now() - at <= people.PROFILE_AGE):
            return
        try:
            profile = self.lines[club].profile(line_user_id)
        except NotFound:
            return  # blocked us meanwhile, or gave no consent: the welcome does not depend on it
        with self.sessions.begin() as session:
            person = _find(session, club, line_user_id)
            if person is None:
                return
            name, language = str(profile.get("displayName", "")), profile.get("language")
            people.learn_profile(session, person=person, display_name=name, language=language, now=self.now())
            if person.menu_wanted is not None:
                member = choosing.is_member(person.menu_wanted)
                linking.want(person, choosing.menu_key(self.clubs[club], person.language, member=member))


def _find(session: Session, club: str, line_user_id: str) -> Person | None:
    return session.scalar(
        select(Person).where(Person.club == club, Person.line_user_id == line_user_id).with_for_update()
    )
