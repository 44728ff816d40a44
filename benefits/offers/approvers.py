"""Approvers and their LINE chats: connecting a chat by a one-time code, and telling approvers what waits for them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits import notices
from benefits.journal import note
from benefits.offers import budget
from benefits.offers.attention import MADE
from benefits.offers.refusals import TooManyTries, UnknownOffer
from benefits.staff_confirmations import refuse_while_waiting
from benefits.vault import vault_of
from clubs import Club
from models import JournalEntry, Notice, Offer, Person, Staff, StaffChat, StaffConfirmation, StaffRole

OFFER_ASKED = "offer_asked"
"""The kind of notice that an offer waits for approval: facts `offer`, `name`."""
CODE_LIFE = timedelta(minutes=10)
TRIES, PAUSE = 5, timedelta(hours=1)
_DOMAIN = "staff_chats.code"
_VERSION = "offers.version"
WAIT = timedelta(minutes=30)
"""An approver is pushed a message so long after the asking, unless she was told in a reply before."""
BEFORE = timedelta(hours=2)
"""… or so long before the offer begins, if that is later."""


def may_approve(session: Session, *, club: str, staff_id: int) -> bool:
    """Whether she is an active approver of this club now."""
    role = select(StaffRole.id).join(Staff, Staff.id == StaffRole.staff_id)
    held = role.where(
        StaffRole.staff_id == staff_id, StaffRole.club == club, StaffRole.role == "approver", Staff.active
    )
    return bool(session.scalar(select(exists(held))))


def gave_the_sign_in(session: Session, *, offer: Offer, by: int) -> bool:
    """Whether somebody made or changed the offer while a change of their sign-in or rights waited that rests on `by`.

    An administrator who is an approver too could otherwise add a marketer, write as them, and approve it.
    """
    deed = (
        select(JournalEntry.id)
        .join(
            StaffConfirmation,
            (StaffConfirmation.club == JournalEntry.club)
            & (cast(StaffConfirmation.staff_id, String) == JournalEntry.actor)
            & (JournalEntry.at >= StaffConfirmation.made_at)
            & (JournalEntry.at < func.coalesce(StaffConfirmation.confirmed_at, StaffConfirmation.until)),
        )
        .where(
            JournalEntry.club == offer.club,
            JournalEntry.subject_kind == "offer",
            JournalEntry.subject_id == offer.id,
            JournalEntry.action.in_(MADE),
            JournalEntry.actor_kind == "staff",
            StaffConfirmation.involved.contains([by]),
        )
    )
    return bool(session.scalar(select(exists(deed))))


def new_code(session: Session, *, club: Club, staff_id: int, now: datetime) -> str:
    """A code of ten digits that connects the chat it is typed in with this colleague, once, within ten minutes.

    Only its keyed digest is kept; a code made before is void. Ten digits leave a guesser who sends a thousand a second
    for ten minutes a chance below 1 in 10,000, and each chat has five tries an hour. Raises `AwaitsConfirmation` while a
    change of the colleague's sign-in waits: a chat connected now would outlast it.
    """
    refuse_while_waiting(session, club=club.key, staff_id=staff_id, now=now)
    code = str(10**9 + secrets.randbelow(9 * 10**9))
    values = {"code_hash": vault_of(session).fingerprint(f"{club.key}:{code}", _DOMAIN), "code_until": now + CODE_LIFE}
    made = insert(StaffChat).values(club=club.key, staff_id=staff_id, **values)
    session.execute(made.on_conflict_do_update(index_elements=["club", "staff_id"], set_=values))
    _note(session, club.key, staff_id, "chat_code_made", now)
    return code


def connect(session: Session, *, club: Club, person: Person, code: str, now: datetime) -> Staff | None:
    """The colleague this code was made for: her chat from now on; none: a wrong or late code, counted (commit it).

    One person has one chat and one colleague: what stood before gives way. Raises `TooManyTries` after five wrong codes
    within an hour, whatever the code. The caller holds the person's row, so tries come one after another (C1, C2).
    """
    _check_tries(session, person, now)
    prints = vault_of(session).fingerprints(f"{club.key}:{code}", _DOMAIN)
    due = select(StaffChat.id).where(
        StaffChat.club == club.key, StaffChat.code_hash.in_(prints), StaffChat.code_until > now
    )
    chat_id = session.execute(due.with_for_update()).scalar()
    if chat_id is None:
        person_actor = ("person", person.id)
        subject = ("person", person.id)
        note(session, club=club.key, at=now, action="chat_code_wrong", subject=subject, actor=person_actor)
        return None
    others = update(StaffChat).where(StaffChat.person_id == person.id, StaffChat.id != chat_id)
    session.execute(others.values(person_id=None, connected_at=None))
    chat = session.get_one(StaffChat, chat_id, populate_existing=True)
    chat.person_id, chat.connected_at, chat.code_hash, chat.code_until = person.id, now, None, None
    _note(session, club.key, chat.staff_id, "chat_connected", now, person=person.id)
    session.flush()
    return session.get_one(Staff, chat.staff_id)


def disconnect(session: Session, *, club: Club, staff_id: int, by: int, now: datetime) -> bool:
    """Their chat is theirs alone again; what waited to be told there is dropped. False: none was connected.

    Raises `AwaitsConfirmation`: whoever came in by a reset does not cut off the chat in which the colleague is told of it.
    """
    refuse_while_waiting(session, club=club.key, staff_id=staff_id, now=now)
    chat = select(StaffChat).where(StaffChat.club == club.key, StaffChat.staff_id == staff_id).with_for_update()
    found = session.scalars(chat).one_or_none()
    if found is None or found.person_id is None:
        return False
    waiting = update(Notice).where(
        Notice.person_id == found.person_id, Notice.kind == OFFER_ASKED, Notice.state == "waiting"
    )
    session.execute(waiting.values(state="dropped").execution_options(synchronize_session=False))
    found.person_id = found.connected_at = None
    _note(session, club.key, staff_id, "chat_disconnected", now, by=by)
    return True


def chat_of(session: Session, *, club: Club, staff_id: int) -> StaffChat | None:
    """Her connected chat; none: not connected."""
    connected = select(StaffChat).where(StaffChat.club == club.key, StaffChat.staff_id == staff_id)
    return session.scalars(connected.where(StaffChat.person_id.is_not(None))).one_or_none()


def approver_of(session: Session, *, person: Person) -> Staff | None:
    """The colleague whose chat this is, if she may approve; none: anybody else."""
    found = session.scalars(
        select(Staff).join(StaffChat, StaffChat.staff_id == Staff.id).where(StaffChat.person_id == person.id)
    ).one_or_none()
    return found if found is not None and may_approve(session, club=person.club, staff_id=found.id) else None


def waiting(session: Session, *, club: Club) -> list[Offer]:
    """Offers that wait for approval, oldest first."""
    asked = select(Offer).where(Offer.club == club.key, Offer.state == "asked")
    return list(session.scalars(asked.order_by(Offer.asked_at, Offer.id)))


@dataclass(frozen=True)
class Asked:
    """An offer as an approver sees it; the figures are those of the moment it was asked for."""

    offer: Offer
    author: str
    reachable: int
    messages: int
    """What it takes: those held out get none."""
    cost_satang: int
    at: datetime
    version: int


def asked(session: Session, *, club: Club, offer_id: int) -> Asked:
    """One offer of the club with the figures counted when it was asked for last: counting anew could take longer than
    LINE waits for an answer. Raises `UnknownOffer`."""
    found = session.execute(
        select(Offer, Staff.name)
        .join(Staff, Staff.id == Offer.author_id)
        .where(Offer.id == offer_id, Offer.club == club.key)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise UnknownOffer()
    offer, author = found
    entry = session.scalars(
        select(JournalEntry)
        .where(JournalEntry.club == club.key, JournalEntry.subject_kind == "offer", JournalEntry.subject_id == offer.id)
        .where(JournalEntry.action == "offer_asked")
        .order_by(JournalEntry.id.desc())
        .limit(1)
    ).one_or_none()
    reachable = int(entry.facts["reachable"]) if entry is not None else 0
    messages = reachable - reachable * offer.holdout_percent // 100
    at = entry.at if entry is not None else offer.changed_at
    return Asked(offer, author, reachable, messages, budget.cost(session, club, messages), at, version(session, offer))


def version(session: Session, offer: Offer) -> int:
    """A number for what the offer is now, as buttons and typed words carry it. Keyed: nobody can write an offer whose
    number is another one's."""
    return _number(vault_of(session).fingerprint(f"{offer.id}:{offer.digest.hex()}", _VERSION))


def is_version(session: Session, offer: Offer, number: int) -> bool:
    """Whether `number` stands for what the offer is now."""
    prints = vault_of(session).fingerprints(f"{offer.id}:{offer.digest.hex()}", _VERSION)
    return any(_number(found) == number for found in prints)


def tell(session: Session, *, offer: Offer, by: int, now: datetime) -> None:
    """Leave every other approver with a chat a notice that this offer waits; pushed when it can wait no longer."""
    chats = (
        select(Person)
        .join(StaffChat, StaffChat.person_id == Person.id)
        .join(StaffRole, (StaffRole.staff_id == StaffChat.staff_id) & (StaffRole.club == StaffChat.club))
        .join(Staff, Staff.id == StaffChat.staff_id)
        .where(StaffChat.club == offer.club, StaffRole.role == "approver", Staff.active, StaffChat.staff_id != by)
    )
    begins = offer.start_at or offer.not_after
    push_at = now + WAIT if begins is None else max(now, min(now + WAIT, begins), begins - BEFORE)
    for person in session.scalars(chats):
        key = f"{OFFER_ASKED}:{offer.id}:{offer.digest.hex()[:16]}:{now.timestamp():.0f}"
        facts = {"offer": offer.id, "name": offer.name}
        times = {"push_at": push_at, "expires_at": offer.not_after}
        notices.wait(session, person=person, kind=OFFER_ASKED, key=key, facts=facts, now=now, **times)


def untell(session: Session, *, offer: Offer) -> None:
    """It does not wait for approval any more: who was not told yet is not told."""
    left = update(Notice).where(Notice.club == offer.club, Notice.key.like(f"{OFFER_ASKED}:{offer.id}:%"))
    waiting = left.where(Notice.state == "waiting", Notice.kind == OFFER_ASKED)
    session.execute(waiting.values(state="dropped").execution_options(synchronize_session=False))


def _check_tries(session: Session, person: Person, now: datetime) -> None:
    wrong = select(func.count(), func.min(JournalEntry.at)).where(
        JournalEntry.club == person.club,
        JournalEntry.subject_kind == "person",
        JournalEntry.subject_id == person.id,
        JournalEntry.action == "chat_code_wrong",
        JournalEntry.at > now - PAUSE,
    )
    count, first = session.execute(wrong).one()
    if count >= TRIES:
        raise TooManyTries(first + PAUSE)


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:5])


def _note(session: Session, club: str, staff_id: int, action: str, now: datetime, **facts: int) -> None:
    note(session, club=club, at=now, action=action, subject=("staff", staff_id), actor=("staff", staff_id), **facts)
