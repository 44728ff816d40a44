"""B9 and B17: personal data is shown after it was written down that it is, never otherwise; and who saw what can be told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from benefits import people, unmasking
from benefits.reasons import ReasonMissing
from benefits.vault import Vault
from clubs import Club
from models import JournalEntry, Person, TurnRow
from tests import factories
from tests.conftest import TEST_KEYS
from tests.factories import NOON


class Watched(Vault):
    """The test vault, telling when something is opened."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(TEST_KEYS)
        self.told = told

    def open(self, sealed: bytes, context: str) -> str:
        """Open it, and say so."""
        self.told.append("opened")
        return super().open(sealed, context)


@pytest.fixture
def nok(rolled_back: Session) -> Person:
    """A person whose name we know."""
    person = factories.person(rolled_back)
    people.learn_profile(rolled_back, person=person, display_name="นก ใจดี", language="th", now=NOON)
    rolled_back.commit()
    return person


def reveal(session: Session, club: Club, person_id: int, reason: str = "she called", by: int = 5) -> unmasking.Revealed:
    """Staff 5 looks."""
    return unmasking.reveal_person(session, club=club, person_id=person_id, reason=reason, by=by, now=NOON)


def views(session: Session) -> int:
    """Lines of the journal that say somebody looked."""
    return len(session.scalars(select(JournalEntry.id).where(JournalEntry.action == unmasking.VIEWED)).all())


def test_b9_the_journal_is_committed_before_the_name_is_opened(rolled_back: Session, club: Club, nok: Person) -> None:
    """B9: first the commit of the journal entry, then the vault."""
    told: list[str] = []
    rolled_back.info["vault"] = Watched(told)
    event.listen(rolled_back, "after_commit", lambda _: told.append("committed"))
    shown = reveal(rolled_back, club, nok.id)
    assert (shown.name, shown.line_user_id) == ("นก ใจดี", nok.line_user_id)
    assert told == ["committed", "opened"]


def test_b9_with_the_journal_away_nothing_is_opened(rolled_back: Session, club: Club, nok: Person) -> None:
    """B9: the audit table is away: an error, no name, and the vault was not asked."""
    told: list[str] = []
    rolled_back.info["vault"] = Watched(told)
    rolled_back.execute(text("ALTER TABLE journal RENAME TO journal_away"))
    with pytest.raises(ProgrammingError, match="journal"):
        reveal(rolled_back, club, nok.id)
    assert told == []


def test_b9_without_a_reason_or_in_another_club_nothing_is_shown_or_written(
    rolled_back: Session, club: Club, nok: Person
) -> None:
    """B9, B5: a blank reason and a person of another club are refused before anything is written."""
    with pytest.raises(ReasonMissing):
        reveal(rolled_back, club, nok.id, reason="  ")
    foreign = factories.person(rolled_back, club="another_club")
    with pytest.raises(unmasking.UnknownPerson):
        reveal(rolled_back, club, foreign.id)
    assert views(rolled_back) == 0


def test_b9_the_journal_line_holds_ids_and_no_name(rolled_back: Session, club: Club, nok: Person) -> None:
    """B9: who, whom, why and which fields; neither her name nor her LINE user id."""
    reveal(rolled_back, club, nok.id)
    (line,) = unmasking.views(rolled_back, club=club)
    assert (line.actor_kind, line.actor, line.subject_kind, line.subject_id) == ("staff", "5", "person", nok.id)
    assert line.facts == {"reason": "she called", "fields": ["display_name", "line_user_id"]}


def test_b9_a_whole_event_is_shown_the_same_way(rolled_back: Session, club: Club, nok: Person) -> None:
    """B9: the person of the event is the subject; an event of another club is unknown."""
    values = {
        "kind": "message",
        "event": {"message": {"text": "my name is May"}},
        "received_at": NOON,
        "state": "parked",
    }
    for key in (club.key, "another_club"):
        rolled_back.add(TurnRow(club=key, event_id=f"e-{key}", line_user_id=nok.line_user_id, **values))
    rolled_back.commit()
    with pytest.raises(unmasking.UnknownTurn):
        unmasking.reveal_turn(rolled_back, club=club, event_id="e-another_club", reason="x", by=5, now=NOON)
    row = unmasking.reveal_turn(rolled_back, club=club, event_id=f"e-{club.key}", reason="why", by=5, now=NOON)
    assert row.event["message"]["text"] == "my name is May"
    (line,) = unmasking.views(rolled_back, club=club, person_id=nok.id)
    assert line.facts == {"reason": "why", "fields": ["event"], "event_id": f"e-{club.key}"}


def test_b17_who_looked_at_whom_on_a_day(rolled_back: Session, club: Club, nok: Person) -> None:
    """B17: by colleague, by person, by Bangkok day, the newest first."""
    lek = factories.person(rolled_back)
    for by, whom, at in ((5, nok, NOON), (6, nok, NOON), (5, lek, NOON + timedelta(hours=12))):
        unmasking.reveal_person(rolled_back, club=club, person_id=whom.id, reason="x", by=by, now=at)
    told = [(line.actor, line.subject_id) for line in unmasking.views(rolled_back, club=club, staff_id=5)]
    assert told == [("5", lek.id), ("5", nok.id)]
    assert len(unmasking.views(rolled_back, club=club, person_id=nok.id)) == 2
    by_day = [unmasking.views(rolled_back, club=club, staff_id=5, day=date(2026, 11, day)) for day in (12, 13)]
    assert [[line.subject_id for line in lines] for lines in by_day] == [[nok.id], [lek.id]]


def test_b9_a_masked_name_shows_one_character() -> None:
    """B9: names are their first character, LINE user ids their last four."""
    assert [unmasking.masked(name) for name in ("นก ใจดี", "A", None, "")] == ["น•••", "A•••", "•••", "•••"]
    assert unmasking.last_four("U" + "0" * 28 + "1234") == "…1234"
