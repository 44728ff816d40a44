"""Parked turns and jobs in the console: read without personal data, tried again, put aside; overdue is red (G12)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text

from models import JournalEntry, TurnRow
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import CLUB, Desk

WORDS = "my number is 081 234 5678 <b>"


def park(desk: Desk, event_id: str, error: str = "KeyError: 'Mali'", **values: Any) -> str:
    """An event that failed at noon; the address of its page."""
    user = factories.line_user_id()
    event = {"type": "message", "source": {"type": "user", "userId": user}, "message": {"type": "text", "text": WORDS}}
    defaults = {"club": CLUB, "kind": "message", "event": event, "state": "parked", "received_at": NOON}
    with desk.sessions.begin() as session:
        session.add(TurnRow(**{**defaults, "event_id": event_id, "error": error, "line_user_id": user, **values}))
    return f"/console/parked/event/{event_id}"


def turn(desk: Desk, event_id: str) -> TurnRow:
    """As stored."""
    with desk.sessions() as session:
        return session.get_one(TurnRow, (CLUB, event_id))


def waiting(desk: Desk, job: str) -> int:
    """How many tasks of that job wait in the engine."""
    query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :job AND status = 'todo'"
    with desk.sessions() as session:
        return int(session.execute(text(query), {"job": job}).scalar_one())


def test_b9_a_parked_event_is_read_without_what_was_said(desk: Desk) -> None:
    """B9, B12: list and page hide words, ids and what the error quotes; other clubs' events are not there."""
    url = park(desk, "masked-1")
    park(desk, "foreign-1", club="another_club")
    hand = desk.staff("admin", "auditor", "viewer")
    for address in ("/console/parked/", url):
        page = hand.get(address).text
        assert "KeyError: •••" in page, address
        for hidden in ("081", "Mali", "U000000"):
            assert hidden not in page, (address, hidden)
    assert "&#34;text&#34;: &#34;•••&#34;" in hand.get(url).text
    assert hand.get("/console/parked/event/foreign-1").status_code == 404
    assert hand.post("/console/parked/event/foreign-1/retry").status_code == 404
    assert "foreign-1" not in hand.get("/console/parked/").text


def test_b9_support_reads_it_whole_for_a_reason(desk: Desk) -> None:
    """B9: shown as text, once, after the journal has it; without a reason or by another role not at all."""
    url = park(desk, "whole-1")
    support = desk.staff("support")
    assert support.post(f"{url}/reveal", {"reveal_reason": ""}).status_code == 409
    answer = support.post(f"{url}/reveal", {"reveal_reason": "to mend the handler"})
    assert (answer.status_code, "081 234 5678 &lt;b&gt;" in answer.text) == (200, True)
    assert "081" not in support.get(url).text
    with desk.sessions() as session:
        lines = select(JournalEntry).where(
            JournalEntry.actor == str(support.staff.id), JournalEntry.action == "personal_data_viewed"
        )
        assert [line.facts["event_id"] for line in session.scalars(lines)] == ["whole-1"]
    assert desk.staff("admin", "viewer").post(f"{url}/reveal", {"reveal_reason": "x"}).status_code == 403


def test_a_retry_is_asked_for_one_or_all_of_a_kind_and_rings_the_job(desk: Desk) -> None:
    """The job is asked at once; marks are stored, so that a restart forgets none."""
    first, _ = park(desk, "again-1", error="OddError: 1"), park(desk, "again-2", error="OddError: 2")
    support = desk.staff("support")
    assert support.post(f"{first}/retry").status_code == 303
    assert turn(desk, "again-1").retry_asked_at == NOON
    assert waiting(desk, "parked") == 1
    assert "within a minute" in support.get(first).text
    assert support.post("/console/parked/retry", {"reason": "OddError"}).headers["Location"] == "/console/parked/"
    assert turn(desk, "again-2").retry_asked_at == NOON
    assert "2 events will be handled again." in support.get("/console/parked/?reason=OddError").text
    assert waiting(desk, "parked") == 1, "asking twice adds nothing"
    assert desk.staff("viewer", "auditor").post(f"{first}/retry").status_code == 403


def test_what_is_put_aside_needs_no_attention_and_can_be_taken_up(desk: Desk) -> None:
    """An undo where a finger slips."""
    url = park(desk, "aside-1", error="AsideError: x")
    admin = desk.staff("admin")
    listed = "/console/parked/?reason=AsideError"
    assert url in admin.get(listed).text
    admin.post(f"{url}/seen", {"seen": "1"})
    assert url not in admin.get(listed).text
    assert url in admin.get("/console/parked/?seen=1&page=1").text
    admin.post(f"{url}/seen")
    assert url in admin.get(listed).text


def test_g12_an_overdue_job_is_red_here_and_on_the_home_page_until_it_is_well(desk: Desk) -> None:
    """G12: no job ever ran here: told at home and in the table; one that ended well just now is in time again."""
    viewer = desk.staff("viewer")
    assert "No job is running" in viewer.get("/console/").text
    page = viewer.get("/console/jobs/").text
    assert page.count('class="tag bad">Overdue') >= len(desk.desk.timetable)
    assert "Run now" not in page
    with desk.sessions.begin() as session:
        for job in desk.desk.timetable:
            done = (
                "WITH made AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status) "
                "VALUES ('timetable', :job, 'succeeded') RETURNING id) "
                "INSERT INTO procrastinate_events (job_id, type) SELECT id, 'succeeded' FROM made"
            )
            session.execute(text(done), {"job": job.name})
    assert "No job is running" not in viewer.get("/console/").text
    page = viewer.get("/console/jobs/").text
    assert page.count('class="tag good">In time') == len(desk.desk.timetable)
    assert "The round of November 2026 is due on 2 Dec 2026" in page


def test_a_job_is_rung_by_its_name_only(desk: Desk) -> None:
    """An administrator asks one of the timetable to run; another name is not there; the journal says who asked."""
    admin = desk.staff("admin")
    assert admin.post("/console/jobs/ring", {"job": "menus"}).status_code == 303
    assert waiting(desk, "menus") == 1
    assert admin.post("/console/jobs/ring", {"job": "drop_everything"}).status_code == 404
    assert desk.staff("finance").post("/console/jobs/ring", {"job": "menus"}).status_code == 403
    with desk.sessions() as session:
        lines = select(JournalEntry.facts).where(
            JournalEntry.action == "job_rung", JournalEntry.actor == str(admin.staff.id)
        )
        assert session.scalars(lines).all() == [{"job": "menus"}]


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_page_of_these_records_opens_in_both_languages(desk: Desk, language: str) -> None:
    """Thai first, English second: no page fails for want of a word, and the Thai one has no English heading left."""
    with desk.sessions.begin() as session:
        shop = factories.member(session, factories.person(session))
        number = shop.id
    url = park(desk, f"words-{language}")
    hand = desk.staff("admin", "support", "auditor", "finance", language=language)
    names = ("accounts", "people", "admins", "claims", "charges", "parked", "jobs", "views")
    for address in (*(f"/console/{name}/" for name in names), f"/console/accounts/{number}", url):
        answer = hand.get(address)
        assert answer.status_code == 200, address
        assert f'<html lang="{language}">' in answer.text
        heading = answer.text.partition("<h1>")[2].partition("</h1>")[0]
        assert heading, address
        if language == "th" and "accounts/" + str(number) not in address:
            assert any("\u0e00" <= letter <= "\u0e7f" for letter in heading), (address, heading)
