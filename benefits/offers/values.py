"""Values of an offer's variables, person by person, set-based; and how many recipients would lack one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from benefits.offers import texts
from benefits.offers.audience import in_club, people, reachable, tier_in_force
from benefits.offers.shape import spoken, written
from benefits.people import opened_name
from clubs import Club
from models import Admin, Member, Person


def values(
    session: Session, club: Club, person_ids: Collection[int], *, now: datetime
) -> dict[int, dict[str, str | int | None]]:
    """By person: `name`, and of her account with most stars `account`, `tier` (key), `stars`, `missing`; none: no value."""
    if not person_ids:
        return {}
    best = _best(club, now).subquery()
    rows = session.execute(
        select(Person.id, Person.display_name, best.c.name, best.c.tier, best.c.total_stars)
        .outerjoin(best, best.c.line_user_id == Person.line_user_id)
        .where(Person.id.in_(person_ids), Person.club == club.key)
    )
    return {
        row.id: {
            "name": opened_name(session, row.id, row.display_name),
            "account": row.name,
            "tier": row.tier,
            "stars": row.total_stars,
            "missing": _missing(club, row.tier, row.total_stars),
        }
        for row in rows
    }


def lacking(
    session: Session, club: Club, audience: Mapping[str, Any], content: Mapping[str, Any], *, now: datetime
) -> dict[str, int]:
    """Recipients who would lack a value, by variable, for variables that some text uses without a default."""
    languages = spoken(club, content)
    found: dict[str, int] = {}
    for language in languages:
        bare = {
            variable.name
            for _, _, text in written(content, language)
            for variable in texts.variables(text)
            if variable.known and variable.default is None
        }
        if bare:
            for name, n in _lacking(session, club, audience, language, languages, bare, now).items():
                found[name] = found.get(name, 0) + n
    return {name: n for name, n in found.items() if n}


def _lacking(
    session: Session,
    club: Club,
    audience: Mapping[str, Any],
    language: str,
    languages: Collection[str],
    bare: Collection[str],
    now: datetime,
) -> dict[str, int]:
    who = people(club, audience, now, languages=list(languages)).subquery()
    best = _best(club, now).subquery()
    joined = select(*(func.count().filter(_lacks(club, best.c, name)).label(name) for name in bare))
    row = session.execute(
        joined.select_from(Person)
        .join(who, who.c.person_id == Person.id)
        .outerjoin(best, best.c.line_user_id == Person.line_user_id)
        .where(who.c.language == language, reachable(session, club, now))
    ).one()
    return dict(row._mapping)


def _lacks(club: Club, best: Any, name: str) -> ColumnElement[bool]:
    if name == "name":
        return Person.display_name.is_(None)
    if name == "missing":
        return best.tier.is_(None) | best.tier.in_([club.tiers[-1].key]) | best.tier.not_in([t.key for t in club.tiers])
    column: ColumnElement[bool] = {"account": best.name, "tier": best.tier, "stars": best.total_stars}[name].is_(None)
    return column


def _best(club: Club, now: datetime) -> Select[Any]:
    """Each LINE user's account of the club with most stars."""
    accounts = select(
        Admin.line_user_id,
        func.nullif(Member.name, "").label("name"),
        tier_in_force(now).label("tier"),
        Member.total_stars,
    )
    first = in_club(accounts, club).order_by(Admin.line_user_id, Member.total_stars.desc(), Member.id)
    return first.ext(distinct_on(Admin.line_user_id))


def _missing(club: Club, tier: str | None, stars: int | None) -> int | None:
    """Stars missing to the next tier; none at the top, or without an account."""
    above = club.next_tier(tier) if tier is not None and club.has_tier(tier) else None
    return None if above is None or stars is None else max(0, above.threshold - stars)
