"""`month`: a whole monthly round of n accounts with five charges each, against a bare statement that adds the same sums."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from statistics import median

import psycopg
from sqlalchemy import Engine

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
KEYED = "CREATE TABLE keyed_sums (LIKE entries INCLUDING ALL)"
"""The ledger's own keys, checks and defaults."""
BARE_KEYED = """
INSERT INTO keyed_sums (club, member_id, unit, kind, period, run_id, amount, counted_satang, brought_satang, carried_satang, at)
SELECT 'family_club', member_id, 'stars', 'round', '2026-10-01', 0, CAST(sum(net_satang) AS bigint) / 100, sum(net_satang), 0, 0,
       now()
FROM charges WHERE club = 'family_club' AND count_month = '2026-10-01' GROUP BY member_id
"""
SUMS = """
SELECT (SELECT sum(stars) FROM bare_sums), sum(amount), count(*) FROM entries WHERE period = %(month)s
"""
SEPTEMBER, YEAR_BEFORE = date(2026, 9, 1), date(2025, 10, 1)


@dataclass
class Seen:
    """What the rounds of one scene came to."""

    moved: int = 0
    growth: float = 0.0
    broken: list[str] = field(default_factory=list)


def run(n: int) -> Figure:
    """`n` accounts in three scenes, one after the other; each side works on a copy of the same database, in turn."""
    seen = Seen()
    with ground() as place:
        _prepare(place, lambda engine: population.settle(engine, club(), n))
        _prepare(place, lambda engine: population.charges(engine, club(), EACH, MONTH, PAID))
        ours, bare = _scene(place, n, 1 if n >= LARGE else 3, seen)
        keyed = _bare(place, KEYED, BARE_KEYED)
        notes = [
            f"{_told('the first round of a club', ours, bare, seen)}; this is the figure",
            f"ours {spread(ours)} s: charges frozen, entries, totals, tiers, journal, notices and the result's hash",
            f"bare {spread(bare)} s; {n / median(ours):,.0f} accounts/s",
            f"the bare sums into a table with the ledger's keys: {keyed:.2f} s; ours takes {median(ours) / keyed:.1f} times that",
        ]
        _prepare(place, lambda engine: population.rounds(engine, club(), YEAR_BEFORE, SEPTEMBER))
        notes.append(_told("an ordinary month, after twelve others", *_scene(place, n, 1, seen), seen))
        _prepare(place, lambda engine: population.raise_all(engine, club()))
        notes.append(_told("the worst month", *_scene(place, n, 1, seen), seen))
    value, peer_value, ratio = compared(ours, bare)
    notes.append(f"memory of the process grew by at most {seen.growth:.1f} MB in a round")
    return Figure("month", "one monthly round, five charges an account", value, "s",
                  "INSERT … SELECT … GROUP BY of the same sums", peer_value, ratio, n, notes=notes,
                  broken=seen.broken)  # fmt: skip


def _prepare(place: Ground, step: Callable[[Engine], None]) -> None:
    engine = place.engine()
    step(engine)
    engine.dispose()
    vacuum(place.url)


def _scene(place: Ground, n: int, repetitions: int, seen: Seen) -> tuple[list[float], list[float]]:
    return alternating(repetitions, lambda k: _round(place, n, seen), lambda k: _bare(place))


def _told(name: str, ours: list[float], bare: list[float], seen: Seen) -> str:
    value, peer, ratio = compared(ours, bare)
    return (
        f"{name}: {value:.2f} s, bare {peer:.2f} s, ratio {ratio:.1f}; {seen.moved:,} accounts came to another tier, "
        "each a line in the journal and a notice to her administrators"
    )


def _round(place: Ground, n: int, seen: Seen) -> float:
    with place.copy() as url:
        engine = make_engine(url)
        before, begun = _peak(), time.monotonic()
        result = rounds.run(engine, club=club(), period=MONTH, now=NOON)
        seconds = time.monotonic() - begun
        seen.growth = max(seen.growth, _peak() - before)
        seen.moved = sum(move.accounts for move in result.moves)
        engine.dispose()
        _add_up(url)
        with psycopg.connect(url) as connection:
            bare, entries, accounts = connection.execute(SUMS, {"month": MONTH}).fetchone() or (0, 0, 0)
        if not (bare == entries == result.stars and accounts == result.accounts == n):
            seen.broken.append(f"{result.stars} stars for {result.accounts} accounts; a plain sum says {bare} for {n}")
    return seconds


def _bare(place: Ground, table: str = TABLE, statement: str = BARE) -> float:
    with place.copy() as url:
        return _add_up(url, table, statement)


def _add_up(url: str, table: str = TABLE, statement: str = BARE) -> float:
    with psycopg.connect(url) as connection:
        connection.execute(table)
        begun = time.monotonic()
        connection.execute(statement)
        connection.commit()
        return time.monotonic() - begun


def _peak() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
