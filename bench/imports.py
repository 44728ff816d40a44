"""`import`: n charges from a CSV file, against `COPY` of the same file into a bare table."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import psycopg

from bench import population
from bench.figure import Figure, alternating, compared, spread
from bench.ground import NOON, Ground, club, ground, vacuum
from benefits.imports import charges
from database.engine import make_engine

EACH = 5
BLOCK = 1 << 16
LARGE = 300_000
"""Lines from which two repetitions have to do."""
HEADER = "invoice_no,account_id,service,net_amount,vat_amount,service_month,paid_at\n"
TABLE = """
CREATE TABLE bare_charges (invoice_no text, account_id text, service text, net_amount numeric, vat_amount numeric,
                           service_month text, paid_at timestamptz)
"""
KEYED = f"""
{TABLE.rstrip()}; ALTER TABLE bare_charges ADD id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ADD UNIQUE (invoice_no);
CREATE INDEX ON bare_charges (account_id)
"""
"""The same with the three keys a charge is found by: what COPY alone takes for them is no work of ours."""


def run(n: int) -> Figure:
    """`n` lines for n / 5 accounts; each side works on a copy of the same database, in turn."""
    growth: list[float] = []
    broken: list[str] = []
    with ground() as place:
        accounts = max(1, n // EACH)
        engine = place.engine()
        population.settle(engine, club(), accounts)
        engine.dispose()
        vacuum(place.url)
        file = write(place.folder / "charges.csv", n, accounts)
        ours, bare = alternating(
            2 if n >= LARGE else 3,
            lambda k: _import(place, file, n, growth, broken),
            lambda k: _copy(place, file, TABLE),
        )
        keyed = _copy(place, file, KEYED)
        size = file.stat().st_size / 1e6
    value, peer_value, ratio = compared(ours, bare)
    notes = [
        f"ours {spread(ours)} s: every cell checked, accounts looked up, duplicates told, five indexes and a journal",
        f"bare {spread(bare)} s; {n / value:,.0f} lines/s, a file of {size:,.0f} MB",
        f"COPY into a table with the three keys of a charge: {keyed:.2f} s; ours takes {value / keyed:.1f} times that",
        f"memory of the process grew by at most {max(growth):.1f} MB in an import",
    ]
    return Figure("import", "one import of charges", value, "s", "COPY into a bare table", peer_value, ratio, n,
                  notes=notes, broken=broken)  # fmt: skip


def write(path: Path, n: int, accounts: int) -> Path:
    """A file of `n` paid lines for that many accounts, `@shop1` and on."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for k in range(n):
            net = 10_000 + k * 7919 % 900_000
            vat = net * 7 // 100
            file.write(
                f"INV{k:09d},@shop{1 + k % accounts},official_account,{net // 100}.{net % 100:02d},{vat // 100}.{vat % 100:02d},"
                f"2026-10,2026-10-{1 + k % 28:02d}T14:{k % 60:02d}:00+07:00\n"
            )
    return path


def _import(place: Ground, file: Path, n: int, growth: list[float], broken: list[str]) -> float:
    with place.copy() as url:
        engine = make_engine(url)
        before, begun = _peak(), time.monotonic()
        result = charges.load(engine, club=club(), file=file, now=NOON)
        seconds = time.monotonic() - begun
        growth.append(_peak() - before)
        engine.dispose()
        with psycopg.connect(url) as connection:
            here = (connection.execute("SELECT count(*) FROM charges").fetchone() or (0,))[0]
        if not result.landed == here == n:
            broken.append(f"{result.landed} of {n} lines landed, {result.rejected} rejected, {here} are here")
    return seconds


def _copy(place: Ground, file: Path, table: str) -> float:
    with place.copy() as url, psycopg.connect(url) as connection, file.open("rb") as source:
        connection.execute(table)
        begun = time.monotonic()
        with connection.cursor().copy(f"COPY bare_charges ({HEADER.strip()}) FROM STDIN (FORMAT csv, HEADER)") as copy:
            while block := source.read(BLOCK):
                copy.write(block)
        connection.commit()
        return time.monotonic() - begun


def _peak() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
