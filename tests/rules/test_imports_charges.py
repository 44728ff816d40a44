"""Importing charges: every row lands once or is told why not, and the round that counts it is decided at payment."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from benefits.imports import ImportResult, charges
from clubs import Club
from database.engine import make_engine
from models import Charge, JournalEntry, Member
from tests import factories
from tests.factories import NOON
from tests.killing import finished, killed_at, start
from tests.rules.importing import CHARGES, counts, rejects, write

Load = Callable[[str], ImportResult]


@pytest.fixture
def shop(session: Session) -> Member:
    """An account that has joined."""
    found = factories.member(session, external_id="@shop")
    session.commit()
    return found


@pytest.fixture
def load(engine: Engine, club: Club, tmp_path: Path, shop: Member) -> Load:
    """Import these rows."""
    return lambda rows: charges.load(engine, club=club, file=write(tmp_path, CHARGES + rows), now=NOON)


def only(session: Session) -> Charge:
    """The one line there is."""
    return session.scalars(select(Charge).execution_options(populate_existing=True)).one()


def test_lfc_6_a_line_lands_in_whole_satang_with_vat_apart(load: Load, session: Session) -> None:
    """LFC-6: net and VAT are kept apart; every satang arrives."""
    assert counts(load("INV1,@shop,official_account,1234.5,86.42,2026-10,2026-10-31T23:59:59.999999+07:00\n")) == (
        1,
        0,
        0,
    )
    line = only(session)
    assert (line.net_satang, line.vat_satang, line.service_month) == (123450, 8642, date(2026, 10, 1))
    assert line.paid_at is not None
    assert line.paid_at.isoformat() == "2026-10-31T16:59:59.999999+00:00"
    assert line.count_month == date(2026, 10, 1)


def test_an_import_is_in_the_journal(load: Load, session: Session) -> None:
    """Who did what, when: with the counts."""
    load("INV1,@shop,official_account,1,0,2026-10,\n")
    noted = session.scalars(select(JournalEntry)).one()
    assert noted.facts == {"kind": "charges", "landed": 1, "unchanged": 0, "rejected": 0}


def test_a_bad_cell_costs_its_row_and_is_told_by_line_column_and_remedy(load: Load) -> None:
    """Every form of bad cell is in test_imports_fields; here is how one reaches the list of rejects."""
    result = load('INV1,@shop,official_account,"1,234.50",0,2026-10,\nINV2,@shop,official_account,1,0,2026-10,\n')
    assert counts(result) == (1, 0, 1)
    assert rejects(result) == [
        (
            2,
            "net_amount: '1,234.50' has a separator of thousands (or a decimal comma); "
            "write baht with at most two decimals, such as 1234.50",
        )
    ]


def test_f13_a_zone_that_postgresql_would_not_take_costs_its_row_only(load: Load) -> None:
    """F13: it would end the COPY, and with it the whole file."""
    rows = [f"INV{n},@shop,official_account,1,0,2026-10,2026-10-20T10:00{zone}\n" for n, zone in enumerate(
        ("+14:00", "-14:00", "+16:00", "-23:59", "+07:30"))]  # fmt: skip
    result = load("".join(rows))
    assert counts(result) == (3, 0, 2)
    assert [line for line, _ in rejects(result)] == [4, 5]


def test_unknown_and_foreign_accounts_are_rejected_and_the_rest_lands(load: Load, session: Session) -> None:
    """An account of another club is unknown to this one."""
    factories.member(session, external_id="@elsewhere", club="other_club")
    session.commit()
    result = load(
        "INV1,@elsewhere,official_account,1,0,2026-10,\nINV2,@nobody,official_account,1,0,2026-10,\n"
        "INV3,@shop,official_account,1,0,2026-10,\n"
    )
    assert counts(result) == (1, 0, 2)
    assert [line for line, _ in rejects(result)] == [2, 3]
    assert only(session).invoice_no == "INV3"


def test_a13_the_same_invoice_twice_lands_once_and_contradictions_are_errors(load: Load, session: Session) -> None:
    """A13: same key and content is nothing; another amount is refused and nothing is written; the first one stands."""
    same = "INV1,@shop,official_account,100,7,2026-10,2026-10-20\n"
    result = load(same + same + "INV1,@shop,official_account,101,7,2026-10,2026-10-20\n")
    assert counts(result) == (1, 1, 1)
    [(line, reason)] = rejects(result)
    assert line == 4
    assert "other content" in reason
    assert only(session).net_satang == 10000
    assert counts(load(same)) == (0, 1, 0)
    assert counts(load("INV1,@shop,line_ads,100,7,2026-10,2026-10-20\n")) == (0, 0, 1)
    assert counts(load("INV1,@shop,official_account,100,7,2026-10,2026-10-21\n")) == (0, 0, 1)
    assert counts(load("INV1,@shop,official_account,100,7,2026-10,\n")) == (0, 0, 1)
    assert (only(session).service, only(session).paid_at) != ("line_ads", None)


def test_lfc_9_a_payment_completes_a_line_that_landed_unpaid(load: Load, session: Session) -> None:
    """LFC-9, LFC-5: unpaid counts nowhere; paid in November it counts in November, and an older file changes nothing."""
    unpaid = "INV1,@shop,official_account,100,7,2026-10,\n"
    paid = "INV1,@shop,official_account,100,7,2026-10,2026-11-20\n"
    assert counts(load(unpaid)) == (1, 0, 0)
    assert only(session).count_month is None
    assert counts(load(paid)) == (1, 0, 0)
    assert only(session).count_month == date(2026, 11, 1)
    assert counts(load(unpaid + paid)) == (0, 2, 0)
    assert counts(load("INV1,@shop,official_account,100,7,2026-10,2026-11-21\n")) == (0, 0, 1)


def test_both_in_one_file_and_two_payments_for_one_line(load: Load, session: Session) -> None:
    """The first payment wins; a second one at another time is told."""
    row = "INV1,@shop,official_account,100,7,2026-10,"
    assert counts(load(f"{row}\n{row}2026-11-20\n{row}2026-11-21\n")) == (2, 0, 1)
    assert only(session).count_month == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("service", "month", "paid", "counted"),
    [
        ("official_account", "2026-12", "2026-10-20", date(2026, 12, 1)),
        ("official_account", "2026-08", "2026-10-20", date(2026, 10, 1)),
        ("official_account", "2026-01", "2026-01-20", date(2026, 9, 1)),
        ("line_ads", "2026-10", "2026-10-20", None),
        ("official_account", "2026-10", "", None),
    ],
)
def test_lfc_1_lfc_9_the_round_is_decided_at_payment(
    load: Load, session: Session, service: str, month: str, paid: str, counted: date | None
) -> None:
    """LFC-9: paid ahead, the service month; paid late, the month of payment; into a closed month, the first open one."""
    session.execute(
        text(
            "INSERT INTO runs (club, kind, period, state, cursor, facts, started_at, finished_at) "
            "VALUES ('family_club', 'stars', '2026-08-01', 'done', '0', '{}', now(), now())"
        )
    )
    session.commit()
    load(f"INV1,@shop,{service},100,7,{month},{paid}\n")
    assert only(session).count_month == counted


def test_lfc_4_lines_of_a_premium_account_are_kept_and_count_nowhere(load: Load, session: Session) -> None:
    """LFC-4: until it is no longer premium."""
    factories.member(session, external_id="@green", badge="green", joined=False)
    session.commit()
    assert counts(load("INV1,@green,official_account,100,7,2026-10,2026-10-20\n")) == (1, 0, 0)
    assert only(session).count_month is None


def test_a_service_the_club_file_does_not_name_is_told(load: Load) -> None:
    """LFC-1: any other item earns nothing; a misspelt one is seen."""
    result = load("INV1,@shop,oficial_account,100,7,2026-10,2026-10-20\nINV2,@shop,line_ads,1,0,2026-10,\n")
    assert result.clean
    [warning] = result.warnings
    assert "'oficial_account' (1 lines)" in warning


def test_the_list_of_rejects_keeps_the_columns_and_can_be_mended_and_imported(
    engine: Engine, club: Club, tmp_path: Path, load: Load
) -> None:
    """Line, reason and the original columns; after mending, the same file is imported as it is."""
    result = load('INV1,@shop,official_account,"1,000.00",0,2026-10,\nINV2,@shop,official_account,2,0,2026-10,\n')
    assert result.rejects == tmp_path / "file.rejects.csv"
    mended = result.rejects.read_text().replace('"1,000.00"', "1000.00")
    assert mended.startswith(f"line,reason,{CHARGES.strip()}")
    again = charges.load(engine, club=club, file=write(tmp_path, mended, name="file.rejects.csv"), now=NOON)
    assert counts(again) == (1, 0, 0)
    assert load("INV1,@shop,official_account,1000,0,2026-10,\n").rejects is None
    assert not (tmp_path / "file.rejects.csv").exists()


def _rows(number: int) -> str:
    return CHARGES + "".join(f"INV{n},@shop,official_account,1.01,0,2026-10,2026-10-20\n" for n in range(number))


def test_killed_at_every_statement_a_file_lands_once_when_run_again(
    engine: Engine,
    database_url: str,
    club: Club,
    tmp_path: Path,
    shop: Member,
    monkeypatch: pytest.MonkeyPatch,
    evidence: Callable[[str], None],
) -> None:
    """Killed −9 before each statement and commit of the import: nothing by halves, and afterwards everything once."""
    monkeypatch.setattr("benefits.imports.staging.CHUNK", 4)
    file = write(tmp_path, _rows(10))
    work = partial(charges.load, club=club, file=file, now=NOON)
    boundary = 1
    while killed_at(database_url, boundary, work):
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM charges")) in (0, 3, 7, 10)
        boundary += 1
    assert boundary > 20
    evidence(f"importing charges: killed at {boundary - 1} points")
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*), sum(net_satang) FROM charges").fetchone() == (10, 1010)


def test_two_processes_import_the_same_file_at_once(
    database_url: str, engine: Engine, club: Club, tmp_path: Path, shop: Member
) -> None:
    """Each row lands in one of them, once."""
    file = write(tmp_path, _rows(2000))
    work = partial(charges.load, club=club, file=file, now=NOON)
    children = [start(database_url, work) for _ in range(3)]
    for child in children:
        assert finished(child)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), sum(net_satang) FROM charges")).one() == (2000, 202000)
        assert connection.execute(text("SELECT sum(landed), sum(unchanged) FROM imports")).one() == (2000, 4000)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(database_url: str, club: Club, tmp_path: Path, shop: Member) -> None:
    """200,000 lines through a process that may grow by 20 MB after the first 10,000."""
    for number, name in ((10_000, "small.csv"), (200_000, "large.csv")):
        write(tmp_path, _rows(number).replace("INV", name), name=name)
    child = os.fork()
    if child == 0:
        engine = make_engine(database_url)
        sizes = []
        for name in ("small.csv", "large.csv"):
            charges.load(engine, club=club, file=tmp_path / name, now=NOON)
            sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096)
        os._exit(0 if sizes[1] - sizes[0] < 20_000_000 else 1)
    assert os.waitpid(child, 0)[1] == 0
