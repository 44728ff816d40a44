"""Files handed in through the console: refused at the field, imported by the job, the rest fetched as safe CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from jobs import uploading
from models import JournalEntry, Upload
from tests import factories
from tests.rules.importing import ACCOUNTS, CHARGES
from tests.web.console.desk import Desk, Hand

USER = "U" + "a" * 32


@pytest.fixture(scope="module")
def teera(shared_desk: Desk) -> Hand:
    """An admin."""
    return shared_desk.staff("admin")


def folder(desk: Desk) -> Path:
    return desk.desk.settings.data_dir / "uploads"


def hand_in(hand: Hand, kind: str, body: str | bytes, name: str = "file.csv") -> Any:
    data = body.encode() if isinstance(body, str) else body
    form = {"kind": kind, "file": (io.BytesIO(data), name)}
    return hand.post("/console/imports/new", form, content_type="multipart/form-data")


def work(desk: Desk) -> int:
    """What the job does."""
    return uploading.work(desk.parts.engine, desk.sessions, desk.desk.clubs, folder(desk), desk.clock.now)


def newest(desk: Desk) -> Upload:
    with desk.sessions() as session:
        return session.scalars(select(Upload).order_by(Upload.id.desc()).limit(1)).one()


def test_a_file_goes_in_and_its_bar_moves(desk: Desk, teera: Hand) -> None:
    """Taken, waiting, imported; the job is asked at once; the page tells each, and who handed it in."""
    line = f"@imp1,=cmd|'/c calc'!A0,grey,free,{USER},administrator\n"
    answer = hand_in(teera, "accounts", ACCOUNTS + line + "@imp2,Shop,grey,free,nobody,administrator\n", "บัญชี.csv")
    row = newest(desk)
    assert (answer.status_code, answer.location.endswith(f"/console/imports/{row.id}")) == (303, True)
    with desk.parts.engine.connect() as connection:
        asked = connection.exec_driver_sql("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'uploads'")
        assert asked.scalar() == 1
    waiting = teera.get(f"/console/imports/{row.id}").text
    assert "It waits for its turn." in waiting
    assert f'data-waiting="/console/imports/{row.id}/progress"' in waiting
    found = teera.get(f"/console/imports/{row.id}/progress").json
    assert found == {"over": False, "sentence": "It waits for its turn.", "step": 0, "of": 1}
    assert work(desk) == 1
    done = "1 rows landed, 0 were here already, 1 were rejected."
    assert teera.get(f"/console/imports/{row.id}/progress").json == {"over": True, "sentence": done, "step": 2, "of": 2}
    page = teera.get(f"/console/imports/{row.id}").text
    assert done in page
    assert "บัญชี.csv" in page
    assert teera.staff.name in page


def test_b11_what_was_rejected_is_fetched_as_text_only(desk: Desk, teera: Hand) -> None:
    """Formulas are text; who may not hand in such a file may not fetch it; fetching is in the journal."""
    hand_in(teera, "accounts", ACCOUNTS + f"@imp3,=1+1,purple,free,{USER},administrator\n")
    work(desk)
    row = newest(desk)
    fetched = teera.get(f"/console/imports/{row.id}/rejects.csv")
    cells = list(csv.reader(io.StringIO(fetched.text.lstrip("\ufeff"))))
    assert cells[0][:2] == ["line", "reason"]
    assert cells[1][2:4] == ["'@imp3", "'=1+1"]
    with desk.sessions() as session:
        entry = session.scalars(select(JournalEntry).filter_by(action="rejects_fetched", subject_id=row.id)).one()
        assert entry.actor == str(teera.staff.id)
    assert desk.staff("marketer").get(f"/console/imports/{row.id}/rejects.csv").status_code == 403
    assert desk.staff("viewer").get(f"/console/imports/{row.id}/rejects.csv").status_code == 403


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("charges", ACCOUNTS, "These columns are missing: invoice_no, service, net_amount"),
        ("accounts", ACCOUNTS.replace("role", "role,phone"), "These columns are not known: phone."),
        ("accounts", b"PK\x03\x04" + b"\0" * 100, "This is a workbook of a spreadsheet."),
        ("accounts", "<script>alert(1)</script>", "This is not a CSV file."),
        ("", ACCOUNTS, "Choose what the file holds."),
    ],
    ids=["header", "unknown", "workbook", "page", "no kind"],
)
def test_what_cannot_be_taken_is_refused_at_once_by_name(
    desk: Desk, teera: Hand, kind: str, body: str | bytes, said: str
) -> None:
    """And nothing of it is kept on the disk."""
    before = newest(desk).id if kind == "charges" else None
    answer = hand_in(teera, kind, body)
    assert (answer.status_code, said in answer.text) == (400, True)
    assert before is None or newest(desk).id == before
    with desk.sessions() as session:
        places = set(session.scalars(select(Upload.place)))
    assert {path.name for path in (folder(desk) / "imports").iterdir()} <= places


def test_two_consoles_hand_in_the_same_file(desk: Desk, teera: Hand) -> None:
    """One import; the second is led to it."""
    body = CHARGES + "INV-9,@nobody,official_account,1.00,0.07,2026-10,\n"
    first = hand_in(teera, "charges", body)
    second = hand_in(desk.staff("finance"), "charges", body)
    assert first.location == second.location
    assert work(desk) == 1


def test_each_kind_of_file_has_its_hands(desk: Desk, teera: Hand) -> None:
    """A marketer hands in codes and privileges, finance charges; viewers none, and all may read what came of them."""
    marketer, viewer = desk.staff("marketer"), desk.staff("viewer")
    assert hand_in(marketer, "accounts", ACCOUNTS).status_code == 403
    assert hand_in(desk.staff("finance"), "codes", "privilege_id,code\n").status_code == 403
    assert viewer.get("/console/imports/new").status_code == 403
    assert viewer.get("/console/imports/").status_code == 200
    with desk.sessions.begin() as session:
        pool = factories.privilege(session, pooled=True, alert_at=3, name_en="Pooled")
    hand_in(marketer, "codes", f"privilege_id,code\n{pool.key},PLANTED-1\n{pool.key},PLANTED-2\n")
    work(desk)
    page = marketer.get("/console/codes/").text
    assert "Running low" in page
    assert "PLANTED" not in page
    assert "“Pooled” has 2 left." in marketer.get("/console/").text
    assert marketer.get("/console/imports-done/").status_code == 200
