"""What the console is given: its database sessions, the clubs, the time, and plain callables for what other rooms do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session, scoped_session, sessionmaker

from benefits.engine_room import Timed
from clubs import Club
from models import Person, Privilege
from settings import Settings

Messages = list[dict[str, Any]]


class LineTrouble(Exception):
    """LINE could not be asked, or would not answer; the text is for a log, never for a page."""


@dataclass(frozen=True)
class Console:
    """Everything a page of the console may use. LINE, the job engine and the chat's cards come as callables."""

    sessions: sessionmaker[Session]
    """For rules that change something: `with console.sessions.begin() as session`."""
    scoped: scoped_session[Session]
    """The request's own, for reading; given back when the request is over."""
    clubs: Mapping[str, Club]
    settings: Settings
    now: Callable[[], datetime]
    """UTC; the time rules go by. A demo's may be moved."""
    wall: Callable[[], datetime]
    """UTC; the time sign-ins and second factors go by. Nobody moves it outside tests."""
    timetable: Sequence[Timed]
    """What is asked how often."""
    ring: Callable[[str], None]
    """Ask a job of the timetable at once, by name. After the commit."""
    quota: Callable[[str], tuple[int | None, int]]
    """A club's messages of this month at LINE: (limit, used); no limit is None. Raises `LineTrouble`."""
    validate: Callable[[str, Messages], str | None]
    """What LINE says is wrong with messages to many; None: nothing. Raises `LineTrouble`."""
    render: Callable[[Session, Club, dict[str, Any], str, Person | None], Messages]
    """An offer's content as LINE messages: (session, club, content, language, person)."""
    preview_card: Callable[[Session, Club, Privilege, str], dict[str, Any]]
    """The Flex message of a privilege as the chat shows it: (session, club, privilege, language)."""

    @property
    def factor_demanded(self) -> bool:
        """False in the demo only, where everybody knows the sign-ins, and the page says so."""
        return self.settings.env != "demo"
