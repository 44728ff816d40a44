"""One typed field at a time: text in, value out, or a fault that names the field. Times are Bangkok's, as rules are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta

from benefits.editing.faults import Fault
from benefits.imports.fields import BUDDHIST, CONTROL, YEARS
from benefits.periods import BANGKOK

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}", re.ASCII)
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")


def units(text: str) -> int:
    """UTF-16 code units: how LINE counts texts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Cells:
    """The typed fields of one form, read one by one; `faults` gathers what cannot be taken."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self._typed = typed
        self.faults: list[Fault] = []

    def fault(self, field: str, what: str, **facts: object) -> None:
        """Note a fault; reading goes on, so that all are told at once."""
        self.faults.append(Fault(field, what, facts))

    def raw(self, field: str) -> str:
        """What was typed, without the spaces around it and with plain line ends."""
        return self._typed.get(field, "").strip().replace("\r\n", "\n").replace("\r", "\n")

    def words(self, field: str, most: int, *, needed: bool = True) -> str:
        """A text of at most `most` of LINE's units without control characters; empty only where it may be."""
        text = self.raw(field)
        if not text and needed:
            self.fault(field, "empty")
        elif units(text) > most:
            self.fault(field, "too_long", n=units(text), most=most)
        elif CONTROL.search(text):
            self.fault(field, "control")
        return text

    def key(self, field: str) -> str:
        """An id as files and addresses name it."""
        text = self.raw(field)
        if not KEY.fullmatch(text):
            self.fault(field, "empty" if not text else "not_a_key")
        return text

    def one_of(self, field: str, choices: Collection[str]) -> str:
        """One of the words offered."""
        text = self.raw(field)
        if text not in choices:
            self.fault(field, "choose")
        return text

    def yes(self, field: str) -> bool:
        """Whether the box was ticked."""
        return self.raw(field) not in ("", "no", "0", "false")

    def whole(self, field: str, least: int, most: int, *, empty: int | None = None, needed: bool = False) -> int | None:
        """A whole number from `least` to `most`, with or without separators of thousands; nothing typed: `empty`."""
        text = self.raw(field)
        if not text and not needed:
            return empty
        plain = text.replace(",", "") if THOUSANDS.fullmatch(text) else text
        if not (plain.isascii() and plain.isdigit()) or len(plain) > 12 or not least <= int(plain) <= most:
            self.fault(field, "number", least=least, most=most)
            return empty
        return int(plain)

    def begins(self, field: str) -> datetime | None:
        """When something begins, of `<field>_day` and `<field>_time`: without a time at 00:00; no day: it always has."""
        day = self._day(field)
        return None if day is None else datetime.combine(day, self._clock(field) or time(), BANGKOK)

    def ends(self, field: str) -> datetime | None:
        """First instant that no longer belongs: without a time the whole day does; no day: it never ends."""
        day = self._day(field)
        if day is None:
            return None
        clock = self._clock(field)
        end = datetime.combine(day, clock or time(), BANGKOK)
        return end if clock is not None else end + timedelta(days=1)

    def _day(self, field: str) -> date | None:
        text = self.raw(f"{field}_day")
        if not text:
            if self.raw(f"{field}_time"):
                self.fault(field, "day_missing")
            return None
        found = DAY.fullmatch(text)
        if found is None:
            self.fault(field, "not_a_day")
            return None
        year = int(found[1])
        if year in BUDDHIST:
            self.fault(field, "buddhist_year", year=year, right=year - 543)
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.fault(field, "not_a_day")
            return None
        if year not in YEARS:
            self.fault(field, "far_year", year=year)
            return None
        return day

    def _clock(self, field: str) -> time | None:
        text = self.raw(f"{field}_time")
        if not text:
            return None
        found = CLOCK.fullmatch(text)
        if found is None:
            self.fault(field, "not_a_time")
            return None
        return time(int(found[1]), int(found[2]))


def typed_start(field: str, when: datetime | None) -> dict[str, str]:
    """`begins` turned round: what to show in the two fields."""
    if when is None:
        return {f"{field}_day": "", f"{field}_time": ""}
    local = when.astimezone(BANGKOK)
    clock = "" if local.time() == time() else f"{local:%H:%M}"
    return {f"{field}_day": local.date().isoformat(), f"{field}_time": clock}


def typed_end(field: str, when: datetime | None) -> dict[str, str]:
    """`ends` turned round: an end at 00:00 is shown as the whole day before it."""
    if when is None:
        return {f"{field}_day": "", f"{field}_time": ""}
    local = when.astimezone(BANGKOK)
    if local.time() == time():
        return {f"{field}_day": (local.date() - timedelta(days=1)).isoformat(), f"{field}_time": ""}
    return {f"{field}_day": local.date().isoformat(), f"{field}_time": f"{local:%H:%M}"}
