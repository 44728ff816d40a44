"""Parked events as staff handles them: without personal data, by kind of error, tried again or put aside."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits import parked
from benefits.unmasking import UnknownTurn
from clubs import Club
from models import JournalEntry, TurnRow
from tests.factories import NOON

EVENT = {
    "type": "message",
    "timestamp": 1794459600000,
    "webhookEventId": "01A",
    "replyToken": "secret-token",
    "deliveryContext": {"isRedelivery": False},
    "source": {"type": "user", "userId": "U" + "0" * 28 + "abcd"},
    "message": {"id": "55", "type": "text", "text": "call me: 081 234 5678", "mention": {"mentionees": [{"index": 3}]}},
    "postback": {"data": "claim:4:7", "params": {"date": "1990-02-03"}},
    "data": "not a button of ours",
}


def turn(session: Session, event_id: str, error: str = "KeyError: 'x'", **values: Any) -> TurnRow:
    """An event that failed at noon."""
    defaults = {"club": "family_club", "kind": "message", "event": EVENT, "state": "parked", "received_at": NOON}
    row = TurnRow(**{**defaults, "event_id": event_id, "error": error, **values})
    session.add(row)
    session.flush()
    return row


def test_b9_an_event_is_shown_without_what_the_person_said() -> None:
    """B9: what LINE says of the event and what our buttons carry stays; words, ids, tokens and numbers of hers do not."""
    assert parked.without_personal_data(EVENT) == {
        "type": "message",
        "timestamp": 1794459600000,
        "webhookEventId": "01A",
        "replyToken": "•••",
        "deliveryContext": {"isRedelivery": False},
        "source": {"type": "user", "userId": "…abcd"},
        "message": {"id": "•••", "type": "text", "text": "•••", "mention": {"mentionees": [{"index": "•••"}]}},
        "postback": {"data": "claim:4:7", "params": {"date": "•••"}},
        "data": "•••",
    }
    assert parked.without_personal_data({"type": {"text": "May"}}) == {"type": {"text": "•••"}}
    assert parked.without_personal_data({"postback": {"data": ["May"]}}) == {"postback": {"data": ["•••"]}}


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("ValueError: 'my name is May' is not a date", "ValueError: ••• is not a date"),
        ("IntegrityError: duplicate\nDETAIL: Key (line_user_id)=(U1)", "IntegrityError: duplicate"),
        ("X: user U" + "0" * 32 + " of may@example.org, 0812345678", "X: user ••• of ••• •••"),
        ("X: Key (name)=(May) exists", "X: Key (name)••• exists"),
        (None, ""),
    ],
)
def test_b9_an_error_is_shown_without_what_it_quotes(error: str | None, shown: str) -> None:
    """B9: one line, quoted values, ids, addresses and long numbers hidden."""
    assert parked.without_values(error) == shown


def test_they_are_told_by_kind_of_error(rolled_back: Session, club: Club) -> None:
    """The most frequent first; seen ones, other clubs' and those that went well are not counted."""
    turn(rolled_back, "a")
    turn(rolled_back, "b", received_at=NOON + timedelta(hours=1))
    turn(rolled_back, "c", error="ValueError: x")
    turn(rolled_back, "d", seen_at=NOON)
    turn(rolled_back, "e", state="done")
    turn(rolled_back, "f", club="another_club")
    assert parked.reasons(rolled_back, club=club) == [
        parked.Reason("KeyError", 2, NOON, NOON + timedelta(hours=1)),
        parked.Reason("ValueError", 1, NOON, NOON),
    ]
    listed = parked.listed(club=club, reason="KeyError")
    assert [row.event_id for row in rolled_back.scalars(listed)] == ["b", "a"]
    assert [row.event_id for row in rolled_back.scalars(parked.listed(club=club, seen=True))] == ["d"]
    assert len(rolled_back.scalars(parked.listed(club=club, seen=None)).all()) == 4


def test_a_retry_is_asked_once_for_one_or_for_all_of_a_kind(rolled_back: Session, club: Club) -> None:
    """Marks are taken off one by one in the order they were asked; who asked is in the journal."""
    for event_id, error in (("a", "KeyError: 1"), ("b", "KeyError: 2"), ("c", "ValueError: x")):
        turn(rolled_back, event_id, error=error)
    turn(rolled_back, "gone", state="done")
    assert parked.ask_retry(rolled_back, club=club, event_id="c", by=5, now=NOON)
    assert not parked.ask_retry(rolled_back, club=club, event_id="gone", by=5, now=NOON)
    later = NOON + timedelta(minutes=1)
    assert parked.ask_retry_all(rolled_back, club=club, reason="KeyError", by=5, now=later) == 2
    assert [parked.next_asked(rolled_back) for _ in range(4)] == [
        ("family_club", "c"),
        ("family_club", "a"),
        ("family_club", "b"),
        None,
    ]
    rolled_back.flush()
    told = rolled_back.scalars(select(JournalEntry).where(JournalEntry.action == "retry_asked").order_by("id")).all()
    assert [(line.actor, line.facts) for line in told] == [
        ("5", {"events": 1, "event_id": "c"}),
        ("5", {"events": 2, "reason": "KeyError"}),
    ]


def test_an_event_of_another_club_is_unknown(rolled_back: Session, club: Club) -> None:
    """B5: neither tried again nor put aside from here."""
    turn(rolled_back, "f", club="another_club")
    with pytest.raises(UnknownTurn):
        parked.ask_retry(rolled_back, club=club, event_id="f", by=5, now=NOON)
    with pytest.raises(UnknownTurn):
        parked.mark_seen(rolled_back, club=club, event_id="f", seen=True, by=5, now=NOON)


def test_seen_is_put_aside_and_taken_up_again(rolled_back: Session, club: Club) -> None:
    """The second press changes nothing; a retry takes it up again."""
    turn(rolled_back, "a")
    assert parked.mark_seen(rolled_back, club=club, event_id="a", seen=True, by=5, now=NOON)
    assert not parked.mark_seen(rolled_back, club=club, event_id="a", seen=True, by=5, now=NOON)
    assert parked.reasons(rolled_back, club=club) == []
    assert parked.mark_seen(rolled_back, club=club, event_id="a", seen=False, by=5, now=NOON)
    parked.mark_seen(rolled_back, club=club, event_id="a", seen=True, by=5, now=NOON)
    parked.ask_retry(rolled_back, club=club, event_id="a", by=5, now=NOON)
    assert [reason.events for reason in parked.reasons(rolled_back, club=club)] == [1]
