"""The club in plain Python: what every act should come to, straight from docs/rules.md and docs/claiming.md.

It knows no SQL, no locks and no crashes: acts one after another, in the order in which they were committed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.faults.sim.oracle_rounds import Ledger
from tests.faults.sim.scene import ACCOUNTS, OFFERS, POOL

BANGKOK = timedelta(hours=7)
NEW_DAYS, AGAIN_DAYS, ADJUSTED_ON = 30, 180, 2
ADMINISTRATOR = "administrator"


def bangkok(when: datetime) -> datetime:
    """The wall clock in Bangkok, which has no summer time."""
    return when.astimezone(UTC) + BANGKOK


def midnight(day: date) -> datetime:
    """00:00 Bangkok."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - BANGKOK


@dataclass
class Phone:
    """One person as the program should know her."""

    met: bool = False
    friend: bool = False
    friend_at: datetime | None = None
    agreed: bool = False
    withdrawn_at: set[datetime] = field(default_factory=set)
    no_offers_since: datetime | None = None
    language: str | None = None

    @property
    def offers(self) -> bool:
        """Whether she may be sent offers."""
        return self.no_offers_since is None


@dataclass
class Account:
    """One official account and its stays."""

    badge: str
    roles: dict[int, str]
    deleted: bool = False
    joined: bool = False
    stays: int = 0
    left_on: date | None = None
    left_reason: str = ""
    new_until: datetime | None = None
    tier: str | None = None
    override: tuple[str, datetime] | None = None

    @property
    def barred(self) -> bool:
        """Premium (LFC-4) or deleted."""
        return self.badge == "green" or self.deleted

    def standing(self, role: str | None) -> str:
        """Why somebody with this role may do nothing for it; empty: she may."""
        if role != ADMINISTRATOR:
            return "NotAdministrator"
        if self.badge == "green":
            return "PremiumAccount"
        if self.deleted:
            return "Left"
        return "" if self.joined else "Left" if self.stays else "NotJoined"

    def tier_at(self, now: datetime) -> str | None:
        """The tier in force."""
        if not self.joined:
            return None
        return self.override[0] if self.override and now < self.override[1] else self.tier


@dataclass
class Offer:
    """One privilege: the values of its row, and what is left of it."""

    values: dict[str, Any]
    stock: int | None
    codes: int | None
    withdrawn: bool = False

    def get(self, name: str, usual: Any = None) -> Any:
        """A column's value."""
        return self.values.get(name, usual)


@dataclass
class Claim:
    """One claim, by numbers of the scene."""

    offer: int
    account: int
    phone: int
    slot: int
    claimed_at: datetime
    use_until: datetime | None
    id: int = 0
    state: str = "kept"
    started_at: datetime | None = None
    code_until: datetime | None = None
    used_at: datetime | None = None
    confirmed: bool = False
    reason: str | None = None

    def state_at(self, now: datetime) -> str:
        """kept, in_use, used, expired or void."""
        if self.state == "void":
            return "void"
        if self.code_until is not None and now < self.code_until and not self.confirmed:
            return "in_use"
        if self.state == "used":
            return "used"
        return "expired" if self.use_until is not None and self.use_until <= now else "kept"


Place = tuple[int, str, str, int]
"""Offer, holder, period, slot: what there is once."""


@dataclass
class Club:
    """Everything, at one moment."""

    phones: list[Phone] = field(default_factory=lambda: [Phone() for _ in range(5)])
    accounts: list[Account] = field(
        default_factory=lambda: [Account(seed.badge, dict(seed.admins)) for seed in ACCOUNTS]
    )
    offers: list[Offer] = field(
        default_factory=lambda: [Offer(o, o.get("stock"), POOL if o.get("pooled") else None) for o in OFFERS]
    )
    claims: dict[Place, Claim] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: Ledger(len(ACCOUNTS)))

    def claim_by_id(self, claim_id: int) -> Claim | None:
        """The claim of that row id."""
        return next((claim for claim in self.claims.values() if claim.id == claim_id), None)

    def may_see(self, phone: int, claim: Claim) -> bool:
        """Claims belong to the account: each of its administrators sees them."""
        return self.accounts[claim.account].roles.get(phone) == ADMINISTRATOR

    # --- joining and leaving -------------------------------------------------------------------------------------
    def agree(self, phone: int, now: datetime) -> str:
        """ตกลง: every account she administers joins unless barred or in already (LFC-2 … LFC-4, LFC-23 … LFC-26)."""
        mine = [account for account in self.accounts if phone in account.roles]
        if not mine:
            return "NoAccounts"
        if not self.has_reason(phone):
            return "can't join"
        self._consents(self.phones[phone])
        for account in mine:
            if account.standing(account.roles[phone]) not in ("NotJoined", "Left") or account.deleted:
                continue
            away = None if account.left_on is None else (bangkok(now).date() - account.left_on).days
            new = away is None or away >= AGAIN_DAYS
            account.new_until = midnight(bangkok(now).date() + timedelta(days=NEW_DAYS + 1)) if new else None
            account.joined, account.tier, account.stays = True, "welcome", account.stays + 1
        return "agreed"

    def has_reason(self, phone: int) -> bool:
        """Whether agreeing leads to anything: she administers an account that is in the club or may join."""
        mine = [(account, account.roles[phone]) for account in self.accounts if phone in account.roles]
        return any(
            account.standing(role) in ("", "NotJoined", "Left") and not account.deleted for account, role in mine
        )

    def leave(self, phone: int, number: int, now: datetime) -> str:
        """One account leaves because its administrator says so."""
        account = self.accounts[number]
        refusal = account.standing(account.roles.get(phone)) if phone in account.roles else "NotAdministrator"
        if refusal:
            return refusal
        self.end_stay(number, "asked", now)
        self.withdraw_consent_if_last(phone, now)
        return "left"

    def _consents(self, who: Phone) -> None:
        """What her withdrawal switched off comes back with her consent; what she switched off herself does not."""
        if not who.agreed and who.no_offers_since in who.withdrawn_at:
            who.no_offers_since = None
        who.agreed = True

    def withdraw_consent_if_last(self, phone: int, now: datetime) -> bool:
        """With no account left that she may act for, her consent ends too; whether it did."""
        if any(not account.standing(account.roles.get(phone)) for account in self.accounts):
            return False
        who = self.phones[phone]
        if who.agreed:
            who.agreed, who.no_offers_since = False, who.no_offers_since or now
            who.withdrawn_at.add(now)
        return True

    def end_stay(self, number: int, reason: str, now: datetime) -> None:
        """The stay ends; claims that could still be used are void."""
        account = self.accounts[number]
        account.joined, account.tier = False, None
        account.left_on, account.left_reason = bangkok(now).date(), reason
        for claim in self.claims.values():
            if claim.account == number and claim.state == "kept" and claim.state_at(now) in ("kept", "in_use"):
                claim.state, claim.reason = "void", reason

    # --- claiming ------------------------------------------------------------------------------------------------
    def claim(self, phone: int, offer_number: int, number: int, slot: int, now: datetime) -> str:
        """LFC-13 … LFC-22: granted into the lowest free slot, or the reason why not."""
        offer, account = self.offers[offer_number], self.accounts[number]
        role = account.roles.get(phone)
        if role != ADMINISTRATOR:
            return "NotAdministrator"
        holder = f"p{phone}" if offer.get("scope") == "person" else f"m{number}"
        period = bangkok(now).strftime("%Y-%m") if offer.get("scope") == "account_month" else ""
        limit = offer.get("claim_limit", 1)
        held = {place[3]: claim for place, claim in self.claims.items() if place[:3] == (offer_number, holder, period)}
        # A button pressed again: what she made with it has its number, or a later one when somebody was quicker then.
        hers = [n for n, claim in held.items() if (claim.phone, claim.account) == (phone, number)]
        if any(n >= (slot or limit) for n in hers):
            return "claimed before"
        if len(held) >= limit:
            return "AlreadyClaimed"
        refusal = account.standing(role) or self._closed(offer_number, account, now)
        if refusal:
            return refusal
        free = next(n for n in range(1, limit + 1) if n not in held)
        days = offer.get("use_days")
        ends = [now + timedelta(days=days)] if days else []
        ends += [offer.get("use_to")] if offer.get("use_to") else []
        made = Claim(offer_number, number, phone, free, now, min(ends, default=None))
        self.claims[offer_number, holder, period, free] = made
        return "claimed"

    def taken(self, offer_number: int) -> int:
        """Units granted: none ever comes back."""
        return sum(place[0] == offer_number for place in self.claims)

    def _closed(self, offer_number: int, account: Account, now: datetime) -> str:
        offer = self.offers[offer_number]
        if offer.withdrawn:
            return "Withdrawn"
        opens = max(now, offer.get("claim_from") or now)
        day = bangkok(opens).date()
        if day.day < ADJUSTED_ON:
            opens = midnight(day.replace(day=ADJUSTED_ON))
        closes = offer.get("claim_to")
        if closes is not None and closes <= opens:
            return "ClaimWindowClosed"
        waits = offer.get("claim_from") is not None and offer.get("claim_from") > now
        if opens > now and not waits:
            return "OpensOnTheSecond"
        if offer.get("new_members_only") and not (account.new_until is not None and now < account.new_until):
            return "NewMembersOnly"
        if offer.get("tiers") and account.tier_at(now) not in offer.get("tiers"):
            return "TierTooLow"
        gone = [
            limit for limit in (offer.stock, offer.codes) if limit is not None and limit <= self.taken(offer_number)
        ]
        return "SoldOut" if gone else "NotYet" if waits else ""

    # --- using ---------------------------------------------------------------------------------------------------
    def use(self, phone: int, claim: Claim, now: datetime) -> str:
        """Begin the use, or show the running one again."""
        account, offer = self.accounts[claim.account], self.offers[claim.offer]
        if account.roles.get(phone) != ADMINISTRATOR:
            return "NotAdministrator"
        if claim.state_at(now) == "in_use":
            return "in use"
        if claim.state in ("void", "used"):
            return "Void" if claim.state == "void" else "AlreadyUsed"
        refusal = account.standing(account.roles[phone])
        if refusal:
            return refusal
        if claim.use_until is not None and claim.use_until <= now:
            return "Expired"
        if offer.get("use_from") is not None and now < offer.get("use_from"):
            return "NotYetUsable"
        claim.started_at, claim.code_until = now, now + timedelta(minutes=offer.get("code_minutes", 15))
        if offer.get("redeem", "code") != "qr":
            claim.state, claim.used_at = "used", now
        return "in use"

    def confirm(self, claim: Claim, now: datetime) -> str:
        """The partner's PIN, given right."""
        if claim.code_until is None:
            return "UnknownLink"
        if claim.state in ("void", "used"):
            return "Void" if claim.state == "void" else "AlreadyUsed"
        if claim.code_until <= now:
            return "CodeTimeOver"
        claim.state, claim.used_at, claim.confirmed = "used", now, True
        return "ok"

    def undo(self, claim: Claim, now: datetime) -> str:
        """A use taken back by the partner; void when the account has left meanwhile."""
        if claim.state != "used" or claim.used_at is None:
            return "NotUsed"
        if now >= claim.used_at + timedelta(minutes=self.offers[claim.offer].get("undo_minutes", 10)):
            return "UndoTooLate"
        claim.state, claim.used_at, claim.confirmed = "kept", None, False
        claim.started_at, claim.code_until = None, None
        account = self.accounts[claim.account]
        if not account.joined:
            claim.state, claim.reason = "void", account.left_reason
        return "ok"
