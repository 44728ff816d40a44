"""Why an account has its stars: every line of a month, counted or not and why, the one rounding, and what is missing.

For a month that was computed it retells the round; for one that was not yet, it tells what the round would give if it
ran on what is known now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from benefits.members import tier_of
from benefits.periods import add_months, day_of, month_of
from benefits.statement_lines import Corrected, Line, Months, read_corrections, read_lines, tell
from clubs import Club
from models import Entry, Member, Run
from models.queries import Asked, Query, ask

__all__ = ["Corrected", "Line", "Outlook", "Statement", "outlook", "outlooks", "statement"]

SHOWN_MONTHS = 24

_COMPUTED = Query(
    select(Entry.period)
    .where(Entry.member_id == bindparam("member"), Entry.kind == "round", Entry.period < bindparam("before"))
    .order_by(Entry.period.desc())
    .limit(SHOWN_MONTHS - 1)
)
"""The newest months computed for the account `member`, before the month `before`."""
_DONE = Query(
    select(
        exists().where(
            Run.club == bindparam("of_club"), Run.kind == "stars", Run.period == bindparam("ended"), Run.state == "done"
        )
    )
)
"""Whether the round of the month `ended` has run."""


@dataclass(frozen=True)
class Statement:
    """The statement of one account and month. Money is satang, without VAT except where it says so."""

    member: str
    """The account's id as imports name it."""
    name: str
    period: date
    computed: bool
    """Whether the month's round has run; else the figures are what it would give now."""
    lines: tuple[Line, ...]
    counted_satang: int
    """Sum of the lines the month's round counts."""
    brought_satang: int
    """Unused negative remainder of the round before (≤ 0)."""
    carried_satang: int
    """Negative remainder carried to the next round (≤ 0)."""
    satang_per_star: int
    """What a star cost when the month was computed; of one not computed yet, what it costs now."""
    rounded_off_satang: int
    """What the one rounding, down, left out (LFC-10)."""
    stars: int
    unpaid_stars: int
    """Stars that paying every unpaid line shown would bring."""
    total: int
    """Stars of the window: after this month's round when it has run, else now."""
    tier: str | None
    """In force: after this month's adjustment when it has run, else now. None: not in the club then."""
    next_tier: str | None
    missing: int
    next_adjustment: date
    corrections: tuple[Corrected, ...] = ()
    """By staff: those that the month's round counts, and those of the month that a later one counts."""


@dataclass(frozen=True)
class Outlook:
    """An account at a glance: stars, tier, and what is missing to the next."""

    total: int
    tier: str | None
    """The tier in force, a staff override included; none: not in the club."""
    next_tier: str | None
    missing: int
    """Stars missing to the next tier; 0: enough, the next adjustment decides."""
    next_adjustment: date
    override_until: datetime | None
    """End of a staff override in force; none: there is none."""
    override_reason: str | None
    months: tuple[date, ...]
    """Months that can be explained, newest first."""


def outlook(session: Session, *, club: Club, member: Member, now: datetime) -> Outlook:
    """Stars, tier, what is missing and when tiers are adjusted next (LFC-16)."""
    return outlooks(session, club=club, members=[member], now=now)[0]


def outlooks(session: Session, *, club: Club, members: Sequence[Member], now: datetime) -> list[Outlook]:
    """`outlook` of several accounts, in their order, in one round trip."""
    computed = [(_COMPUTED, {"member": member.id, "before": month_of(now)}) for member in members]
    ((done,),), *months = ask(session, _asking_done(club, now), *computed)
    adjustment = _next_adjustment(club, now, done=done)
    return [
        _outlook(club, member, now, adjustment, [m for (m,) in rows])
        for member, rows in zip(members, months, strict=True)
    ]


def _outlook(club: Club, member: Member, now: datetime, adjustment: date, computed: Sequence[date]) -> Outlook:
    tier = tier_of(member, now)
    overridden = member.override_until is not None and now < member.override_until and member.tier_override is not None
    next_tier, missing = _next(club, tier, member.total_stars)
    return Outlook(
        total=member.total_stars,
        tier=tier,
        next_tier=next_tier,
        missing=missing,
        next_adjustment=adjustment,
        override_until=member.override_until if overridden else None,
        override_reason=member.override_reason if overridden else None,
        months=(month_of(now), *computed),
    )


def statement(session: Session, *, club: Club, member: Member, period: date | None = None, now: datetime) -> Statement:
    """The statement of `member` for `period`; without one, for the last month computed, else the present month."""
    months = Months.known(session, club)
    period = period or months.last_done or month_of(now)
    now_costs = club.stars.satang_per_star
    entry, rate = _entry(session, member, period, now_costs) if months.is_done(period) else (None, now_costs)
    lines, unpaid_stars = tell(
        read_lines(session, member), club=club, member=member, months=months, period=period, now=now,
        carried=_carried(session, member, months.last_done),
    )  # fmt: skip
    counted, brought = _base(session, member, months, period, lines, entry)
    base = counted + brought
    tier = entry.tier if entry else tier_of(member, now)
    total = entry.total if entry and entry.total is not None else member.total_stars
    next_tier, missing = _next(club, tier, total)
    return Statement(
        member=member.external_id,
        name=member.name,
        period=period,
        computed=months.is_done(period),
        lines=tuple(line for line in lines if line.shown_in(period)),
        counted_satang=counted,
        brought_satang=brought,
        carried_satang=min(base, 0),
        satang_per_star=rate,
        rounded_off_satang=base % rate if base > 0 else 0,
        stars=entry.amount if entry else max(base, 0) // rate,
        unpaid_stars=unpaid_stars,
        total=total,
        tier=tier,
        next_tier=next_tier,
        missing=missing,
        next_adjustment=_next_adjustment(club, now, done=ask(session, _asking_done(club, now))[0][0][0]),
        corrections=read_corrections(session, member, months, period),
    )


def _base(
    session: Session, member: Member, months: Months, period: date, lines: list[Line], entry: Entry | None
) -> tuple[int, int]:
    """(counted, brought) of the month: as posted, or as the rounds up to it would come to now."""
    if months.is_done(period):
        return (entry.counted_satang or 0, entry.brought_satang or 0) if entry else (0, 0)
    brought = _carried(session, member, months.last_done)
    month = months.first_open or min((line.round for line in lines if line.round), default=period)
    while month < period:
        brought = min(_sum(lines, month) + brought, 0)
        month = add_months(month, 1)
    return _sum(lines, period), brought


def _sum(lines: list[Line], month: date) -> int:
    return sum(line.net_satang for line in lines if line.round == month and line.counts)


def _carried(session: Session, member: Member, last_done: date | None) -> int:
    """What the account's last round left below zero (≤ 0)."""
    if last_done is None:
        return 0
    query = (
        select(Entry.carried_satang)
        .where(Entry.member_id == member.id, Entry.kind == "round", Entry.period <= last_done)
        .order_by(Entry.period.desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def _entry(session: Session, member: Member, period: date, now_costs: int) -> tuple[Entry | None, int]:
    """What the round posted, and the price of a star it computed with: today's (`now_costs`) where it noted none."""
    query = (
        select(Entry, Run.facts["satang_per_star"].as_integer())
        .join(Run, Run.id == Entry.run_id)
        .where(Entry.member_id == member.id, Entry.kind == "round", Entry.period == period)
    )
    row = session.execute(query).first()
    return (row[0], row[1] or now_costs) if row else (None, now_costs)


def _next(club: Club, tier: str | None, total: int) -> tuple[str | None, int]:
    """(the tier above, stars missing to it); none at the top and for accounts that have not joined."""
    above = club.next_tier(tier) if tier is not None and club.has_tier(tier) else None
    return (above.key, max(above.threshold - total, 0)) if above else (None, 0)


def _next_adjustment(club: Club, now: datetime, *, done: bool) -> date:
    """The next day on which tiers are adjusted; today while today's round has not run (`done`: it has)."""
    today = day_of(now)
    this_month = today.replace(day=club.round.day)
    if today < this_month or (today == this_month and not done):
        return this_month
    return add_months(today.replace(day=1), 1).replace(day=club.round.day)


def _asking_done(club: Club, now: datetime) -> Asked:
    return _DONE, {"of_club": club.key, "ended": add_months(month_of(now), -1)}
