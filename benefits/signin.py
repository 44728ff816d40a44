"""Signing in: tries counted before they are judged, pauses that grow, sessions that end when they must (C14, C18).

A *door* is where tries are counted: an e-mail address from devices nobody knows, one known device of a colleague, or
her second factor. Strangers who hammer at an address close only their own door: her device has another.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from benefits.vault import vault_of
from models import RecoveryCode, SignInDoor, Staff, StaffSession

FREE_TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
"""A door that was left alone so long counts from the beginning."""
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)
"""A session's last use is written at most so often."""
KEEP_SESSIONS = timedelta(days=365)
RECOVERY_CODES = 10
CODES = "recovery code"
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None of which is taken for another."""

TRY = text("""
    INSERT INTO sign_in_doors AS door (fingerprint, tries, tried_at) VALUES (:door, 1, :now)
    ON CONFLICT (fingerprint) DO UPDATE SET
      tries = CASE WHEN door.tried_at <= :stale THEN 1 ELSE least(door.tries + 1, 1000) END,
      tried_at = :now,
      paused_until = CASE WHEN door.tried_at > :stale AND door.tries + 1 >= :free
        THEN CAST(:now AS timestamptz)
             + least(CAST(:first AS interval) * power(2, least(door.tries + 1 - :free, 20)), CAST(:longest AS interval))
        END
    WHERE door.paused_until IS NULL OR door.paused_until <= :now
    RETURNING tries
""")


def take_try(session: Session, *, door: str, now: datetime) -> bool:
    """Count one try at `door` (`email:…`, `device:…`, `factor:…`), unless it pauses: then False, and nothing is judged."""
    return count_try(session, door=door, now=now) is not None


def count_try(session: Session, *, door: str, now: datetime) -> int | None:
    """Count one try at `door`, unless it pauses: the how-manieth it is; None while it pauses, and nothing is judged.

    One statement, so that of a hundred parallel guesses five are judged (C18). Commit before judging. From the fifth
    on each try begins a pause, 30 seconds at first, doubled up to 15 minutes. A try during a pause does not count:
    hammering does not lengthen it.
    """
    values = {
        "door": _print(session, door),
        "now": now,
        "stale": now - FORGOTTEN_AFTER,
        "free": FREE_TRIES,
        "first": FIRST_PAUSE,
        "longest": LONGEST_PAUSE,
    }
    found = session.execute(TRY, values).first()
    return None if found is None else int(found.tries)


def pause_of(session: Session, *, door: str, now: datetime) -> datetime | None:
    """When the pause at `door` ends; none: it does not pause."""
    query = select(SignInDoor.paused_until).where(SignInDoor.fingerprint == _print(session, door))
    until = session.scalar(query)
    return until if until is not None and now < until else None


def uncount_try(session: Session, *, door: str) -> None:
    """The try just counted at `door` was right where that proves nothing about the tries before: it alone is taken back."""
    one_less = update(SignInDoor).where(SignInDoor.fingerprint == _print(session, door))
    session.execute(one_less.values(tries=SignInDoor.tries - 1, paused_until=None))


def open_door(session: Session, *, door: str) -> None:
    """Forget the tries at `door`: somebody proved who she is."""
    session.execute(delete(SignInDoor).where(SignInDoor.fingerprint == _print(session, door)))


def tidy(session: Session, *, now: datetime) -> int:
    """Delete doors that are forgotten anyway, and sessions that ended long ago; how many of both.

    Whoever guesses at addresses leaves a row for each: they do not pile up.
    """
    doors = delete(SignInDoor).where(SignInDoor.tried_at <= now - FORGOTTEN_AFTER)
    rows = delete(StaffSession).where(StaffSession.begun_at <= now - KEEP_SESSIONS)
    return sum(
        len(session.execute(gone).all())
        for gone in (doors.returning(SignInDoor.tries), rows.returning(StaffSession.id))
    )


def _print(session: Session, door: str) -> bytes:
    return vault_of(session).fingerprint(door, "sign-in door")


def begin_session(session: Session, staff: Staff, *, now: datetime, factor: bool = False) -> str:
    """A new session and its token (256 bits), which only the cookie knows: here is its hash (C14)."""
    token = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            staff_id=staff.id, token_hash=_hash(token), begun_at=now, seen_at=now, factor_at=now if factor else None
        )
    )
    return token


def session_of(session: Session, token: str, *, now: datetime) -> tuple[StaffSession, Staff] | None:
    """The open session of `token` and whose it is; none when it ended, idled 30 minutes, or is 12 hours old (C14).

    A disabled colleague has none. Asked at every request, so that what changes is in force with the next one (B10).
    """
    found = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.token_hash == _hash(token),
            StaffSession.ended_at.is_(None),
            StaffSession.seen_at > now - IDLE,
            StaffSession.begun_at > now - LONGEST,
            Staff.active,
        )
        .execution_options(populate_existing=True)
    ).first()
    return None if found is None else (found[0], found[1])


def touch(session: Session, row: StaffSession, *, now: datetime) -> bool:
    """Write that the session is in use, once a minute at most; True when it wrote. Never brings an ended one back."""
    if now - row.seen_at < TOUCH:
        return False
    session.execute(
        update(StaffSession).where(StaffSession.id == row.id, StaffSession.ended_at.is_(None)).values(seen_at=now)
    )
    return True


def end_session(session: Session, token: str, *, now: datetime) -> None:
    """Sign out: the cookie opens nothing any more, wherever it was copied to."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_hash == _hash(token), StaffSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def end_sessions(session: Session, staff_id: int, *, now: datetime) -> int:
    """End every session of a colleague, in every process at once; how many there were."""
    ended = (
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(StaffSession.id)
    )
    return len(session.scalars(ended).all())


def take_counter(session: Session, staff: Staff, counter: int) -> bool:
    """Note that the code of this 30-second step was taken; False when it, or a later one, was taken before."""
    taken = (
        update(Staff)
        .where(Staff.id == staff.id, (Staff.tf_last_counter.is_(None)) | (Staff.tf_last_counter < counter))
        .values(tf_last_counter=counter)
        .returning(Staff.id)
    )
    return session.scalar(taken) is not None


def new_recovery_codes(session: Session, staff: Staff) -> list[str]:
    """Ten codes, once each instead of the second factor; the former ones are void. Only fingerprints are kept."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff.id))
    codes = [one_time_secret() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(staff_id=staff.id, fingerprint=vault_of(session).fingerprint(code, CODES)) for code in codes
    )
    return codes


def recovery_codes_left(session: Session, staff: Staff) -> int:
    """How many of their recovery codes are not spent yet."""
    left = select(func.count()).where(RecoveryCode.staff_id == staff.id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def use_recovery_code(session: Session, staff: Staff, code: str, *, now: datetime) -> bool:
    """Spend a recovery code, in one statement: of two at the same moment one is taken."""
    spent = (
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff.id,
            RecoveryCode.fingerprint.in_(vault_of(session).fingerprints(code.strip().lower(), CODES)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return session.scalar(spent) is not None


def one_time_secret() -> str:
    """Sixteen letters and digits in groups of four, from a good source: 79 bits."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
