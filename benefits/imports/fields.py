"""One cell of a file at a time: text in, value out, or a fault that names the column and the remedy."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache

from benefits.periods import BANGKOK, parse_month

AMOUNT = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,2}))?")
DAY = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
LINE_USER = re.compile(r"U[0-9a-f]{32}")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
YEARS = range(2000, 2101)
FARTHEST = timedelta(hours=14)
"""No zone is farther from UTC. PostgreSQL takes less than 16 hours, and one time beyond would end the whole file's `COPY`."""
BUDDHIST = range(2443, 2644)
YES, NO = ("yes", "true", "1"), ("no", "false", "0", "")


class BadCell(Exception):
    """One cell cannot be taken; the message is `column: what is wrong; what to do`."""

    def __init__(self, column: str, text: str, what: str, remedy: str) -> None:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        super().__init__(f"{column}: {shown!r} {what}; {remedy}")


def satang(column: str, text: str) -> int:
    """`1234.5` baht as satang; negative for a reversal. Only digits, one dot, at most two decimals."""
    found = AMOUNT.fullmatch(text)
    if found is None:
        raise BadCell(column, text, *_amount_fault(text))
    sign, whole, cents = found.groups()
    amount = int(whole) * 100 + (int(cents.ljust(2, "0")) if cents else 0)
    return -amount if sign else amount


def _amount_fault(text: str) -> tuple[str, str]:
    plain = "write baht with at most two decimals, such as 1234.50"
    if not text:
        return "is empty", plain
    if "," in text:
        return "has a separator of thousands (or a decimal comma)", plain
    if re.fullmatch(r"[+-]?[0-9.]+[eE][+-]?[0-9]+", text):
        return "is written with an exponent", f"format the column as plain numbers; {plain}"
    if text.strip("+-").casefold() in ("nan", "inf", "infinity", "#n/a", "null", "none"):
        return "is not a number", plain
    if re.fullmatch(r"-?[0-9]+\.[0-9]{3,}", text):
        return "has more than two decimals", "round it where it was computed: an import never rounds"
    if re.fullmatch(r"-?[0-9]{11,}(\.[0-9]{1,2})?", text):
        return "is larger than 9999999999.99", "check the amount"
    return "is not an amount", plain


@lru_cache(maxsize=4096)
def month(column: str, text: str) -> str:
    """`2026-10` as the ISO date of its first day."""
    remedy = "write the month as 2026-10"
    try:
        found = parse_month(text if text.isascii() else "")
    except ValueError:
        raise BadCell(column, text, "is empty" if not text else "is not a month", remedy) from None
    _check_year(column, text, found.year)
    return found.isoformat()


def instant(column: str, text: str) -> datetime:
    """ISO 8601 as an aware time; without a zone it is Bangkok time, a bare day its 00:00."""
    found = INSTANT.fullmatch(text) or DAY.fullmatch(text)
    remedy = "write ISO 8601, such as 2026-10-20T14:30:00+07:00"
    if found is None:
        raise BadCell(column, text, "is not a time", remedy)
    _check_year(column, text, int(found.group(1)))
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise BadCell(column, text, "is a day or an hour that does not exist", remedy) from None
    ahead = when.utcoffset()
    if ahead is None:
        return when.replace(tzinfo=BANGKOK)
    if abs(ahead) > FARTHEST:
        raise BadCell(column, text, "names a zone that does not exist", remedy)
    return when


def window_start(column: str, text: str) -> datetime | None:
    """When something begins; empty: it always has."""
    return instant(column, text) if text else None


def window_end(column: str, text: str) -> datetime | None:
    """First instant that no longer belongs; a bare day is the last day that does. Empty: it never ends."""
    if not text:
        return None
    when = instant(column, text)
    return when + timedelta(days=1) if DAY.fullmatch(text) else when


def _check_year(column: str, text: str, year: int) -> None:
    if year in BUDDHIST:
        other = text.replace(str(year), str(year - 543), 1)
        raise BadCell(column, text, f"has a year of the Buddhist era ({year})", f"write {other}")
    if year not in YEARS:
        raise BadCell(column, text, f"has the year {year}", "check it: years from 2000 to 2100 are taken")


def words(column: str, text: str, most: int = 200, least: int = 1) -> str:
    """A text of at most `most` characters without control characters. New lines are kept."""
    if len(text) < least:
        raise BadCell(column, text, "is empty", "fill it in")
    if len(text) > most:
        raise BadCell(column, text, f"has {len(text)} characters", f"shorten it to {most}")
    if CONTROL.search(text):
        raise BadCell(column, text, "holds a control character", "type it again, as plain text")
    return text


def key(column: str, text: str) -> str:
    """An id as other systems give it: up to 100 characters, no spaces inside."""
    if text and text.split() != [text]:
        raise BadCell(column, text, "has a space inside", "write the id without spaces")
    return words(column, text, 100)


def one_of(column: str, text: str, choices: Collection[str]) -> str:
    """One of the words allowed."""
    if text not in choices:
        what = "is empty" if not text else "is not known"
        raise BadCell(column, text, what, f"use one of {', '.join(choices)}")
    return text


def line_user(column: str, text: str) -> str:
    """A LINE user id of this channel's provider."""
    if LINE_USER.fullmatch(text) is None:
        raise BadCell(
            column, text, "is not a LINE user id", "it is U and 32 characters of 0-9a-f, as LINE's webhooks say it"
        )
    return text


def whole(column: str, text: str, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    if not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise BadCell(column, text, "is not such a number", f"write a whole number from {least} to {most}")
    return int(text)


def yes_or_no(column: str, text: str) -> bool:
    """`yes`, `true`, `1`, or `no`, `false`, `0` and empty."""
    return one_of(column, text.casefold(), (*YES, *NO)) in YES
