"""LINE's own statistics of offers, asked for now and then: LINE counts for 14 days, and allows 60 questions an hour."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import running
from bot.line import Line, LineError, Unknown
from models import Offer

AGAIN = timedelta(hours=6)
COUNTED = timedelta(days=16)
"""After its end LINE's figures of an offer change no more."""
LINE_DAYS = timezone(timedelta(hours=9))
LONGEST = timedelta(days=29)
AT_ONCE = 5

log = structlog.get_logger("offers")


def refresh(sessions: sessionmaker[Session], line: Line, club: str, now: datetime) -> int:
    """Ask for those that are due, and keep what LINE says; how many answered."""
    due = (
        select(Offer.id, Offer.prepared_at)
        .where(Offer.club == club, Offer.prepared_at < now - timedelta(hours=1))
        .where(or_(Offer.finished_at.is_(None), Offer.finished_at > now - COUNTED))
        .where(or_(Offer.line_figures_at.is_(None), Offer.line_figures_at < now - AGAIN))
        .order_by(Offer.line_figures_at.asc().nulls_first())
        .limit(AT_ONCE)
    )
    with sessions() as session:
        found = session.execute(due).all()
    answered = 0
    for offer_id, prepared_at in found:
        assert prepared_at is not None
        first, today = prepared_at.astimezone(LINE_DAYS).date(), now.astimezone(LINE_DAYS).date()
        values: dict[str, object] = {
            "line_figures_at": now
        }  # asked, whatever came of it: the next try comes in its turn
        try:
            values["line_figures"] = line.unit_figures(running.unit(offer_id), first, min(today, first + LONGEST))
            answered += 1
        except (LineError, Unknown) as error:
            log.warning("no figures of LINE's", offer=offer_id, error=str(error))
        with sessions.begin() as session:
            session.execute(update(Offer).where(Offer.id == offer_id).values(**values))
    return answered
