"""What the partner's page tells: how a claim stands, what a press did, or why not and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from benefits.pins import NoPin, PinLocked, WrongPin
from benefits.uses import AlreadyUsed, CodeTimeOver, UndoTooLate, Void
from models import Claim
from wording import Words


class NoReason(Exception):
    """An undo was asked for without saying why."""


@dataclass(frozen=True)
class Result:
    """What is told on top of the page: `tone` is good, warn or bad; `status` is HTTP's."""

    tone: str
    title: str
    text: str = ""
    status: int = 200


def confirmed(t: Words, at: datetime) -> Result:
    """The PIN was right: the use is made."""
    title = t("Confirmed at {time}", time=t.time(at))
    return Result("good", title, t("Give the customer what the privilege promises."))


def undone(t: Words, claim: Claim) -> Result:
    """The use was taken back; the claim is kept again, or void when its account left meanwhile."""
    title = t("The use was taken back")
    if claim.state == "void":
        return Result("warn", title, void_reason(t, claim.void_reason))
    return Result("good", title, t("The customer has the privilege again and can use it another time."))


def running_by_itself(t: Words, since: datetime, until: datetime) -> Result:
    """A code, barcode or link that is being shown: it needs no PIN."""
    text = t("Its code was shown at {time} and counts as used. No PIN is needed.", time=t.time(since))
    return Result("good", t("In use until {time}", time=t.time(until)), text)


def refused(t: Words, refusal: Exception, now: datetime | None = None) -> Result:
    """One refusal in words, with what to do; a pause needs `now`, to say how long it lasts."""
    match refusal:
        case WrongPin(tries_left=n):
            return Result("bad", t("That is not the PIN"), t.count("{n} try left.", "{n} tries left.", n), 403)
        case PinLocked(until=until):
            text = t("You can try again in {wait}. Other customers can be served meanwhile.", wait=wait(t, until, now))
            return Result("bad", t("A pause after wrong PINs"), text, 429)
        case NoPin():
            text = t("Ask the club for one; until then nothing can be confirmed here.")
            return Result("warn", t("This partner has no PIN yet"), text, 409)
        case CodeTimeOver(at=at):
            text = t("It ended at {time}. Ask the customer to show the privilege again from the chat.", time=t.time(at))
            return Result("warn", t("The time of this code is over"), text, 409)
        case AlreadyUsed(at=at):
            title = t("Already used on {moment}", moment=t.moment(at))
            return Result("bad", title, t("Do not accept it a second time."), 409)
        case UndoTooLate(until=until):
            text = t("It could be undone until {moment}.", moment=t.moment(until))
            return Result("warn", t("Too late to undo"), text, 409)
        case Void(reason=reason):
            return Result("bad", t("No longer valid"), void_reason(t, reason), 409)
        case NoReason():
            text = t("Choose a reason; for “Something else”, write a few words.")
            return Result("warn", t("Please say why"), text, 400)
    return Result("warn", t("There is no use to undo"), "", 409)


def wait(t: Words, until: datetime, now: datetime | None) -> str:
    """How long it is until then: in seconds up to a minute and a half, else in whole minutes, rounded up."""
    seconds = max(1, ceil((until - now).total_seconds())) if now is not None else 1
    if seconds < 90:
        return t.count("{n} second", "{n} seconds", seconds)
    return t.count("{n} minute", "{n} minutes", ceil(seconds / 60))


def reasons(t: Words) -> list[tuple[str, str]]:
    """Reasons for an undo: as the journal keeps them, and as staff reads them."""
    return [
        ("mistake", t("Confirmed the wrong customer or privilege")),
        ("changed_mind", t("The customer changed their mind")),
        ("not_available", t("What was promised is not available")),
        ("other", t("Something else")),
    ]


def void_reason(t: Words, reason: str | None) -> str:
    """Why a claim became void, in words: the account's leaving, or what staff wrote."""
    known = {
        "asked": t("The account left the club."),
        "deleted": t("The official account was deleted."),
        "premium": t("The account became a premium account, which cannot be in the club."),
        "removed": t("The account was taken out of the club."),
    }
    return known.get(reason or "") or t("The club's reason: {reason}", reason=reason or "–")
