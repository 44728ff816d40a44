"""Rows with boring defaults: a test says only what matters, e.g. `member(session, tier="gold")`."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models import Admin, Charge, Member, Membership, Partner, Person, Privilege

NOON = datetime(2026, 11, 12, 5, 0, tzinfo=UTC)
"""12 November 2026, 12:00 in Bangkok: an ordinary day after the adjustment."""
_numbers = itertools.count(1)


def line_user_id(n: int | None = None) -> str:
    """A LINE user id as LINE writes them."""
    return f"U{(n if n is not None else next(_numbers)):032x}"


def person(session: Session, **values: Any) -> Person:
    """A friend of the channel who reads Thai."""
    defaults = {
        "club": "family_club",
        "line_user_id": line_user_id(),
        "friend": True,
        "language": "th",
        "created_at": NOON,
    }
    return _add(session, Person(**{**defaults, **values}))


def member(session: Session, *admins: Person, joined: bool = True, tier: str = "welcome", **values: Any) -> Member:
    """An official account with these administrators; joined for a year already unless said otherwise."""
    n = next(_numbers)
    new_until = values.pop("new_until", None)
    joined_at = values.pop("joined_at", NOON - timedelta(days=365))
    defaults = {
        "club": "family_club",
        "kind": "account",
        "external_id": f"@shop{n}",
        "name": f"Shop {n}",
        "badge": "grey",
    }
    row = _add(session, Member(**{**defaults, "package": "free", "created_at": NOON, **values}))
    for admin in admins:
        administers(session, admin, row)
    if joined:
        row.tier, row.tier_since = tier, joined_at
        by = admins[0] if admins else person(session)
        stay = {"joined_at": joined_at, "agreed_by": by.id, "terms_version": "2026-01", "new_until": new_until}
        _add(session, Membership(member_id=row.id, **stay))
    return row


def administers(session: Session, who: Person, what: Member, role: str = "administrator") -> Admin:
    """`who` has a role for `what`."""
    return _add(session, Admin(member_id=what.id, line_user_id=who.line_user_id, role=role, since=NOON))


def partner(session: Session, **values: Any) -> Partner:
    """A café."""
    defaults = {"club": "family_club", "key": f"partner{next(_numbers)}", "name_th": "ร้านกาแฟ", "name_en": "Café"}
    return _add(session, Partner(**{**defaults, **values}))


def privilege(session: Session, **values: Any) -> Privilege:
    """One code per account, for every tier, without end."""
    n = next(_numbers)
    defaults = {"club": "family_club", "key": f"p{n}", "name_th": f"สิทธิ์ {n}", "name_en": f"Privilege {n}"}
    if "partner_id" not in values:
        values["partner_id"] = partner(session).id
    return _add(session, Privilege(**{**defaults, "created_at": NOON, **values}))


def charge(session: Session, member: Member, baht: str = "100.00", **values: Any) -> Charge:
    """A paid package line of October 2026; `baht` is the net amount."""
    whole, _, cents = baht.partition(".")
    sign = -1 if whole.startswith("-") else 1
    satang = sign * (abs(int(whole)) * 100 + int((cents or "0").ljust(2, "0")))
    defaults = {
        "club": "family_club",
        "member_id": member.id,
        "invoice_no": f"INV{next(_numbers)}",
        "service": "official_account",
        "net_satang": satang,
        "vat_satang": satang * 7 // 100,
        "service_month": date(2026, 10, 1),
        "paid_at": datetime(2026, 10, 20, 3, 0, tzinfo=UTC),
    }
    return _add(session, Charge(**{**defaults, **values}))


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row
