"""Values of an offer's variables, person by person, set-based; and how many recipients would lack one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from benefits.offers import texts
from benefits.offers.audience import in_club, people, reachable, roomy, tier_in_force
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
    of_them = select(Person.line_user_id).where(Person.id.in_(person_ids), Person.club == club.key)
    best = _best(club, now).where(Admin.line_user_id.in_(of_them)).subquery()
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
    bare = {language: _bare(content, language) for language in languages}
    if not any(bare.values()):
        return {}
    found: Counter[str] = Counter()
    for row in session.execute(_without(session, club, audience, languages, now)):
        lacked = {"name": row.nameless, "missing": row.at_the_top}
        found.update({name: lacked.get(name, row.without) for name in bare[row.language]})
    return {name: n for name, n in found.items() if n}


def _bare(content: Mapping[str, Any], language: str) -> set[str]:
    """Variables used in this language without a default."""
    said = (texts.variables(text) for _, _, text in written(content, language))
    return {one.name for variables in said for one in variables if one.known and one.default is None}


def _without(
    session: Session, club: Club, audience: Mapping[str, Any], languages: Sequence[str], now: datetime
) -> Select[Any]:
    """By language read: recipients without a name, without an account, without a tier above that of their best account."""
    roomy(session)
    chosen = people(club, audience, now, languages=languages).where(reachable(session, club, now))
    who = chosen.add_columns(Person.line_user_id, Person.display_name.is_(None).label("nameless")).subquery()
    steps = [tier.key for tier in club.tiers[:-1]]
    # The account with most stars decides: its stars doubled, and one more when there is a tier above it.
    best = func.max(Member.total_stars * 2 + case((tier_in_force(now).in_(steps), 1), else_=0))
    each: Any = select(Admin.line_user_id, best.label("best"))
    of_accounts = in_club(each, club).group_by(Admin.line_user_id).subquery()
    return (
        select(
            who.c.language,
            func.count().filter(who.c.nameless).label("nameless"),
            func.count().filter(of_accounts.c.best.is_(None)).label("without"),
            func.count().filter(func.mod(func.coalesce(of_accounts.c.best, 0), 2) == 0).label("at_the_top"),
        )
        .select_from(who)
        .outerjoin(of_accounts, of_accounts.c.line_user_id == who.c.line_user_id)
        .group_by(who.c.language)
    )


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
