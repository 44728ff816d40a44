"""What one event of a person should come to: the conversation in plain Python. `ANY` where the answer changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot import actions as said
from bot.actions import Action, StaleButton, unpack
from handlers import ROUTES
from tests.faults.sim.oracle import ADMINISTRATOR, Club
from tests.faults.sim.scene import Ids, user_id

ANY = "*"
OPEN_TO_ALL = (
    said.ShowPrivileges,
    said.ShowPrivilege,
    said.ShowTerms,
    said.Agree,
    said.Decline,
    said.Help,
    said.AskLanguage,
    said.SetLanguage,
    said.Offers,
)
"""Answered also before consent; everything else asks for it first."""


def turn(club: Club, ids: Ids, event: dict[str, Any], now: datetime) -> str:
    """Apply one event; the outcome its turn should have, in a word."""
    number = next((n for n in range(5) if user_id(n) == event["source"]["userId"]), None)
    if number is None or event["type"] == "unsend":
        return ANY
    phone = club.phones[number]
    phone.met = True
    if event["type"] in ("follow", "unfollow"):
        at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
        older = phone.friend_at is not None and at < phone.friend_at
        if not older:
            phone.friend, phone.friend_at = event["type"] == "follow", at
        if event["type"] == "unfollow":
            return "unfollowed"
        return "an older follow" if older else "welcome"
    action = _meant(event)
    if action is None:
        return "not understood" if event["type"] == "message" else ANY
    if isinstance(action, StaleButton):
        return "stale button"
    return _acted(club, ids, number, action, now)


def _meant(event: dict[str, Any]) -> Action | StaleButton | None:
    if event["type"] == "postback":
        try:
            return unpack(event["postback"]["data"])
        except StaleButton as stale:
            return stale
    message = event.get("message") or {}
    return ROUTES.typed(message["text"]) if message.get("type") == "text" else None


def _acted(club: Club, ids: Ids, number: int, action: Action, now: datetime) -> str:
    phone = club.phones[number]
    if isinstance(action, said.SwitchTab):
        return "tab"
    if not isinstance(action, OPEN_TO_ALL) and not phone.agreed:
        return _asked_to_agree(club, number)
    if isinstance(action, said.Agree):
        current = str(action.version) in ("2026-01", "202601")
        return club.agree(number, now) if current else _asked_to_agree(club, number)
    if isinstance(action, said.ClaimFor):
        if action.privilege not in ids.privileges:
            return ANY
        if action.member not in ids.members:
            return "NotAdministrator"
        offer, account = ids.privileges.index(action.privilege), ids.members.index(action.member)
        return club.claim(number, offer, account, action.slot, now)
    if isinstance(action, said.Use | said.AskUse | said.ShowClaim | said.UseLater):
        return _on_claim(club, number, action, now)
    if isinstance(action, said.LeaveNow):
        known = action.member in ids.members
        return club.leave(number, ids.members.index(action.member), now) if known else "NotAdministrator"
    if isinstance(action, said.Leave):
        return "consent withdrawn" if club.withdraw_consent_if_last(number, now) else "leaving asked"
    return _settings(club, number, action, now)


def _asked_to_agree(club: Club, number: int) -> str:
    if not any(number in account.roles for account in club.accounts):
        return "no accounts"
    return "consent asked" if club.has_reason(number) else "can't join"


def _settings(club: Club, number: int, action: Action, now: datetime) -> str:
    phone = club.phones[number]
    if isinstance(action, said.SetLanguage) and action.language in ("th", "en"):
        phone.language = action.language
        return "language"
    if isinstance(action, said.Offers):
        phone.no_offers_since = (phone.no_offers_since or now) if action.wanted == "off" else None
        return f"offers {'on' if phone.offers else 'off'}"
    return ANY


def _on_claim(club: Club, number: int, action: Any, now: datetime) -> str:
    claim = club.claim_by_id(action.claim)
    if claim is None:
        return "UnknownClaim"
    if isinstance(action, said.Use):
        return club.use(number, claim, now)
    if not club.may_see(number, claim):
        return "UnknownClaim"
    state = claim.state_at(now)
    if isinstance(action, said.UseLater):
        return "kept for later" if state == "kept" else "claim"
    if state == "in_use":
        return club.use(number, claim, now)
    if isinstance(action, said.ShowClaim):
        return f"claim {state}"
    account = club.accounts[claim.account]
    opens = club.offers[claim.offer].get("use_from")
    may = state == "kept" and not account.standing(ADMINISTRATOR) and not (opens is not None and opens > now)
    return "use asked" if may else f"not usable: {state}"
