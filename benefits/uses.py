"""Using a claim: showing its code, and taking a use back while that is allowed.

A code, barcode or link is used from the moment it is shown. A QR is in use while its countdown runs and used when the
partner confirms; unconfirmed it is simply kept again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import ClassVar

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from benefits import notices
from benefits.claims import state_of
from benefits.journal import note
from benefits.members import Account, hold
from benefits.people import names_of
from benefits.pins import check_pin
from benefits.refusal import Refusal
from benefits.sealed_codes import made_code, open_pool_code, open_privilege_code
from benefits.vault import vault_of
from clubs import Club
from models import Claim, Code, Membership, Person, Privilege

By = tuple[str, int | str]
"""Who does a deed on a claim: (kind, id), as the journal names actors."""


class UnknownClaim(Refusal):
    """No such claim in this club, or not one of this partner's."""


class AlreadyUsed(Refusal):
    """It was used `at` that time; `by` is who showed it, if known, and `by_me` whether that was she who asks."""

    rule: ClassVar[str] = "LFC-15"

    def __init__(self, at: datetime, by: str | None = None, by_me: bool = False) -> None:
        self.at, self.by, self.by_me = at, by, by_me


class Expired(Refusal):
    """It could be used until `at`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, at: datetime) -> None:
        self.at = at


class Void(Refusal):
    """It was made void `at` that time: `reason` is `asked`, `deleted`, `premium`, `removed` or what staff wrote."""

    rule: ClassVar[str] = "LFC-15"

    def __init__(self, at: datetime | None, reason: str) -> None:
        self.at, self.reason = at, reason


class NotYetUsable(Refusal):
    """Using begins at `opens`."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, opens: datetime) -> None:
        self.opens = opens


class NotUsed(Refusal):
    """There is no use to undo."""


class UndoTooLate(Refusal):
    """A use could be undone until `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until


class CodeTimeOver(Refusal):
    """The countdown ended at `at`, unconfirmed: the claim is kept, and its holder can show it again."""

    rule: ClassVar[str] = "LFC-20"

    def __init__(self, at: datetime) -> None:
        self.at = at


class UnknownLink(Refusal):
    """The link behind a QR is not one of ours, was altered, or belongs to an earlier use."""


@dataclass(frozen=True)
class Shown:
    """What the person holds up."""

    claim: Claim
    privilege: Privilege
    kind: str
    """`code`, `barcode`, `qr` or `link`."""
    code: str
    """The text of the code or barcode, or the link's address; with `qr`, what the partner may type instead."""
    code_until: datetime
    now: datetime
    """The server's time, for the countdown."""
    token: str
    """Signed name of this one use, for the address of its page."""
    started: bool
    """Whether this press began the use; False: it was running and is shown again."""


def start(session: Session, *, club: Club, person: Person, claim_id: int, now: datetime) -> Shown:
    """Begin the use, or show again the one that is running: same code, same end. Asking first is the conversation's.

    Raises `UnknownClaim`, `NotAdministrator`, `Void`, `AlreadyUsed`, `Expired`, `NotYetUsable`; and `Left` or
    `PremiumAccount` when the account may use nothing any more.
    """
    found = _find(session, claim_id)
    if found.privilege.club != club.key:
        raise UnknownClaim()
    account = hold(session, club=club, person=person, member_id=found.member_id, now=now)
    claim = _find(session, claim_id, lock=True)
    running = state_of(claim, now=now) == "in_use"
    if not running:
        _check_usable(session, claim, account, person, now)
        _begin(session, claim, person, now)
    return shown(session, claim=claim, now=now, started=not running)


def shown(session: Session, *, claim: Claim, now: datetime, started: bool = False) -> Shown:
    """A use as its page shows it: code opened, its end, the server's time. Raises `NotUsed` when none was begun."""
    if claim.code_until is None:
        raise NotUsed()
    return Shown(
        claim=claim,
        privilege=claim.privilege,
        kind=claim.privilege.redeem,
        code=_code_text(session, claim),
        code_until=claim.code_until,
        now=now,
        token=page_token(session, claim),
        started=started,
    )


def confirm(session: Session, *, club: Club, token: str, pin: str, now: datetime) -> Claim:
    """The partner's staff confirms the use that `token` names: it is used from `now` on.

    The PIN is looked at only while the use runs, so that nobody can burn a partner's tries without one. Raises
    `UnknownLink`, `Void`, `AlreadyUsed`, `CodeTimeOver`, `NoPin`, `PinLocked`, `WrongPin`; commit after these too.
    """
    claim = claim_of_token(session, token, lock=True)
    if claim.privilege.club != club.key or claim.code_until is None:
        raise UnknownLink()
    refuse_ended(claim)
    if claim.code_until <= now:
        raise CodeTimeOver(claim.code_until)
    check_pin(session, partner_id=claim.privilege.partner_id, pin=pin, now=now)
    claim.state, claim.used_at, claim.confirmed_by = "used", now, claim.privilege.partner_id
    notices.drop_ending(session, member_id=claim.member_id, claim_id=claim.id)
    journal(session, claim, "use_confirmed", ("partner", claim.privilege.partner_id), now)
    return claim


def undo(session: Session, *, claim_id: int, by: By, reason: str, now: datetime, granted: int | None = None) -> Claim:
    """Take a use back: the claim is kept again. `by` is `("partner", id)`, of the privilege, or `("staff", id)`.

    Allowed within the privilege's undo minutes after the use; later only as a second person `granted` (the request's id).
    A claim whose account left meanwhile becomes void instead, as it would have then. Raises `UnknownClaim`, `NotUsed`,
    `UndoTooLate`, `ValueError` without a reason.
    """
    if not reason.strip():
        raise ValueError("an undo needs a reason")
    claim = _find(session, claim_id, lock=True)
    if by[0] == "partner" and by[1] != claim.privilege.partner_id:
        raise UnknownClaim()
    if claim.state != "used" or claim.used_at is None:
        raise NotUsed()
    until = claim.used_at + timedelta(minutes=claim.privilege.undo_minutes)
    if now >= until and granted is None:
        raise UndoTooLate(until)
    claim.state, claim.used_at, claim.used_by, claim.confirmed_by = "kept", None, None, None
    claim.use_started_at, claim.code_until = None, None
    left = _left_since(session, claim)
    if left is not None:
        claim.state, claim.voided_at, claim.void_reason = "void", now, left
    journal(session, claim, "use_undone", by, now, reason=reason, **({"request": granted} if granted else {}))
    return claim


def void(session: Session, *, claim_id: int, reason: str, by: By, now: datetime) -> Claim:
    """Staff takes an unused claim away, for a reason the account is shown; its slot and unit stay taken.

    Raises `UnknownClaim`, `AlreadyUsed`, `Void` (it is already), `ValueError` without a reason.
    """
    if not reason.strip():
        raise ValueError("making a claim void needs a reason")
    claim = _find(session, claim_id, lock=True)
    refuse_ended(claim)
    claim.state, claim.voided_at, claim.void_reason = "void", now, reason
    notices.drop_ending(session, member_id=claim.member_id, claim_id=claim.id)
    journal(session, claim, "claim_void", by, now, reason=reason)
    return claim


def page_token(session: Session, claim: Claim) -> str:
    """A signed name for the claim's present use: the next use of the same claim has another (no personal data in it)."""
    return _signer(session).dumps([claim.id, _use_number(claim)])


def claim_of_token(session: Session, token: str, *, lock: bool = False) -> Claim:
    """The claim whose present use `token` names, with privilege and partner. Raises `UnknownLink`."""
    try:
        claim_id, use_number = _signer(session).loads(token)
        claim = _find(session, int(claim_id), lock=lock)
    except (BadData, ValueError, TypeError, UnknownClaim):
        raise UnknownLink() from None
    if _use_number(claim) != use_number:
        raise UnknownLink()
    return claim


def refuse_ended(claim: Claim, by: str | None = None, by_me: bool = False) -> None:
    """Raise `Void` or `AlreadyUsed` when the claim is over for good."""
    if claim.state == "void":
        raise Void(claim.voided_at, claim.void_reason or "")
    if claim.state == "used" and claim.used_at is not None:
        raise AlreadyUsed(claim.used_at, by, by_me)


def journal(session: Session, claim: Claim, action: str, by: By, now: datetime, **facts: object) -> None:
    """Note a deed on a claim."""
    club = claim.privilege.club
    note(session, club=club, at=now, action=action, subject=("claim", claim.id), actor=by, **facts)


def _find(session: Session, claim_id: int, *, lock: bool = False) -> Claim:
    """The claim with its privilege and partner, read anew; with `lock`, the claim's row alone is held."""
    query = select(Claim).where(Claim.id == claim_id).options(joinedload(Claim.privilege))
    if lock:
        query = query.with_for_update(key_share=True, of=Claim)
    claim = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if claim is None:
        raise UnknownClaim()
    return claim


def _check_usable(session: Session, claim: Claim, account: Account, person: Person, now: datetime) -> None:
    names = names_of(session, [claim.used_by]) if claim.used_by is not None else {}
    refuse_ended(claim, names.get(claim.used_by or 0), claim.used_by == person.id)
    if account.why_not is not None:
        raise account.why_not
    if claim.use_until is not None and claim.use_until <= now:
        raise Expired(claim.use_until)
    use_from = claim.privilege.use_from
    if use_from is not None and now < use_from:
        raise NotYetUsable(use_from)


def _begin(session: Session, claim: Claim, person: Person, now: datetime) -> None:
    claim.use_started_at, claim.used_by = now, person.id
    claim.code_until = now + timedelta(minutes=claim.privilege.code_minutes)
    if claim.privilege.redeem != "qr":
        claim.state, claim.used_at = "used", now
        notices.drop_ending(session, member_id=claim.member_id, claim_id=claim.id)
    journal(session, claim, "use_started", ("person", person.id), now)


def _code_text(session: Session, claim: Claim) -> str:
    """The pool's code, else the privilege's own, else one made for the claim. Raises `CannotOpen`."""
    vault, privilege = vault_of(session), claim.privilege
    if privilege.pooled:
        code = session.execute(select(Code).where(Code.claim_id == claim.id)).scalar_one_or_none()
        if code is not None:
            return open_pool_code(vault, privilege=privilege, code=code)
    return open_privilege_code(vault, privilege) or made_code(vault, claim.id)


def _left_since(session: Session, claim: Claim) -> str | None:
    """Why the claim's account is out of the club; none: it is in, and stays in until we commit."""
    stays = select(Membership).where(Membership.member_id == claim.member_id).order_by(Membership.id.desc()).limit(1)
    stay = session.execute(stays.with_for_update(read=True)).scalar_one_or_none()
    return stay.left_reason if stay is not None and stay.left_at is not None else None


def _use_number(claim: Claim) -> int:
    """Microseconds of the moment the use began: it names one use of a claim, and none after an undo (0)."""
    began = claim.use_started_at
    return 0 if began is None else int(began.timestamp() * 1_000_000)


def _signer(session: Session) -> URLSafeSerializer:
    return URLSafeSerializer(vault_of(session).signing_keys, salt="use-page", signer_kwargs={"digest_method": sha256})
