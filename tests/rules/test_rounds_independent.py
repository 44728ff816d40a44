"""The standings equal a computation that shares nothing with the program: every account of a small club, a sample of a
large one."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from benefits import rounds, standings
from benefits.counting import BEFORE_ALL, count_month
from benefits.periods import BANGKOK, add_months, month_name, start_of
from clubs import Club
from tests import factories
from tests.rules.books import Bill, Books, Known, Result, expected, on_the_day

SERVICES = ("official_account", "premium_id", "verified_account", "line_ads")
MONTHS = [add_months(date(2025, 9, 1), index) for index in range(15)]


@pytest.mark.parametrize("seed", range(3))
def test_every_account_of_a_small_club_equals_the_plain_sum(
    engine: Engine, sessions: sessionmaker[Session], session: Session, club: Club, tmp_path: Path, seed: int
) -> None:
    """LFC-5 … LFC-10: fifteen months of lines with satang, late and early payments and reversals, imported between the
    rounds as they become known; every figure of every account and round."""
    chance = random.Random(seed)
    accounts = [f"@a{number}" for number in range(12)]
    for name in accounts:
        factories.member(session, external_id=name)
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    lines = list(_lines(chance, accounts))
    for period in MONTHS:
        _import_known(books, lines, period)
        books.run(month_name(period))
    results = expected([known for known, _ in lines], MONTHS, club.stars.services, club.round.window)
    for period, result in zip(MONTHS, results, strict=True):
        assert _posted(session, period) == {name: result.get(name, Result(0, 0, 0, 0, 0)) for name in accounts}
    assert any(entry.carried < 0 for result in results for entry in result.values())


def _lines(chance: random.Random, accounts: list[str]) -> Iterator[tuple[Known, str]]:
    """Lines with an invoice number each; a fifth is a reversal, a tenth is never paid, some late, some ahead."""
    for number in range(400):
        month = chance.choice(MONTHS)
        delay = chance.choice([0, 0, 0, 1, 2, 5, -1, -2])
        paid = start_of(add_months(month, delay)) + timedelta(seconds=chance.randrange(0, 28 * 86400))
        satang = chance.choice([1, 1, 1, 1, -1]) * chance.choice([1, 99, 9999, 12345, 1_000_001])
        known = Known(
            account=chance.choice(accounts),
            service=chance.choice(SERVICES),
            satang=satang,
            month=month,
            paid_at=None if chance.random() < 0.1 else paid,
        )
        yield known, f"INV{number}"


def _import_known(books: Books, lines: list[tuple[Known, str]], period: date) -> None:
    """What billing knows when the round of `period` is about to run: lines of this and earlier months (unpaid ones with
    an empty `paid_at`, as in life), lines paid ahead, and payments that have come for lines that were unpaid."""
    end, before = start_of(add_months(period, 1)), start_of(period)
    bills = []
    for known, invoice in lines:
        paid = known.paid_at is not None and known.paid_at < end
        newly_paid = paid and known.paid_at is not None and known.paid_at >= before
        new = known.month == period
        if (
            (new and not paid)
            or newly_paid
            or (new and period == MONTHS[0] and paid)
            or _paid_before_all(known, period)
        ):
            sign, (whole, rest) = "-" if known.satang < 0 else "", divmod(abs(known.satang), 100)
            bills.append(
                Bill(
                    known.account,
                    f"{sign}{whole}.{rest:02d}",
                    month_name(known.month),
                    known.paid_at.isoformat() if paid and known.paid_at else "",
                    known.service,
                    invoice,
                )
            )
    books.bills({bill.invoice: bill for bill in bills}.values())


def _paid_before_all(known: Known, period: date) -> bool:
    """Paid ahead before the first month there is: it comes with the first file."""
    return period == MONTHS[0] and known.paid_at is not None and known.paid_at < start_of(period)


def _posted(session: Session, period: date) -> dict[str, Result]:
    rows = session.execute(
        text(
            "SELECT external_id, amount, counted_satang, brought_satang, carried_satang, total FROM entries "
            "JOIN members ON members.id = entries.member_id WHERE period = :period"
        ),
        {"period": period},
    )
    return {name: Result(*figures) for name, *figures in rows}


@pytest.mark.slow
def test_a_sample_of_a_large_club_equals_the_plain_sum(
    engine: Engine, sessions: sessionmaker[Session], session: Session, club: Club, tmp_path: Path
) -> None:
    """20,000 accounts and 100,000 lines: the exported standings of 2,000 accounts, and the sum of all."""
    _fill(engine, club, accounts=20_000, lines=100_000)
    period = date(2026, 10, 1)
    result = rounds.run(engine, club=club, period=period, now=on_the_day(club, period))
    file = tmp_path / "standings.csv"
    assert standings.export(session, club=club, period=period, file=file) == 20_000
    sample = {f"@a{number}" for number in random.Random(7).sample(range(1, 20_001), 2000)}
    rows = session.execute(
        text(
            "SELECT external_id, service, net_satang, service_month, paid_at FROM charges "
            "JOIN members ON members.id = charges.member_id WHERE external_id = ANY(:names)"
        ),
        {"names": list(sample)},
    )
    plain = expected([Known(*row) for row in rows], [period], club.stars.services, club.round.window)[0]
    stars = 0
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            stars += int(row["stars"])
            if row["member_id"] in sample:
                right = plain.get(row["member_id"], Result(0, 0, 0, 0, 0))
                assert (int(row["stars"]), int(row["total_stars"])) == (right.stars, right.total)
                assert row["tier"] == club.tier_for(right.total).key
    assert stars == result.stars


def _fill(engine: Engine, club: Club, *, accounts: int, lines: int) -> None:
    """Joined accounts and random lines around October 2026: satang, reversals, unpaid, late, ahead, services of all kinds."""
    decided = count_month("paid_at", "service", "service_month").replace("members.", "")
    with engine.begin() as connection:
        connection.execute(text("SELECT setseed(0.42)"))
        connection.execute(text(MEMBERS), {"n": accounts, "at": datetime(2026, 1, 1, tzinfo=BANGKOK)})
        connection.execute(
            text(LINES.format(decided=decided)),
            {
                "n": accounts,
                "lines": lines,
                "all": list(SERVICES),
                "services": list(club.stars.services),
                "barred": list(club.barred_badges),
                "first_open": BEFORE_ALL,
            },
        )


MEMBERS = """
WITH person AS (INSERT INTO people (club, line_user_id, friend, created_at)
                VALUES ('family_club', 'U1', true, :at) RETURNING id),
     added AS (INSERT INTO members (club, kind, external_id, name, badge, total_stars, tier, created_at)
               SELECT 'family_club', 'account', '@a' || n, 'A' || n, 'grey', 0, 'welcome', :at
               FROM generate_series(1, :n) n RETURNING id)
INSERT INTO memberships (member_id, joined_at, agreed_by, terms_version)
SELECT added.id, :at, person.id, '1' FROM added, person
"""

LINES = """
INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month, paid_at, count_month)
SELECT 'family_club', member_id, 'INV' || n, service, net, 0, service_month, paid_at, {decided}
FROM (SELECT n, (1 + floor(random() * :n))::bigint AS member_id,
             (CAST(:all AS text[]))[1 + floor(random() * 4)::int] AS service,
             (random() * 1200000 - 100000)::bigint AS net,
             make_date(2026, 9 + floor(random() * 3)::int, 1) AS service_month,
             CASE WHEN random() < 0.9
                  THEN timestamptz '2026-08-15 00:00+07' + random() * interval '90 days' END AS paid_at,
             'grey' AS badge, NULL::timestamptz AS deleted_at
      FROM generate_series(1, :lines) n) lines
"""
