"""Privileges and partners in words: what is wrong with a field and what helps, warnings, states, kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from benefits.editing import Fault, Warned
from clubs import Club
from models import Privilege
from wording import Words


def fault_sentence(t: Words, fault: Fault) -> str:
    """What is wrong with one field, and the remedy."""
    facts = {key: t.number(value) if isinstance(value, int) else value for key, value in fault.facts.items()}
    return _sentences(t)[fault.what](facts)


def _sentences(t: Words) -> Mapping[str, Callable[[Mapping[str, object]], str]]:
    return {**_field_sentences(t), **_rule_sentences(t)}


def _field_sentences(t: Words) -> dict[str, Callable[[Mapping[str, object]], str]]:
    return {
        "empty": lambda _: t("Fill this in."),
        "too_long": lambda f: t("{n} characters, as LINE counts them; shorten it to {most}.", **f),
        "control": lambda _: t("There is an invisible character in it. Type it again, as plain text."),
        "not_a_key": lambda _: t("Use letters a–z, digits, - and _ only, such as free-latte."),
        "taken": lambda _: t("There is one with this id already. Choose another."),
        "choose": lambda _: t("Choose one from the list."),
        "number": lambda f: t("Write a whole number from {least} to {most}.", **f),
        "day_missing": lambda _: t("Choose the day too, or leave the time empty."),
        "not_a_day": lambda _: t("This day does not exist. Choose it from the calendar."),
        "not_a_time": lambda _: t("Write the time as 14:30."),
        "buddhist_year": lambda f: t(
            "{year} is a year of the Buddhist era: write {right}.", **{k: str(v).replace(",", "") for k, v in f.items()}
        ),
        "far_year": lambda _: t("Check the year: 2000 to 2100 are taken."),
        "ends_before": lambda _: t("It ends before it begins. Mend one of the two."),
    }


def _rule_sentences(t: Words) -> dict[str, Callable[[Mapping[str, object]], str]]:
    return {
        "not_a_picture": lambda _: t("This is not the name of a picture. Choose the picture again."),
        "code_and_pool": lambda _: t(
            "Each claim takes a code of its own, so leave this empty and hand in a file of codes."
        ),
        "address_needed": lambda _: t("Write the address that the link leads to."),
        "not_an_address": lambda _: t("This is not a web address. Write it with https:// in front."),
        "not_a_barcode": lambda _: t("This does not fit a barcode. Use up to 40 Latin letters, digits and signs."),
        "type_again": lambda _: t("Type the number of the barcode: the code that is kept may not fit one."),
        "below_taken": lambda f: t("{n} are claimed already. Write at least that many, or leave it empty.", **f),
        "claimed_already": lambda f: t(
            "It was claimed {n} times already, and those would no longer count. Make a copy and withdraw this one.", **f
        ),
        "codes_held": lambda f: t(
            "{n} members hold an unused code of this pool, so it has to stay. Make a copy and withdraw this one.", **f
        ),
        "pin_form": lambda f: t("Use {least} to {most} digits.", **f),
        "pin_weak": lambda _: t("This PIN would be among the first that somebody tries. Choose one without a pattern."),
        "card_heavy": lambda _: t("With these texts the card is heavier than LINE takes. Shorten them."),
    }


def by_field(t: Words, faults: Iterable[Fault]) -> dict[str, list[str]]:
    """Sentences by field, for the form."""
    said: dict[str, list[str]] = {}
    for fault in faults:
        said.setdefault(fault.field, []).append(fault_sentence(t, fault))
    return said


def field_names(t: Words) -> dict[str, str]:
    """What each field of the form is called, for the list of what needs mending."""
    first, last = t("First day"), t("Last day")
    windows = {"visible": t("Shown in the chat"), "claim": t("Can be claimed"), "use": t("Can be used")}
    ends = {
        f"{key}_{end}": f"{name}, {day}"
        for key, name in windows.items()
        for end, day in (("from", first), ("to", last))
    }
    return {
        **ends,
        "key": t("ID"),
        "partner_id": t("Partner"),
        "name_th": t("Name in Thai"),
        "name_en": t("Name in English"),
        "about_th": t("What members get, in Thai"),
        "about_en": t("What members get, in English"),
        "conditions_th": t("Conditions in Thai"),
        "conditions_en": t("Conditions in English"),
        "picture": t("Picture"),
        "tiers": t("Tiers"),
        "claim_limit": t("How often it can be claimed"),
        "scope": t("… counted"),
        "stock": t("Units in all"),
        "alert_at": t("Tell us when this few are left"),
        "use_days": t("Days a claim can be used"),
        "redeem": t("Used as"),
        "code": t("Code or link, the same for everybody"),
        "pooled": t("Each claim takes a code of its own from a pool"),
        "code_minutes": t("Minutes a shown code is valid"),
        "undo_minutes": t("Minutes in which a use can be undone"),
        "position": t("Place in the list"),
    }


def warning_sentence(t: Words, warned: Warned) -> str:
    """What members who hold it unused would find changed."""
    said = {
        "partner_id": t("another partner honours it, with another PIN"),
        "redeem": t("it is shown in another way at the counter"),
        "use_from": t("using it begins at another time"),
        "code": t("its code is another one"),
        "conditions": t("its conditions are others than those they saw"),
    }
    n = t.number(warned.open_claims)
    return t("{n} members hold it unused and will notice: {what}.", n=n, what=said[warned.what])


def scope_name(scope: str, t: Words) -> str:
    """Whom the limit counts."""
    names = {
        "account": t("per official account"),
        "person": t("per person"),
        "account_month": t("per official account and month"),
    }
    return names.get(scope, scope)


def redeem_name(redeem: str, t: Words) -> str:
    """How it is used at the counter."""
    names = {
        "code": t("A code to read out"),
        "barcode": t("A barcode to scan"),
        "qr": t("A QR that the partner confirms with a PIN"),
        "link": t("A link to the partner's page"),
    }
    return names.get(redeem, redeem)


def state_of(privilege: Privilege, left: int | None, now: datetime) -> str:
    """`withdrawn`, `over`, `hidden` (not shown yet), `sold_out`, `later` (shown, not open yet) or `open`."""
    if privilege.withdrawn_at is not None:
        return "withdrawn"
    if any(end is not None and end <= now for end in (privilege.visible_to, privilege.claim_to)):
        return "over"
    if privilege.visible_from is not None and privilege.visible_from > now:
        return "hidden"
    if left is not None and left <= 0:
        return "sold_out"
    return "later" if privilege.claim_from is not None and privilege.claim_from > now else "open"


def state_name(state: str, t: Words) -> str:
    """A state as a word or two."""
    names = {
        "open": t("Can be claimed"),
        "later": t("Shown, opens later"),
        "hidden": t("Not shown yet"),
        "sold_out": t("Sold out"),
        "over": t("Over"),
        "withdrawn": t("Withdrawn"),
    }
    return names[state]


STATE_TONES = {"open": "good", "later": "", "hidden": "", "sold_out": "warn", "over": "", "withdrawn": "bad"}


def tiers_said(club: Club, tiers: Iterable[str], t: Words) -> str:
    """The tiers that may claim; none named: all."""
    names = [club.say(tier.name, t.language) for tier in club.tiers if tier.key in set(tiers)]
    return ", ".join(names) or t("All tiers")
