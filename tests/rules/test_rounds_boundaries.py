"""F6: months are half-open Bangkok months, whatever zone the server, the database session or the file is in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benefits.periods import add_months, month_name, month_of, parse_month, start_of
from tests import factories

ZONES = ("UTC", "Asia/Bangkok", "America/New_York", "Asia/Kathmandu")
ENDS = [
    date(2027, 2, 28),
    date(2028, 2, 29),
    date(2026, 11, 30),
    date(2026, 12, 31),
    date(2026, 3, 8),
    date(2026, 11, 1),
]
"""Last days of months of 28, 29, 30 and 31 days, the year's end, and the days New York's clocks change."""

CHILD = """
import json, sys
from datetime import datetime
from pathlib import Path
from benefits import rounds
from benefits.imports import charges
from benefits.periods import month_of, month_name, parse_month
from clubs import load_club
from clubs.catalogue import SHIPPED
from database.engine import make_engine
from sqlalchemy import text
url, file, now = sys.argv[1:]
club, engine = load_club(SHIPPED / "family_club.toml"), make_engine(url)
charges.load(engine, club=club, file=Path(file), now=datetime.fromisoformat(now))
with engine.connect() as connection:
    counted = dict(connection.execute(text("SELECT invoice_no, count_month::text FROM charges ORDER BY 1")).all())
rounds.run(engine, club=club, period=parse_month("2026-12"), now=datetime.fromisoformat(now))
with engine.connect() as connection:
    amount = connection.scalar(text("SELECT amount FROM entries"))
    result = connection.scalar(text("SELECT result_hash FROM runs"))
print(json.dumps([counted, amount, result, month_name(month_of(datetime.fromisoformat(now)))]))
"""


@given(st.integers(0, 110 * 366 * 86_400_000_000))
def test_f6_every_instant_is_in_exactly_one_month(microseconds: int) -> None:
    """F6: no gap, no overlap: the month found contains it, and neither neighbour does."""
    when = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    month = month_of(when)
    around = [add_months(month, index) for index in (-1, 0, 1)]
    assert [start_of(m) <= when < start_of(add_months(m, 1)) for m in around] == [False, True, False]
    assert parse_month(month_name(month)) == month


@pytest.mark.parametrize("last", ENDS)
def test_f6_a_month_ends_with_the_last_microsecond_of_its_bangkok_day(last: date) -> None:
    """F6: 16:59:59.999999Z belongs to the day, 17:00:00Z to the next."""
    end = datetime(last.year, last.month, last.day, 17, tzinfo=UTC)
    next_day = last + timedelta(days=1)
    assert month_of(end - timedelta(microseconds=1)) == last.replace(day=1)
    assert month_of(end) == next_day.replace(day=1)
    assert start_of(next_day) == end


def test_f6_python_and_the_database_agree_on_every_month(engine: Engine) -> None:
    """F6: the month that SQL finds for a payment is the one Python finds, in any zone of the session."""
    edges = [start_of(add_months(date(2024, 1, 1), index)) for index in range(60)]
    instants = [edge + timedelta(microseconds=offset) for edge in edges for offset in (-1, 0, 1)]
    for zone in ZONES:
        with engine.connect() as connection:
            connection.execute(text(f"SET TIME ZONE '{zone}'"))
            found = connection.scalars(
                text(
                    "SELECT date_trunc('month', t AT TIME ZONE 'Asia/Bangkok')::date FROM unnest(CAST(:t AS timestamptz[])) t"
                ),
                {"t": instants},
            ).all()
        assert list(found) == [month_of(when) for when in instants]


def test_f6_a_server_in_any_zone_comes_to_the_same_result(
    session: Session, database_url: str, engine: Engine, tmp_path: Path
) -> None:
    """F6: TZ of the process set to each zone; instants at both sides of three months' ends; the year's end included."""
    rows = ["invoice_no,account_id,service,net_amount,vat_amount,service_month,paid_at"]
    for number, last in enumerate([date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31)]):
        rows.append(f"B{number},@a,official_account,1.00,0,2026-10,{last}T16:59:59.999999Z")
        rows.append(f"C{number},@a,official_account,100.00,0,2026-10,{last}T17:00:00Z")
        rows.append(f"D{number},@a,official_account,0.10,0,2026-10,{last}T23:59:59.999999")
    file = tmp_path / "charges.csv"
    file.write_text("\n".join(rows) + "\n")
    factories.member(session, external_id="@a")
    session.commit()
    found = []
    for zone in ZONES:
        found.append(_in_zone(zone, database_url, file))
        with engine.begin() as connection:
            connection.execute(
                text(
                    "SET LOCAL session_replication_role = replica; DELETE FROM entries; DELETE FROM runs; "
                    "DELETE FROM charges; UPDATE members SET total_stars = 0"
                )
            )
    counted, amount, _, month = found[0]
    assert [counted[f"B{n}"] for n in range(3)] == ["2026-10-01", "2026-11-01", "2026-12-01"]
    assert [counted[f"C{n}"] for n in range(3)] == ["2026-11-01", "2026-12-01", "2027-01-01"]
    assert [counted[f"D{n}"] for n in range(3)] == ["2026-10-01", "2026-11-01", "2026-12-01"]
    assert (amount, month) == (203, "2027-01")
    assert all(other == found[0] for other in found)


def _in_zone(zone: str, database_url: str, file: Path) -> tuple[dict[str, str], int, str, str]:
    """Import and run in a process of that zone."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, database_url, str(file), "2027-01-02T00:00:00+07:00"],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    counted, amount, result, month = json.loads(done.stdout)
    return counted, amount, result, month
