"""Imports in words: kinds, states, how far one is, and why a whole file was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from models import Import, Upload
from wording import Words

STATE_TONES = {"waiting": "", "running": "", "done": "good", "refused": "bad", "failed": "bad"}


def kind_name(kind: str, t: Words) -> str:
    """What a file of this kind holds."""
    names = {
        "accounts": t("Official accounts with their admins"),
        "admins": t("Admins of accounts"),
        "charges": t("Charges and payments"),
        "privileges": t("Privileges and partners"),
        "codes": t("Codes for pools"),
    }
    return names.get(kind, kind)


def state_name(state: str, t: Words) -> str:
    """A state as a word or two."""
    names = {
        "waiting": t("Waiting"),
        "running": t("Being imported"),
        "done": t("Imported"),
        "refused": t("Refused whole"),
        "failed": t("Given up"),
    }
    return names[state]


def told(row: Upload, counted: Import | None, t: Words) -> str:
    """How far it is, or what came of it, in a sentence or two."""
    match row.state:
        case "waiting":
            return t("It waits for its turn.")
        case "running":
            return _running(row, t)
        case "refused":
            return refused_sentence(str(row.facts.get("what", "")), row.facts, row.fault or "", t)
        case "failed":
            return t(
                "It broke off {n} times and was given up. What had landed stays; handing the file in again doubles nothing.",
                n=row.attempts,
            )
    if counted is None:
        return t("Imported")
    numbers = {"landed": t.number(counted.landed), "unchanged": t.number(counted.unchanged)}
    said = t(
        "{landed} rows landed, {unchanged} were here already, {rejected} were rejected.",
        rejected=t.number(counted.rejected),
        **numbers,
    )
    if row.attempts > 1:
        said += " " + t("It broke off and began again: rows of the first time count as here already.")
    return said


def _running(row: Upload, t: Words) -> str:
    if row.stage == "land":
        return t("{done} of {total} rows", done=t.number(row.done), total=t.number(row.total))
    if row.stage == "read" and row.total:
        return t("The file is being read and checked: {percent} %", percent=100 * row.done // row.total)
    return t("It begins.")


def refused_sentence(what: str, facts: Mapping[str, Any], otherwise: str, t: Words) -> str:
    """Why nothing of a file was taken, with the remedy; `otherwise` where we have no words of our own."""
    columns = str(facts.get("columns", ""))
    first = " " + t("The first line has to be: {expected}", expected=facts.get("expected", ""))
    said: dict[str, Callable[[], str]] = {
        "encoding": lambda: t(
            "The file is neither in UTF-8 nor in TIS-620. Save it as “CSV UTF-8” and hand it in again."
        ),
        "empty": lambda: t("The file is empty.") + first,
        "header": lambda: t("The first line cannot be read.") + first,
        "separator": lambda: t("The columns are not separated by commas. Save the file with commas.") + first,
        "missing": lambda: t("These columns are missing: {columns}.", columns=columns) + first,
        "unknown": lambda: t("These columns are not known: {columns}.", columns=columns) + first,
        "twice": lambda: t("These columns are there twice: {columns}. Remove one of each.", columns=columns),
        "workbook": lambda: t("This is a workbook of a spreadsheet. Save it there as “CSV UTF-8” and hand that in."),
        "not_csv": lambda: t("This is not a CSV file. Choose the right one, or save it as “CSV UTF-8”."),
        "too_large": lambda: t(
            "The file is larger than {most} MB. Split it; each part needs the first line.", most=facts.get("most", "")
        ),
        "file_gone": lambda: t("The file was not where the importing machine looks. Hand it in again."),
    }
    found = said.get(what)
    return found() if found else t("Nothing of the file was taken: {reason}", reason=otherwise)
