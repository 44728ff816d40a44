"""Files that staff hand in: received within bounds, refused at once when they cannot be taken, imported by a job later.

The file waits in a folder of its own under `uploads/imports`, readable by this program alone, and goes when it has been
imported. What was rejected is kept for a while to be fetched, its codes and PINs masked. The row says how far it is; a
worker that dies leaves it to the next, and as every row of a file lands once, a file that begins again doubles nothing.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.imports import FileRefused, ImportResult, accounts, admins, charges, codes, privilege_rows
from benefits.imports.reading import CsvFile
from benefits.journal import note
from clubs import Club
from models import Upload
from models.queries import changed

LARGEST = 95 * 1024 * 1024
BLOCK = 1 << 20
TRIES = 3
KEEP_REJECTS = timedelta(days=30)
A_DAY = timedelta(days=1)
REJECTS = "rejects.csv"
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "accounts": (accounts.COLUMNS, ()),
    "admins": (admins.COLUMNS, ()),
    "charges": (charges.COLUMNS, ()),
    "privileges": (privilege_rows.REQUIRED, privilege_rows.OPTIONAL),
    "codes": (codes.COLUMNS, ()),
}
"""Columns a file of each kind must have, and may have."""
SIGNS = (
    (b"PK\x03\x04", "workbook"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"%PDF", "not_csv"),
    (b"\xff\xd8\xff", "not_csv"),
    (b"\x89PNG", "not_csv"),
    (b"GIF8", "not_csv"),
    (b"\x1f\x8b", "not_csv"),
    (b"<", "not_csv"),
)
OPEN = ("waiting", "running")


@dataclass(frozen=True)
class Received:
    """A file that has arrived whole, in a folder of its own."""

    path: Path
    name: str
    size: int
    digest: bytes


def receive(folder: Path, stream: IO[bytes], file_name: str) -> Received:
    """Write `stream` below `folder` (the uploads folder). Raises `FileRefused`, having left nothing."""
    place = folder / "imports" / secrets.token_hex(12)
    place.mkdir(parents=True, mode=0o700)
    name = clean_name(file_name)
    try:
        size, digest = _written(stream, place / name)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Received(place / name, name, size, digest)


def discard(received: Received) -> None:
    """It is not wanted after all."""
    shutil.rmtree(received.path.parent, ignore_errors=True)


def accept(
    session: Session, *, club: Club, kind: str, received: Received, complete: bool, by: int, now: datetime
) -> tuple[Upload, bool]:
    """Put the file in line. The same file that waits or runs already is that one: (it, whether it is new).

    Raises `FileRefused` when its header or its encoding is not what this kind of file has.
    """
    CsvFile(received.path, *COLUMNS[kind])
    complete = complete and kind in ("accounts", "admins")
    values = {"club": club.key, "kind": kind, "digest": received.digest, "complete": complete}
    more = {"file_name": received.name, "place": received.path.parent.name, "size": received.size, "by_staff": by}
    rest = {
        "state": "waiting",
        "asked_at": now,
        "attempts": 0,
        "done": 0,
        "total": 0,
        "has_rejects": False,
        "facts": {},
    }
    made = session.scalar(
        insert(Upload).values({**values, **more, **rest}).on_conflict_do_nothing().returning(Upload.id)
    )
    if made is None:
        same = session.scalars(select(Upload).filter_by(**values).where(Upload.state.in_(OPEN))).one_or_none()
        if same is not None:
            return same, False
        # It came to an end between the two statements: then this one is new.
        return accept(session, club=club, kind=kind, received=received, complete=complete, by=by, now=now)
    facts = {"kind": kind, "complete": complete, "bytes": received.size}
    note(
        session, club=club.key, at=now, action="file_handed_in", subject=("upload", made), actor=("staff", by), **facts
    )
    return session.get_one(Upload, made), True


def take(session: Session, *, clubs: Collection[str], owner: UUID, now: datetime) -> Upload | None:
    """The next file to import, now `owner`'s: also one whose worker died. One that broke off too often is given up."""
    while True:
        query = select(Upload).where(Upload.club.in_(clubs), Upload.state.in_(OPEN)).order_by(Upload.id).limit(1)
        row = session.scalars(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        if row.attempts < TRIES:
            row.state, row.owner, row.begun_at = "running", owner, row.begun_at or now
            row.attempts, row.stage, row.done, row.total = row.attempts + 1, None, 0, 0
            return row
        row.state, row.finished_at, row.facts = "failed", now, {"what": "broke_off", "tries": row.attempts}
        note(session, club=row.club, at=now, action="file_given_up", subject=("upload", row.id))
        session.flush()


def tell(session: Session, *, upload_id: int, owner: UUID, stage: str, done: int, total: int) -> bool:
    """Write how far it is; False when another worker has it by now: then stop."""
    mine = update(Upload).where(Upload.id == upload_id, Upload.owner == owner, Upload.state == "running")
    return bool(changed(session.execute(mine.values(stage=stage, done=done, total=total))))


def finish(
    session: Session, *, upload_id: int, owner: UUID, outcome: ImportResult | FileRefused, now: datetime
) -> bool:
    """Write what came of it, unless another worker has it by now."""
    row = session.scalar(select(Upload).where(Upload.id == upload_id).with_for_update())
    if row is None or row.owner != owner or row.state != "running":
        return False
    row.finished_at = now
    if isinstance(outcome, FileRefused):
        row.state, row.fault, row.facts = "refused", str(outcome), {"what": outcome.what, **outcome.facts}
    else:
        row.state, row.import_id, row.has_rejects = "done", outcome.import_id, outcome.rejects is not None
        row.done, row.total, row.facts = outcome.rows, outcome.rows, {"warnings": list(outcome.warnings)}
    return True


def place_of(folder: Path, upload: Upload) -> Path:
    """The folder of one upload."""
    return folder / "imports" / upload.place


def tidy(session: Session, *, folder: Path, now: datetime) -> int:
    """Lists of rejects older than 30 days go, and whatever a dead process left behind; how many lists went."""
    lately = select(Upload).where(Upload.state.not_in(OPEN), ~Upload.has_rejects, Upload.finished_at > now - A_DAY)
    for row in session.scalars(lately):
        shutil.rmtree(place_of(folder, row), ignore_errors=True)
    old = select(Upload).where(Upload.has_rejects, Upload.finished_at < now - KEEP_REJECTS)
    gone = 0
    for row in session.scalars(old):
        shutil.rmtree(place_of(folder, row), ignore_errors=True)
        row.has_rejects, gone = False, gone + 1
    _remove_strays(session, folder / "imports", now)
    return gone


def clean_name(name: str) -> str:
    """The file's name without folders and without what a file system or a page could stumble over."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(char if unicodedata.category(char)[0] in "LMN" or char in "-_." else "_" for char in last)
    stem = plain.removesuffix(".csv").strip("._")[:60] or "file"
    return f"{stem}.csv" if stem.casefold() != "rejects" else "rejects_.csv"


def _remove_strays(session: Session, folder: Path, now: datetime) -> None:
    """Folders of files that arrived and were never put in line: whoever was to do it died."""
    found = {place.name: place for place in folder.glob("*") if place.stat().st_mtime < (now - A_DAY).timestamp()}
    if found:
        known = set(session.scalars(select(Upload.place).where(Upload.place.in_(found))))
        for name in found.keys() - known:
            shutil.rmtree(found[name], ignore_errors=True)


def _written(stream: IO[bytes], path: Path) -> tuple[int, bytes]:
    size, digest = 0, hashlib.sha256()
    with path.open("xb") as file:
        path.chmod(0o600)
        while block := stream.read(BLOCK):
            if not size:
                _check_sign(block)
            size += len(block)
            if size > LARGEST:
                most = LARGEST // BLOCK
                raise FileRefused(f"the file is larger than {most} MB; split it", "too_large", most=str(most))
            digest.update(block)
            file.write(block)
    return size, digest.digest()


def _check_sign(head: bytes) -> None:
    for sign, what in SIGNS:
        if head.startswith(sign):
            raise FileRefused("this is not a CSV file; save it as CSV UTF-8 and hand it in again", what)
