"""Billing and rounds in a test: lines arrive by import as in life, rounds run, and a plain-Python sum says what is right."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from benefits import rounds
from benefits.imports import charges
from benefits.periods import add_months, parse_month, start_of
from clubs import Club
from models import Entry, Member
from tests.factories import NOON
from tests.rules.importing import CHARGES


@dataclass(frozen=True)
class Bill:
    """One invoice line as a file says it: baht, months as 2026-10, `paid` as ISO 8601 or empty."""

    account: str
    baht: str
    month: str
    paid: str
    service: str = "official_account"
    invoice: str = ""


@dataclass
class Books:
    """The club's bills and rounds."""

    engine: Engine
    sessions: sessionmaker[Session]
    club: Club
    folder: Path
    numbers: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def bill(self, account: str, baht: str, month: str = "2026-10", paid: str = "2026-10-20", **more: str) -> None:
        """Import one line."""
        self.bills([Bill(account, baht, month, paid, **more)])

    def bills(self, bills: Iterable[Bill]) -> None:
        """Import these lines; every one must land."""
        rows = [
            f"{bill.invoice or f'INV{next(iter(self.numbers))}'},{bill.account},{bill.service},{bill.baht},7.00,"
            f"{bill.month},{bill.paid}\n"
            for bill in bills
        ]
        file = self.folder / "bills.csv"
        file.write_text(CHARGES + "".join(rows))
        result = charges.load(self.engine, club=self.club, file=file, now=NOON)
        assert (result.landed, result.rejected) == (len(rows), 0)

    def run(self, period: str, *, at: datetime | None = None) -> rounds.RunResult:
        """Run a month's round on its day, or at another time."""
        month = parse_month(period)
        return rounds.run(self.engine, club=self.club, period=month, now=at or on_the_day(self.club, month))

    def entry(self, account: str, period: str) -> Entry:
        """What the round posted for an account."""
        with self.sessions() as session:
            query = select(Entry).join(Member, Member.id == Entry.member_id)
            return session.scalars(
                query.where(Member.external_id == account, Entry.period == parse_month(period))
            ).one()

    def stars(self, account: str, period: str) -> int:
        """Stars of the month."""
        return self.entry(account, period).amount

    def member(self, account: str) -> Member:
        """The account as stored now."""
        with self.sessions() as session:
            return session.scalars(select(Member).where(Member.external_id == account)).one()

    def scalar(self, query: str) -> object:
        """One value of a query."""
        with self.sessions() as session:
            return session.scalar(text(query))


def on_the_day(club: Club, month: date) -> datetime:
    """Three in the morning of the adjustment day of a month's round."""
    return start_of(add_months(month, 1).replace(day=club.round.day)) + timedelta(hours=3)


@dataclass(frozen=True)
class Known:
    """One line as the oracle knows it: no trace of how the program decides its round."""

    account: str
    service: str
    satang: int
    month: date
    paid_at: datetime | None


@dataclass
class Result:
    """What an account should have after a run."""

    stars: int
    counted: int
    brought: int
    carried: int
    total: int


def expected(
    lines: Iterable[Known], periods: list[date], services: Iterable[str], window: int, satang_per_star: int = 100
) -> list[dict[str, Result]]:
    """Results of each run, straight from the rule: every paid line of an eligible service, of this month or earlier, paid
    before the month's end, that no run has counted; rounded down once; never below zero; the rest below carried."""
    left, services = list(lines), set(services)
    carried: dict[str, int] = {}
    history: dict[str, list[int]] = {}
    found: list[dict[str, Result]] = []
    for period in periods:
        end = start_of(add_months(period, 1))
        taken = [
            line
            for line in left
            if line.service in services and line.month <= period and line.paid_at is not None and line.paid_at < end
        ]
        left = [line for line in left if line not in taken]
        results = {}
        for account in {line.account for line in taken} | set(history):
            counted = sum(line.satang for line in taken if line.account == account)
            brought = carried.get(account, 0)
            base = counted + brought
            stars = base // satang_per_star if base > 0 else 0
            carried[account] = base if base < 0 else 0
            history.setdefault(account, []).append(stars)
            total = sum(history[account][-window:])
            results[account] = Result(stars, counted, brought, carried[account], total)
        found.append(results)
    return found
