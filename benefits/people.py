"""People: LINE users a club's channel has met. Their names are sealed; nothing here says a name to a log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from benefits.journal import note
from benefits.vault import CannotOpen, vault_of
from clubs import Club
from models import Person, TurnRow
from models.queries import Query, Row, Values, ask, columns

LANGUAGES = ("th", "en", "ru")
PROFILE_AGE = timedelta(days=30)
"""After this a profile is asked for again: people change their names."""

_MEET = Query(
    update(Person)
    .where(Person.club == bindparam("of_club"), Person.line_user_id == bindparam("user"))
    .values(last_event_at=bindparam("at"))
    .returning(*columns(Person)),
    Person,
)


def meet(session: Session, *, club: Club, line_user_id: str, now: datetime) -> Person:
    """The person behind a LINE user id, made on first sight, and locked until the caller's transaction ends.

    The lock is what makes one person's turns run one after another. It is the weaker one of an UPDATE that touches no
    key: rows that only point at a person (another admin's turn leaving her a notice) need not wait for her turn to end.
    """
    return meet_and_ask(session, club=club, line_user_id=line_user_id, now=now)[0]


def meet_and_ask(
    session: Session, *, club: Club, line_user_id: str, now: datetime, asked: Sequence[tuple[Query, Values]] = ()
) -> tuple[Person, list[list[Row]]]:
    """`meet`, and in the same round trip the answers to what is `asked` once she is locked."""
    values = {"of_club": club.key, "user": line_user_id, "at": now}
    met, *answers = ask(session, (_MEET, values), *asked)
    if not met:
        made = insert(Person).values(club=club.key, line_user_id=line_user_id, created_at=now)
        session.execute(made.on_conflict_do_nothing(index_elements=["club", "line_user_id"]))
        met, *answers = ask(session, (_MEET, values), *asked)
    return met[0][0], answers


def followed(session: Session, *, person: Person, event_at: datetime, now: datetime) -> bool:
    """She added the channel as a friend at `event_at`. False: a newer follow or unfollow was applied before (A8)."""
    return _befriend(session, person, True, event_at, now)


def unfollowed(session: Session, *, person: Person, event_at: datetime, now: datetime) -> bool:
    """She blocked the channel at `event_at`. False: a newer follow or unfollow was applied before (A8)."""
    return _befriend(session, person, False, event_at, now)


def _befriend(session: Session, person: Person, friend: bool, event_at: datetime, now: datetime) -> bool:
    if person.friend_event_at is not None and event_at < person.friend_event_at:
        return False
    person.friend, person.friend_event_at = friend, event_at
    _note(session, person, "followed" if friend else "unfollowed", now)
    return True


def choose_language(session: Session, *, person: Person, language: str, now: datetime) -> None:
    """She chose a language in the chat. Raises `ValueError` for one we do not speak: buttons offer only ours."""
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language!r}")
    person.language = language
    _note(session, person, "language", now, language=language)


def learn_profile(session: Session, *, person: Person, display_name: str, language: str | None, now: datetime) -> None:
    """Keep what LINE's profile says: the name sealed; the language (`th`, `en-US`, …) only while she has none."""
    person.display_name = vault_of(session).seal(display_name, _name_place(person.id))
    person.profile_at = now
    short = (language or "")[:2].lower()
    if person.language is None and short in LANGUAGES:
        person.language = short


def name_of(session: Session, person: Person) -> str | None:
    """Her display name; none when LINE never told us, or when it can no longer be opened."""
    return opened_name(session, person.id, person.display_name)


def opened_name(session: Session, person_id: int, sealed: bytes | None) -> str | None:
    """The name in a sealed column of `person_id`. A name nobody can open must not stop a claim: it is then no name."""
    if sealed is None:
        return None
    try:
        return vault_of(session).open(sealed, _name_place(person_id))
    except CannotOpen:
        return None


def names_of(session: Session, ids: Collection[int]) -> dict[int, str | None]:
    """Display names by person id, in one query."""
    rows = session.execute(select(Person.id, Person.display_name).where(Person.id.in_(ids)))
    return {row.id: opened_name(session, row.id, row.display_name) for row in rows}


def opt_out(session: Session, *, person: Person, now: datetime) -> None:
    """She wants no messages but answers. Again: the first time stands."""
    if person.opted_out_at is None:
        person.opted_out_at = now
        _note(session, person, "opted_out", now)


def opt_in(session: Session, *, person: Person, now: datetime) -> None:
    """She wants messages again."""
    if person.opted_out_at is not None:
        person.opted_out_at = None
        _note(session, person, "opted_in", now)


def erase_message(session: Session, club: Club, message_id: str) -> int:
    """She took a message back: what it said leaves the turns that stored it. Returns how many did (B19)."""
    message = TurnRow.event["message"]
    left = func.jsonb_build_object("id", message["id"], "type", message["type"], "unsent", True)
    changed = session.execute(
        update(TurnRow)
        .where(TurnRow.club == club.key, TurnRow.message_id == message_id, TurnRow.event.has_key("message"))
        .values(event=func.jsonb_set(TurnRow.event, ["message"], left))
        .returning(TurnRow.event_id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())


def _name_place(person_id: int) -> str:
    return f"people.display_name:{person_id}"


def _note(session: Session, person: Person, action: str, now: datetime, **facts: str) -> None:
    actor = ("person", person.id)
    note(session, club=person.club, at=now, action=action, subject=("person", person.id), actor=actor, **facts)
