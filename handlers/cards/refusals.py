"""Every way a rule says no, worded: the reason, the facts behind it, and the way on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benefits import claims, conditions, members, uses
from benefits.refusal import Refusal
from bot.messages import text
from bot.routing import Reply, Turn
from handlers.cards import approving
from handlers.quick import home


def refused(turn: Turn, refusal: Refusal) -> Reply:
    """A refusal as an answer, for where no card says it better."""
    return Reply([text(reason(turn, refusal), home(turn))], outcome=refusal.name, refused=True)


def reason(turn: Turn, refusal: Refusal) -> str:
    """Why not, in a sentence or two. A refusal without a wording of its own is a fault that a test finds."""
    return WORDINGS[type(refusal)](turn, refusal)


def headline(turn: Turn, refusal: Refusal) -> str:
    """The refusal in two or three words, for the top of a card: who was first, before anything else."""
    t = turn.words
    if isinstance(refusal, conditions.AlreadyClaimed):
        by = refusal.by or t("another admin")
        return t("You have this one") if refusal.by_me else t("{name} was first", name=by)
    return t("All taken.").rstrip(".") if isinstance(refusal, conditions.SoldOut) else t("Not this time")


def brief(turn: Turn, refusal: Refusal) -> str:
    """`reason`, where the account's name stands right above it."""
    if not isinstance(refusal, conditions.AlreadyClaimed):
        return reason(turn, refusal)
    t, when = turn.words, turn.words.moment(refusal.at)
    by = refusal.by or t("another admin")
    said = (
        t("You claimed it on {when}.", when=when)
        if refusal.by_me
        else t("{name} was first, {when}.", name=by, when=when)
    )
    return f"{said} {_again(turn, refusal)}".strip()


def tiers_said(turn: Turn, keys: Sequence[str]) -> str:
    """The names of these tiers; of a tier and all above it only the lowest, with *and up*."""
    t, club = turn.words, turn.club
    tiers = [tier for tier in club.tiers if tier.key in keys]
    names = [club.say(tier.name, turn.language) for tier in tiers]
    if len(tiers) > 1 and tiers == list(club.tiers[-len(tiers) :]):
        return t("{tier} and up", tier=names[0])
    return ", ".join(names)


def _again(turn: Turn, refusal: conditions.AlreadyClaimed) -> str:
    return turn.words("It opens again on {day}.", day=turn.words.day(refusal.again)) if refusal.again else ""


def _not_administrator(turn: Turn, refusal: Any) -> str:
    t = turn.words
    if refusal.role is None:
        return t("You are not an administrator of this account (any more), so you can't act for it.")
    return t("You are not an administrator of this account, and privileges are for administrators.")


def _already(turn: Turn, refusal: Any) -> str:
    t, when = turn.words, turn.words.moment(refusal.at)
    if refusal.by_me:
        said = t("You claimed this for {account} on {when}.", account=refusal.account, when=when)
    else:
        by = refusal.by or t("another admin")
        said = t("{name} was first: claimed for {account} on {when}.", name=by, account=refusal.account, when=when)
    return f"{said} {_again(turn, refusal)}".strip()


def _tier(turn: Turn, refusal: Any) -> str:
    t, club = turn.words, turn.club
    needs = tiers_said(turn, refusal.needs)
    has = club.say(club.tier(refusal.has).name, turn.language) if refusal.has else "–"
    return t("For {needs}; this account is {has}.", needs=needs, has=has)


def _new_members(turn: Turn, refusal: Any) -> str:
    t = turn.words
    if refusal.last_day:
        return t("For new members; this account was one until {day}.", day=t.day(refusal.last_day))
    return t("For new members only.")


def _left(turn: Turn, refusal: Any) -> str:
    t, day = turn.words, turn.words.day(refusal.at)
    if refusal.reason == "premium":
        return t("The account became premium (green shield) on {day}, and premium accounts can't be members.", day=day)
    if refusal.reason == "deleted":
        return t("The account was deleted on {day}.", day=day)
    return t("The account left the club on {day}.", day=day)


def _void(turn: Turn, refusal: Any) -> str:
    return turn.words("This claim is void: {reason}", reason=void_reason(turn, refusal.reason))


def void_reason(turn: Turn, code: str | None) -> str:
    """Why a claim is void: one of the reasons of the rules, or what staff wrote."""
    t = turn.words
    known = {
        "asked": t("the account left the club."),
        "deleted": t("the account was deleted."),
        "premium": t("the account became premium (green shield)."),
        "removed": t("the account was removed from the club."),
    }
    return known.get(code or "", code or "–")


def _used(turn: Turn, refusal: Any) -> str:
    t, when = turn.words, turn.words.moment(refusal.at)
    if refusal.by:
        return t("Already used by {name} on {when}.", name=refusal.by, when=when)
    return t("Already used on {when}.", when=when)


Wording = Callable[[Turn, Any], str]
WORDINGS: dict[type[Refusal], Wording] = {
    **approving.WORDINGS,
    members.NotAdministrator: _not_administrator,
    members.PremiumAccount: lambda turn, _: turn.words("Premium accounts (green shield) can't join the club."),
    members.NotJoined: lambda turn, _: turn.words(
        "This account is not in the club yet. Type “join” to read the terms."
    ),
    members.Left: _left,
    conditions.UnknownPrivilege: lambda turn, _: turn.words("We don't know this privilege (any more)."),
    conditions.Withdrawn: lambda turn, no: turn.words("Withdrawn by the club on {day}.", day=turn.words.day(no.at)),
    conditions.TierTooLow: _tier,
    conditions.NewMembersOnly: _new_members,
    conditions.NotYet: lambda turn, no: turn.words("Opens on {when}.", when=turn.words.moment(no.opens)),
    conditions.OpensOnTheSecond: lambda turn, no: turn.words(
        "Privileges open on the {day} of each month: again on {when}.",
        day=turn.club.round.day,
        when=turn.words.day(no.opens),
    ),
    conditions.ClaimWindowClosed: lambda turn, no: turn.words(
        "Claiming ended on {day}.", day=turn.words.last_day(no.closed)
    ),
    conditions.SoldOut: lambda turn, _: turn.words("All taken."),
    conditions.AlreadyClaimed: _already,
    uses.AlreadyUsed: _used,
    uses.Expired: lambda turn, no: turn.words("Expired on {when}.", when=turn.words.moment(no.at)),
    uses.Void: _void,
    uses.NotYetUsable: lambda turn, no: turn.words("Can be used from {when}.", when=turn.words.moment(no.opens)),
    claims.UnknownClaim: lambda turn, _: turn.words("We don't know this claim, or it is not of an account of yours."),
}
