"""Whom an offer is for, as one query: by account, by what was claimed, by person, by list. Nothing walks people one by one.

`{"tiers": […], "stars_from", "stars_to", "missing_to_next_max", "new_members": bool, "member_for_days_from",
"member_for_days_to", "claimed": {"privilege_id": n, "yes": bool}, "seen_within_days", "not_seen_for_days",
"languages": […], "list_id"}`; what is absent does not limit. All that is said of accounts must be true of one and the
same account the person has a role for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, literal, or_, select, text
from sqlalchemy.orm import Session

from benefits.offers import budget, reach
from benefits.people import opened_name
from clubs import Club
from models import Admin, AudienceList, AudienceListPerson, Claim, Member, Membership, Person

Audience = Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """The audience, each person counted once: who gets it, and why the others do not."""

    total: int
    reachable: int
    blocked: int
    opted_out: int
    capped: int
    malformed: int


@dataclass(frozen=True)
class Sample:
    """One of those who would get it. `name` is personal data: the console masks it."""

    person_id: int
    name: str | None
    language: str


def people(
    club: Club, audience: Audience, now: datetime, *, languages: Sequence[str] | None = None
) -> Select[int, str]:
    """Everybody it is for, reachable or not: `person_id`, `language`.

    The language is the person's where the club speaks it, else the club's first; with `languages` (those the content
    is written in, `content.spoken`) who reads another one gets the first of them.
    """
    language = _language(club)
    read = language
    if languages:
        read = case((language.in_(languages), language), else_=literal(languages[0]))
    return select(Person.id.label("person_id"), read.label("language")).where(*_conditions(club, audience, now))


def count(session: Session, club: Club, audience: Audience, now: datetime) -> Counts:
    """The counts, in one statement."""
    roomy(session)
    reason = why_not(session, club, now)
    rows = session.execute(
        select(reason.label("reason"), func.count()).where(*_conditions(club, audience, now)).group_by("reason")
    )
    found = {name or "reachable": n for name, n in rows}
    names = ("reachable", "blocked", "opted_out", "capped", "malformed")
    return Counts(sum(found.values()), *(found.get(name, 0) for name in names))


def samples(session: Session, club: Club, audience: Audience, now: datetime, n: int = 5) -> list[Sample]:
    """A few of those who would get it, the same ones each time."""
    roomy(session)
    chosen = people(club, audience, now).add_columns(Person.display_name).where(reachable(session, club, now))
    whole = chosen.cte("whole").prefix_with("MATERIALIZED", dialect="postgresql")  # else LIMIT misleads the planner
    rows = session.execute(select(whole).order_by(func.hashint8(whole.c.person_id), whole.c.person_id).limit(n))
    return [Sample(row.person_id, opened_name(session, row.person_id, row.display_name), row.language) for row in rows]


def why_not(session: Session, club: Club, now: datetime) -> ColumnElement[str | None]:
    """Why a person would get no offer now (`reach.REASONS`); null: she would."""
    return reach.why_not(_capped(session, club, now))


def reachable(session: Session, club: Club, now: datetime) -> ColumnElement[bool]:
    """Whether a person would get an offer now."""
    return reach.reachable(_capped(session, club, now))


def _capped(session: Session, club: Club, now: datetime) -> Select[int] | None:
    limits = budget.of(session, club)
    return reach.capped(limits, reach.recent(session, club.key, limits, now), now)


def faults(session: Session, club: Club, audience: Audience) -> Iterator[tuple[str, str]]:
    """(field, fault) of everything the audience says wrongly: `unknown`, `number`, `crossed`."""
    whole = ("stars_from", "stars_to", "missing_to_next_max", "seen_within_days", "not_seen_for_days",
             "member_for_days_from", "member_for_days_to")  # fmt: skip
    known = {*whole, "tiers", "new_members", "claimed", "languages", "list_id"}
    yield from ((field, "unknown") for field in audience if field not in known)
    for field in whole:
        if audience.get(field) is not None and not _is_number(audience[field]):
            yield field, "number"
    for low, high in (("stars_from", "stars_to"), ("member_for_days_from", "member_for_days_to")):
        least, most = audience.get(low), audience.get(high)
        if _is_number(least) and _is_number(most) and least > most:
            yield high, "crossed"
    if not {*(audience.get("tiers") or ())} <= {tier.key for tier in club.tiers}:
        yield "tiers", "unknown"
    if not {*(audience.get("languages") or ())} <= {*club.languages}:
        yield "languages", "unknown"
    if audience.get("list_id") is not None and not _is_list(session, club, audience["list_id"]):
        yield "list_id", "unknown"


def in_club(query: Select[Any], club: Club) -> Select[Any]:
    """`query` over the accounts that are in the club now, with their roles and open stays."""
    return (
        query.select_from(Admin)
        .join(Member, Member.id == Admin.member_id)
        .join(Membership, and_(Membership.member_id == Member.id, Membership.left_at.is_(None)))
        .where(Member.club == club.key, Member.deleted_at.is_(None), Admin.removed_at.is_(None))
    )


def tier_in_force(now: datetime) -> ColumnElement[str | None]:
    """The account's tier, a staff override included."""
    overridden = and_(Member.override_until > now, Member.tier_override.is_not(None))
    return case((overridden, Member.tier_override), else_=Member.tier)


def _is_tier(keys: Sequence[str], now: datetime) -> ColumnElement[bool]:
    """Whether `tier_in_force` is one of these, in words that the planner has figures for."""
    overridden = and_(Member.override_until > now, Member.tier_override.is_not(None))
    plain = or_(Member.override_until.is_(None), Member.override_until <= now, Member.tier_override.is_(None))
    return or_(and_(Member.tier.in_(keys), plain), and_(overridden, Member.tier_override.in_(keys)))


def roomy(session: Session) -> None:
    """Memory for hashing a million people, for the rest of the caller's transaction, and no time lost on compiling."""
    session.execute(text("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)"))


def _conditions(club: Club, audience: Audience, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Person.club == club.key]
    of_account = _of_account(club, audience, now)
    if of_account:
        accounts = in_club(select(Admin.line_user_id), club).where(*of_account)
        found.append(Person.line_user_id.in_(accounts))
    claimed = audience.get("claimed")
    if claimed:
        found.append(_claimed(club, claimed))
    if audience.get("seen_within_days") is not None:
        found.append(Person.last_event_at >= now - timedelta(days=audience["seen_within_days"]))
    if audience.get("not_seen_for_days") is not None:
        quiet = Person.last_event_at < now - timedelta(days=audience["not_seen_for_days"])
        found.append(or_(Person.last_event_at.is_(None), quiet))
    if audience.get("languages"):
        found.append(_language(club).in_(audience["languages"]))
    if audience.get("list_id") is not None:
        listed = select(AudienceListPerson.person_id).join(AudienceList, AudienceList.id == AudienceListPerson.list_id)
        found.append(Person.id.in_(listed.where(AudienceList.id == audience["list_id"], AudienceList.club == club.key)))
    return found


def _of_account(club: Club, audience: Audience, now: datetime) -> list[ColumnElement[bool]]:
    """What one account of the person must fulfil; empty: she needs none."""
    found: list[ColumnElement[bool]] = []
    if audience.get("tiers"):
        found.append(_is_tier(audience["tiers"], now))
    if audience.get("stars_from") is not None:
        found.append(Member.total_stars >= audience["stars_from"])
    if audience.get("stars_to") is not None:
        found.append(Member.total_stars <= audience["stars_to"])
    if audience.get("missing_to_next_max") is not None:
        steps = zip(club.tiers, club.tiers[1:], strict=False)
        near = [and_(_is_tier([tier.key], now), Member.total_stars >= above.threshold - audience["missing_to_next_max"])
                for tier, above in steps]  # fmt: skip
        found.append(or_(false(), *near))
    if audience.get("new_members") is not None:
        new = func.coalesce(Membership.new_until > now, False)
        found.append(new.is_(bool(audience["new_members"])))
    if audience.get("member_for_days_from") is not None:
        found.append(Membership.joined_at <= now - timedelta(days=audience["member_for_days_from"]))
    if audience.get("member_for_days_to") is not None:
        found.append(Membership.joined_at > now - timedelta(days=audience["member_for_days_to"] + 1))
    return found


def _claimed(club: Club, claimed: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether she, or an account she has a role for, claimed that privilege (void claims aside)."""
    of_it = and_(Claim.privilege_id == claimed["privilege_id"], Claim.state != "void")
    hers = select(Claim.person_id).where(of_it)
    shared = (
        select(Person.id)
        .join(Admin, and_(Admin.line_user_id == Person.line_user_id, Admin.removed_at.is_(None)))
        .join(Claim, Claim.member_id == Admin.member_id)
        .where(of_it, Person.club == club.key)
    )
    if claimed.get("yes", True):
        return Person.id.in_(hers.union(shared))
    theirs = hers.union(shared).subquery()
    return ~exists().where(theirs.c.person_id == Person.id)  # NOT IN would not be hashed when they are many


def _language(club: Club) -> ColumnElement[str]:
    return case((Person.language.in_(club.languages), Person.language), else_=literal(club.languages[0]))


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12


def _is_list(session: Session, club: Club, number: object) -> bool:
    found = session.get(AudienceList, number) if _is_number(number) else None
    return found is not None and found.club == club.key
