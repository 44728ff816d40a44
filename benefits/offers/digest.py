"""What an approval names: SHA-256 over everything an approver sees, the privileges of an offer's cards included (E10)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.offers.shape import parts_of
from models import Offer, Privilege

SHOWN = (
    "id", "name_th", "name_en", "about_th", "about_en", "picture", "tiers", "new_members_only", "scope", "claim_limit",
    "claim_from", "claim_to", "use_from", "use_to", "use_days", "withdrawn_at",
)  # fmt: skip
"""Of a privilege: what its card in an offer says."""


def digest_of(session: Session, offer: Offer) -> bytes:
    """The digest of the offer as it is in this transaction; not what its row says, which may be older."""
    seen = {
        "name": offer.name,
        "content": offer.content,
        "audience": offer.audience,
        "holdout_percent": offer.holdout_percent,
        "start_at": _plain(offer.start_at),
        "not_after": _plain(offer.not_after),
        "hold_back_minutes": offer.hold_back_minutes,
        "pace": offer.pace,
        "privileges": _privileges(session, offer),
    }
    return hashlib.sha256(json.dumps(seen, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).digest()


def _privileges(session: Session, offer: Offer) -> list[list[Any]]:
    found = [part.get("privilege_id") for part in parts_of(offer.content) if part.get("kind") == "card"]
    numbers = {number for number in found if isinstance(number, int) and 0 < number < 2**63}
    if not numbers:
        return []
    columns = [getattr(Privilege, name) for name in SHOWN]
    rows = session.execute(select(*columns).where(Privilege.id.in_(numbers)).order_by(Privilege.id))
    return [[_plain(value) for value in row] for row in rows]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
