"""Invoice lines and rounds in plain Python: what each account should have after each round (LFC-5 … LFC-12)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

SERVICES = ("official_account", "additional_messages", "premium_id", "verified_account")
OTHER_SERVICE = "line_ads"
SATANG_PER_STAR, WINDOW = 100, 12
TIERS = ((200_000, "platinum"), (50_000, "gold"), (5_000, "silver"), (0, "welcome"))


def first_of_next(month: date) -> date:
    """The first day of the month after."""
    return (month + timedelta(days=32)).replace(day=1)


@dataclass
class Line:
    """One invoice line."""

    account: int
    service: str
    satang: int
    month: date
    paid_at: datetime | None
    counted_in: date | None = None


@dataclass
class Posted:
    """What a round gave one account."""

    counted: int
    brought: int
    stars: int
    carried: int
    total: int


@dataclass
class Ledger:
    """Lines, closed months, and what each round posted."""

    accounts: int
    lines: dict[str, Line] = field(default_factory=dict)
    closed: list[date] = field(default_factory=list)
    posted: dict[tuple[date, int], Posted] = field(default_factory=dict)

    def close(self, period: date, barred: set[int]) -> None:
        """Freeze a month: every paid line of a service that counts, of this month or before, that no round took."""
        end = datetime.combine(first_of_next(period), datetime.min.time(), UTC) - timedelta(hours=7)
        for line in self.lines.values():
            paid = line.paid_at is not None and line.paid_at < end
            mine = line.counted_in is None and line.service in SERVICES and line.month <= period
            if paid and mine and line.account not in barred:
                line.counted_in = period
        self.closed.append(period)

    def post(self, period: date, barred: set[int]) -> None:
        """Stars of every account that may join or has lines in this round: rounded down once, the rest below zero carried."""
        for account in range(self.accounts):
            lines = [
                line.satang for line in self.lines.values() if (line.account, line.counted_in) == (account, period)
            ]
            if account in barred and not lines:
                continue
            brought = next((self.posted[past, account].carried for past in self._before(period, account)), 0)
            base = sum(lines) + brought
            stars = max(base, 0) // SATANG_PER_STAR
            window = self.closed[: self.closed.index(period)][-(WINDOW - 1) :]
            earlier = sum(self.posted[past, account].stars for past in window if (past, account) in self.posted)
            self.posted[period, account] = Posted(sum(lines), brought, stars, min(base, 0), earlier + stars)

    def total(self, account: int) -> int:
        """Stars as of the account's last adjustment."""
        past = [period for period in self.closed if (period, account) in self.posted]
        return self.posted[past[-1], account].total if past else 0

    def _before(self, period: date, account: int) -> list[date]:
        past = [closed for closed in self.closed if closed < period and (closed, account) in self.posted]
        return past[::-1]


def tier_of(total: int) -> str:
    """The tier these stars give."""
    return next(key for threshold, key in TIERS if total >= threshold)
