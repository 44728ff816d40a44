"""A person's turn begins: she is met and locked, and what every answer depends on is known, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from benefits.consent import MEMBERSHIP
from benefits.people import meet_and_ask
from clubs import Club
from models import Consent, Notice, Person
from models.queries import Asked, Query, ask_ahead

_HER = (
    select(Person.id)
    .where(Person.club == bindparam("of_club"), Person.line_user_id == bindparam("user"))
    .scalar_subquery()
)
_AGREED = select(Consent.id).where(
    Consent.person_id == _HER,
    Consent.purpose == MEMBERSHIP,
    Consent.terms_version == bindparam("version"),
    Consent.withdrawn_at.is_(None),
)
_NEWS = select(Notice.id).where(
    Notice.person_id == _HER,
    Notice.state == "waiting",
    or_(Notice.expires_at.is_(None), Notice.expires_at > bindparam("now")),
)
_STANDS = Query(select(_AGREED.exists(), _NEWS.exists()))


@dataclass(frozen=True)
class Arrived:
    """Who speaks, and how she stands at the beginning of her turn."""

    person: Person
    """Locked until the transaction ends, as `people.meet` does it."""
    agreed: bool
    """To the club's current terms."""
    news: bool
    """Notices wait to be told."""


def arrive(session: Session, *, club: Club, line_user_id: str, now: datetime, ahead: Sequence[Asked] = ()) -> Arrived:
    """The person behind a LINE user id, made on first sight, locked; and what is known of her once she is.

    `ahead`: what will be asked next, asked in the same round trip; it must not depend on anything that is written before.
    """
    values = {"of_club": club.key, "user": line_user_id, "version": club.terms.version, "now": now}
    person, ((stands,), *answers) = meet_and_ask(
        session, club=club, line_user_id=line_user_id, now=now, asked=[(_STANDS, values), *ahead]
    )
    if ahead:
        ask_ahead(session, ahead, answers)
    return Arrived(person, *stands)
