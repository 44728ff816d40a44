"""What we know of our menus at LINE, one row each; brought into line with what LINE lists.

Rows go `creating` (asked for, or its picture uncertain) → `uploaded` → `live` → `retired`, and end with `deleted_at`.
Written before and after every call, they are what an interrupted publication resumes from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from clubs import Club
from models import Person, PublishedMenu
from richmenu.choosing import is_member, menu_key
from richmenu.drawn import prefix
from richmenu.menus import family_of

HOURLY = 100
"""Menus LINE creates in an hour, and menus it deletes."""
HOUR = timedelta(hours=1)
BEST_FIRST = ("live", "uploaded", "creating", "retired")
Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def standing(session: Session, club: str) -> list[PublishedMenu]:
    """Every row of the club that may still be a menu at LINE."""
    rows = select(PublishedMenu).where(PublishedMenu.club == club, PublishedMenu.deleted_at.is_(None))
    asked = rows.where((PublishedMenu.state != "retired") | PublishedMenu.rich_menu_id.is_not(None))
    return list(session.scalars(asked.order_by(PublishedMenu.id)))


def live_menus(session: Session, club: str) -> dict[str, PublishedMenu]:
    """Key → the row that is live."""
    return {row.key: row for row in standing(session, club) if row.state == "live"}


def reconcile(
    session: Session, *, club: str, wanted: Mapping[str, str], listed: Mapping[str, str], now: datetime
) -> None:
    """Make the rows say what is true: `wanted` is key → digest, `listed` is LINE's menu id → name, ours only.

    Rows of menus gone from LINE end; menus unknown to us are adopted when wanted, else retired; so are rows nobody
    wants. Live rows stay live until `go_live`, unless their menu is gone.
    """
    rows = standing(session, club)
    for row in rows:
        if row.rich_menu_id and row.rich_menu_id not in listed:
            row.state, row.deleted_at = "retired", now
    known = {row.rich_menu_id for row in rows}
    for menu_id in listed:
        if menu_id not in known:
            _adopt(session, club, rows, menu_id, listed[menu_id], now)
    for row in rows:
        if row.state == "creating" and row.rich_menu_id is None:
            row.state = "retired"  # asked for, and never came to be
    _sort_out([row for row in rows if row.deleted_at is None and row.rich_menu_id], wanted)
    session.flush()


def _adopt(session: Session, club: str, rows: list[PublishedMenu], menu_id: str, name: str, now: datetime) -> None:
    """Give a menu found at LINE a row: that of the creation whose answer we never heard, else a new one."""
    key, _, digest = name.removeprefix(prefix(club)).partition("@")
    for row in rows:
        if row.rich_menu_id is None and (row.key, row.digest) == (key, digest):
            row.rich_menu_id = menu_id
            return
    found = PublishedMenu(
        club=club, key=key, digest=digest, rich_menu_id=menu_id, state="creating", created_at=now, deleted_at=None
    )
    session.add(found)
    rows.append(found)


def _sort_out(rows: list[PublishedMenu], wanted: Mapping[str, str]) -> None:
    """One row per wanted menu, the furthest along; everything else that is not live is retired."""
    chosen: dict[str, PublishedMenu] = {}
    for row in sorted(rows, key=lambda row: BEST_FIRST.index(row.state)):
        if wanted.get(row.key) == row.digest and row.key not in chosen:
            chosen[row.key] = row
            if row.state == "retired":
                row.state = "creating"  # wanted again; whether it has its picture will be seen
        elif row.state != "live":
            row.state = "retired"


def go_live(session: Session, *, club: Club, wanted: Mapping[str, str]) -> list[str]:
    """The uploaded menus become the live ones, and whoever stands on a replaced menu is to be linked again.

    Returns the keys that changed. Tabs of one family count together: a person may stand on any of them.
    """
    live = live_menus(session, club.key)
    old = [row for key, row in live.items() if wanted.get(key) != row.digest]
    new = [row for row in standing(session, club.key) if row.state == "uploaded"]
    for rows, state in ((old, "retired"), (new, "live")):
        for row in rows:
            row.state = state
        session.flush()  # old before new: only one of a key is live
    changed = sorted({row.key for row in (*old, *new)})
    for family in sorted({family_of(key) for key in changed}):
        _forget_links(session, club.key, family)
    _move_stranded(session, club, wanted)
    return changed


def _forget_links(session: Session, club: str, family: str) -> None:
    shown = Person.club == club, Person.menu_linked.startswith(family, autoescape=True)
    session.execute(update(Person).where(*shown).values(menu_linked=None).execution_options(synchronize_session=False))


def _move_stranded(session: Session, club: Club, keys: Collection[str]) -> None:
    """People who should see a menu that is no more (a language was dropped) get that of the club's first language."""
    stranded = Person.club == club.key, Person.menu_wanted.is_not(None), Person.menu_wanted.not_in(list(keys))
    for wanted in session.scalars(select(Person.menu_wanted).where(*stranded).distinct()).all():
        instead = menu_key(club, None, member=is_member(str(wanted)))
        whose = Person.club == club.key, Person.menu_wanted == wanted
        moved = update(Person).where(*whose).values(menu_wanted=instead)
        session.execute(moved.execution_options(synchronize_session=False))


def room(session: Session, club: str, moment: Moment, now: datetime) -> int:
    """How many more LINE takes this hour; `moment` is `PublishedMenu.created_at` or `.deleted_at`."""
    recent = PublishedMenu.club == club, moment > now - HOUR
    return HOURLY - (session.scalar(select(func.count()).where(*recent)) or 0)


def room_again(session: Session, club: str, moment: Moment, now: datetime, wanted: int) -> datetime:
    """When there is room for `wanted` more (at most an hour's worth at once)."""
    recent = select(moment).where(PublishedMenu.club == club, moment > now - HOUR).order_by(moment)
    times = list(session.scalars(recent))
    missing = len(times) + min(wanted, HOURLY) - HOURLY
    return now if missing <= 0 else (times[missing - 1] or now) + HOUR
