"""Partners by hand: making one, its names, and its PIN: set anew, never shown, and not one that is guessed first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.editing.cells import Cells
from benefits.editing.faults import Fault, Faulty, Unknown
from benefits.journal import note
from benefits.pins import hash_pin
from clubs import Club
from models import Partner

MOST_NAME = 100
SHORTEST_PIN, LONGEST_PIN = 4, 8
PIN = re.compile(r"[0-9]{4,8}", re.ASCII)
RISING = "01234567890123456789"
USUAL = frozenset({"2580", "0852", "1004", "1212", "6969", "147258", "159753", "789456", "112233", "121212", "520131"})
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
        .values(**values, club=club.key, pin_hash=secret, pin_failures=0)
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
    row.pin_hash, row.pin_failures, row.pin_locked_until = hash_pin(pin), 0, None
    _noted(session, row, "partner_pin_set", by, now)


def unlock(session: Session, *, club: Club, partner_id: int, by: int, now: datetime) -> bool:
    """End the pause after wrong PINs; whether there was one, or tries were counted. Raises `Unknown`."""
    row = find(session, club=club, partner_id=partner_id, lock=True)
    if not row.pin_failures and row.pin_locked_until is None:
        return False
    row.pin_failures, row.pin_locked_until = 0, None
    _noted(session, row, "partner_pin_unlocked", by, now)
    return True


def faults_of_pin(pin: str) -> list[Fault]:
    """What keeps `pin` from being one: its form, or that it would be among the first to be tried."""
    if not PIN.fullmatch(pin):
        return [Fault("pin", "pin_form", {"least": SHORTEST_PIN, "most": LONGEST_PIN})]
    return [Fault("pin", "pin_weak")] if weak(pin) else []


def weak(pin: str) -> bool:
    """One digit or block over and over, a run up or down, a year, or one people are known to choose."""
    half = len(pin) // 2
    repeats = any(len(pin) % n == 0 and pin == pin[:n] * (len(pin) // n) for n in range(1, half + 1))
    runs = pin in RISING or pin in RISING[::-1]
    year = len(pin) == 4 and (1940 <= int(pin) <= 2040 or 2480 <= int(pin) <= 2580)
    return repeats or runs or year or pin in USUAL


def _names(cells: Cells) -> dict[str, str]:
    return {name: cells.words(name, MOST_NAME) for name in ("name_th", "name_en")}


def _noted(session: Session, row: Partner, action: str, by: int, now: datetime, **facts: object) -> None:
    session.flush()
    note(session, club=row.club, at=now, action=action, subject=("partner", row.id), actor=("staff", by), **facts)
