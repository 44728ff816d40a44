"""Loading the example data: the CSV files through the imports everybody uses, then the life that is not in files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.imports import ImportResult, accounts, charges, codes, privileges
from benefits.journal import note
from benefits.periods import day_of
from clubs import Club
from demo import life
from demo.generate import generate
from models import JournalEntry

if TYPE_CHECKING:
    from app import Parts

PICTURES = Path(__file__).parent / "pictures"
LOADED = "example_data_loaded"
Say = Callable[[str], None]


class SeedError(Exception):
    """A row of the example data was refused: the message says which file tells why."""


def load_example(parts: Parts, club: Club, say: Say) -> bool:
    """Load the example data, made for this day, unless this database has it. False: it had. Raises `SeedError`."""
    now = parts.clock.now()
    with parts.sessions() as session:
        if _loaded(session, club):
            return False
    folder = parts.settings.data_dir / "example"
    _make_files(folder, day_of(now))
    _give_pictures(parts.settings.data_dir / "uploads")
    _import(parts, club, folder, now, say)
    say(f"{life.join(parts.sessions, club, now)} accounts joined the club")
    say(f"{life.catch_up(parts.engine, parts.sessions, club, now, lambda text: None)} monthly rounds ran")
    say(f"{life.claim(parts.sessions, club, now)} privileges were claimed")
    with parts.sessions.begin() as session:
        note(session, club=club.key, at=now, action=LOADED, subject=("club", None))
    return True


def _loaded(session: Session, club: Club) -> bool:
    query = select(JournalEntry.id).where(JournalEntry.club == club.key, JournalEntry.action == LOADED)
    return session.scalar(query.limit(1)) is not None


def _make_files(folder: Path, day: date) -> None:
    """Files of an interrupted start are kept: lines already imported must not change from one day to the next."""
    if not (folder / "codes.csv").exists():
        generate(folder, day)


def _give_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES.glob("*.jpg"):
        shutil.copyfile(picture, folder / picture.name)


def _import(parts: Parts, club: Club, folder: Path, now: datetime, say: Say) -> None:
    loads: tuple[tuple[str, Callable[..., ImportResult]], ...] = (
        ("accounts", accounts.load),
        ("charges", charges.load),
        ("privileges", partial(privileges.load, vault=parts.vault)),
        ("codes", partial(codes.load, vault=parts.vault)),
    )
    for name, load in loads:
        result = load(parts.engine, club=club, file=folder / f"{name}.csv", now=now)
        if not result.clean:
            raise SeedError(f"{result.rejected} rows of {name}.csv were refused; {result.rejects} says why.")
        say(f"{result.rows} rows of {name}.csv")
