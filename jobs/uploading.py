"""Importing the files that staff handed in, one after another; a file whose worker died begins again."""

from __future__ import annotations

import csv
import shutil
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from benefits import uploads
from benefits.imports import FileRefused, ImportResult, accounts, admins, charges, codes, privileges
from benefits.sealed_codes import masked
from benefits.vault import vault_of
from clubs import Club
from models import Upload

LOADERS: Mapping[str, Callable[..., ImportResult]] = {
    "accounts": accounts.load,
    "admins": admins.load,
    "charges": charges.load,
    "privileges": privileges.load,
    "codes": codes.load,
}
SECRET_COLUMNS = ("code", "link", "partner_pin")

log = structlog.get_logger("jobs")


class TakenOver(Exception):
    """Another worker has this file by now."""


def work(
    engine: Engine,
    sessions: sessionmaker[Session],
    clubs: Mapping[str, Club],
    folder: Path,
    now: Callable[[], datetime],
) -> int:
    """Import every file that waits; how many came to an end. `folder` is the uploads folder."""
    done, owner = 0, uuid.uuid4()
    while True:
        with sessions.begin() as session:
            upload = uploads.take(session, clubs=clubs, owner=owner, now=now())
        if upload is None or not _one(engine, sessions, clubs[upload.club], upload, folder, now):
            break
        done += 1
    with sessions.begin() as session:
        uploads.tidy(session, folder=folder, now=now())
    return done


def _one(
    engine: Engine,
    sessions: sessionmaker[Session],
    club: Club,
    upload: Upload,
    folder: Path,
    now: Callable[[], datetime],
) -> bool:
    """Import one file and say what came of it; False when another worker has it: then this one stops."""
    place, owner = uploads.place_of(folder, upload), upload.owner
    assert owner is not None

    def tell(stage: str, done: int, total: int) -> None:
        with sessions.begin() as session:
            if not uploads.tell(session, upload_id=upload.id, owner=owner, stage=stage, done=done, total=total):
                raise TakenOver()

    try:
        outcome = _outcome(engine, sessions, club, upload, place, now(), tell)
    except TakenOver:
        log.warning("another worker has this file", upload=upload.id)
        return False
    with sessions.begin() as session:
        if not uploads.finish(session, upload_id=upload.id, owner=owner, outcome=outcome, now=now()):
            return False
    if isinstance(outcome, ImportResult) and outcome.rejects is not None:
        (place / upload.file_name).unlink(missing_ok=True)
    else:
        shutil.rmtree(place, ignore_errors=True)
    log.info("file imported", upload=upload.id, kind=upload.kind, club=club.key)
    return True


def _outcome(
    engine: Engine,
    sessions: sessionmaker[Session],
    club: Club,
    upload: Upload,
    place: Path,
    now: datetime,
    tell: Callable[[str, int, int], None],
) -> ImportResult | FileRefused:
    load: Callable[..., ImportResult] = LOADERS[upload.kind]
    if upload.kind in ("accounts", "admins"):
        load = partial(load, complete=upload.complete)
    if upload.kind in ("privileges", "codes"):
        with sessions() as session:
            load = partial(load, vault=vault_of(session))
    file, rejects = place / upload.file_name, place / uploads.REJECTS
    try:
        result = load(engine, club=club, file=file, rejects=rejects, now=now, progress=tell)
    except FileRefused as refused:
        return refused
    except FileNotFoundError:
        return FileRefused("the file is not in the folder of this machine; hand it in again", "file_gone")
    if result.rejects is not None:
        _mask(result.rejects)
    return result


def _mask(rejects: Path) -> None:
    """Codes, links and PINs of rejected rows are not kept in the clear: the line number finds them in the file they came in."""
    with rejects.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    hidden = [index for index, name in enumerate(header) if name in SECRET_COLUMNS]
    if not hidden:
        return
    hiding = rejects.with_name(f"{rejects.name}.masked")
    with rejects.open(encoding="utf-8", newline="") as file, hiding.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for number, row in enumerate(csv.reader(file)):
            writer.writerow(row if number == 0 else _masked(row, hidden, len(header)))
    hiding.replace(rejects)


def _masked(row: list[str], hidden: list[int], width: int) -> list[Any]:
    """A row that is not as wide as the header has its cells anywhere: nothing of it but line and reason is kept."""
    if len(row) != width:
        return [*row[:2], "…"]
    return [masked(cell) if index in hidden else cell for index, cell in enumerate(row)]
