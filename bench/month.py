"""`month`: a whole monthly round of n accounts with five charges each, against a bare statement that adds the same sums."""

from __future__ import annotations

import resource
import time
from datetime import UTC, date, datetime

import psycopg

from bench import population
from bench.figure import Figure, alternating, compared, spread
from bench.ground import NOON, Ground, club, ground, vacuum
from benefits import rounds
from database.engine import make_engine

EACH = 5
MONTH = date(2026, 10, 1)
PAID = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
LARGE = 300_000
"""Accounts from which one repetition has to do: a million take minutes to prepare alone."""

TABLE = "CREATE TABLE bare_sums (member_id bigint, lines bigint, satang bigint, stars bigint)"
BARE = """
INSERT INTO bare_sums SELECT member_id, count(*), sum(net_satang), CAST(sum(net_satang) AS bigint) / 100
FROM charges WHERE club = 'family_club' AND count_month = '2026-10-01' GROUP BY member_id
"""
SUMS = "SELECT (SELECT sum(stars) FROM bare_sums), (SELECT sum(amount) FROM entries), (SELECT count(*) FROM entries)"


def run(n: int) -> Figure:
    """`n` accounts; each side works on a copy of the same database, in turn."""
    growth: list[float] = []
    moved: list[int] = []
    broken: list[str] = []
    with ground() as place:
        engine = place.engine()
        population.settle(engine, club(), n)
        population.charges(engine, club(), EACH, MONTH, PAID)
        engine.dispose()
        vacuum(place.url)
        repetitions = 1 if n >= LARGE else 3
        ours, bare = alternating(
            repetitions, lambda k: _round(place, n, growth, moved, broken), lambda k: _bare(place)
        )  # fmt: skip
    value, peer_value, ratio = compared(ours, bare)
    notes = [
        f"ours {spread(ours)} s: charges frozen, entries, totals, tiers, journal, notices and the result's hash",
        f"{moved[0]:,} accounts came to another tier: each a line in the journal and a notice to her administrators",
        f"bare {spread(bare)} s; {n / value:,.0f} accounts/s",
        f"memory of the process grew by at most {max(growth):.1f} MB in a round",
    ]
    return Figure("month", "one monthly round, five charges an account", value, "s",
                  "INSERT … SELECT … GROUP BY of the same sums", peer_value, ratio, n, notes=notes, broken=broken)  # fmt: skip


def _round(place: Ground, n: int, growth: list[float], moved: list[int], broken: list[str]) -> float:
    with place.copy() as url:
        engine = make_engine(url)
        before, begun = _peak(), time.monotonic()
        result = rounds.run(engine, club=club(), period=MONTH, now=NOON)
        seconds = time.monotonic() - begun
        growth.append(_peak() - before)
        moved[:] = [sum(move.accounts for move in result.moves)]
        engine.dispose()
        _add_up(url)
        with psycopg.connect(url) as connection:
            bare, entries, accounts = connection.execute(SUMS).fetchone() or (0, 0, 0)
        if not (bare == entries == result.stars and accounts == result.accounts == n):
            broken.append(f"{result.stars} stars for {result.accounts} accounts; a plain sum says {bare} for {n}")
    return seconds


def _bare(place: Ground) -> float:
    with place.copy() as url:
        return _add_up(url)


def _add_up(url: str) -> float:
    with psycopg.connect(url) as connection:
        connection.execute(TABLE)
        begun = time.monotonic()
        connection.execute(BARE)
        connection.commit()
        return time.monotonic() - begun


def _peak() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
