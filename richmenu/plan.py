"""What LINE has, and what publishing would change of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.line import Line
from clubs import Club
from models import PublishedMenu
from richmenu import ledger
from richmenu.choosing import default_key
from richmenu.drawn import Drawn, prefix
from richmenu.linking import count_behind, count_linked
from richmenu.menus import alias_of, family_of


@dataclass(frozen=True)
class AtLine:
    """LINE's side: our menus (id → name), every alias (→ menu id), the default menu's id."""

    ours: dict[str, str]
    aliases: dict[str, str]
    default: str | None


@dataclass(frozen=True)
class Plan:
    """What would be done. `half_made` of the new ones are at LINE already; `room` is for creations this hour."""

    new: tuple[Drawn, ...]
    half_made: int
    unchanged: tuple[str, ...]
    aliases: tuple[str, ...]
    default: bool
    old: tuple[str, ...]
    people: int
    room: int

    @property
    def empty(self) -> bool:
        """Whether everything is as it should be."""
        return not (self.new or self.aliases or self.default or self.old or self.people)

    def sentences(self) -> list[str]:
        """The plan for an operator to read."""
        if self.empty:
            return [f"nothing to do: {len(self.unchanged)} menus are as they should be"]
        said = [f"make {menu.key}@{menu.digest}" for menu in self.new]
        said += [f"keep {key}" for key in self.unchanged]
        said += [f"point alias {alias} at its menu" for alias in self.aliases]
        said += ["set the default menu"] if self.default else []
        said += [f"link {self.people} people"] if self.people else []
        said += [f"delete {name}" for name in self.old]
        missing = len(self.new) - self.half_made - self.room
        said += [f"{missing} of the new menus must wait: LINE makes {ledger.HOURLY} an hour"] if missing > 0 else []
        return said


def survey(line: Line, club: str) -> AtLine:
    """Ask LINE what it has. Raises `LineError` or `Unknown`."""
    ours = {menu["richMenuId"]: menu["name"] for menu in line.menus() if menu["name"].startswith(prefix(club))}
    return AtLine(ours, line.aliases(), line.default_menu())


def make_plan(session: Session, club: Club, drawn: Sequence[Drawn], at_line: AtLine, now: datetime) -> Plan:
    """What differs, once the ledger is reconciled."""
    rows = ledger.standing(session, club.key)
    wanted = {menu.key: menu.digest for menu in drawn}
    there = {row.key: row for row in rows if wanted.get(row.key) == row.digest and row.state != "retired"}
    ready = {key: row.rich_menu_id for key, row in there.items() if row.state in ("uploaded", "live")}
    new = tuple(menu for menu in drawn if menu.key not in ready)
    changed = {key for key in wanted if key not in there or there[key].state != "live"}
    changed |= {row.key for row in rows if row.state == "live" and row.key not in wanted}
    families = {family_of(key) for key in changed}
    return Plan(
        new=new,
        half_made=sum(menu.key in there for menu in new),
        unchanged=tuple(menu.key for menu in drawn if menu.key not in changed),
        aliases=tuple(alias_of(key) for key in wanted if at_line.aliases.get(alias_of(key)) != ready.get(key, "")),
        default=at_line.default != ready.get(default_key(club), ""),
        old=tuple(f"{row.key}@{row.digest}" for row in rows if row not in there.values()),
        people=count_behind(session, club.key) + count_linked(session, club.key, families),
        room=ledger.room(session, club.key, PublishedMenu.created_at, now),
    )
