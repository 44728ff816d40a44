"""Corrections in words: of what, how far, what they come to, and what is wrong with what was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from benefits import corrections
from benefits.corrections_file import MOST_LINES, Fault
from benefits.periods import parse_month
from benefits.reasons import LONGEST, ReasonMissing
from benefits.refusal import Refusal
from clubs import Club
from models import Correction
from web.console import round_words
from wording import Words

WHOLE = re.compile(r"[+-]?[0-9]{1,3}(,?[0-9]{3}){0,3}")


def signed(n: int, t: Words) -> str:
    """With its sign: +5, −5."""
    return f"+{t.number(n)}" if n > 0 else t.number(n).replace("-", "−")


def states(t: Words) -> dict[str, str]:
    """Every state in words."""
    return {
        "asked": t("Waits for a second person"),
        "posted": t("Posted"),
        "refused": t("Refused"),
        "withdrawn": t("Withdrawn"),
    }


def state(row: Correction, t: Words) -> str:
    """How far it is."""
    return states(t)[row.state]


def shapes(t: Words) -> list[tuple[str, str]]:
    """The ways to name accounts."""
    return [
        ("account", t("One account")),
        ("tier", t("Every account of a tier")),
        ("file", t("The accounts of a CSV file")),
    ]


def scope(row: Correction, club: Club, t: Words) -> str:
    """Of which accounts it is."""
    if row.scope == "reversal":
        return t("Takes correction {n} back", n=row.reverses_id)
    if row.scope == "tier":
        tier = row.facts.get("tier")
        return (
            t("Tier {tier}", tier=club.say(club.tier(tier).name, t.language))
            if tier and club.has_tier(tier)
            else t("Every tier")
        )
    return dict(shapes(t))[row.scope]


def sums(found: corrections.Sums, state: str, t: Words) -> list[tuple[str, object]]:
    """What it comes to, label and value; what it would mean, as long as it is not decided."""
    told: list[tuple[str, object]] = [
        (t("Accounts"), t.number(found.accounts)),
        (t("Stars in all"), signed(found.stars, t)),
        (t("Given"), signed(found.given, t)),
        (t("Taken"), signed(found.taken, t)),
        (t("Smallest and largest line"), f"{signed(found.least, t)} … {signed(found.most, t)}"),
    ]
    if state == "asked" and found.below:
        said = t("{n}: they are shown 0 stars until later ones make up for it", n=t.number(found.below))
        told.append((t("Accounts with too few stars"), said))
    if state == "asked" and found.idle:
        said = t("{n}: their month no longer counts, so no total changes", n=t.number(found.idle))
        told.append((t("Lines without effect"), said))
    return told


def moves(found: corrections.Sums, club: Club, t: Words) -> dict[str, Any]:
    """Whom it would move from tier to tier, as a table and a chart."""
    return round_words.pairs(found.moves, club, t)


def lines(found: Sequence[Any], t: Words) -> dict[str, Any]:
    """The largest lines as a table."""
    columns = [t("Account"), t("Correction"), t("Stars now"), t("Month it corrects"), t("Corrects an entry")]
    rows = [
        (
            row.external_id,
            signed(row.amount, t),
            t.number(row.total_stars),
            t.month(row.period) if row.period else t("the open one"),
            t("yes") if row.names_one else t("no"),
        )
        for row in found
    ]
    return {"columns": columns, "rows": rows}


def faults(typed: dict[str, str], has_file: bool, t: Words) -> dict[str, list[str]]:
    """What is wrong at which field, before anything is asked."""
    found: dict[str, list[str]] = {}
    if typed["shape"] not in dict(shapes(t)):
        found["shape"] = [t("Choose whose stars are corrected.")]
    if not typed["reason"] or len(typed["reason"]) > LONGEST:
        found["reason"] = [t("Write a reason, of {n} characters at most.", n=LONGEST)]
    if typed["shape"] == "account" and not typed["account"]:
        found["account"] = [t("Name the account, such as @noodlebar.")]
    if typed["shape"] == "file":
        return found if has_file else {**found, "file": [t("Choose a file.")]}
    if not WHOLE.fullmatch(typed["stars"]) or not 0 < abs(int(typed["stars"].replace(",", ""))) <= corrections.MOST:
        found["stars"] = [
            t("Write a whole number other than 0, such as 500 or −500, up to {n}.", n=t.number(corrections.MOST))
        ]
    if typed["period"] and not _is_month(typed["period"]):
        found["period"] = [t("Write the month as 2026-10, or leave it empty.")]
    return found


def refused(refusal: Refusal, t: Words) -> tuple[str, list[str]]:
    """(field, what is wrong and what helps) of a refusal; no words: not one of ours."""
    match refusal:
        case corrections.NobodyToCorrect():
            return "account", [t("There is no such account, or nobody has that tier.")]
        case corrections.MonthNotComputed():
            return "period", [
                t("That month is not computed yet: leave it empty, and the correction is of the open month.")
            ]
        case corrections.TooMany():
            return "file", [t("The file has more than {n} lines: split it.", n=t.number(MOST_LINES))]
        case corrections.BadFile(faults=(), count=_):
            return "file", [
                t("This is not such a CSV file: UTF-8, first line member_id,stars or member_id,stars,period.")
            ]
        case corrections.BadFile(faults=found, count=count):
            more = [t("… and {n} more.", n=t.number(count - len(found)))] if count > len(found) else []
            return "file", [t("Nothing was taken; mend these lines:"), *(_line(each, t) for each in found), *more]
        case corrections.AlreadyReversed() | corrections.NotPosted():
            return "whole", [t("It was taken back already, that waits for a second person, or it was never posted.")]
        case ReasonMissing():
            return "reason", [t("Write a reason, of {n} characters at most.", n=refusal.longest)]
    return "whole", []


def _line(fault: Fault, t: Words) -> str:
    said = {
        "line": t("cannot be read: count its columns and quotes"),
        "stars": t("stars must be a whole number other than 0"),
        "period": t("write the month as 2026-10"),
        "month": t("that month is not computed yet: leave it empty"),
        "unknown": t("there is no such account"),
        "twice": t("the account stands in the file before"),
    }
    cell = f" “{fault.cell[:40]}”" if fault.cell else ""
    return t("Line {n}{cell}: {why}", n=fault.line, cell=cell, why=said[fault.why])


def _is_month(text: str) -> bool:
    try:
        parse_month(text)
    except ValueError:
        return False
    return True
