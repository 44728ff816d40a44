"""Files that staff hand in: refused at once or imported once, whatever dies, with what was rejected to fetch."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from benefits import uploads
from benefits.imports import FileRefused
from clubs import Club
from jobs import uploading
from models import Charge, Code, Import, JournalEntry, Member, Staff, Upload
from tests.factories import NOON, member, privilege
from tests.rules.importing import ACCOUNTS, CHARGES
from web.console import csvs

U = "U" + "0" * 31


class Inbox:
    """Hands files in as one colleague, and works as one worker."""

    def __init__(self, engine: Engine, sessions: sessionmaker[Session], club: Club, folder: Path) -> None:
        self.engine, self.sessions, self.club, self.folder = engine, sessions, club, folder
        with sessions.begin() as session:
            staff = Staff(email="ann@example.com", name="Ann", password="x", fs_uniquifier="x", created_at=NOON)
            session.add(staff)
            session.flush()
            self.by = staff.id

    def hand_in(self, kind: str, body: str | bytes, name: str = "file.csv", complete: bool = False) -> tuple[int, bool]:
        """(the upload's id, whether it is a new one)."""
        data = body.encode() if isinstance(body, str) else body
        received = uploads.receive(self.folder, io.BytesIO(data), name)
        with self.sessions.begin() as session:
            row, new = uploads.accept(
                session, club=self.club, kind=kind, received=received, complete=complete, by=self.by, now=NOON
            )
            return row.id, new

    def work(self) -> int:
        """Import what waits."""
        return uploading.work(self.engine, self.sessions, {self.club.key: self.club}, self.folder, lambda: NOON)

    def row(self, upload_id: int) -> Upload:
        """As it stands."""
        with self.sessions() as session:
            return session.get_one(Upload, upload_id)

    def counts(self, upload_id: int) -> tuple[int, int, int]:
        """(landed, unchanged, rejected)."""
        with self.sessions() as session:
            found = session.get_one(Import, self.row(upload_id).import_id)
            return found.landed, found.unchanged, found.rejected

    def files(self) -> list[Path]:
        """Everything that is kept."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def inbox(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path) -> Inbox:
    """A colleague's."""
    return Inbox(engine, sessions, club, tmp_path)


def test_a_file_is_imported_and_goes(inbox: Inbox) -> None:
    """Its rejected row stays to be fetched; a month later that is gone too; who handed it in is in the journal."""
    good, bad = f"@a,Shop A,grey,free,{U}1,administrator\n", f"@b,Shop B,purple,free,{U}2,administrator\n"
    found, new = inbox.hand_in("accounts", ACCOUNTS + good + bad, "../บัญชี ใหม่?.csv")
    assert new
    assert inbox.row(found).file_name == "บัญชี_ใหม่.csv"
    [waiting] = inbox.files()
    assert (waiting.stat().st_mode & 0o077, waiting.parent.stat().st_mode & 0o077) == (0, 0)
    assert inbox.work() == 1
    row = inbox.row(found)
    assert (row.state, row.stage, row.done, row.total, row.has_rejects) == ("done", "land", 2, 2, True)
    assert inbox.counts(found) == (1, 0, 1)
    assert [path.name for path in inbox.files()] == ["rejects.csv"]
    with inbox.sessions.begin() as session:
        assert session.scalar(select(JournalEntry.actor).where(JournalEntry.action == "file_handed_in")) == str(
            inbox.by
        )
        assert uploads.tidy(session, folder=inbox.folder, now=NOON + timedelta(days=31)) == 1
    assert inbox.files() == []


def test_the_same_file_twice_is_once_and_again_is_nothing(inbox: Inbox) -> None:
    """Two consoles at the same moment put one file in line; handed in again afterwards it changes nothing."""
    body = ACCOUNTS + f"@a,Shop A,grey,free,{U}1,administrator\n"
    first, second = inbox.hand_in("accounts", body), inbox.hand_in("accounts", body)
    assert (first[1], second) == (True, (first[0], False))
    inbox.work()
    third, new = inbox.hand_in("accounts", body)
    assert new
    inbox.work()
    assert (inbox.counts(first[0]), inbox.counts(third)) == ((1, 0, 0), (0, 1, 0))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("account_id,name\n", "missing"),
        (ACCOUNTS.replace("role", "roll"), "missing"),
        (ACCOUNTS.replace("role", "role,phone"), "unknown"),
        (ACCOUNTS.replace(",", ";"), "separator"),
        ("", "empty"),
        (b"PK\x03\x04 a workbook", "workbook"),
        (b"<html><script>alert(1)</script>", "not_csv"),
        (b"\xff\xfea\0c\0", "encoding"),
        (ACCOUNTS + "x" * 3_000_000, "too_large"),
    ],
    ids=["missing", "spelt", "unknown", "separator", "empty", "workbook", "page", "utf-16", "large"],
)
def test_what_cannot_be_taken_is_refused_at_once(
    inbox: Inbox, body: str | bytes, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name of the column, before anything waits."""
    monkeypatch.setattr(uploads, "LARGEST", 2_000_000)
    with pytest.raises(FileRefused) as refused:
        inbox.hand_in("accounts", body)
    assert refused.value.what == what
    if what == "missing":
        assert "role" in refused.value.facts["columns"]
    with inbox.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 0


def test_codes_are_kept_nowhere_in_the_clear(inbox: Inbox) -> None:
    """B1, B3: not in the database, not in what is left of the file, not in the list of rejects."""
    with inbox.sessions.begin() as session:
        privilege(session, key="latte", pooled=True)
    body = "privilege_id,code\nlatte,PLANTED-CODE-1\nlatte,PLANTED-CODE-1\nmocha,PLANTED-CODE-2\n"
    found, _ = inbox.hand_in("codes", body)
    inbox.work()
    assert inbox.counts(found) == (1, 1, 1)
    [rejects] = inbox.files()
    assert "PLANTED" not in rejects.read_text()
    assert rejects.read_text().splitlines()[1].endswith("mocha,••••DE-2")
    with inbox.sessions() as session:
        assert b"PLANTED" not in session.scalars(select(Code.sealed)).one()


DYING = """
import os, signal, sys
from pathlib import Path
from benefits.imports import staging
from benefits.vault import Vault
from clubs import load_clubs
from database.engine import make_engine, make_sessions
from jobs import uploading
from tests.conftest import TEST_KEYS
from tests.factories import NOON
from benefits import uploads

staging.CHUNK = 100
tell = uploads.tell

def dying(session, **what):
    told = tell(session, **what)
    if what["stage"] == "land" and what["done"] >= 200:
        session.commit()
        os.kill(os.getpid(), signal.SIGKILL)
    return told

uploads.tell = dying
engine = make_engine(sys.argv[1])
sessions = make_sessions(engine, vault=Vault(TEST_KEYS))
uploading.work(engine, sessions, load_clubs(["family_club"]), Path(sys.argv[2]), lambda: NOON)
"""


def test_a_killed_worker_is_taken_up_and_nothing_lands_twice(inbox: Inbox, database_url: str) -> None:
    """kill −9 between two chunks: the next worker begins the file again, and every line is there once."""
    with inbox.sessions.begin() as session:
        member(session, external_id="@a")
    lines = [f"INV{n},@a,official_account,100.00,7.00,2026-10,2026-10-20T14:30:00+07:00\n" for n in range(500)]
    found, _ = inbox.hand_in("charges", CHARGES + "".join(lines))
    dead = subprocess.run(
        [sys.executable, "-c", DYING, database_url, str(inbox.folder)], check=False, env={**os.environ}
    )
    assert dead.returncode == -signal.SIGKILL
    row = inbox.row(found)
    assert (row.state, row.stage, row.done, row.total) == ("running", "land", 200, 501)
    assert inbox.work() == 1
    row = inbox.row(found)
    assert (row.state, row.attempts, row.done) == ("done", 2, 500)
    landed, unchanged, rejected = inbox.counts(found)
    assert (landed + unchanged, rejected) == (500, 0)
    with inbox.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Charge)) == 500


def test_a_file_that_breaks_every_worker_is_given_up_and_says_so(inbox: Inbox) -> None:
    """After three tries; files behind it go on."""
    poison, _ = inbox.hand_in("accounts", ACCOUNTS)
    behind, _ = inbox.hand_in("accounts", ACCOUNTS + f"@a,Shop A,grey,free,{U}1,administrator\n")
    for _ in range(uploads.TRIES):
        with inbox.sessions.begin() as session:
            taken = uploads.take(session, clubs=[inbox.club.key], owner=uuid.uuid4(), now=NOON)
            assert taken is not None
            assert taken.id == poison
    assert inbox.work() == 1
    assert (inbox.row(poison).state, inbox.row(poison).facts["what"]) == ("failed", "broke_off")
    assert inbox.row(behind).state == "done"


def test_a_worker_believed_dead_writes_nothing_over_its_successor(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fencing: it finds another's mark on the row, and stops."""
    found, _ = inbox.hand_in("accounts", ACCOUNTS + f"@a,Shop A,grey,free,{U}1,administrator\n")
    tell: Callable[..., bool] = uploads.tell
    stolen: list[bool] = []

    def robbed(session: Session, **what: object) -> bool:
        if not stolen:
            stolen.append(True)
            with inbox.sessions.begin() as other:
                uploads.take(other, clubs=[inbox.club.key], owner=uuid.uuid4(), now=NOON)
        return tell(session, **what)

    monkeypatch.setattr(uploads, "tell", robbed)
    assert inbox.work() == 0
    assert (inbox.row(found).state, inbox.row(found).stage, inbox.row(found).attempts) == ("running", None, 2)
    assert inbox.work() == 1
    assert inbox.row(found).state == "done"


def test_b11_rejects_fetched_mended_and_handed_in_again(inbox: Inbox) -> None:
    """What is downloaded no spreadsheet computes; mended and handed in as it is, ids and amounts are what they were."""
    with inbox.sessions.begin() as session:
        shop = member(session, external_id="@a").id
    line = "INV1,@a,official_account,-100.00,-7.00,2026-13,2026-10-20T14:30:00+07:00\n"
    inbox.hand_in("charges", CHARGES + line)
    inbox.work()
    [rejects] = inbox.files()
    with rejects.open(encoding="utf-8", newline="") as file:
        fetched = "".join(csvs.lines(csv.reader(file)))
    assert ",'@a," in fetched
    assert ",'-100.00," in fetched
    again, _ = inbox.hand_in("charges", fetched.replace("2026-13", "2026-10"))
    inbox.work()
    assert inbox.counts(again) == (1, 0, 0)
    with inbox.sessions() as session:
        charge = session.scalars(select(Charge)).one()
        assert (charge.member_id, charge.net_satang) == (shop, -10_000)
        assert session.scalar(select(func.count()).select_from(Member)) == 1
