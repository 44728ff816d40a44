"""What pages for browsers ask and no rule decides: the reader's language, and whose picture a file name means."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import Claim, Partner, Person, Privilege


def reader_language(session: Session, claim: Claim) -> str | None:
    """The language of who shows the claim, else of who claimed it; none: neither chose one."""
    reader = session.get(Person, claim.used_by or claim.person_id)
    return None if reader is None else reader.language


def partner_of_picture(session: Session, name: str) -> str | None:
    """English name of the partner whose privilege names this picture, or is called like it; none: no privilege does."""
    stem = name.rpartition(".")[0]
    query = select(Partner.name_en).join(Privilege, Privilege.partner_id == Partner.id)
    named = query.where(or_(Privilege.picture == name, Privilege.key == stem)).order_by(Privilege.id).limit(1)
    return session.execute(named).scalar_one_or_none()
