"""Loading the example data: the CSV files through the imports everybody uses, then the life that is not in files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from benefits.imports import ImportResult, accounts, charges, codes, privileges
from benefits.journal import note
from benefits.periods import day_of
from benefits.vault import Vault
from clubs import Club
from demo import life
from demo.generate import generate
from models import JournalEntry

PICTURES = Path(__file__).parent / "pictures"
LOADED = "example_data_loaded"
Say = Callable[[str], None]


class SeedError(Exception):
    """A row of the example data was refused: the message says which file tells why."""


def load_example(
    engine: Engine,
    sessions: sessionmaker[Session],
    *,
    club: Club,
    vault: Vault,
    data_dir: Path,
    now: datetime,
    say: Say,
) -> bool:
    """Load the example data, made for `now`'s day, unless this database has it. False: it had. Raises `SeedError`.

    The files and the pictures are kept in `data_dir`. An interrupted load is simply done again: what landed stays.
    """
    with sessions() as session:
        if _loaded(session, club):
            return False
    folder = data_dir / "example"
    _make_files(folder, day_of(now))
    _give_pictures(data_dir / "uploads")
    for name, load in _loads(vault):
        result = load(engine, club=club, file=folder / f"{name}.csv", now=now)
        if not result.clean:
            raise SeedError(f"{result.rejected} rows of {name}.csv were refused; {result.rejects} says why.")
        say(f"{result.rows} rows of {name}.csv")
    say(f"{life.join(sessions, club, now)} accounts joined the club")
    say(f"{life.catch_up(engine, sessions, club, now)} monthly rounds ran")
    say(f"{life.claim(sessions, club, now)} privileges were claimed")
    with sessions.begin() as session:
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


def _loads(vault: Vault) -> tuple[tuple[str, Callable[..., ImportResult]], ...]:
    """The files in the order in which they need each other, and what takes each."""
    return (
        ("accounts", accounts.load),
        ("charges", charges.load),
        ("privileges", partial(privileges.load, vault=vault)),
        ("codes", partial(codes.load, vault=vault)),
    )
