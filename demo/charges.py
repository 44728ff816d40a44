"""A year of invoice lines for one account: satang, late payments, reversals, lines unpaid and paid ahead.

Everything comes from the account's description, the day the data is made for and a fixed seed, so that the same day
always gives the same lines. Money is satang; months are their first day; payment times are Bangkok's.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from benefits.periods import add_months, month_name, start_of
from demo.accounts import Account

SEED = "sitthi-demo-1"
MONTHS = 13
PACKAGE = {"free": 0, "basic": 1_280_00, "pro": 1_780_00}
EXTRA = {
    "premium_id": (1, 444_86),
    "verified_account": (1, 1_050_50),
    "line_ads": (3, 3_200_00),
    "sticker_campaign": (1, 48_500_00),
}
"""Further services: lines in the year, and satang net of one."""
SEASON = {4: 1.3, 5: 0.85, 9: 0.8, 11: 1.2, 12: 1.4}
"""Songkran and the end of the year are busy, the rains are not."""
UNCOUNTED = ("line_ads", "sticker_campaign")
PACKED = ("official_account", "additional_messages")
COLUMNS = ("invoice_no", "account_id", "service", "net_amount", "vat_amount", "service_month", "paid_at")


@dataclass(frozen=True)
class Invoice:
    """One line. `paid` none: unpaid. `net` is satang and may be 0 while it is still being worked out."""

    account: str
    service: str
    month: date
    paid: datetime | None
    net: int = 0

    @property
    def vat(self) -> int:
        """Satang of the 7 % VAT, half up."""
        return (abs(self.net) * 7 + 50) // 100 * (1 if self.net >= 0 else -1)


def last_computed(day: date) -> date:
    """The newest month whose round has run on this day: the 2nd closes the month before."""
    return add_months(day.replace(day=1), -1 if day.day >= 2 else -2)


def charge_rows(every: Iterable[Invoice]) -> Iterator[tuple[str, ...]]:
    """The rows of `charges.csv`, numbered within their service month."""
    numbers: dict[date, int] = {}
    for line in every:
        numbers[line.month] = numbers.get(line.month, 0) + 1
        number = f"IV{line.month:%Y%m}-{numbers[line.month]:04d}"
        paid = line.paid.isoformat() if line.paid else ""
        month = month_name(line.month)
        yield number, line.account, line.service, baht(line.net), baht(line.vat), month, paid


def baht(satang: int) -> str:
    """`-1050.50`: baht as files write them."""
    return f"{'-' if satang < 0 else ''}{abs(satang) // 100}.{abs(satang) % 100:02d}"


def invoices(account: Account, day: date) -> list[Invoice]:
    """The account's lines for the 13 months that end with `day`'s, by service month."""
    dice = random.Random(f"{SEED}:{account.id}")
    now = start_of(day) + timedelta(hours=12)
    lines = _packages(account, day, dice) + _extras(account, day, dice)
    lines = _disturbed(account, lines, day, dice)
    lines = [line if line.paid is None or line.paid <= now else replace(line, paid=None) for line in lines]
    lines = _with_amounts(account, lines, day, dice)
    lines += _told(account, day, now)
    return sorted(lines, key=lambda line: line.month)


def _packages(account: Account, day: date, dice: random.Random) -> list[Invoice]:
    """A package line and lines of additional messages for as many months as the year's stars pay for."""
    price = PACKAGE[account.package]
    if not price:
        return []
    count = min(MONTHS, (1 if day.day >= 2 else 2) + max(1, account.stars * 100 * 10 // (price * 14)))
    heavy = 1 if account.stars < 20_000 else 2
    lines = []
    for ago in range(count - 1, -1, -1):
        month = add_months(day.replace(day=1), -ago)
        lines.append(Invoice(account.id, "official_account", month, _paid(month, 0, 1, 4, dice), price))
        lines += [
            Invoice(account.id, "additional_messages", month, _paid(month, 0, 14, 28, dice)) for _ in range(heavy)
        ]
    return lines


def _extras(account: Account, day: date, dice: random.Random) -> list[Invoice]:
    lines = []
    for service in account.extras:
        count, price = EXTRA[service]
        for _ in range(count):
            month = add_months(day.replace(day=1), -dice.randrange(1, 11))
            net = price if count == 1 else price + dice.randrange(-90_000, 90_000)
            lines.append(Invoice(account.id, service, month, _paid(month, 0, 6, 20, dice), net))
    return lines


def _disturbed(account: Account, lines: list[Invoice], day: date, dice: random.Random) -> list[Invoice]:
    """Some lines paid a month or two late, some not at all, some ahead, as the account's description says."""
    free = [n for n, line in enumerate(lines) if line.service in PACKED and line.month < last_computed(day)]
    chosen = dice.sample(free, min(len(free), account.late + account.unpaid))
    for turn, n in enumerate(chosen):
        late = turn < account.late
        paid = _paid(lines[n].month, dice.choice((1, 1, 2)), 3, 25, dice) if late else None
        lines[n] = replace(lines[n], paid=paid)
    for n in range(account.ahead):
        month = add_months(day.replace(day=1), n + 1)
        when = _paid(day.replace(day=1), -1, 20, 27, dice)
        lines.append(Invoice(account.id, "official_account", month, when, PACKAGE[account.package]))
    return lines


def _with_amounts(account: Account, lines: list[Invoice], day: date, dice: random.Random) -> list[Invoice]:
    """Additional messages priced so that what the last twelve rounds count comes to the account's stars."""
    open_lines = [n for n, line in enumerate(lines) if not line.net]
    weights = {n: dice.uniform(0.75, 1.25) * SEASON.get(lines[n].month.month, 1.0) for n in open_lines}
    window = [n for n in open_lines if counted(lines[n], day)]
    known = sum(line.net for line in lines if counted(line, day) and line.service not in UNCOUNTED)
    reversed_share = 0.4 * min(account.reversed, len(window)) / max(1, len(window))
    rest = account.stars * 100 - known
    each = rest / max(0.001, sum(weights[n] for n in window)) / (1 - reversed_share)
    if open_lines and each <= 0:
        raise ValueError(
            f"{account.id}: the package alone earns more than {account.stars} stars; lower it or its months"
        )
    for n in open_lines:
        lines[n] = replace(lines[n], net=round(each * weights[n]))
    lines += _reversals(account, [lines[n] for n in window], dice)
    return _settled(account, lines, window[-1:], day)


def _settled(account: Account, lines: list[Invoice], last: list[int], day: date) -> list[Invoice]:
    """What guessing left over goes to the newest line that counts."""
    for n in last:
        total = sum(line.net for line in lines if counted(line, day) and line.service not in UNCOUNTED)
        lines[n] = replace(lines[n], net=max(100_00, lines[n].net + account.stars * 100 + 650 - total))
    return lines


def _reversals(account: Account, lines: list[Invoice], dice: random.Random) -> list[Invoice]:
    """Part of a line given back in the month after: undelivered messages."""
    earlier = [line for line in lines[:-2] if line.paid]
    chosen = dice.sample(earlier, min(len(earlier), account.reversed))
    return [
        replace(line, net=-(line.net * 2 // 5), paid=_paid(add_months(line.month, 1), 0, 5, 9, dice)) for line in chosen
    ]


def _told(account: Account, day: date, now: datetime) -> list[Invoice]:
    lines = []
    for told in account.lines:
        month = add_months(day.replace(day=1), -told.ago)
        paid = start_of(add_months(month, told.later).replace(day=11)) + timedelta(hours=10, minutes=20)
        lines.append(Invoice(account.id, told.service, month, paid if paid <= now else None, told.net))
    return lines


def counted(line: Invoice, day: date) -> bool:
    """Whether one of the last twelve rounds before `day` counts this line, were its service one that counts."""
    if line.paid is None:
        return False
    month = max(line.month, line.paid.date().replace(day=1))
    return add_months(last_computed(day), -11) <= month <= last_computed(day)


def _paid(month: date, later: int, first: int, last: int, dice: random.Random) -> datetime:
    """A time in business hours between two days of the month so many months after `month`."""
    on = add_months(month, later).replace(day=dice.randint(first, last))
    return start_of(on) + timedelta(hours=dice.randint(9, 19), minutes=dice.randint(0, 59), seconds=dice.randint(0, 59))
