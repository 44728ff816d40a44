"""The conditions of a privilege: every way it cannot be claimed, and the one decision which of them applies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from benefits.members import Account, NotAdministrator
from benefits.periods import add_months, day_of, month_name, month_of, start_of
from benefits.refusal import Refusal
from clubs import Club
from models import Claim, Privilege


class UnknownPrivilege(Refusal):
    """No such privilege in this club, or not shown yet: a forged or very old button."""


class Withdrawn(Refusal):
    """The club took the privilege back `at` that time; claims made before stay good."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, at: datetime) -> None:
        self.at = at


class TierTooLow(Refusal):
    """The account's tier is `has`; the privilege is for the tiers `needs` (keys of the club file, rising)."""

    rule: ClassVar[str] = "LFC-17"

    def __init__(self, needs: tuple[str, ...], has: str | None) -> None:
        self.needs, self.has = needs, has


class NewMembersOnly(Refusal):
    """The account is not a new member: `last_day` is the last day it was; none: this stay never was new."""

    rule: ClassVar[str] = "LFC-25"

    def __init__(self, last_day: date | None) -> None:
        self.last_day = last_day


class NotYet(Refusal):
    """Claiming begins at `opens`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, opens: datetime) -> None:
        self.opens = opens


class OpensOnTheSecond(NotYet):
    """Before the day of the month on which tiers are adjusted, nothing can be claimed; `opens` is that day, 00:00."""

    rule: ClassVar[str] = "LFC-11"


class ClaimWindowClosed(Refusal):
    """Claiming ended at `closed`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, closed: datetime) -> None:
        self.closed = closed


class SoldOut(Refusal):
    """Every unit of the stock, or every code of the pool, is taken."""

    rule: ClassVar[str] = "LFC-20"


@dataclass(frozen=True)
class Holding:
    """One claim that counts against a limit: who made it, and through which account."""

    claim: Claim
    account: str
    by: str | None
    """Display name of the claimer; none when LINE never told us."""
    by_me: bool


class AlreadyClaimed(Refusal):
    """The limit is reached. `by`, `by_me`, `at`, `account` tell who was first (of N: who took the last), when, through
    which account; `claim` is that claim; `limit` is the privilege's; `again` is when a monthly one opens anew, else none.
    """

    rule: ClassVar[str] = "LFC-22"

    def __init__(self, holding: Holding, limit: int, again: datetime | None) -> None:
        self.claim, self.account, self.limit, self.again = holding.claim, holding.account, limit, again
        self.by, self.by_me, self.at = holding.by, holding.by_me, holding.claim.claimed_at


def why_not(
    *,
    club: Club,
    privilege: Privilege,
    account: Account,
    holdings: Sequence[Holding],
    left: int | None,
    now: datetime,
) -> Refusal | None:
    """Why `privilege` cannot be claimed for `account` at `now`; none: by what was read, it can. Pure.

    Reasons that last come first; what a card shows and what `claims.claim` answers is decided here for both.
    """
    if isinstance(account.why_not, NotAdministrator):
        return account.why_not
    if len(holdings) >= privilege.claim_limit:
        return AlreadyClaimed(holdings[-1], privilege.claim_limit, _again(club, privilege, now))
    if account.why_not is not None:
        return account.why_not
    closing = _not_open(club, privilege, now)
    if closing is not None and type(closing) is not NotYet:
        return closing
    if privilege.new_members_only and not account.is_new:
        return NewMembersOnly(account.new_last_day)
    if privilege.tiers and account.tier not in privilege.tiers:
        needs = tuple(tier.key for tier in club.tiers if tier.key in privilege.tiers)
        return TierTooLow(needs, account.tier)
    return SoldOut() if left == 0 else closing


def holder_of(privilege: Privilege, *, member_id: int, person_id: int) -> str:
    """Whom the limit counts: the person for scope `person`, else the account."""
    return f"p{person_id}" if privilege.scope == "person" else f"m{member_id}"


def period_of(privilege: Privilege, now: datetime) -> str:
    """The Bangkok month a monthly privilege is counted in, such as `2026-10`; else empty."""
    return month_name(month_of(now)) if privilege.scope == "account_month" else ""


def _not_open(club: Club, privilege: Privilege, now: datetime) -> Refusal | None:
    """Why nobody can claim it at `now`: withdrawn, ended, or not yet open."""
    if privilege.withdrawn_at is not None:
        return Withdrawn(privilege.withdrawn_at)
    opens = _first_opening(club, max(now, privilege.claim_from or now))
    closes = min((end for end in (privilege.claim_to, privilege.visible_to) if end is not None), default=None)
    if closes is not None and closes <= opens:
        # Also when it would open again only after its end: it never will.
        return ClaimWindowClosed(closes)
    if opens <= now:
        return None
    waits_for_window = privilege.claim_from is not None and privilege.claim_from > now
    return NotYet(opens) if waits_for_window else OpensOnTheSecond(opens)


def _first_opening(club: Club, when: datetime) -> datetime:
    """`when`, or 00:00 Bangkok of the month's adjustment day if that is still to come (LFC-11)."""
    day = day_of(when)
    return when if day.day >= club.round.day else start_of(day.replace(day=club.round.day))


def _again(club: Club, privilege: Privilege, now: datetime) -> datetime | None:
    """When a monthly privilege can be claimed anew; none: it is not monthly, or ends before."""
    if privilege.scope != "account_month" or privilege.withdrawn_at is not None:
        return None
    opens = _first_opening(club, start_of(add_months(month_of(now), 1)))
    ends = [end for end in (privilege.claim_to, privilege.visible_to) if end is not None]
    return opens if all(opens < end for end in ends) else None
