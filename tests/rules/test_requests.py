"""Two persons: one asks, another decides, once (rules.md §5)."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from benefits import requests
from clubs import Club
from models import JournalEntry, Staff, StaffRequest
from tests.factories import NOON


def colleague(session: Session, name: str) -> Staff:
    """A colleague who can be named as asking or deciding."""
    row = Staff(email=f"{name}@example.org", name=name, password="-", fs_uniquifier=name, created_at=NOON)
    session.add(row)
    session.flush()
    return row


def ask(session: Session, club: Club, by: Staff, **values: Any) -> StaffRequest:
    """A use to be undone after its window."""
    asked = {"kind": "undo_use", "subject": ("claim", 7), "facts": {"claim": 7}, "reason": "till was down", **values}
    return requests.ask(session, club=club, by=by.id, now=NOON, **asked)


def test_a_second_person_grants_and_the_journal_tells_both(rolled_back: Session, club: Club) -> None:
    """rules.md §5: asked and granted are two lines of the journal on the same subject, by two actors."""
    nok, may = colleague(rolled_back, "nok"), colleague(rolled_back, "may")
    asked = ask(rolled_back, club, nok)
    granted = requests.decide(rolled_back, club=club, request_id=asked.id, by=may.id, yes=True, reason="", now=NOON)
    assert (granted.state, granted.decided_by, granted.facts) == ("granted", may.id, {"claim": 7})
    rolled_back.flush()
    told = rolled_back.scalars(select(JournalEntry).where(JournalEntry.subject_kind == "claim").order_by("id")).all()
    assert [(line.action, line.actor) for line in told] == [
        ("request_asked", str(nok.id)),
        ("request_granted", str(may.id)),
    ]
    assert requests.open_requests(rolled_back, club=club) == []


def test_nobody_decides_her_own(rolled_back: Session, club: Club) -> None:
    """rules.md §5: neither yes nor no by who asked; she may withdraw it, and nobody else may."""
    nok, may = colleague(rolled_back, "nok"), colleague(rolled_back, "may")
    asked = ask(rolled_back, club, nok)
    for yes in (True, False):
        with pytest.raises(requests.OwnRequest):
            requests.decide(rolled_back, club=club, request_id=asked.id, by=nok.id, yes=yes, reason="x", now=NOON)
    with pytest.raises(requests.NotHers):
        requests.withdraw(rolled_back, club=club, request_id=asked.id, by=may.id, now=NOON)
    assert requests.withdraw(rolled_back, club=club, request_id=asked.id, by=nok.id, now=NOON).state == "withdrawn"


def test_the_database_itself_refuses_one_person_deciding_alone(rolled_back: Session, club: Club) -> None:
    """rules.md §5: also past the rule, a grant by who asked cannot be stored."""
    nok = colleague(rolled_back, "nok")
    asked = ask(rolled_back, club, nok)
    asked.state, asked.decided_by, asked.decided_at = "granted", nok.id, NOON
    with pytest.raises(IntegrityError, match="second_person"):
        rolled_back.flush()


def test_a_decision_stands_and_a_refusal_says_why(rolled_back: Session, club: Club) -> None:
    """A decided request is not decided again; after it, the same may be asked anew."""
    nok, may = colleague(rolled_back, "nok"), colleague(rolled_back, "may")
    asked = ask(rolled_back, club, nok)
    with pytest.raises(ValueError, match="reason"):
        requests.decide(rolled_back, club=club, request_id=asked.id, by=may.id, yes=False, reason=" ", now=NOON)
    requests.decide(rolled_back, club=club, request_id=asked.id, by=may.id, yes=False, reason="no slip", now=NOON)
    with pytest.raises(requests.AlreadyDecided) as caught:
        requests.decide(rolled_back, club=club, request_id=asked.id, by=may.id, yes=True, reason="", now=NOON)
    assert (caught.value.request.state, caught.value.request.decided_reason) == ("refused", "no slip")
    assert ask(rolled_back, club, nok).id != asked.id


def test_a_request_of_another_club_is_unknown(rolled_back: Session, club: Club) -> None:
    """B5: an id of another club says nothing."""
    nok, may = colleague(rolled_back, "nok"), colleague(rolled_back, "may")
    asked = ask(rolled_back, club, nok)
    asked.club = "another_club"
    rolled_back.flush()
    with pytest.raises(requests.UnknownRequest):
        requests.decide(rolled_back, club=club, request_id=asked.id, by=may.id, yes=True, reason="", now=NOON)


def test_without_a_reason_nothing_is_asked(rolled_back: Session, club: Club) -> None:
    """A blank reason is none."""
    with pytest.raises(ValueError, match="reason"):
        ask(rolled_back, club, colleague(rolled_back, "nok"), reason=" \n")


def test_two_ask_at_once_and_one_request_stands(sessions: sessionmaker[Session], club: Club) -> None:
    """Two colleagues asking for the same at the same moment make one open request; the other is told which."""
    with sessions.begin() as session:
        both = [colleague(session, "nok"), colleague(session, "may")]
    told: list[object] = []
    barrier = threading.Barrier(2)

    def press(by: Staff) -> None:
        with sessions() as session:
            barrier.wait()
            try:
                made = ask(session, club, by).id
                session.commit()
                told.append(made)
            except requests.AlreadyAsked as refusal:
                told.append(("already", refusal.request.id))

    threads = [threading.Thread(target=press, args=(by,)) for by in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with sessions() as session:
        (standing,) = requests.open_requests(session, club=club)
    assert sorted(told, key=str) == sorted([standing.id, ("already", standing.id)], key=str)
