"""Colleagues and offers for tests: an offer that may be asked for, as a marketer would leave it."""

from __future__ import annotations

import itertools
from typing import Any

from sqlalchemy.orm import Session

from benefits.offers import drafting
from clubs import Club
from models import Offer, Staff, StaffRole
from tests.factories import NOON

HELLO: dict[str, Any] = {"kind": "text", "th": "สวัสดี", "en": "Hello"}
_numbers = itertools.count(1)


def colleague(session: Session, *roles: str, active: bool = True, name: str = "", club: str = "family_club") -> Staff:
    """A colleague with these roles."""
    n = next(_numbers)
    row = Staff(
        email=f"c{n}@example.com", name=name or f"Colleague {n}", password="x", fs_uniquifier=f"u{n}", created_at=NOON
    )
    row.active = active
    session.add(row)
    session.flush()
    for role in roles:
        session.add(StaffRole(staff_id=row.id, club=club, role=role))
    session.flush()
    return row


def content(*parts: dict[str, Any], languages: tuple[str, ...] = ("th", "en"), **more: Any) -> dict[str, Any]:
    """Content of these parts."""
    return {"parts": list(parts), "languages": list(languages), **more}


def draft(session: Session, club: Club, by: Staff, *parts: dict[str, Any], **settings: Any) -> Offer:
    """A draft that says these parts (default: hello) to everybody."""
    row = drafting.create(session, club=club, name="ข้อเสนอ", by=by.id, now=NOON)
    said = settings.pop("content", content(*(parts or (HELLO,))))
    drafting.change(session, offer=row, by=by.id, now=NOON, content=said, **settings)
    return row
