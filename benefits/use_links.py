"""Links behind a shown code: a signed name for one use of one claim, with no personal data in it (C8)."""

from __future__ import annotations

from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.orm import Session

from benefits.claim_lookup import find
from benefits.claims import UnknownClaim
from benefits.refusal import Refusal
from benefits.vault import vault_of
from models import Claim


class UnknownLink(Refusal):
    """The link behind a QR is not one of ours, was altered, or belongs to an earlier use."""


def page_token(session: Session, claim: Claim) -> str:
    """A signed name for the claim's present use: the next use of the same claim has another."""
    return _signer(session).dumps([claim.id, _use_number(claim)])


def claim_of_token(session: Session, token: str, *, lock: bool = False) -> Claim:
    """The claim whose present use `token` names, with privilege and partner. Raises `UnknownLink`."""
    try:
        claim_id, use_number = _signer(session).loads(token)
        claim = find(session, int(claim_id), lock=lock)
    except (BadData, ValueError, TypeError, UnknownClaim):
        raise UnknownLink() from None
    if _use_number(claim) != use_number:
        raise UnknownLink()
    return claim


def _use_number(claim: Claim) -> int:
    """Microseconds of the moment the use began: it names one use of a claim, and none after an undo (0)."""
    began = claim.use_started_at
    return 0 if began is None else int(began.timestamp() * 1_000_000)


def _signer(session: Session) -> URLSafeSerializer:
    return URLSafeSerializer(vault_of(session).signing_keys, salt="use-page", signer_kwargs={"digest_method": sha256})
