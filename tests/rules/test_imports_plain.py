"""Lines that PostgreSQL reads as they stand come to what they come to when each of their cells is parsed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, date
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benefits.imports import charges, fields, plain
from clubs import Club
from tests import factories
from tests.factories import NOON
from tests.rules.importing import counts, rejects, write

CELLS = {
    "invoice_no": st.from_regex(r"INV[0-9]{1,2}", fullmatch=True) | st.text("aA1 '\\-ก\t\x7f", max_size=3),
    "account_id": st.sampled_from(["@shop", "@shop", "@shop", "@green", "@nobody", "@ร้าน", "@" + 100 * "x"]),
    "service": st.sampled_from(["official_account", "line_ads", "บริการ", "a b", "\\N", "'=1"]),
    "net_amount": st.sampled_from(["100", "100.0", "-0.01", "0099.99"]) | st.text("-+.,019eNก", max_size=8),
    "vat_amount": st.sampled_from(["0", "7.5", "1.005", "", "9999999999.99", "99999999999"]),
    "service_month": st.sampled_from(["2026-10", "2024-02", "2026-13", "2569-10", "2026-+1", "1999-12"]),
    "paid_at": st.sampled_from(["", "2026-10-20", "2026-10-20T07:00:00+07:00"])
    | st.from_regex(
        r"20(00|24|26)-(0[0-9]|1[0-3])-(0[0-9]|2[0-9]|3[0-2])"
        r"([T ][0-2][0-9]:[0-6]0(:[0-6][0-9](\.[0-9]{1,7})?)?(Z|[+-](00|07|09|1[0-9]):?(00|30))?)?",
        fullmatch=True,
    ),
}
ROWS = st.fixed_dictionaries(CELLS)
ODD = st.sampled_from(
    ["", ",,,,,,", ' "', '"two\nlines",@shop,line_ads,1,0,2026-10,', "INV1,@shop,line_ads,1,0,2026-10"]
)
STAGE = "CREATE TEMPORARY TABLE stage (net_amount numeric, vat_amount numeric, service_month text, paid_at timestamptz)"
READ = f"SELECT {charges.NET}, {charges.MONTH}, paid_at FROM stage"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.from_regex(re.compile(plain.AMOUNT), fullmatch=True) | CELLS["net_amount"].map(str.encode),
       month=st.from_regex(re.compile(plain.MONTH), fullmatch=True),
       paid=st.from_regex(re.compile(plain.INSTANT), fullmatch=True) | CELLS["paid_at"].map(str.encode))  # fmt: skip
def test_what_is_plain_is_taken_with_the_same_value(
    stage: psycopg.Connection, amount: bytes, month: bytes, paid: bytes
) -> None:
    """LFC-6, F6: amounts, months and times that PostgreSQL may read are those `fields` reads, to the same value."""
    shapes = (plain.AMOUNT, plain.MONTH, plain.optional(plain.INSTANT))
    if not plain.lines(shapes).fullmatch(b",".join((amount, month, paid)) + b"\n"):
        return
    with stage.cursor().copy(
        "COPY stage (net_amount, service_month, paid_at) FROM STDIN (DELIMITER ',', NULL '')"
    ) as copy:
        copy.write(b",".join((amount, month, paid)))
    when = fields.instant("paid_at", paid.decode()).astimezone(UTC) if paid else None
    value = fields.satang("net_amount", amount.decode())
    first = date.fromisoformat(fields.month("service_month", month.decode()))
    assert stage.execute(READ).fetchone() == (value, first, when)
    stage.execute("TRUNCATE stage")


@given(st.from_regex(re.compile(plain.KEY), fullmatch=True))
def test_a_plain_key_is_a_key(key: bytes) -> None:
    """And holds nothing that CSV or `COPY` read as more than itself."""
    assert fields.key("invoice_no", key.decode()) == key.decode()
    assert not set(b'",\\\r\n') & set(key)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(list(CELLS)), st.lists(ROWS | ODD, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans(),
       st.sampled_from(["utf-8", "utf-8-sig", "cp874"]), st.sampled_from([50, 1 << 16]), st.sampled_from([1, 5_000]))  # fmt: skip
def test_a_file_comes_to_the_same_read_by_lines_or_by_cells(
    engine: Engine, twins: tuple[Club, Club], tmp_path: Path, columns: list[str], rows: list[dict[str, str] | str],
    end: str, last: bool, encoding: str, block: int, waiting: int,
) -> None:  # fmt: skip
    """The same counts, the same rejects with the same words, the same lines: whatever the files before brought."""
    told = [row if isinstance(row, str) else ",".join(row[name] for name in columns) for row in rows]
    file = write(tmp_path, end.join([",".join(columns), *told]) + last * end, encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benefits.imports.reading.BLOCK", block)
        patch.setattr("benefits.imports.filling.WAITING", waiting)
        by_lines = charges.load(engine, club=twins[0], file=file, now=NOON)
        told_by_lines = rejects(by_lines)
        patch.setattr(charges, "PLAIN", {})
        by_cells = charges.load(engine, club=twins[1], file=file, now=NOON)
    assert (counts(by_lines), by_lines.warnings) == (counts(by_cells), by_cells.warnings)
    assert told_by_lines == rejects(by_cells)
    assert _lines(engine, twins[0]) == _lines(engine, twins[1])


def test_every_line_of_an_ordinary_file_is_plain(tmp_path: Path) -> None:
    """Else all of this would be for nothing."""
    line = b"INV-2026/0001,@shop,official_account,1234.5,86.42,2026-10,2026-10-31T23:59:59+07:00\r\n"
    found = plain.lines(list(charges.PLAIN.values())).match(line * 1000)
    assert found is not None
    assert found.end() == len(line) * 1000


@pytest.fixture
def twins(session: Session, club: Club) -> tuple[Club, Club]:
    """Two clubs with the same accounts."""
    twin = dataclasses.replace(club, key="twin_club")
    for key in (club.key, twin.key):
        for name, badge in (("@shop", "grey"), ("@green", "green"), ("@ร้าน", "blue")):
            factories.member(session, external_id=name, badge=badge, joined=False, club=key)
    session.commit()
    return club, twin


@pytest.fixture
def stage(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection with the columns that are read, in the zone of an import."""
    with psycopg.connect(database_url, options="-c timezone=Asia/Bangkok") as connection:
        connection.execute(STAGE)
        yield connection


def _lines(engine: Engine, club: Club) -> list[tuple[object, ...]]:
    columns = "invoice_no, service, net_satang, vat_satang, service_month, paid_at, count_month, paid_import_id IS NULL"
    query = (
        f"SELECT {columns}, external_id FROM charges JOIN members ON members.id = member_id WHERE charges.club = :club"
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query + " ORDER BY invoice_no"), {"club": club.key})]
