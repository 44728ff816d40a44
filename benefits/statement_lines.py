"""One line of a statement: counted or not, why, by which round, and what paying it now would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.periods import add_months, month_of
from clubs import Club
from models import Charge, Entry, Member, Run

Why = Literal["counted", "paid_late", "later", "ahead", "waiting", "unpaid", "service", "premium", "deleted"]
"""`counted` in its own month · `paid_late`: counted in this month, of an earlier one (LFC-9) · `later`: counted by a later
round, because it was paid late · `ahead`: paid ahead, counted by the round of its service month · `waiting`: paid and
eligible by now, taken by the next round · `unpaid` (LFC-5) · `service`: of a service that does not count (LFC-1) ·
`premium`, `deleted`: the account may not be a member (LFC-4)."""


@dataclass(frozen=True)
class Line:
    """One invoice line. Money is satang; `net_satang` is without VAT and negative for a reversal."""

    invoice_no: str
    service: str
    service_month: date
    net_satang: int
    vat_satang: int
    paid_at: datetime | None
    why: Why
    round: date | None
    """The month whose round counts it, or would if it were paid now; none: no round does."""
    would_bring: int | None = None
    """Of an unpaid line of a service that counts: stars that paying it now, alone, would bring (negative: cost)."""
    shows_on: date | None = None
    """And the day from which they would show."""

    @property
    def counts(self) -> bool:
        """Whether it is in the sum of `round`."""
        return self.why in ("counted", "paid_late", "later", "ahead", "waiting")

    def shown_in(self, period: date) -> bool:
        """Whether the statement of that month lists it: of the month, counted or paid in it, or unpaid by then."""
        paid_in = self.paid_at is not None and month_of(self.paid_at) == period
        unpaid = self.why == "unpaid" and self.service_month <= period
        return self.service_month == period or (self.counts and self.round == period) or paid_in or unpaid


@dataclass(frozen=True)
class Months:
    """The months of a club that rounds have closed, and those they have finished."""

    closed: tuple[date, ...]
    done: frozenset[date]

    @classmethod
    def known(cls, session: Session, club: Club) -> Months:
        """As the club's runs say."""
        query = select(Run.period, Run.state, Run.cursor).where(Run.club == club.key, Run.kind == "stars")
        rows = session.execute(query.order_by(Run.period)).all()
        closed = tuple(row.period for row in rows if row.cursor is not None or row.state == "done")
        return cls(closed, frozenset(row.period for row in rows if row.state == "done"))

    @property
    def last_done(self) -> date | None:
        """The last month computed."""
        return max(self.done, default=None)

    @property
    def first_open(self) -> date | None:
        """The first month not closed yet; none: no round ever ran."""
        return add_months(self.closed[-1], 1) if self.closed else None

    def is_done(self, period: date) -> bool:
        """Whether the month's round is finished."""
        return period in self.done

    def counted_by(self, count_month: date) -> date:
        """The round that counts a line of this `count_month`: the first closed month not before it, else its own."""
        return next((month for month in self.closed if month >= count_month), count_month)


@dataclass(frozen=True)
class Corrected:
    """Stars that staff gave or took by a correction, two persons agreeing. `stars` is negative for what was taken."""

    stars: int
    period: date
    """The month it corrects."""
    round: date
    """The month whose round counts it."""
    at: datetime
    reason: str
    """As colleagues wrote it, for colleagues."""


def read_corrections(session: Session, member: Member, months: Months, period: date) -> tuple[Corrected, ...]:
    """Corrections that the round of `period` counts, or that correct that month; oldest first."""
    query = select(Entry).where(Entry.member_id == member.id, Entry.kind == "correction").order_by(Entry.id)
    found = [
        Corrected(
            entry.amount,
            entry.period,
            months.counted_by(entry.count_month or entry.period),
            entry.at,
            entry.reason or "",
        )
        for entry in session.scalars(query)
    ]
    return tuple(each for each in found if period in (each.round, each.period))


def read_lines(session: Session, member: Member) -> Sequence[Charge]:
    """Every line of the account, by service month and invoice number."""
    query = select(Charge).where(Charge.member_id == member.id).order_by(Charge.service_month, Charge.invoice_no)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def tell(
    charges: Sequence[Charge], *, club: Club, member: Member, months: Months, period: date, now: datetime, carried: int
) -> tuple[list[Line], int]:
    """Every line as the statement of `period` sees it, and the stars that paying all unpaid ones it shows would bring."""
    lines = [_line(charge, club, member, months, period, now) for charge in charges]
    to_come = [line for line in lines if line.counts and line.round not in months.closed]
    unpaid = [line for line in lines if line.why == "unpaid" and line.shown_in(period)]
    now_stars = _stars(to_come, club, carried)
    told = [
        _priced(line, _stars([*to_come, line], club, carried) - now_stars, club) if line in unpaid else line
        for line in lines
    ]
    return told, _stars([*to_come, *unpaid], club, carried) - now_stars


def _line(charge: Charge, club: Club, member: Member, months: Months, period: date, now: datetime) -> Line:
    why, counted_by = _why(charge, club, member, months, period, now)
    return Line(
        invoice_no=charge.invoice_no,
        service=charge.service,
        service_month=charge.service_month,
        net_satang=charge.net_satang,
        vat_satang=charge.vat_satang,
        paid_at=charge.paid_at,
        why=why,
        round=counted_by,
    )


def _why(
    charge: Charge, club: Club, member: Member, months: Months, period: date, now: datetime
) -> tuple[Why, date | None]:
    frozen = charge.count_month is not None and bool(months.closed) and charge.count_month <= months.closed[-1]
    if not frozen and (barred := _barred(charge, club, member)):
        return barred, None
    if charge.paid_at is None:
        return "unpaid", _earliest(charge.service_month, month_of(now), months.first_open)
    if charge.count_month is None:
        return "waiting", _earliest(charge.service_month, month_of(charge.paid_at), months.first_open)
    counted_by = months.counted_by(charge.count_month)
    if month_of(charge.paid_at) < charge.service_month:
        return "ahead", counted_by
    if counted_by == charge.service_month:
        return "counted", counted_by
    return ("paid_late" if counted_by == period else "later"), counted_by


def _barred(charge: Charge, club: Club, member: Member) -> Why | None:
    """Why no round would take it as things stand."""
    if charge.service not in club.stars.services:
        return "service"
    if member.deleted_at is not None:
        return "deleted"
    return "premium" if member.badge is not None and member.badge in club.barred_badges else None


def _earliest(service_month: date, paid_month: date, first_open: date | None) -> date:
    return max(service_month, paid_month, first_open or date.min)


def _priced(line: Line, would_bring: int, club: Club) -> Line:
    """The line with what paying it now, alone, would bring, and the day that shows it."""
    assert line.round is not None
    return replace(line, would_bring=would_bring, shows_on=add_months(line.round, 1).replace(day=club.round.day))


def _stars(lines: Sequence[Line], club: Club, carried: int) -> int:
    """Stars of the rounds still to come over these lines; the first of them is brought `carried`."""
    sums: dict[date, int] = {}
    for line in lines:
        if line.round is not None:
            sums[line.round] = sums.get(line.round, 0) + line.net_satang
    stars, base = 0, carried
    for month in sorted(sums):
        base += sums[month]
        stars += max(base, 0) // club.stars.satang_per_star
        base = min(base, 0)
    return stars
