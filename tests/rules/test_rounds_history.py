"""Totals gone on from the round before equal those added up from every entry of the window."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from benefits.periods import add_months, month_name, parse_month
from clubs import Club
from tests import factories
from tests.rules.books import Bill, Books

FIRST = parse_month("2026-01")
ACCOUNTS = [f"@a{number}" for number in range(6)]

PLAIN = """
SELECT external_id, GREATEST(coalesce(sum(amount), 0), 0) FROM members
LEFT JOIN entries ON entries.member_id = members.id AND period > :before AND period <= :period
     AND (count_month IS NULL OR count_month <= :period)
GROUP BY external_id
"""
CORRECTION = """
INSERT INTO entries (club, member_id, unit, kind, period, amount, at, reason, count_month, idempotency_key)
SELECT club, id, 'stars', 'correction', :period, :amount, now(), 'billing error', :counted, :key FROM members
WHERE external_id = :account
"""


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """Six accounts of a club that looks back three months."""
    for name in ACCOUNTS:
        factories.member(session, external_id=name)
    session.commit()
    return Books(engine, sessions, _looking_back(club, 3), tmp_path)


def _looking_back(club: Club, window: int) -> Club:
    return replace(club, round=replace(club.round, window=window))


def _month(books: Books, number: int, chance: random.Random) -> None:
    """Lines for most accounts, a correction of an old month now and then, one account away for a month; and the round."""
    period = add_months(FIRST, number)
    month = month_name(period)
    books.bills(
        Bill(name, f"{chance.randrange(-20, 90)}.50", month, f"{month}-10") for name in chance.sample(ACCOUNTS, 4)
    )
    with books.sessions.begin() as session:
        if number == 3:
            old = {"period": add_months(period, -2), "counted": period, "key": month}
            session.execute(text(CORRECTION), {**old, "account": "@a1", "amount": -500})
        badge = {"badge": "green" if number == 4 else "grey"}
        session.execute(text("UPDATE members SET badge = :badge WHERE external_id = '@a2'"), badge)
    books.run(month)


def _differences(books: Books, number: int) -> int:
    """Of how many accounts the total is not that of all entries of the window."""
    period = add_months(FIRST, number)
    window = {"period": period, "before": add_months(period, -books.club.round.window)}
    with books.sessions() as session:
        plain = {name: int(total) for name, total in session.execute(text(PLAIN), window)}
        posted = (
            "SELECT external_id, total FROM entries JOIN members ON members.id = member_id "
            "WHERE entries.kind = 'round' AND period = :period"
        )
        return sum(plain[name] != total for name, total in session.execute(text(posted), window))


@pytest.mark.parametrize("seed", range(2))
def test_lfc_12_totals_gone_on_from_equal_totals_added_up(books: Books, seed: int) -> None:
    """LFC-12: corrected accounts, accounts that were away, months that leave, a window that is changed and changed back."""
    chance = random.Random(seed)
    for number, window in enumerate((3, 3, 3, 3, 3, 3, 3, 2, 2, 4, 4)):
        books.club = _looking_back(books.club, window)
        _month(books, number, chance)
        assert _differences(books, number) == 0, f"round {number + 1}"
    assert books.scalar("SELECT count(*) FROM entries WHERE kind = 'round'") == 11 * 6 - 1


def test_lfc_12_what_leaves_the_window_in_another_unit_takes_nothing_from_the_total(books: Books) -> None:
    """LFC-12: a club file that goes over from stars to points and back; only entries of one unit are added and taken off."""
    totals = []
    for number, unit in enumerate(("stars", "stars", "points", "points", "points", "stars", "stars")):
        books.club = replace(books.club, stars=replace(books.club.stars, unit=unit))
        month = month_name(add_months(FIRST, number))
        books.bill("@a0", f"{10**number}", month, f"{month}-10")
        books.run(month)
        totals.append(books.entry("@a0", month).total)
    assert totals == [1, 11, 100, 1100, 11100, 100000, 1100000]


@pytest.mark.parametrize(("window", "totals"), [(1, [50, 70, 0, 0]), (2, [50, 120, 70, 0]), (3, [50, 120, 120, 70])])
def test_lfc_12_a_correction_of_a_month_without_a_round_is_of_the_round_that_counts_it(
    books: Books, window: int, totals: list[int]
) -> None:
    """LFC-12: granted before the club's first round, or of a month that was passed over: as lines are, it is counted."""
    books.club = _looking_back(books.club, window)
    found = []
    for month, corrected, amount in (
        ("2026-02", "2026-01", 50),
        ("2026-04", "2026-03", 70),
        ("2026-05", "", 0),
        ("2026-06", "", 0),
    ):
        if corrected:
            given = {"period": parse_month(corrected), "counted": parse_month(corrected), "key": corrected}
            with books.sessions.begin() as session:
                session.execute(text(CORRECTION), {**given, "account": "@a1", "amount": amount})
        books.run(month)
        found.append(books.entry("@a1", month).total)
    assert found == totals


def test_lfc_12_without_asking_how_far_the_round_before_looked_totals_are_wrong(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LFC-12, the guard off: going on from totals of another window does not come to the same."""
    monkeypatch.setattr("benefits.rounds_steps.looks_back", lambda terms: {})
    chance = random.Random(1)
    for number, window in enumerate((3, 3, 3, 3, 2)):
        books.club = _looking_back(books.club, window)
        _month(books, number, chance)
    assert _differences(books, 4) > 0
