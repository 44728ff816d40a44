"""Partners by hand: names, PINs that are not guessed first, a pause ended; and what is left of pools and stocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits import pins, pools
from benefits.editing import Faulty, Unknown, partners
from clubs import Club
from models import Code, JournalEntry, Privilege
from tests.factories import NOON, partner, privilege
from tests.rules.using import running_use

CAFE = {"key": "cafe", "name_th": "ร้านกาแฟ", "name_en": "Café", "pin": "482197"}


@pytest.mark.parametrize(
    "pin",
    [
        "000000",
        "111112",
        "111222",
        "121212",
        "123123",
        "123321",
        "112233",
        "101112",
        "123456",
        "123457",
        "654321",
        "234561",
        "135791",
        "7777777",
        "45454545",
        "12344321",
        "87654321",
        "147258",
        "789456",
        "20262026",
    ],
)
def test_a7_a_pin_that_is_tried_first_is_refused(pin: str) -> None:
    assert [(fault.field, fault.what) for fault in partners.faults_of_pin(pin)] == [("pin", "pin_weak")]


@pytest.mark.parametrize("pin", ["4821", "48219", "482199001", "48 219", "๔๘๒๑๙๙", "abcdef", "", "4821\n99"])
def test_a7_a_new_pin_is_six_to_eight_digits(pin: str) -> None:
    assert [fault.what for fault in partners.faults_of_pin(pin)] == ["pin_form"]


def test_a_partner_its_names_and_its_pin(session: Session, club: Club) -> None:
    """Made, renamed, given a new PIN: kept as a digest, told in the journal without it."""
    cafe = partners.create(session, club=club, typed=CAFE, by=7, now=NOON)
    for typed in (CAFE, {**CAFE, "key": "other", "pin": "123456"}):
        with pytest.raises(Faulty):
            partners.create(session, club=club, typed=typed, by=7, now=NOON)
    assert partners.rename(
        session, club=club, partner_id=cafe.id, typed={**CAFE, "name_en": "The Café"}, by=7, now=NOON
    )
    assert not partners.rename(
        session, club=club, partner_id=cafe.id, typed={**CAFE, "name_en": "The Café"}, by=7, now=NOON
    )
    partners.set_pin(session, club=club, partner_id=cafe.id, pin="730294", by=7, now=NOON)
    pins.check_pin(session, claim=running_use(session, club, partner_id=cafe.id), pin="730294", now=NOON)
    assert cafe.pin_hash is not None
    assert cafe.pin_hash.startswith("$argon2id$")
    entries = session.scalars(select(JournalEntry).order_by(JournalEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "partner_made",
        "partner_renamed",
        "partner_pin_set",
        "claimed",
        "use_started",
    ]
    assert "730294" not in str([entry.facts for entry in entries])
    with pytest.raises(Unknown):
        partners.set_pin(session, club=club, partner_id=partner(session, club="other").id, pin="730294", by=7, now=NOON)


def test_a7_pauses_are_ended_by_staff(session: Session, club: Club) -> None:
    """LFC-20: five wrong ones pause a use; unlocked, the right one is taken at once."""
    cafe = partners.create(session, club=club, typed=CAFE, by=7, now=NOON)
    claim = running_use(session, club, partner_id=cafe.id)
    for _ in range(4):
        with pytest.raises(pins.WrongPin):
            pins.check_pin(session, claim=claim, pin="9999", now=NOON)
    for pin in ("9999", "482197"):
        with pytest.raises(pins.PinLocked):
            pins.check_pin(session, claim=claim, pin=pin, now=NOON)
    assert partners.unlock(session, club=club, partner_id=cafe.id, by=7, now=NOON)
    pins.check_pin(session, claim=claim, pin="482197", now=NOON)


def with_codes(session: Session, free: int, **values: object) -> Privilege:
    """A pool with so many free codes."""
    row = privilege(session, pooled=True, **values)
    session.add_all(
        Code(privilege_id=row.id, sealed=b"x", fingerprint=f"{n}".encode(), added_at=NOON) for n in range(free)
    )
    session.flush()
    return row


def test_what_runs_low_is_told(session: Session, club: Club) -> None:
    """Units or codes, whichever ends first; not of what is withdrawn or over, nor above the mark."""
    few_codes = with_codes(session, 2, alert_at=3)
    with_codes(session, 4, alert_at=3)
    few_units = privilege(session, stock=20, taken=15, alert_at=5)
    empty = with_codes(session, 0, stock=100, alert_at=0)
    privilege(session, stock=20, taken=15, alert_at=4)
    privilege(session, stock=5, taken=5, withdrawn_at=NOON)
    privilege(session, stock=5, taken=5, claim_to=NOON - timedelta(days=1))
    privilege(session)
    found = pools.running_low(session, club=club, now=NOON)
    assert [(low.privilege.id, low.left) for low in found] == [(empty.id, 0), (few_codes.id, 2), (few_units.id, 5)]
    assert [(pool.free, pool.given, pool.low) for pool in pools.pools(session, club=club)] == [
        (0, 0, True),
        (2, 0, True),
        (4, 0, False),
    ]
