"""The words of offers: faults with their remedy, refusals of the rules, states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benefits.offers import refusals
from benefits.offers.content import Fault
from benefits.pictures import BrokenPicture, NotAPicture, PictureTooLarge, PictureTooWide
from benefits.refusal import Refusal
from benefits.staff_confirmations import AwaitsConfirmation
from web.console import staff_words
from wording import OWN_NAMES, Words, words

MEGABYTE = 1024 * 1024


def part_title(t: Words, kind: str, n: int) -> str:
    """`Part 2: image`; `n` counts from 0."""
    return t("Part {n}: {kind}", n=n + 1, kind=kind_name(t, kind))


def kind_name(t: Words, kind: str) -> str:
    """What a kind of part is called."""
    return {"text": t("Text"), "image": t("Image"), "card": t("Privilege card")}.get(kind, "?")


def language_name(t: Words, language: str) -> str:
    """What a language is called in hers."""
    return {"th": t("Thai"), "en": t("English")}.get(language) or OWN_NAMES.get(language, language)


def variables(t: Words, language: str) -> list[dict[str, str]]:
    """Every variable: its button's label in her language, what the button puts into a text of `language`, what it is."""
    said = words(language)
    return [
        {"code": f"{{name|{_dear(said)}}}", "label": t("Name"), "about": t("The reader's name in LINE")},
        {
            "code": f"{{account|{_account(said)}}}",
            "label": t("Account"),
            "about": t("The name of the reader's account; of several, the one with most stars"),
        },
        {"code": f"{{tier|{_member(said)}}}", "label": t("Tier"), "about": t("That account's tier")},
        {"code": "{stars|0}", "label": t("Stars"), "about": t("That account's stars")},
        {"code": "{missing|0}", "label": t("Missing stars"), "about": t("Stars it lacks for the next tier")},
    ]


def _dear(t: Words) -> str:
    return t("dear member")


def _account(t: Words) -> str:
    return t("your account")


def _member(t: Words) -> str:
    return t("member")


def sort_faults(faults: Sequence[Fault], t: Words) -> tuple[list[str], dict[tuple[int, str], list[str]]]:
    """(sentences about the whole, sentences by part and field)."""
    whole: list[str] = []
    placed: dict[tuple[int, str], list[str]] = {}
    for fault in faults:
        if fault.part is None:
            whole.append(fault_sentence(t, fault))
        else:
            placed.setdefault((fault.part, fault.field), []).append(fault_sentence(t, fault))
    return whole, placed


def fault_lines(faults: Sequence[Fault], t: Words) -> list[str]:
    """Each fault as a sentence that names its part."""
    return [
        fault_sentence(t, fault)
        if fault.part is None
        else t("Part {n}: {fault}", n=fault.part + 1, fault=fault_sentence(t, fault))
        for fault in faults
    ]


def fault_sentence(t: Words, fault: Fault) -> str:
    """What is wrong and what to do about it."""
    facts = fault.facts
    match fault.code:
        case "no_parts":
            return t("There is nothing to send yet: add a part.")
        case "too_many_parts":
            return t("LINE takes at most {most} parts; there are {found}. Remove some.", **facts)
        case "too_heavy":
            return t("All parts together are too large for LINE. Shorten the texts.")
        case "no_language":
            return t("Choose at least one language.")
        case "unknown_kind" | "malformed" | "unknown_language":
            return t("This cannot be read. Remove the part and add it anew.")
        case "values_missing":
            return t.count(
                "{n} recipient has no {variable}. Write what to say instead after a |.",
                "{n} recipients have no {variable}. Write what to say instead after a |.",
                int(facts["people"]),
                variable=f"{{{facts['variable']}}}",
            )
    return _text_fault(t, fault.code, facts) or _other_fault(t, fault.code, facts)


def _text_fault(t: Words, code: str, facts: Mapping[str, Any]) -> str | None:
    match code:
        case "missing_language" | "empty":
            language = language_name(t, str(facts.get("language")))
            if code == "empty":
                return t("Nothing is written here in {language}.", language=language)
            return t("Some readers read {language}: write it, or let them read another language.", language=language)
        case "too_long":
            most, found = t.number(facts["most"]), t.number(facts["found"])
            return t("LINE takes {most} characters; this can come to {found}. Shorten it.", most=most, found=found)
        case "unknown_variable":
            return t("{variable} is not known. Use the buttons.", variable=f"{{{facts['variable']}}}")
        case "stray_brace":
            return t("A brace stands alone. A variable is written {example}.", example="{name}")
        case "variable_not_here":
            return t("{variable} cannot stand here.", variable=f"{{{facts['variable']}}}")
        case "variable_in_link":
            return t("A variable may not touch a link: it would put personal data into an address.")
    return None


def _other_fault(t: Words, code: str, facts: Mapping[str, Any]) -> str:
    match code:
        case "bad_link":
            return t("{link} is no link that can be opened: it begins with https:// and names a site.", **facts)
        case "no_file":
            return t("Choose a picture.")
        case "bad_ratio":
            return t("The picture is more than three times as high as wide. Crop it.")
        case "unknown_privilege":
            return t("Choose a privilege.")
        case "withdrawn_privilege":
            return t("This privilege was withdrawn on {moment}. Choose another.", moment=t.moment(facts["at"]))
        case "ended_privilege":
            return t("This privilege ended on {moment}. Choose another.", moment=t.moment(facts["at"]))
        case "hidden_privilege":
            return t("This privilege is first shown on {moment}. Begin later, or show it earlier.",
                     moment=t.moment(facts["at"]))  # fmt: skip
    return t("Something is wrong here.")


def picture_refusal(t: Words, refusal: Refusal) -> str:
    """Why a picture was not taken, with the remedy."""
    match refusal:
        case NotAPicture():
            return t("This is neither a JPEG nor a PNG. Save it as one of them.")
        case BrokenPicture():
            return t("The picture is damaged. Save it anew and choose it again.")
        case PictureTooLarge(most=most):
            return t("The file is larger than {most} MB. Make it smaller.", most=most // MEGABYTE)
        case PictureTooWide(most=most):
            return t("The picture has more than {most} million pixels. Make it smaller.", most=most // 1_000_000)
    return t("Something is wrong here.")


def refusal_sentence(t: Words, refusal: Refusal) -> str:
    """Why the rules said no to a deed, with the remedy."""
    match refusal:
        case refusals.WrongState(state=state):
            return t("This cannot be done now: the offer is “{state}”.", state=state_name(t, state))
        case refusals.OwnWork():
            return t("You wrote or changed this offer, so somebody else has to approve it.")
        case refusals.NotIndependent():
            return not_independent(t)
        case AwaitsConfirmation():
            return staff_words.waits(t, refusal)
        case refusals.NotApprover():
            return t("Only approvers of this club may decide.")
        case refusals.Changed():
            return t("Somebody changed this offer since you opened it. Look at it as it is now, then decide.")
        case refusals.NobodyReached():
            return t("Nobody in this audience can be reached.")
        case refusals.QuotaTooSmall(needed=needed, room=room):
            return too_dear(t, needed, room)
        case refusals.BadTimes(begins=begins):
            return t("“Do not start after” comes before it could begin: {moment}.", moment=t.moment(begins))
        case refusals.BadSetting(least=least, most=most):
            return t("Write a whole number from {least} to {most}.", least=t.number(least), most=t.number(most))
        case refusals.NotDecidable():
            return t("Its outcome is known by now, or a colleague decided already.")
        case refusals.NotTester():
            return t("Test messages go only to people named as testers.")
        case refusals.Faulty(faults=faults):
            return " ".join(fault_lines(faults, t))
    return t("This was refused: {name}.", name=refusal.name)


def not_independent(t: Words) -> str:
    """Why this approver is no second person for this offer."""
    return t(
        "You gave its writer their sign-in or role just before, and no other administrator had confirmed it. Another "
        "approver has to decide."
    )


def too_dear(t: Words, needed: int, room: int) -> str:
    """E5: the numbers, and what can be done."""
    return t(
        "It needs {needed} messages and only {room} are left for offers this month. Narrow the audience, wait for next"
        " month, or have the quota raised.",
        needed=t.number(needed),
        room=t.number(max(room, 0)),
    )


def state_name(t: Words, state: str) -> str:
    """A state in a word or two."""
    return {
        "draft": t("Draft"),
        "asked": t("Waits for approval"),
        "approved": t("Approved"),
        "preparing": t("Being prepared"),
        "sending": t("Being sent"),
        "paused": t("Paused"),
        "stopped": t("Stopped"),
        "done": t("Done"),
        "expired": t("Not begun in time"),
    }.get(state, state)


TONES = {
    "draft": "plain",
    "asked": "warn",
    "approved": "good",
    "preparing": "busy",
    "sending": "busy",
    "paused": "warn",
}
"""How a state is coloured; the ended ones are plain, their sentence says how it went."""
