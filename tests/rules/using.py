"""A use that is running: the QR of a new account's claim, at a partner of the test's choosing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from benefits import claims, uses
from clubs import Club
from models import Claim, Person
from tests import factories
from tests.factories import NOON


def running_use(
    session: Session, club: Club, *, partner_id: int, person: Person | None = None, now: datetime = NOON, **values: Any
) -> Claim:
    """The claim, its countdown an hour long; of `person`, else of somebody new."""
    shower = person or factories.person(session)
    shop = factories.member(session, shower)
    offer = factories.privilege(session, partner_id=partner_id, redeem="qr", **{"code_minutes": 60, **values})
    made = claims.claim(session, club=club, person=shower, privilege_id=offer.id, member_id=shop.id, now=now)
    return uses.start(session, club=club, person=shower, claim_id=made.claim.id, now=now).claim
