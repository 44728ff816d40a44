"""A partner's PIN: few tries, counted in the database, then a pause."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.refusal import Refusal
from models import Partner

TRIES = 5
PAUSE = timedelta(minutes=15)
LONGEST_PIN = 64
_hasher = PasswordHasher()


class WrongPin(Refusal):
    """Not this partner's PIN; `tries_left` before a pause. COMMIT after it: the failure is counted in your transaction."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left


class PinLocked(Refusal):
    """Too many wrong PINs: none is looked at until `until`. COMMIT after it, as after `WrongPin`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, until: datetime) -> None:
        self.until = until


class NoPin(Refusal):
    """This partner has no PIN and can confirm nothing: the club gives it one."""

    rule: ClassVar[str] = "LFC-20"


def check_pin(session: Session, *, partner_id: int, pin: str, now: datetime) -> None:
    """Return when `pin` is the partner's. Tries are counted under the lock of its row, so that parallel guesses queue.

    Five wrong ones close it for 15 minutes. Raises `NoPin`, `PinLocked`, `WrongPin`; commit after these too.
    """
    row = select(Partner).where(Partner.id == partner_id).with_for_update(key_share=True)
    partner = session.execute(row.execution_options(populate_existing=True)).scalar_one()
    if partner.pin_hash is None:
        raise NoPin()
    if partner.pin_locked_until is not None and now < partner.pin_locked_until:
        raise PinLocked(partner.pin_locked_until)
    if _fits(partner.pin_hash, pin):
        partner.pin_failures, partner.pin_locked_until = 0, None
        return
    partner.pin_failures += 1
    if partner.pin_failures < TRIES:
        session.flush()
        raise WrongPin(TRIES - partner.pin_failures)
    partner.pin_failures, partner.pin_locked_until = 0, now + PAUSE
    session.flush()
    raise PinLocked(now + PAUSE)


def hash_pin(pin: str) -> str:
    """The argon2 hash to keep of a new PIN."""
    return _hasher.hash(pin)


def _fits(pin_hash: str, pin: str) -> bool:
    try:
        return len(pin) <= LONGEST_PIN and _hasher.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False
