"""One publication: what its steps share, and the ways it can end before its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line
from clubs import Club
from models import PublishedMenu
from richmenu import ledger
from richmenu.drawn import Drawn
from wording import words


class PublishError(Exception):
    """Publishing did not come to its end; the message says how things stand and what to do."""


class Busy(PublishError):
    """Another publication of this club is under way."""


class Paused(PublishError):
    """LINE's hourly limit is reached. What is shown is whole; the next run goes on from here, at `until` or later."""

    def __init__(self, why: str, until: datetime) -> None:
        when = words("en").moment(until)
        super().__init__(f"{why}: run again after {when} in Bangkok, it goes on from here. What people see is whole")
        self.until = until


class RolledBack(PublishError):
    """LINE refused or did not answer before the new menus were live: the old ones are shown again, the new are gone."""


class RollbackUnfinished(PublishError):
    """As `RolledBack`, but LINE did not let us go back fully either. Every menu shown is whole; run again."""


class Unfinished(PublishError):
    """The new menus are live; linking people or deleting old menus is left to the next run."""


@dataclass(frozen=True)
class Job:
    """One run for one club. `now` is the moment that counts for LINE's hourly limits; `say` gets lines of progress."""

    club: Club
    drawn: Sequence[Drawn]
    line: Line
    sessions: sessionmaker[Session]
    now: datetime
    say: Callable[[str], None]

    @property
    def wanted(self) -> dict[str, str]:
        """Key → digest of the menus that should be live."""
        return {menu.key: menu.digest for menu in self.drawn}

    def standing(self) -> list[PublishedMenu]:
        """The ledger's rows of menus that may be at LINE."""
        with self.sessions() as session:
            return ledger.standing(session, self.club.key)

    def note(self, row_id: int, **values: object) -> None:
        """Write a step into the ledger, committed before the next step begins."""
        with self.sessions.begin() as session:
            row = session.get_one(PublishedMenu, row_id)
            for name, value in values.items():
                setattr(row, name, value)

    def check_room(self, session: Session, what: str, more: int) -> None:
        """Raise `Paused` when LINE's hour is full; `what` is `create` or `delete`, `more` how many are still to do."""
        moment = PublishedMenu.created_at if what == "create" else PublishedMenu.deleted_at
        if ledger.room(session, self.club.key, moment, self.now) > 0:
            return
        until = ledger.room_again(session, self.club.key, moment, self.now, more)
        raise Paused(f"LINE lets us {what} {ledger.HOURLY} menus an hour, that many were, and {more} are left", until)
