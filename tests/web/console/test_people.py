"""People and admins in the console: masked; one record in the clear for a reason, after the journal has it (B9, B17)."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import pytest
from sqlalchemy import select, text

from benefits import people
from models import Consent, JournalEntry, Person
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import CLUB, Desk

NAME = "มะลิ <script>alert(1)</script>"


@dataclass
class Someone:
    """A person with a known name, and her page."""

    id: int
    line_user_id: str
    account: str

    @property
    def url(self) -> str:
        """Her page."""
        return f"/console/people/{self.id}"


@pytest.fixture
def mali(desk: Desk) -> Someone:
    """Mali, administrator of one account, who agreed to the terms."""
    with desk.sessions.begin() as session:
        row: Person = factories.person(session, last_event_at=NOON)
        people.learn_profile(session, person=row, display_name=NAME, language="th", now=NOON)
        shop = factories.member(session, row)
        agreed = {"purpose": "club", "terms_version": "2026-01", "text_sha256": "0", "language": "th"}
        session.add(Consent(person_id=row.id, given_at=NOON, **agreed))
        return Someone(row.id, row.line_user_id, shop.external_id)


def looked(desk: Desk, mali: Someone) -> list[JournalEntry]:
    """Lines of the journal that say somebody looked at her data."""
    with desk.sessions() as session:
        lines = select(JournalEntry).where(
            JournalEntry.club == CLUB,
            JournalEntry.action == "personal_data_viewed",
            JournalEntry.subject_kind == "person",
            JournalEntry.subject_id == mali.id,
        )
        return list(session.scalars(lines))


def test_b9_lists_and_pages_are_masked_for_everybody(desk: Desk, mali: Someone) -> None:
    """B9: neither name nor LINE user id in list, page, admins or export, whoever looks."""
    hand = desk.staff("support", "admin", "auditor")
    for address in (
        "/console/people/",
        mali.url,
        "/console/admins/",
        "/console/people/export.csv",
        "/console/admins/export.csv",
    ):
        shown = hand.get(f"{address}?sort=-id").text
        assert "ม•••" in shown, address
        assert f"…{mali.line_user_id[-4:]}" in shown, address
        assert "ะลิ" not in shown, address
        assert mali.line_user_id not in shown, address
    assert "terms 2026-01" in hand.get(mali.url).text
    assert mali.account in hand.get(mali.url).text


def test_b9_support_sees_one_name_for_a_reason_and_the_journal_says_so(desk: Desk, mali: Someone) -> None:
    """B9, B12: shown once, as text; the next look at the page is masked again; the address says nothing."""
    support = desk.staff("support")
    answer = support.post(f"{mali.url}/reveal", {"reveal_reason": "she called about a claim"})
    assert answer.status_code == 200
    assert "มะลิ &lt;script&gt;" in answer.text
    assert mali.line_user_id in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    (line,) = looked(desk, mali)
    assert (line.actor, line.facts["reason"]) == (str(support.staff.id), "she called about a claim")
    again = support.get(mali.url).text
    assert "ะลิ" not in again
    assert "she called about a claim" in again, "who looked stands on her page"


def test_b9_no_reason_no_name(desk: Desk, mali: Someone) -> None:
    """B9: without a reason nothing is shown and nothing is written."""
    answer = desk.staff("support").post(f"{mali.url}/reveal", {"reveal_reason": " "})
    assert answer.status_code == 409
    assert "ะลิ" not in answer.text
    assert looked(desk, mali) == []


@pytest.mark.parametrize("role", ["viewer", "marketer", "approver", "finance", "admin", "auditor"])
def test_b9_nobody_else_may_look(desk: Desk, mali: Someone, role: str) -> None:
    """B9, B5: only support unmasks; the form is not even there for others."""
    hand = desk.staff(role)
    assert "reveal" not in hand.get(mali.url).text
    assert hand.post(f"{mali.url}/reveal", {"reveal_reason": "curious"}).status_code == 403
    assert looked(desk, mali) == []


def test_b9_with_the_journal_away_there_is_no_name(desk: Desk, mali: Someone) -> None:
    """B9: the journal refuses the line: an error page without a name."""
    support = desk.staff("support")
    desk.console.config["PROPAGATE_EXCEPTIONS"] = False
    refuse = """
        CREATE FUNCTION no_journal() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the journal is away'; END $$;
        CREATE TRIGGER away BEFORE INSERT ON journal FOR EACH STATEMENT EXECUTE FUNCTION no_journal();
    """
    with desk.sessions.begin() as session:
        session.execute(text(refuse))
    try:
        answer = support.post(f"{mali.url}/reveal", {"reveal_reason": "she called"})
    finally:
        with desk.sessions.begin() as session:
            session.execute(text("DROP TRIGGER away ON journal; DROP FUNCTION no_journal"))
        desk.console.config["PROPAGATE_EXCEPTIONS"] = None
    assert answer.status_code == 500
    assert "ะลิ" not in answer.text
    assert looked(desk, mali) == []


def test_b17_an_auditor_asks_who_looked_and_takes_it_along(desk: Desk, mali: Someone) -> None:
    """B17, B11: by colleague and Bangkok day, on the page and as CSV in which a reason computes nothing; others may not ask."""
    support = desk.staff("support", name="=HYPERLINK(1)")
    support.post(f"{mali.url}/reveal", {"reveal_reason": "+1+1"})
    auditor = desk.staff("auditor")
    mine = f"?staff={support.staff.id}&day=2026-11-12"
    assert f'href="{mali.url}"' in auditor.get(f"/console/views/{mine}").text
    assert f'href="{mali.url}"' not in auditor.get(f"/console/views/?staff={support.staff.id}&day=2026-11-13").text
    rows = list(csv.reader(io.StringIO(auditor.get(f"/console/views/export.csv{mine}").text.removeprefix("\ufeff"))))
    assert rows[1][1:] == ["'=HYPERLINK(1)", str(mali.id), "Name and LINE user id", "'+1+1"]
    assert support.get("/console/views/").status_code == 403


def test_people_are_found_by_their_last_four_and_by_what_they_want(desk: Desk, mali: Someone) -> None:
    """Names are sealed and can't be searched; filters tell friends, blocked, opted out, last seen."""
    with desk.sessions.begin() as session:
        gone = factories.person(session, friend=False, friend_event_at=NOON, opted_out_at=NOON, language="en").id
        new = factories.person(session, friend=False, language=None).id
    viewer = desk.staff("viewer")

    def shown(query: str) -> set[int]:
        page = viewer.get(f"/console/people/?sort=-id&{query}").text
        return {row for row in (mali.id, gone, new) if f'href="/console/people/{row}"' in page}

    assert shown(f"q={mali.line_user_id[-4:]}") == {mali.id}
    assert shown("q=มะลิ") == set()
    assert shown("friend=yes") == {mali.id}
    assert shown("friend=blocked") == {gone}
    assert shown("friend=never") == {new}
    assert shown("offers=no") == {gone}
    assert shown("language=none") == {new}
    assert shown("seen=7") == {mali.id}
    assert shown("seen=never") == {gone, new}
