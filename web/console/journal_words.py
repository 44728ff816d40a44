"""The journal in words: what was done, to what, in a sentence."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app

from benefits.periods import parse_month
from clubs import Club
from models import JournalEntry
from web.console import cells
from wording import Words

PAGES = {
    "member": "accounts.details",
    "person": "people.details",
    "claim": "claims.details",
    "correction": "corrections.details",
    "privilege": "privileges.details",
    "partner": "partners.details",
}
"""Where a record's own page is."""


def deeds(t: Words) -> dict[str, str]:
    """Every deed by its key, in words that need no figures: what the list can be filtered by."""
    return {**_members(t), **_staff(t), **_offers(t), **_house(t)}


def deed(line: JournalEntry, club: Club, t: Words) -> str:
    """What was done, with its figures where they say something; a deed not known here by its key."""
    facts = line.facts
    if "before" in facts and "after" in facts and line.action in _tiers(t, "", ""):
        before, after = (cells.tier_name(club, facts[key], t) or "—" for key in ("before", "after"))
        return _tiers(t, before, after)[line.action]
    if line.action == "round_done" and "accounts" in facts:
        return t("Round computed: {n} stars for {accounts} accounts", n=t.number(facts.get("stars", 0)),
                 accounts=t.number(facts["accounts"]))  # fmt: skip
    if line.action == "imported" and "landed" in facts:
        return t("File imported: {landed} lines taken, {rejected} refused", landed=t.number(facts["landed"]),
                 rejected=t.number(facts.get("rejected", 0)))  # fmt: skip
    if line.action in ("round_previewed", "round_asked") and "period" in facts:
        return f"{deeds(t)[line.action]}: {t.month(parse_month(facts['period']))}"
    return deeds(t).get(line.action, line.action)


def subjects(t: Words) -> dict[str, str]:
    """What deeds are done to."""
    return {
        "member": t("Account"),
        "person": t("Person"),
        "claim": t("Claim"),
        "privilege": t("Privilege"),
        "partner": t("Partner"),
        "offer": t("Offer"),
        "correction": t("Correction"),
        "round_preview": t("Preview of a round"),
        "run": t("Round"),
        "import": t("Import"),
        "upload": t("File handed in"),
        "staff": t("Colleague"),
        "budget": t("Message budget"),
        "turn": t("Event of the chat"),
    }


def subject(line: JournalEntry, t: Words) -> object:
    """Which record, linked to its page where it has one."""
    named = _named(line.subject_kind, t)
    if line.subject_id is None:
        return named
    label = t("{thing} {n}", thing=named, n=line.subject_id)
    return cells.link(PAGES.get(line.subject_kind, ""), label, row_id=line.subject_id)


def sentence(line: JournalEntry, who: str, club: Club, t: Words) -> str:
    """One line, whole: when, who, what, to what, why."""
    named = _named(line.subject_kind, t)
    thing = named if line.subject_id is None else t("{thing} {n}", thing=named, n=line.subject_id)
    told = t("{when}, {who}: {what} ({thing}).", when=t.moment(line.at), who=who, what=deed(line, club, t), thing=thing)
    reason = line.facts.get("reason")
    return f"{told} {t('Reason: {reason}', reason=reason)}" if reason else told


def _named(kind: str, t: Words) -> str:
    """A kind of record; of a list that was saved, the list's title."""
    pages = current_app.extensions["admin"][0]._views
    title = next((page.title(t) for page in pages if page.endpoint == kind), kind)
    return subjects(t).get(kind, title)


def plain(value: Any) -> str:
    """A fact as it is kept."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tiers(t: Words, before: str, after: str) -> dict[str, str]:
    return {
        "tier_changed": t("Tier adjusted: {before} → {after}", before=before, after=after),
        "tier_overridden": t("Tier set by staff: {before} → {after}", before=before, after=after),
        "override_lifted": t("Tier set by staff ended: {before} → {after}", before=before, after=after),
    }


def _members(t: Words) -> dict[str, str]:
    return {
        "joined": t("Joined the club"),
        "left": t("Left the club"),
        "tier_changed": t("Tier adjusted by a round"),
        "tier_overridden": t("Tier set by staff"),
        "override_lifted": t("Tier set by staff ended"),
        "admin_role": t("Role of an admin changed"),
        "admin_removed": t("Admin removed"),
        "claimed": t("Claimed"),
        "use_started": t("Use begun"),
        "use_confirmed": t("Use confirmed by the partner"),
        "use_undone": t("Use taken back"),
        "claim_void": t("Made void"),
        "followed": t("Added the chat as a friend"),
        "unfollowed": t("Blocked the chat"),
        "opted_out": t("Wants no messages any more"),
        "opted_in": t("Wants messages again"),
        "language": t("Chose a language"),
        "consented": t("Agreed to the terms"),
        "consent_withdrawn": t("Withdrew the agreement"),
        "personal_data_viewed": t("Personal data was looked at"),
    }


def _staff(t: Words) -> dict[str, str]:
    return {
        "request_asked": t("Asked for a second person"),
        "request_granted": t("Granted by a second person"),
        "request_refused": t("Refused by a second person"),
        "request_withdrawn": t("Request withdrawn"),
        "refused": t("Wanted to open what is not hers"),
        "exported": t("List saved as CSV"),
        "signed_in": t("Signed in"),
        "signed_out": t("Signed out"),
        "sign_in_failed": t("Sign-in failed"),
        "second_factor_failed": t("Second factor failed"),
        "second_factor_set_up": t("Second factor set up"),
        "second_factor_replaced": t("Second factor replaced"),
        "recovery_code_used": t("Recovery code used"),
        "recovery_codes_made": t("Recovery codes made"),
        "sessions_ended": t("Other sign-ins ended"),
        "password_changed": t("Password changed"),
        "staff_added": t("Colleague added"),
        "staff_roles": t("Roles of a colleague changed"),
        "staff_disabled": t("Colleague disabled"),
        "staff_enabled": t("Colleague enabled"),
        "staff_reset": t("Sign-in of a colleague reset"),
        "staff_confirmed": t("Change of a colleague confirmed by a second administrator"),
    }


def _offers(t: Words) -> dict[str, str]:
    return {
        "offer_created": t("Offer begun to be written"),
        "offer_changed": t("Offer changed"),
        "offer_asked": t("Approval of an offer asked for"),
        "offer_shown": t("Offer shown to an approver"),
        "offer_approved": t("Offer approved"),
        "offer_rejected": t("Offer not approved"),
        "offer_lapsed": t("Approval of an offer lapsed"),
        "offer_begun": t("Sending of an offer begun"),
        "offer_tested": t("Offer sent to a tester"),
        "offer_paused": t("Offer paused"),
        "offer_halted": t("Offer paused by itself"),
        "offer_resumed": t("Offer resumed"),
        "offer_stopped": t("Offer stopped"),
        "offer_done": t("Sending of an offer ended"),
        "offer_expired": t("Offer not begun: its last moment to start had passed"),
        "offer_unknown_decided": t("Batches of unknown outcome decided"),
        "tester_named": t("Tester named"),
        "tester_removed": t("Tester removed"),
        "list_uploaded": t("List of people handed in"),
        "budget_set": t("Message budget changed"),
        "chat_code_made": t("Code for connecting a chat made"),
        "chat_code_wrong": t("Wrong code for connecting a chat"),
        "chat_connected": t("Chat of a colleague connected"),
        "chat_disconnected": t("Chat of a colleague disconnected"),
    }


def _house(t: Words) -> dict[str, str]:
    return {
        "round_previewed": t("Difference of a round computed"),
        "round_asked": t("Round asked for"),
        "round_done": t("Round computed"),
        "imported": t("File imported"),
        "file_handed_in": t("File handed in"),
        "rejects_fetched": t("List of refused lines fetched"),
        "file_given_up": t("File given up"),
        "privilege_made": t("Privilege made"),
        "privilege_changed": t("Privilege changed"),
        "privilege_withdrawn": t("Privilege withdrawn"),
        "privilege_brought_back": t("Privilege brought back"),
        "partner_made": t("Partner made"),
        "partner_renamed": t("Partner renamed"),
        "partner_pin_set": t("PIN of a partner set"),
        "pin_wrong": t("Wrong PIN at a partner"),
        "partner_pin_unlocked": t("PIN of a partner unlocked"),
        "turn_seen": t("Parked event marked as seen"),
        "turn_unseen": t("Parked event marked as not seen"),
        "retry_asked": t("Parked events tried again"),
        "job_rung": t("Job asked for"),
    }
