"""Changes of colleagues in words: why one is refused, what waits for a second administrator, and until when."""

from __future__ import annotations

from typing import Any

from benefits.staff_changes import StaffRefusal
from clubs import Club
from models import StaffConfirmation
from wording import Words


def waits(t: Words, refusal: Any) -> str:
    """Why a deed of two persons waits, for whom it concerns; `refusal` is an `AwaitsConfirmation`."""
    said = _own(t, refusal.cause, t.moment(refusal.made_at))
    return f"{said} {_until(t, t.moment(refusal.until))}"


def own_change(t: Words, row: StaffConfirmation, maker: str, waiting: bool) -> str:
    """A change of the reader's own sign-in or rights; `maker` is who made it."""
    said = _own(t, row.cause, t.moment(row.made_at))
    more = _until(t, t.moment(row.until)) if waiting else ""
    asked = t("It was made by {name}. If you did not expect it, tell another administrator at once.", name=maker)
    return " ".join(part for part in (said, more, asked) if part)


def change(t: Words, row: StaffConfirmation, name: str, maker: str) -> str:
    """A change of a colleague, as administrators read it."""
    facts = {"name": name, "maker": maker, "moment": t.moment(row.made_at)}
    match row.cause:
        case "added":
            return t("{name} was added by {maker} on {moment}.", **facts)
        case "enabled":
            return t("{name} was enabled again by {maker} on {moment}.", **facts)
        case "reset":
            return t("The sign-in of {name} was reset by {maker} on {moment}.", **facts)
    return t("{name} was given roles by {maker} on {moment}.", **facts)


def change_waits(t: Words, until: str) -> str:
    """What waits for this colleague, and for how long."""
    return t("Approvals, and whatever else needs a second person, wait for them until {moment}.", moment=until)


def refused(t: Words, refusal: StaffRefusal, clubs: dict[str, Club]) -> str:
    """Why a change of a colleague was not made, and what to do."""
    club = clubs.get(refusal.club)
    where = club.say(club.name, t.language) if club else refusal.club
    said = {
        "email": t("That is no e-mail address. Write it like somchai@club.example."),
        "name": t("Write their name, in 80 characters at most."),
        "taken": t("Somebody with this address works here already."),
        "role": t("Tick at least one role."),
        "last_admin": t(
            "Then {club} would have no administrator who can sign in. Make another colleague administrator first, and "
            "have them sign in.",
            club=where,
        ),
        "actor": t("Your own rights were changed a moment ago, so nothing was done. Load the page anew."),
        "own": t("You cannot do this to your own sign-in. Ask another administrator."),
        "elsewhere": t("They work for a club that you do not administer. Its administrators have to do this."),
        "nothing": t("Nothing waits to be confirmed any more."),
        "waits": t("A change of your own sign-in or roles waits to be confirmed, so you cannot confirm another's yet."),
        "involved": t("You had a part in this change, so another administrator has to confirm it."),
    }
    return said[refusal.why]


def _own(t: Words, cause: str, moment: str) -> str:
    match cause:
        case "added":
            return t("You were added as a colleague on {moment}.", moment=moment)
        case "enabled":
            return t("Your sign-in was enabled again on {moment}.", moment=moment)
        case "reset":
            return t("Your sign-in was reset on {moment}.", moment=moment)
    return t("Your roles were changed on {moment}.", moment=moment)


def _until(t: Words, moment: str) -> str:
    return t(
        "Approvals, and whatever else needs a second person, wait until another administrator has confirmed it, or until "
        "{moment}.",
        moment=moment,
    )
