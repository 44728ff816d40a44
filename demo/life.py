"""A club with a past: accounts that joined long ago, rounds that ran each month, privileges claimed lately.

It goes through the same rules as everything else, only with the times of then. Done again it changes nothing.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, consent, people, rounds
from benefits.periods import add_days, add_months, day_of, start_of
from benefits.refusal import Refusal
from clubs import Club
from demo.accounts import Account, Somebody, accounts
from demo.accounts import people as everybody
from demo.privileges import privileges
from models import Member, Person, Privilege

Sessions = sessionmaker[Session]


def join(sessions: Sessions, club: Club, now: datetime) -> int:
    """The first administrator of each account that is in the club agreed to its terms so many days ago."""
    joined = sorted((one for one in accounts() if one.joined is not None), key=lambda one: -(one.joined or 0))
    with sessions.begin() as session:
        for account in joined:
            at = start_of(add_days(day_of(now), -(account.joined or 0))) + timedelta(hours=11)
            who = _first_admin(account)
            person = _meet(session, club, who, at)
            consent.agree(session, club=club, person=person, language=who.language, now=at)
    return len(joined)


def catch_up(engine: Engine, sessions: Sessions, club: Club, now: datetime) -> int:
    """Runs every round that is due, each at three in the morning of the day it was due. How many there were."""
    with sessions() as session:
        due = list(rounds.due(session, club, now))
    for period in due:
        at = rounds.adjusted_at(club, period) + timedelta(hours=3)
        rounds.run(engine, club=club, period=period, now=min(at, now))
    return len(due)


def claim(sessions: Sessions, club: Club, now: datetime) -> int:
    """The claims the accounts have made lately. What the rules refuse on this very day stays unclaimed."""
    made = 0
    for turn, (privilege, account) in enumerate((row, key) for row in privileges() for key in row.get("taken_by", ())):
        at = _lately(now, turn, ended="claim_to" in privilege and "months" in privilege["claim_to"])
        with sessions.begin() as session, suppress(Refusal):
            who = _first_admin(next(one for one in accounts() if one.id == account))
            person = _meet(session, club, who, at)
            ids = _ids(session, club, privilege["id"], account)
            done = claims.claim(session, club=club, person=person, privilege_id=ids[0], member_id=ids[1], now=at)
            made += done.created
    return made


def _lately(now: datetime, turn: int, ended: bool) -> datetime:
    """Some hours ago, in the day, and not before the 2nd of the month; for what has ended, a month ago."""
    today = day_of(now)
    on = add_months(today.replace(day=1), -1).replace(day=12) if ended else add_days(today, -(turn * 5 % 11) - 1)
    if not ended:
        on = max(on, today.replace(day=2)) if today.day > 2 else today
    at = start_of(on) + timedelta(hours=9 + turn % 9, minutes=turn * 7 % 60)
    return min(at, now - timedelta(minutes=turn + 1))


def _first_admin(account: Account) -> Somebody:
    key = next(iter(account.admins))
    return next(one for one in everybody() if one.key == key)


def _meet(session: Session, club: Club, who: Somebody, at: datetime) -> Person:
    person = people.meet(session, club=club, line_user_id=who.id, now=at)
    if person.profile_at is None:
        people.learn_profile(session, person=person, display_name=who.name, language=who.language, now=at)
    return person


def _ids(session: Session, club: Club, privilege: str, account: str) -> tuple[int, int]:
    one = select(Privilege.id).where(Privilege.club == club.key, Privilege.key == privilege)
    two = select(Member.id).where(Member.club == club.key, Member.external_id == account)
    return session.scalars(one).one(), session.scalars(two).one()
