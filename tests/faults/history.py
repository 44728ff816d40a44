"""A history of presses by processes that die, and what must hold of it whatever died when (A1, A2, A4, A6).

A press is *ok* (a claim was told), *refused* (a reason was told) or *unknown*: begun, and no answer was ever heard.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Press:
    """One admin presses one button: `number` is the press's own, `slot` the one on the button."""

    number: int
    line_user_id: str
    person: int
    member: int
    privilege: int
    slot: int


@dataclass(frozen=True)
class Told:
    """One press and what came of it: `ok`, a refusal's name, or `unknown`; times by the machine's one monotonic clock."""

    press: Press
    begun: float
    ended: float
    told: str
    claim: int | None = None


@dataclass(frozen=True)
class Scarce:
    """What there is of one privilege: units (none: no limit) and claims per holder; a holder is an account or a person."""

    units: int | None
    per_holder: int
    by_person: bool = False

    def holder(self, press: Press) -> int:
        """Whom a press counts for."""
        return press.person if self.by_person else press.member


@dataclass(frozen=True)
class Granted:
    """One claim as the database has it at the end."""

    claim: int
    privilege: int
    member: int
    person: int
    slot: int


class Notebook:
    """A worker's own file: a line is there, whole, before the next thing happens, and survives kill −9."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(self, press: Press) -> None:
        """The press is about to be made."""
        self._write({"press": asdict(press), "at": time.monotonic()})

    def end(self, press: Press, told: str, claim: int | None = None) -> None:
        """An answer was heard, or surely none will be."""
        self._write({"number": press.number, "at": time.monotonic(), "told": told, "claim": claim})

    def _write(self, line: dict[str, object]) -> None:
        os.write(self._file, (json.dumps(line) + "\n").encode())


def read(path: Path) -> Iterator[Told]:
    """What a worker wrote. A press without an answer is unknown, for ever."""
    begun: dict[int, tuple[Press, float]] = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        row = json.loads(line)
        if "press" in row:
            press = Press(**row["press"])
            begun[press.number] = press, row["at"]
        else:
            press, at = begun.pop(row["number"])
            yield Told(press, at, row["at"], row["told"], row["claim"])
    for press, at in begun.values():
        yield Told(press, at, float("inf"), "unknown")


def faults(history: Iterable[Told], granted: Iterable[Granted], scarce: dict[int, Scarce]) -> list[str]:
    """Everything that is wrong with this history and this database; empty: it could have been one press after another."""
    every, by_claim = list(history), {grant.claim: grant for grant in granted}
    return [*_too_many(by_claim.values(), scarce), *_lost(every, by_claim), *_false_refusals(every, by_claim, scarce)]


def _too_many(granted: Iterable[Granted], scarce: dict[int, Scarce]) -> Iterator[str]:
    units, held = defaultdict[int, int](int), defaultdict[tuple[int, int], int](int)
    for grant in granted:
        rule = scarce[grant.privilege]
        units[grant.privilege] += 1
        held[grant.privilege, grant.person if rule.by_person else grant.member] += 1
    for privilege, count in units.items():
        most = scarce[privilege].units
        if most is not None and count > most:
            yield f"privilege {privilege} was granted {count} times, and there were {most}"
    for (privilege, holder), count in held.items():
        if count > scarce[privilege].per_holder:
            yield f"holder {holder} has privilege {privilege} {count} times"


def _lost(history: Iterable[Told], granted: dict[int, Granted]) -> Iterator[str]:
    for told in history:
        if told.told == "ok":
            grant, press = granted.get(told.claim or 0), told.press
            if grant is None:
                yield f"press {press.number} was told claim {told.claim}, and there is none"
            elif (grant.privilege, grant.member, grant.person) != (press.privilege, press.member, press.person):
                yield f"press {press.number} was told claim {told.claim}, which is another's"
        elif told.told not in ("AlreadyClaimed", "SoldOut", "unknown"):
            yield f"press {told.press.number} was told {told.told}"


def _false_refusals(history: Iterable[Told], granted: dict[int, Granted], scarce: dict[int, Scarce]) -> Iterator[str]:
    """A refusal told at a moment t is true only if everything was taken by claims whose presses had begun by then: a
    claim never ends, so what began later cannot have been what stood in the way."""
    began = _first_begun(history, granted)
    for told in history:
        press, rule = told.press, scarce[told.press.privilege]
        if told.told not in ("AlreadyClaimed", "SoldOut"):
            continue
        earlier = [g for g in granted.values() if g.privilege == press.privilege and began.get(g.claim, 0) < told.ended]
        if told.told == "SoldOut" and (rule.units is None or len(earlier) < rule.units):
            yield f"press {press.number} was told sold out when {len(earlier)} of {rule.units} could have been taken"
        mine = [g for g in earlier if (g.person if rule.by_person else g.member) == rule.holder(press)]
        if told.told == "AlreadyClaimed" and len(mine) < rule.per_holder:
            yield f"press {press.number} was told it has {rule.per_holder}, and had at most {len(mine)}"


def _first_begun(history: Iterable[Told], granted: dict[int, Granted]) -> dict[int, float]:
    """When each claim's press was begun: of those that may have made it, the earliest."""
    began: dict[int, float] = {}
    by_button = defaultdict[tuple[int, int, int], list[Granted]](list)
    for grant in granted.values():
        by_button[grant.privilege, grant.member, grant.person].append(grant)
    for told in history:
        if told.told in ("ok", "unknown"):
            for grant in by_button[told.press.privilege, told.press.member, told.press.person]:
                if told.told == "unknown" or told.claim == grant.claim:
                    began[grant.claim] = min(began.get(grant.claim, float("inf")), told.begun)
    return began
