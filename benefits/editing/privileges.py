"""Making, changing, withdrawing and bringing back privileges, with what changed in the journal.

Who claimed already relies on what was promised. A change that would break it is refused; one that people who hold an
unused claim would notice is made only by somebody who has seen how many they are. Until when a claim can be used was
decided when it was claimed: windows and days change for later claims alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from benefits.editing.faults import ChangedMeanwhile, Fault, Faulty, NeedsAgreement, Unknown, Warned
from benefits.editing.privilege_form import COLUMNS, TEXTS, Read, Typed, read
from benefits.journal import note
from benefits.sealed_codes import open_privilege_code, seal_privilege_code
from benefits.vault import CannotOpen, vault_of
from clubs import Club
from models import Claim, Partner, Privilege

NOTICED = ("partner_id", "redeem", "use_from", "code")
"""Besides the conditions: what a person who holds an unused claim would find changed."""


def find(session: Session, *, club: Club, privilege_id: int, lock: bool = False) -> Privilege:
    """The club's privilege, its partner loaded. Raises `Unknown`."""
    query = select(Privilege).where(Privilege.id == privilege_id, Privilege.club == club.key)
    if lock:
        # Claims in flight hold the row by their foreign key only: they are not waited for, and do not wait.
        query = query.with_for_update(key_share=True, of=Privilege).execution_options(populate_existing=True)
    found = session.execute(query).unique().scalar_one_or_none()
    if found is None:
        raise Unknown()
    return found


def version_of(privilege: Privilege) -> str:
    """Changes with whatever staff can change: a form that shows another version is out of date."""
    said = [getattr(privilege, name) for name in (*COLUMNS, "code", "withdrawn_at")]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def partners_of(session: Session, club: Club) -> list[Partner]:
    """The club's partners by Thai name."""
    return list(session.scalars(select(Partner).where(Partner.club == club.key).order_by(Partner.name_th, Partner.id)))


def create(
    session: Session, *, club: Club, typed: Typed, by: int, now: datetime, copied_from: int | None = None
) -> Privilege:
    """A new privilege; a copy keeps the code of `copied_from` unless another is typed. Raises `Faulty`, `Unknown`."""
    source = None if copied_from is None else find(session, club=club, privilege_id=copied_from)
    typed = with_code_of(session, source, typed)
    found = read(typed, club=club, partners=[partner.id for partner in partners_of(session, club)])
    _refuse(found.faults)
    values = {**found.values, "club": club.key, "key": found.key, "created_at": now, "taken": 0}
    made = session.scalar(insert(Privilege).values(**values).on_conflict_do_nothing().returning(Privilege.id))
    if made is None:
        raise Faulty([Fault("key", "taken")])
    row = find(session, club=club, privilege_id=made)
    _seal(session, row, found)
    session.flush()
    facts = {} if source is None else {"copied_from": source.id}
    subject, actor = ("privilege", made), ("staff", by)
    note(session, club=club.key, at=now, action="privilege_made", subject=subject, actor=actor, **facts)
    return row


def change(
    session: Session,
    *,
    club: Club,
    privilege_id: int,
    typed: Typed,
    by: int,
    now: datetime,
    seen: str,
    agreed: Collection[str] = (),
) -> list[str]:
    """Change what differs from `typed`, and say which columns did. `seen` is the `version_of` the form showed.

    Raises `Unknown`, `ChangedMeanwhile`, `Faulty`, and `NeedsAgreement` for warnings that are not among `agreed`.
    """
    row = find(session, club=club, privilege_id=privilege_id, lock=True)
    if version_of(row) != seen:
        raise ChangedMeanwhile()
    found = read(typed, club=club, partners=[partner.id for partner in partners_of(session, club)], stored=row)
    _refuse(found.faults)
    changed = _differences(session, row, found)
    ever, unused = _claims_of(session, row, now) if changed else (0, 0)
    _refuse(_broken_promises(row, found, changed, ever, unused))
    warnings = [warned for warned in _noticed(changed, unused) if warned.what not in agreed]
    if warnings:
        raise NeedsAgreement(warnings)
    told = _told(row, found, changed)
    _write(session, row, found, changed)
    if changed:
        subject, actor = ("privilege", row.id), ("staff", by)
        note(session, club=club.key, at=now, action="privilege_changed", subject=subject, actor=actor, **told)
    return changed


def withdraw(session: Session, *, club: Club, privilege_id: int, by: int, now: datetime) -> None:
    """Nobody can claim it any more; what is claimed stays good. Twice is once. Raises `Unknown`."""
    row = find(session, club=club, privilege_id=privilege_id, lock=True)
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        _noted(session, row, "privilege_withdrawn", by, now)


def bring_back(session: Session, *, club: Club, privilege_id: int, by: int, now: datetime) -> None:
    """It can be claimed again as before. Twice is once. Raises `Unknown`."""
    row = find(session, club=club, privilege_id=privilege_id, lock=True)
    if row.withdrawn_at is not None:
        row.withdrawn_at = None
        _noted(session, row, "privilege_brought_back", by, now)


def open_claims(session: Session, privilege: Privilege, now: datetime) -> int:
    """How many hold it unused."""
    return _claims_of(session, privilege, now)[1]


def _noted(session: Session, row: Privilege, action: str, by: int, now: datetime) -> None:
    note(session, club=row.club, at=now, action=action, subject=("privilege", row.id), actor=("staff", by))


def _refuse(faults: Collection[Fault]) -> None:
    if faults:
        raise Faulty(list(faults))


def with_code_of(session: Session, source: Privilege | None, typed: Typed) -> Typed:
    """A copy's form with the code of its source, unless another is typed or it takes its codes from a pool."""
    if source is None or typed.fields.get("code", "").strip() or typed.fields.get("pooled", ""):
        return typed
    code = _opened(session, source)
    return typed if code is None else Typed({**typed.fields, "code": code}, typed.tiers)


def _opened(session: Session, row: Privilege) -> str | None:
    """The code; none: there is none, or its key is gone, and then it can only be typed anew."""
    try:
        return open_privilege_code(vault_of(session), row)
    except CannotOpen:
        return None


def _seal(session: Session, row: Privilege, found: Read) -> None:
    if found.code:
        row.code = seal_privilege_code(vault_of(session), club=row.club, key=row.key, text=found.code)
    elif found.drop_code:
        row.code = None


def _differences(session: Session, row: Privilege, found: Read) -> list[str]:
    changed = [name for name in COLUMNS if getattr(row, name) != found.values[name]]
    same = bool(found.code) and _opened(session, row) == found.code
    return changed if same or not (found.code or found.drop_code) else [*changed, "code"]


def _told(row: Privilege, found: Read, changed: Collection[str]) -> dict[str, Any]:
    """For the journal: numbers and times before and after; of texts and codes only which."""
    quiet = (*TEXTS, "code")
    pairs = {name: [_plain(getattr(row, name)), _plain(found.values[name])] for name in changed if name not in quiet}
    return {"changed": pairs, "texts": [name for name in changed if name in quiet]}


def _write(session: Session, row: Privilege, found: Read, changed: Collection[str]) -> None:
    """A stock set where there was none counts every claim, those in flight too: then it may turn out too small."""
    try:
        with session.begin_nested():
            for name in changed:
                if name != "code":
                    setattr(row, name, found.values[name])
            _seal(session, row, found)
            session.flush()
    except IntegrityError as fault:
        ever = session.scalar(select(func.count()).where(Claim.privilege_id == row.id))
        raise Faulty([Fault("stock", "below_taken", {"n": ever})]) from fault


def _claims_of(session: Session, row: Privilege, now: datetime) -> tuple[int, int]:
    """(claims ever made, those still to be used)."""
    unused = and_(Claim.state == "kept", or_(Claim.use_until.is_(None), Claim.use_until > now))
    query = select(func.count(), func.count().filter(unused)).where(Claim.privilege_id == row.id)
    ever, still = session.execute(query).one()
    return int(ever), int(still)


def _broken_promises(row: Privilege, found: Read, changed: Collection[str], ever: int, unused: int) -> list[Fault]:
    """What cannot be done any more, for it would break what people hold or double what they may claim."""
    faults = []
    stock = found.values["stock"]
    taken = row.taken if row.stock is not None else ever
    if "stock" in changed and stock is not None and stock < taken:
        faults.append(Fault("stock", "below_taken", {"n": taken}))
    if "scope" in changed and ever:
        faults.append(Fault("scope", "claimed_already", {"n": ever}))
    if "pooled" in changed and not found.values["pooled"] and unused:
        faults.append(Fault("pooled", "codes_held", {"n": unused}))
    return faults


def _noticed(changed: Collection[str], unused: int) -> list[Warned]:
    if not unused:
        return []
    told = [name for name in NOTICED if name in changed]
    if any(name.startswith("conditions") for name in changed):
        told.append("conditions")
    return [Warned(name, unused) for name in told]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
