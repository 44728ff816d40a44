"""Showing each person the menu that is theirs, after the commit that changed what that is.

`people.menu_wanted` is the key a person should see, `menu_linked` the key LINE was last told; where they differ,
somebody is behind: `link` follows one commit, `repair` finds whom it missed. While LINE is being told, `menu_linked`
holds a mark of the attempt: if two attempts for one person overlap, nobody knows which LINE heard last, so neither is
written down and the next one settles it. A key counts as linked only while the menu that was linked is still the live one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Select, Update, and_, case, false, func, literal, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line, LineError, NotFound, TooMany, Unknown
from models import Person, PublishedMenu

BULK = 500
"""People LINE takes in one call."""
log = structlog.get_logger("linking")
Sessions = sessionmaker[Session]


@dataclass(frozen=True)
class Linked:
    """How a round of linking went: people linked, and people LINE would not link (they keep the default menu)."""

    linked: int = 0
    refused: int = 0


@dataclass(frozen=True)
class _Attempt:
    mark: str
    menu: PublishedMenu
    people: dict[int, str]
    """Person id → LINE user id."""


def want(person: Person, key: str) -> None:
    """This is the menu the person should see; LINE is told after the commit."""
    if person.menu_wanted != key:  # setting what is there already would have the row looked through at every commit
        person.menu_wanted = key


def link(sessions: Sessions, line: Line, *, club: str, line_user_id: str) -> bool:
    """Show one person the menu they should see, if it is not that one already; whether it now is known to be.

    Raises `LineError` or `Unknown`; the person then stays behind and `repair` finds them.
    """
    with sessions() as session:
        key = session.scalar(_behind(club, Person.menu_wanted).where(Person.line_user_id == line_user_id))
    attempt = _begin(sessions, club, key, Person.line_user_id == line_user_id, wait=True) if key else None
    if attempt is None:
        return False
    line.link_menu(line_user_id, str(attempt.menu.rich_menu_id))
    return _finish(sessions, attempt, attempt.people) == 1


def repair(sessions: Sessions, lines: Mapping[str, Line], now: datetime) -> int:
    """Everybody whose menu is not the one they should see, of every club; how many were linked.

    A club whose LINE does not answer waits for the next time; the others do not wait for it.
    """
    linked = 0
    for club, line in lines.items():
        try:
            linked += relink(sessions, line, club=club).linked
        except (LineError, Unknown) as error:
            log.warning("linking waits", club=club, error=str(error), now=now.isoformat())
    return linked


def relink(sessions: Sessions, line: Line, *, club: str, say: Callable[[str], None] = lambda _: None) -> Linked:
    """Link everybody of a club who is behind, 500 at a time. Raises `TooMany`, `NotFound` or `Unknown`: go on later."""
    linked = refused = 0
    for key in _live_keys(sessions, club):
        after = 0
        while attempt := _begin(sessions, club, key, Person.id > after):
            after = max(attempt.people)
            heard = _tell(line, attempt)
            linked += _finish(sessions, attempt, heard)
            refused += len(attempt.people) - len(heard)
            say(f"linked {linked} people")
    return Linked(linked, refused)


def count_behind(session: Session, club: str) -> int:
    """How many reachable people do not see the menu they should."""
    return session.scalar(_behind(club, func.count())) or 0


def count_linked(session: Session, club: str, families: Iterable[str]) -> int:
    """How many reachable people are linked to a menu of these families (`member.th.`)."""
    shown = or_(false(), *(Person.menu_linked.startswith(family, autoescape=True) for family in families))
    reachable = Person.club == club, Person.friend, Person.menu_wanted == Person.menu_linked
    return session.scalar(select(func.count()).where(*reachable, shown)) or 0


def _behind(club: str, what: Any) -> Select[Any]:
    return select(what).where(
        Person.club == club, Person.friend, Person.menu_wanted.is_distinct_from(Person.menu_linked)
    )


def _live_keys(sessions: Sessions, club: str) -> list[str]:
    live = select(PublishedMenu.key).where(PublishedMenu.club == club, PublishedMenu.state == "live")
    with sessions() as session:
        return list(session.scalars(live.order_by(PublishedMenu.key)))


def _begin(
    sessions: Sessions, club: str, key: str, which: ColumnElement[bool], *, wait: bool = False
) -> _Attempt | None:
    """Mark up to 500 of those behind who want `key`; none when nobody is, or the menu is not published.

    Rows locked by somebody's turn are left for the next time, unless told to `wait`.
    """
    with sessions.begin() as session:
        live = (PublishedMenu.club == club, PublishedMenu.key == key, PublishedMenu.state == "live")
        menu = session.scalar(select(PublishedMenu).where(*live))
        behind = _behind(club, Person).where(Person.menu_wanted == key, which).order_by(Person.id).limit(BULK)
        people = session.scalars(behind.with_for_update(skip_locked=not wait)).all() if menu else []
        if menu is None or not people:
            return None
        attempt = _Attempt(f"linking:{secrets.token_hex(4)}", menu, {one.id: one.line_user_id for one in people})
        session.execute(_of(attempt.people).values(menu_linked=attempt.mark))
        return attempt


def _tell(line: Line, attempt: _Attempt) -> list[int]:
    """Tell LINE about all at once; when it refuses the list, one by one. The ids of those it took."""
    menu = str(attempt.menu.rich_menu_id)
    try:
        line.link_menu_bulk(list(attempt.people.values()), menu)
        return list(attempt.people)
    except (NotFound, TooMany):
        raise
    except LineError:
        return [person for person, user in attempt.people.items() if _taken(line, user, menu)]


def _taken(line: Line, user: str, menu: str) -> bool:
    try:
        line.link_menu(user, menu)
    except (NotFound, TooMany):
        raise
    except LineError as error:
        log.warning("LINE links no menu to a person", status=error.status)
        return False
    return True


def _finish(sessions: Sessions, attempt: _Attempt, heard: Iterable[int]) -> int:
    """Write down whom LINE heard about: those nobody else tried meanwhile, if the menu still is the live one."""
    with sessions.begin() as session:
        # Shared lock: publishing, which retires the menu, waits for us and then forgets what we wrote.
        still = PublishedMenu.id == attempt.menu.id, PublishedMenu.state == "live"
        live = session.scalar(select(PublishedMenu.id).where(*still).with_for_update(read=True)) is not None
        # In the order of ids, like every other: two lists of people must not wait for each other.
        session.execute(select(Person.id).where(Person.id.in_(attempt.people)).order_by(Person.id).with_for_update())
        sure = and_(Person.menu_linked == attempt.mark, Person.id.in_(list(heard)), literal(live))
        known = case((sure, attempt.menu.key), else_=None)
        written = session.scalars(_of(attempt.people).values(menu_linked=known).returning(Person.menu_linked))
        return sum(key is not None for key in written)


def _of(people: Iterable[int]) -> Update:
    return update(Person).where(Person.id.in_(list(people))).execution_options(synchronize_session=False)
