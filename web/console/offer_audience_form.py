"""The audience of an offer: read from plain controls, and said back as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from clubs import Club
from web.console.offer_form import number
from web.console.offer_words import language_name
from wording import Words

STARS = 10**11
DAYS = 36_500
NUMBERS: Mapping[str, tuple[int, int]] = {
    "stars_from": (0, STARS),
    "stars_to": (0, STARS),
    "missing_to_next_max": (0, STARS),
    "seen_within_days": (1, DAYS),
    "not_seen_for_days": (1, DAYS),
    "member_for_days_from": (0, DAYS),
    "member_for_days_to": (0, DAYS),
}
"""Fields that hold a whole number, with their bounds."""
PAIRS = (("stars_from", "stars_to"), ("member_for_days_from", "member_for_days_to"))
YES_NO = {"yes": True, "no": False}
Named = Callable[[int], str | None]
"""The name of a privilege, or of a list, by its id."""


def read(form: MultiDict[str, str], club: Club, lists: Sequence[int]) -> tuple[dict[str, Any], dict[str, str]]:
    """(audience, faults by field): the faults are keys that `fault` words. What is absent limits nothing."""
    audience: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field, (least, most) in NUMBERS.items():
        try:
            found = number(form.get(field, ""), least, most)
        except ValueError:
            faults[field] = "number"
            continue
        if found is not None:
            audience[field] = found
    for low, high in PAIRS:
        if low in audience and high in audience and audience[low] > audience[high]:
            faults[high] = "crossed"
    if "seen_within_days" in audience and audience.get("not_seen_for_days", 0) >= audience["seen_within_days"]:
        faults["not_seen_for_days"] = "nobody"
    _choices(form, club, lists, audience)
    return audience, faults


def _choices(form: MultiDict[str, str], club: Club, lists: Sequence[int], audience: dict[str, Any]) -> None:
    tiers = [tier.key for tier in club.tiers if tier.key in form.getlist("tiers")]
    if tiers and len(tiers) < len(club.tiers):
        audience["tiers"] = tiers
    languages = [language for language in club.languages if language in form.getlist("languages")]
    if languages and len(languages) < len(club.languages):
        audience["languages"] = languages
    if form.get("new_members", "") in YES_NO:
        audience["new_members"] = YES_NO[form["new_members"]]
    privilege = form.get("claimed_privilege", "")
    if form.get("claimed", "") in YES_NO and privilege.isdecimal():
        audience["claimed"] = {"privilege_id": int(privilege), "yes": YES_NO[form["claimed"]]}
    wanted = form.get("list_id", "")
    if wanted.isdecimal() and int(wanted) in lists:
        audience["list_id"] = int(wanted)


def fault(t: Words, key: str) -> str:
    """What is wrong with a field, with the remedy."""
    match key:
        case "crossed":
            return t("The upper bound is below the lower one.")
        case "nobody":
            return t("Nobody is both seen so lately and unseen for so long: make this smaller.")
    return t("Write a whole number, or leave it empty.")


def sentence(audience: Mapping[str, Any], t: Words, club: Club, privilege: Named, list_: Named) -> str:
    """Who gets it, said back in one sentence."""
    clauses = [*_account(audience, t, club), *_deeds(audience, t, privilege), *_person(audience, t, list_)]
    if not clauses:
        return t("Everybody who follows the channel.")
    return t("Everybody who follows the channel and {what}.", what=together(t, clauses))


def together(t: Words, things: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(things) < 2:
        return "".join(things)
    return t("{first} and {last}", first=", ".join(things[:-1]), last=things[-1])


def either(t: Words, things: Sequence[str]) -> str:
    """`a, b or c`."""
    if len(things) < 2:
        return "".join(things)
    return t("{first} or {last}", first=", ".join(things[:-1]), last=things[-1])


def _account(audience: Mapping[str, Any], t: Words, club: Club) -> list[str]:
    said = []
    if tiers := audience.get("tiers"):
        names = [club.say(tier.name, t.language) for tier in club.tiers if tier.key in tiers]
        said.append(t("manages an account of tier {tiers}", tiers=either(t, names)))
    low, high = audience.get("stars_from"), audience.get("stars_to")
    unit = club.say(club.stars.name, t.language)
    if low is not None and high is not None:
        said.append(t("has {low} to {high} {unit}", low=t.number(low), high=t.number(high), unit=unit))
    elif low is not None:
        said.append(t("has at least {low} {unit}", low=t.number(low), unit=unit))
    elif high is not None:
        said.append(t("has at most {high} {unit}", high=t.number(high), unit=unit))
    if (missing := audience.get("missing_to_next_max")) is not None:
        said.append(t("lacks at most {n} {unit} for the next tier", n=t.number(missing), unit=unit))
    return said + _stay(audience, t)


def _stay(audience: Mapping[str, Any], t: Words) -> list[str]:
    said = []
    if (new := audience.get("new_members")) is not None:
        said.append(t("is a new member") if new else t("is no longer a new member"))
    low, high = audience.get("member_for_days_from"), audience.get("member_for_days_to")
    if low is not None and high is not None:
        said.append(t("has been a member for {low} to {high} days", low=t.number(low), high=t.number(high)))
    elif low is not None:
        said.append(t("has been a member for at least {low} days", low=t.number(low)))
    elif high is not None:
        said.append(t("has been a member for at most {high} days", high=t.number(high)))
    return said


def _deeds(audience: Mapping[str, Any], t: Words, privilege: Named) -> list[str]:
    said = []
    if claimed := audience.get("claimed"):
        name = privilege(claimed["privilege_id"]) or "?"
        said.append(t("claimed “{name}”", name=name) if claimed["yes"] else t("never claimed “{name}”", name=name))
    if (days := audience.get("seen_within_days")) is not None:
        said.append(t("used the chat in the last {n} days", n=t.number(days)))
    if (days := audience.get("not_seen_for_days")) is not None:
        said.append(t("has not used the chat for {n} days", n=t.number(days)))
    return said


def _person(audience: Mapping[str, Any], t: Words, list_: Named) -> list[str]:
    said = []
    if languages := audience.get("languages"):
        said.append(t("reads {languages}", languages=either(t, [language_name(t, language) for language in languages])))
    if (list_id := audience.get("list_id")) is not None:
        said.append(t("is on the list “{name}”", name=list_(list_id) or "?"))
    return said
