"""Links of an offer behind our own redirect: made when it is asked for, counted when opened. Only stored targets are
gone to, so the redirect leads nowhere a marketer did not write and an approver did not see (B20)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.offers import texts
from benefits.offers.shape import addresses, named
from models import Click, Link, Offer

ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TOKEN = 10


def make(session: Session, *, offer: Offer) -> None:
    """Links for every address of the offer, by language and position. One that stays keeps its token, so that running it
    again, or asking a second time, changes no message; one that is gone goes, unless somebody opened it."""
    for language in named(offer.content):
        wanted = addresses(offer.content, language)
        known = {link.target: link for link in _links(session, offer.id, language)}
        gone = [link.id for target, link in known.items() if target not in wanted]
        session.execute(
            delete(Link).where(Link.id.in_(gone), ~select(Click.id).where(Click.link_id == Link.id).exists())
        )
        taken = {link.position for link in _links(session, offer.id, language)}
        free = (n for n in range(10_000) if n not in taken)
        for target in wanted:
            if target not in known:
                row = {"offer_id": offer.id, "language": language, "position": next(free), "target": target}
                session.execute(insert(Link).values(token=new_token(), **row).on_conflict_do_nothing())


def tokens(session: Session, *, offer_id: int, language: str) -> dict[str, str]:
    """Token by target, of one language's links."""
    return {link.target: link.token for link in _links(session, offer_id, language)}


def clicked(session: Session, *, token: str, now: datetime, counted: bool = True) -> str | None:
    """Where this token leads, the opening written down unless `counted` is False (a preview, a HEAD); none: unknown."""
    if not 1 <= len(token) <= 40 or not token.isascii() or not token.isalnum():
        return None
    link = session.scalars(select(Link).where(Link.token == token)).one_or_none()
    if link is None or texts.bad_link(link.target):
        return None
    if counted:
        session.add(Click(link_id=link.id, at=now))
    return link.target


def new_token() -> str:
    """Ten letters and digits that are not mistaken for one another: 57 bits, not to be guessed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(TOKEN))


def _links(session: Session, offer_id: int, language: str) -> Sequence[Link]:
    asked = select(Link).where(Link.offer_id == offer_id, Link.language == language).order_by(Link.position)
    return session.scalars(asked).all()
