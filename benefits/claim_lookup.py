"""A claim found by its number, with its privilege and partner, as it is at that moment; locked where it is about to change."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from benefits.claims import UnknownClaim
from models import Claim, Partner, Privilege
from models.queries import Asked, Query, Row, ask, columns

_FOUND = (
    select(*columns(Claim, Privilege, Partner))
    .join(Privilege, Privilege.id == Claim.privilege_id)
    .join(Partner, Partner.id == Privilege.partner_id)
    .where(Claim.id == bindparam("claim"))
)
_FIND = Query(_FOUND, Claim, Privilege, Partner)
_LOCK = Query(_FOUND.with_for_update(key_share=True, of=Claim), Claim, Privilege, Partner)


def find(session: Session, claim_id: int, *, lock: bool = False) -> Claim:
    """The claim of any club; with `lock` its row alone is held until the transaction ends. Raises `UnknownClaim`."""
    return claim_from(ask(session, asking(claim_id, lock=lock))[0])


def asking(claim_id: int, *, lock: bool = False) -> Asked:
    """The question of `find`, to be sent with others; `claim_from` reads its answer."""
    return _LOCK if lock else _FIND, {"claim": claim_id}


def claim_from(rows: Sequence[Row]) -> Claim:
    """The claim that `asking` asked for. Raises `UnknownClaim`."""
    if not rows:
        raise UnknownClaim()
    found: Claim
    ((found, privilege, partner),) = rows
    set_committed_value(privilege, "partner", partner)
    set_committed_value(found, "privilege", privilege)
    return found
