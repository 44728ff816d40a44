"""Notices: things to tell a person that ride on her next reply, or are pushed when they cannot wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from clubs import Club
from models import Admin, Notice, Person
from models.queries import Asked, Query, ask

ENDING = "ending"
"""The kind of notice that a kept claim ends soon: facts `claim`, `privilege_th`, `privilege_en`, `account`, `use_until`."""

_WAITING = (
    select(Notice)
    .where(Notice.person_id == bindparam("person"), Notice.state == "waiting")
    .where(or_(Notice.expires_at.is_(None), Notice.expires_at > bindparam("now")))
    .order_by(Notice.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DROP = Query(
    update(Notice)
    .where(
        Notice.person_id.in_(
            select(Person.id)
            .join(Admin, Admin.line_user_id == Person.line_user_id)
            .where(Admin.member_id == bindparam("member"))
        ),
        Notice.key == bindparam("key"),
        Notice.state == "waiting",
    )
    .values(state="dropped")
)


def wait(
    session: Session,
    *,
    person: Person,
    kind: str,
    key: str,
    facts: dict[str, Any],
    now: datetime,
    push_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> bool:
    """Leave her a notice, once per `key`; False: it was left before. `push_at` none: it waits for a reply."""
    found = session.execute(
        insert(Notice)
        .values(club=person.club, person_id=person.id, kind=kind, key=key, facts=facts, created_at=now)
        .values(push_at=push_at, expires_at=expires_at, state="waiting")
        .on_conflict_do_nothing(index_elements=["person_id", "key"])
        .returning(Notice.id)
    )
    return found.scalar() is not None


def waiting(session: Session, *, person: Person, now: datetime, limit: int) -> list[Notice]:
    """Her oldest untold notices that still matter, locked. One that is being pushed this moment is left to that push."""
    return list(session.execute(_WAITING, {"person": person.id, "now": now, "most": limit}).scalars())


def told(session: Session, notices: Sequence[Notice], now: datetime) -> None:
    """These were said in the reply of the caller's transaction: never again."""
    for notice in notices:
        notice.state, notice.told_at = "told", now


def ending_key(claim_id: int) -> str:
    """The key of the reminder of one claim."""
    return f"{ENDING}:{claim_id}"


def drop_ending(session: Session, *, member_id: int, claim_id: int) -> None:
    """Take back untold reminders of a claim that is used or void by now."""
    ask(session, dropping_ending(member_id=member_id, claim_id=claim_id))


def dropping_ending(*, member_id: int, claim_id: int) -> Asked:
    """What `drop_ending` sends, to be sent with others."""
    return _DROP, {"member": member_id, "key": ending_key(claim_id)}


def remind_ending(session: Session, *, club: Club, now: datetime) -> int:
    """Remind, in one statement, of every kept claim that ends within the club's days. Returns how many notices were left.

    Each friend among the account's administrators gets one, pushed 24 hours before the end (halfway for a claim shorter
    than two days) unless a reply said it earlier; to those who opted out it is only said in a reply. Running again adds
    nothing: `claims.reminded_at` is stamped in the same statement. A claim being used this moment is left to the next run.
    """
    found = session.execute(
        text(REMIND),
        {
            "club": club.key,
            "now": now,
            "soon": now + timedelta(days=club.notices.reminder_days),
            "roles": list(club.claiming_roles),
            "kind": ENDING,
        },
    )
    return len(found.all())


REMIND = """
WITH due AS (
    UPDATE claims SET reminded_at = CAST(:now AS timestamptz)
    FROM privileges, members
    WHERE privileges.id = claims.privilege_id AND members.id = claims.member_id AND privileges.club = CAST(:club AS text)
      AND claims.id IN (
          SELECT id FROM claims
          WHERE state = 'kept' AND reminded_at IS NULL
            AND use_until > CAST(:now AS timestamptz) AND use_until <= CAST(:soon AS timestamptz)
          FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING claims.id, claims.member_id, claims.claimed_at, claims.use_until, claims.privilege_id,
              privileges.name_th, privileges.name_en, members.name
)
INSERT INTO notices (club, person_id, kind, key, facts, state, created_at, push_at, expires_at)
SELECT CAST(:club AS text), people.id, CAST(:kind AS text), CAST(:kind AS text) || ':' || due.id,
       jsonb_build_object('claim', due.id, 'privilege', due.privilege_id, 'privilege_th', due.name_th,
                          'privilege_en', due.name_en, 'account', due.name, 'member', due.member_id,
                          'use_until', to_jsonb(due.use_until)),
       'waiting', CAST(:now AS timestamptz),
       CASE WHEN people.opted_out_at IS NULL THEN GREATEST(
            due.use_until - interval '24 hours', due.claimed_at + (due.use_until - due.claimed_at) / 2) END,
       due.use_until
FROM due
JOIN admins ON admins.member_id = due.member_id AND admins.removed_at IS NULL AND admins.role = ANY(:roles)
JOIN people ON people.line_user_id = admins.line_user_id AND people.club = CAST(:club AS text) AND people.friend
ON CONFLICT (person_id, key) DO NOTHING
RETURNING id
"""
