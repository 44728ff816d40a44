"""How an offer stands, in a word, a colour and a sentence that is true at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from benefits.offers import drafting
from benefits.offers.progress import Progress, progress
from clubs import Club
from models import Offer, Staff
from web.console.offer_words import TONES, state_name
from wording import Words

BEGUN = ("preparing", "sending", "paused", "stopped", "done")
"""States in which there may be recipients."""
ENDED = ("stopped", "done")


@dataclass(frozen=True)
class Status:
    """A state for eyes."""

    label: str
    tone: str
    sentence: str
    share: int | None = None
    """Percent of the recipients dealt with, while it is being sent."""


def status_of(t: Words, session: Session, club: Club, offer: Offer, now: datetime, *, brief: bool = False) -> Status:
    """The state of one offer. `brief`: of one that is over, only when it ended, for counting millions takes a moment."""
    if brief and offer.prepared_at is not None and offer.state in ENDED and offer.finished_at is not None:
        return Status(state_name(t, offer.state), "plain", _ended(t, offer.state, t.moment(offer.finished_at)))
    found = progress(session, offer) if offer.state in BEGUN and offer.prepared_at is not None else None
    share = None
    if found is not None and offer.state in ("sending", "paused"):
        share = permille(found) // 10
    sentence = sending_sentence(t, offer, found) if found is not None else waiting_sentence(t, session, offer, now)
    return Status(state_name(t, offer.state), TONES.get(offer.state, "plain"), sentence, share)


def _ended(t: Words, state: str, moment: str) -> str:
    return t("It was done on {moment}.", moment=moment) if state == "done" else t("Stopped on {moment}.", moment=moment)


def waiting_sentence(t: Words, session: Session, offer: Offer, now: datetime) -> str:
    """Before anything was sent."""
    author = _name(session, offer.author_id)
    match offer.state:
        case "draft":
            return t("{name} is writing it. Nobody was asked to approve it.", name=author)
        case "asked":
            said = t("It waits for somebody other than {name} to approve it.", name=author)
            asked = t("Asked on {moment}.", moment=t.moment(offer.asked_at)) if offer.asked_at else ""
            return f"{said} {asked}".strip()
        case "approved":
            return _approved(t, session, offer, now)
        case "preparing":
            return t("The list of recipients is being made. Nothing was sent yet.")
        case "paused":
            return t("Paused before anything was sent: {why}", why=pause_reason(t, offer.paused_reason))
        case "stopped":
            return t("Stopped before anything was sent.")
        case "expired" if offer.not_after is not None:
            return t("It could not begin by {moment}, so it was not begun at all.", moment=t.moment(offer.not_after))
    return t("Nothing was sent.")


def _approved(t: Words, session: Session, offer: Offer, now: datetime) -> str:
    said = t("Approved by {name}.", name=_name(session, offer.approved_by))
    begins = drafting.begins_at(offer)
    if begins is None or begins <= now:
        return f"{said} {t('It begins in a moment.')}"
    return (
        f"{said} {t('It begins on {moment}; until then it can be stopped without a trace.', moment=t.moment(begins))}"
    )


def sending_sentence(t: Words, offer: Offer, found: Progress) -> str:
    """E4: how far it is, and nothing that is not so."""
    sent, of = t.number(found.accepted), t.number(found.to_send)
    match offer.state:
        case "paused":
            why = pause_reason(t, offer.paused_reason)
            return t("Paused at {sent} of {of}: {why}", sent=sent, of=of, why=why)
        case "stopped":
            return t("Stopped for good after {sent} of {of}.", sent=sent, of=of)
        case "done":
            if found.accepted == found.to_send:
                return t("Done: LINE took it for all {of}.", of=of)
            return t("Done: LINE took it for {sent} of {of}.", sent=sent, of=of)
    return t("Sent to {sent} of {of}.", sent=sent, of=of)


def pause_reason(t: Words, reason: str | None) -> str:
    """Why nothing goes out, and what would help."""
    match reason:
        case "quota":
            return t("the month's messages are used up. It goes on only when somebody resumes it.")
        case "token":
            return t("LINE does not accept our token. Renew it, and sending goes on by itself.")
        case "refused":
            return t("LINE refuses what it says. Look at the results, then stop or resume it.")
    return t("somebody asked for it. Nothing is sent until it is resumed.")


def permille(found: Progress) -> int:
    """Thousandths of the recipients whose outcome is known; a whole bar only when nobody waits."""
    if not found.to_send:
        return 1000
    settled = found.to_send - found.waiting
    return min(1000 if not found.waiting else 999, settled * 1000 // found.to_send)


def _name(session: Session, staff_id: int | None) -> str:
    found = session.get(Staff, staff_id) if staff_id is not None else None
    return found.name if found is not None else "?"
