"""Partners by hand: making one, its names, and its PIN: set anew, never shown, and not one that is guessed first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits import pins
from benefits.editing.cells import Cells
from benefits.editing.faults import Fault, Faulty, Unknown
from benefits.journal import note
from benefits.pins import LONGEST, SHORTEST, hash_pin
from clubs import Club
from models import Partner

MOST_NAME = 100
PIN = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}", re.ASCII)
USUAL = frozenset({
    "147258", "258147", "147369", "369147", "258369", "159753", "753159", "159357", "357159", "951753", "789456", "456789",
    "741852", "852963", "963852", "147852", "258963", "520131", "520520", "131452", "5201314", "147258369", "123789",
    "14725836", "78945612", "246810", "135790", "192837", "102938", "112358", "314159", "271828",
})  # fmt: skip
"""Patterns of the keypad, and numbers people are known to choose."""


def find(session: Session, *, club: Club, partner_id: int, lock: bool = False) -> Partner:
    """The club's partner. Raises `Unknown`."""
    query = select(Partner).where(Partner.id == partner_id, Partner.club == club.key)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise Unknown()
    return found


def create(session: Session, *, club: Club, typed: Mapping[str, str], by: int, now: datetime) -> Partner:
    """A new partner of `key`, `name_th`, `name_en` and, if typed, `pin`. Raises `Faulty`."""
    cells = Cells(typed)
    values = {"key": cells.key("key"), **_names(cells)}
    pin = cells.raw("pin")
    cells.faults += faults_of_pin(pin) if pin else []
    if cells.faults:
        raise Faulty(cells.faults)
    secret = hash_pin(pin) if pin else None
    made = session.scalar(
        insert(Partner)
        .values(**values, club=club.key, pin_hash=secret, pin_digits=len(pin) if pin else None)
        .on_conflict_do_nothing()
        .returning(Partner.id)
    )
    if made is None:
        raise Faulty([Fault("key", "taken")])
    row = find(session, club=club, partner_id=made)
    _noted(session, row, "partner_made", by, now, pin=bool(pin))
    return row


def rename(session: Session, *, club: Club, partner_id: int, typed: Mapping[str, str], by: int, now: datetime) -> bool:
    """Give it the names typed; whether they differ. Raises `Unknown`, `Faulty`."""
    row = find(session, club=club, partner_id=partner_id, lock=True)
    cells = Cells(typed)
    names = _names(cells)
    if cells.faults:
        raise Faulty(cells.faults)
    changed = [name for name, value in names.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, names[name])
    if changed:
        _noted(session, row, "partner_renamed", by, now, texts=changed)
    return bool(changed)


def set_pin(session: Session, *, club: Club, partner_id: int, pin: str, by: int, now: datetime) -> None:
    """Its PIN from now on; tries and a pause are forgotten with the old one. Raises `Unknown`, `Faulty`."""
    faults = faults_of_pin(pin)
    if faults:
        raise Faulty(faults)
    row = find(session, club=club, partner_id=partner_id, lock=True)
    row.pin_hash, row.pin_digits = hash_pin(pin), len(pin)
    pins.forget(session, partner=row, now=now)
    _noted(session, row, "partner_pin_set", by, now)


def unlock(session: Session, *, club: Club, partner_id: int, by: int, now: datetime) -> bool:
    """End the pauses after wrong PINs; whether there was one, or tries were counted. Raises `Unknown`."""
    row = find(session, club=club, partner_id=partner_id, lock=True)
    if not pins.forget(session, partner=row, now=now):
        return False
    _noted(session, row, "partner_pin_unlocked", by, now)
    return True


def faults_of_pin(pin: str) -> list[Fault]:
    """What keeps `pin` from being one: its form, or that it would be among the first to be tried."""
    if not PIN.fullmatch(pin):
        return [Fault("pin", "pin_form", {"least": SHORTEST, "most": LONGEST})]
    return [Fault("pin", "pin_weak")] if weak(pin) else []


def weak(pin: str) -> bool:
    """Whether it would be among the first to be tried: of one or two digits, a block over and over or mirrored, digits in
    pairs, a run up or down (or all but one digit of one), equal steps, or one that people are known to choose."""
    half = len(pin) // 2
    repeats = any(len(pin) % n == 0 and pin == pin[:n] * (len(pin) // n) for n in range(1, half + 1))
    doubled = all(pin[n] == pin[n + 1] for n in range(0, len(pin) - 1, 2))
    twos = [int(pin[n : n + 2]) for n in range(0, len(pin) - 1, 2)]
    return (
        repeats or doubled or len(set(pin)) <= 2 or pin == pin[::-1] or pin in USUAL
        or _runs([int(digit) for digit in pin]) or len({after - before for before, after in pairwise(twos)}) == 1
    )  # fmt: skip


def _runs(digits: list[int]) -> bool:
    """135791 (equal steps), 123456, 654321, and 123457 or 111112 (equal steps but for one)."""
    steps = Counter((after - before) % 10 for before, after in pairwise(digits))
    step, often = steps.most_common(1)[0]
    return len(steps) == 1 or (step in (0, 1, 9) and often >= len(digits) - 2)


def new_pin() -> str:
    """A PIN by chance that is not weak, each as likely as any other."""
    pin = pins.new_pin()
    return new_pin() if weak(pin) else pin


def _names(cells: Cells) -> dict[str, str]:
    return {name: cells.words(name, MOST_NAME) for name in ("name_th", "name_en")}


def _noted(session: Session, row: Partner, action: str, by: int, now: datetime, **facts: object) -> None:
    session.flush()
    note(session, club=row.club, at=now, action=action, subject=("partner", row.id), actor=("staff", by), **facts)
