"""Using a claim: showing its code, and taking a use back while that is allowed.

A code, barcode or link is used from the moment it is shown. A QR is in use while its countdown runs and used when the
partner confirms; unconfirmed it is simply kept again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from benefits import notices
from benefits.claim_lookup import asking, claim_from, find
from benefits.claims import UnknownClaim, state_of
from benefits.journal import noting
from benefits.members import Account, hold_and_ask
from benefits.people import names_of
from benefits.pins import check_pin
from benefits.refusal import Refusal
from benefits.sealed_codes import made_code, open_pool_code, open_privilege_code
from benefits.use_links import UnknownLink, claim_of_token, page_token
from benefits.vault import vault_of
from clubs import Club
from models import Claim, Code, Membership, Person, Privilege
from models.queries import Asked, Query, ask, columns

By = tuple[str, int | str]
"""Who does a deed on a claim: (kind, id), as the journal names actors."""

_CODE = Query(select(*columns(Code)).where(Code.claim_id == bindparam("claim")), Code)
_BEGIN = Query(
    update(Claim)
    .where(Claim.id == bindparam("claim"))
    .values({name: bindparam(name) for name in ("use_started_at", "used_by", "code_until", "state", "used_at")})
    .returning(*columns(Claim)),
    Claim,
)


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
    account: Account | None = None
    """Whose it is, as who pressed sees it; none where a page is opened by its link."""


def start(session: Session, *, club: Club, person: Person, claim_id: int, now: datetime) -> Shown:
    """Begin the use, or show again the one that is running: same code, same end. Asking first is the conversation's.

    Raises `UnknownClaim`, `NotAdministrator`, `Void`, `AlreadyUsed`, `Expired`, `NotYetUsable`; and `Left` or
    `PremiumAccount` when the account may use nothing any more.
    """
    found = find(session, claim_id)
    if found.privilege.club != club.key:
        raise UnknownClaim()
    locking = [asking(claim_id, lock=True)]
    account, (rows,) = hold_and_ask(
        session, club=club, person=person, member_id=found.member_id, now=now, asked=locking
    )
    claim = claim_from(rows)
    running = state_of(claim, now=now) == "in_use"
    if not running:
        _check_usable(session, claim, account, person, now)
        _begin(session, claim, person, now)
    return shown(session, claim=claim, now=now, started=not running, account=account)


def shown(
    session: Session, *, claim: Claim, now: datetime, started: bool = False, account: Account | None = None
) -> Shown:
    """A use as it is shown: code opened, its end, the server's time. Raises `NotUsed` when none was begun."""
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
        account=account,
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
    check_pin(session, claim=claim, pin=pin, now=now)
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
    claim = find(session, claim_id, lock=True)
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
    claim = find(session, claim_id, lock=True)
    refuse_ended(claim)
    claim.state, claim.voided_at, claim.void_reason = "void", now, reason
    notices.drop_ending(session, member_id=claim.member_id, claim_id=claim.id)
    journal(session, claim, "claim_void", by, now, reason=reason)
    return claim


def refuse_ended(claim: Claim, by: str | None = None, by_me: bool = False) -> None:
    """Raise `Void` or `AlreadyUsed` when the claim is over for good."""
    if claim.state == "void":
        raise Void(claim.voided_at, claim.void_reason or "")
    if claim.state == "used" and claim.used_at is not None:
        raise AlreadyUsed(claim.used_at, by, by_me)


def journal(session: Session, claim: Claim, action: str, by: By, now: datetime, **facts: object) -> None:
    """Note a deed on a claim."""
    ask(session, _noting(claim, action, by, now, **facts))


def _noting(claim: Claim, action: str, by: By, now: datetime, **facts: object) -> Asked:
    club = claim.privilege.club
    return noting(club=club, at=now, action=action, subject=("claim", claim.id), actor=by, **facts)


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
    begun: dict[str, Any] = {"claim": claim.id, "use_started_at": now, "used_by": person.id}
    begun |= {"code_until": now + timedelta(minutes=claim.privilege.code_minutes)}
    noted = _noting(claim, "use_started", ("person", person.id), now)
    if claim.privilege.redeem == "qr":
        ask(session, (_BEGIN, {**begun, "state": claim.state, "used_at": claim.used_at}), noted)
        return
    dropped = notices.dropping_ending(member_id=claim.member_id, claim_id=claim.id)
    ask(session, (_BEGIN, {**begun, "state": "used", "used_at": now}), dropped, noted)


def _code_text(session: Session, claim: Claim) -> str:
    """The pool's code, else the privilege's own, else one made for the claim. Raises `CannotOpen`."""
    vault, privilege = vault_of(session), claim.privilege
    if privilege.pooled:
        for (code,) in ask(session, (_CODE, {"claim": claim.id}))[0]:
            return open_pool_code(vault, privilege=privilege, code=code)
    return open_privilege_code(vault, privilege) or made_code(vault, claim.id)


def _left_since(session: Session, claim: Claim) -> str | None:
    """Why the claim's account is out of the club; none: it is in, and stays in until we commit."""
    stays = select(Membership).where(Membership.member_id == claim.member_id).order_by(Membership.id.desc()).limit(1)
    stay = session.execute(stays.with_for_update(read=True)).scalar_one_or_none()
    return stay.left_reason if stay is not None and stay.left_at is not None else None
