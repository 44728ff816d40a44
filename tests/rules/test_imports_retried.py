"""A chunk that PostgreSQL ends for a deadlock lands once; a file that dies between its last steps is simply run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from benefits.imports import accounts, charges, staging
from benefits.imports.kinds import Chunk
from clubs import Club
from models import Admin, Charge, JournalEntry
from tests import factories
from tests.factories import NOON, line_user_id
from tests.rules.importing import ACCOUNTS, CHARGES, counts, rejects, write

DEADLOCK = text("DO $$ BEGIN RAISE EXCEPTION 'made' USING ERRCODE = '40P01'; END $$")
LINE = "@a,official_account,100.00,7.00,2026-10"
PAID = "2026-10-20T10:00:00+07:00"


class Ended:
    """Landing that PostgreSQL ends so many times, each time when all of the chunk is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
        self.tried: list[int] = []
        land = charges._Landing.land

        def ended(landing: charges._Landing, chunk: Chunk) -> int:
            done = land(landing, chunk)
            self.tried.append(chunk.after)
            if self.tried.count(chunk.after) <= times:
                chunk.connection.execute(DEADLOCK)
            return done

        monkeypatch.setattr(charges._Landing, "land", ended)
        monkeypatch.setattr(staging, "CHUNK", 2)


@pytest.mark.parametrize("times", [0, 1, 4])
def test_what_a_deadlock_ends_lands_once_and_is_counted_once(
    engine: Engine, session: Session, club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Lines, payments and rejects: the marks of rejected rows go with the transaction that set them, and come again."""
    shop = factories.member(session, external_id="@a")
    for number in ("OLD", "UNPAID"):
        factories.charge(session, shop, invoice_no=number, paid_at=None)
    session.commit()
    ended = Ended(monkeypatch, times)
    rows = [
        f"NEW1,{LINE},",
        "OLD,@a,official_account,9.00,7.00,2026-10,",
        f"UNPAID,{LINE},{PAID}",
        "X,@z,official_account,1.00,0.07,2026-10,",
        f"NEW2,{LINE},{PAID}",
    ]
    file = write(tmp_path, CHARGES + "".join(f"{row}\n" for row in rows))
    told: list[tuple[str, int, int]] = []
    found = charges.load(engine, club=club, file=file, now=NOON, progress=lambda *step: told.append(step))
    assert counts(found) == (3, 0, 2)
    assert [line for line, _ in rejects(found)] == [3, 5]
    assert [step for step in told if step[0] == "land"] == [("land", line, 6) for line in (2, 4, 6)]
    assert ended.tried == [after for after in (0, 2, 4) for _ in range(times + 1)]
    stored = session.scalars(select(Charge.invoice_no).order_by(Charge.id)).all()
    assert sorted(stored) == ["NEW1", "NEW2", "OLD", "UNPAID"]


def test_a_deadlock_that_does_not_end_is_told_and_the_file_lands_later(
    engine: Engine, session: Session, club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.member(session, external_id="@a")
    session.commit()
    file = write(tmp_path, CHARGES + "".join(f"N{number},{LINE},{PAID}\n" for number in range(3)))
    with monkeypatch.context() as meanwhile:
        Ended(meanwhile, staging.TRIES)
        with pytest.raises(OperationalError):
            charges.load(engine, club=club, file=file, now=NOON)
    assert session.scalars(select(Charge.id)).all() == []
    assert counts(charges.load(engine, club=club, file=file, now=NOON)) == (3, 0, 0)


def test_a_complete_file_that_dies_before_its_end_is_run_again(
    engine: Engine, session: Session, club: Club, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was left out has lost the role by then: once, noted once, and the file's own end is noted when it comes."""

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    ann, bob = line_user_id(0xA), line_user_id(0xB)
    both = f"@a,A,grey,free,{ann},administrator\n@a,A,grey,free,{bob},administrator\n"
    accounts.load(engine, club=club, file=write(tmp_path, ACCOUNTS + both), now=NOON)
    file = write(tmp_path, f"{ACCOUNTS}@a,A,grey,free,{ann},administrator\n")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(staging, "_end", dies)
        with pytest.raises(KeyboardInterrupt):
            accounts.load(engine, club=club, file=file, now=NOON, complete=True)
    assert session.scalars(select(Admin.line_user_id).where(Admin.removed_at.is_(None))).all() == [ann]
    assert counts(accounts.load(engine, club=club, file=file, now=NOON, complete=True)) == (0, 1, 0)
    noted = session.scalars(select(JournalEntry.action).order_by(JournalEntry.id)).all()
    assert noted == ["admin_role", "admin_role", "imported", "admin_removed", "imported"]
    assert session.scalars(text("SELECT finished_at IS NULL FROM imports ORDER BY id")).all() == [False, True, False]
