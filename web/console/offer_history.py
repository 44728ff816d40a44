"""What happened to an offer, told from its journal."""

from __future__ import annotations

from models import JournalEntry
from web.console.offer_status import pause_reason
from wording import Words


def told(t: Words, entry: JournalEntry, who: str) -> str | None:
    """One line of the history; None for what need not be told."""
    facts = entry.facts
    match entry.action:
        case "offer_created":
            return t("{name} began it.", name=who)
        case "offer_changed":
            return t("{name} changed it.", name=who)
        case "offer_asked":
            return t("{name} asked for approval.", name=who)
        case "offer_approved":
            where = t("in the LINE chat") if facts.get("via") == "chat" else t("in the console")
            return t("{name} approved it {where}.", name=who, where=where)
        case "offer_rejected":
            return t("{name} sent it back: {reason}", name=who, reason=facts.get("reason", ""))
        case "offer_lapsed":
            return t("A privilege on one of its cards changed, so it has to be asked for anew.")
        case "offer_tested":
            return t("{name} sent a test.", name=who)
    return _sending(t, entry, who)


def _sending(t: Words, entry: JournalEntry, who: str) -> str | None:
    match entry.action:
        case "offer_stopped":
            return t("{name} stopped it for good.", name=who)
        case "offer_paused":
            return t("{name} paused it.", name=who)
        case "offer_halted":
            return t("It paused by itself: {why}", why=pause_reason(t, entry.facts.get("reason")))
        case "offer_resumed":
            return t("{name} let it go on.", name=who) if who else t("It went on by itself.")
        case "offer_unknown_decided":
            resent = bool(entry.facts.get("resend"))
            reason = entry.facts.get("reason", "")
            if resent:
                return t("{name} had a batch of unknown outcome sent again: {reason}", name=who, reason=reason)
            return t("{name} left a batch of unknown outcome as it is: {reason}", name=who, reason=reason)
        case "offer_begun":
            return t("The list of recipients was made.")
        case "offer_done":
            return t("It was done.")
        case "offer_expired":
            return t("It could not begin in time.")
    return None
