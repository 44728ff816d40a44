"""The journal in the console: found quickly, told in words, safe as a file, and open to auditors and admins only."""

from __future__ import annotations

import ast
import csv
import io
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benefits.journal import note
from benefits.periods import day_of
from benefits.unmasking import views
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import CLUB, Desk
from web.console import journal_words
from wording import words

JOURNAL = "/console/journal/"
MANY = 50_000
ROOT = Path(__file__).parent.parent.parent.parent


def said(answer: Any) -> str:
    """What a page says."""
    assert answer.status_code == 200, answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def test_b17_what_a_colleague_looked_at_on_a_day_is_answered_at_once(desk: Desk) -> None:
    """B17, B9: a real look for a reason, among fifty thousand lines; by colleague and Bangkok day, well under a second."""
    support, auditor = desk.hire("support", name="Ploy"), desk.staff("auditor")
    with desk.sessions.begin() as session:
        session.execute(
            text("INSERT INTO journal (club, at, actor_kind, actor, action, subject_kind, subject_id, facts) "
                 "SELECT :club, :at - n * interval '1 minute', 'staff', (900000 + n % 50)::text, 'personal_data_viewed', "
                 "'person', 900000 + n, '{}' FROM generate_series(1, :n) n"),
            {"club": "crowd_club", "at": NOON, "n": MANY},
        )  # fmt: skip
        session.execute(text("ANALYZE journal"))
        person = factories.person(session)
        for at in (NOON, datetime(2026, 11, 12, 17, 0, tzinfo=UTC), datetime(2026, 11, 11, 16, 59, tzinfo=UTC)):
            note(session, club=CLUB, at=at, actor=("staff", support.id), action="personal_data_viewed",
                 subject=("person", person.id), reason="called us")  # fmt: skip
    question = f"{JOURNAL}?what=personal_data_viewed&who=staff:{support.id}&from=2026-11-12&to=2026-11-12"
    auditor.get(JOURNAL)
    begun = time.perf_counter()
    answer = said(auditor.get(question))
    assert time.perf_counter() - begun < 1
    assert "1 in all" in answer
    assert "Personal data was looked at" in answer
    assert f"Person {person.id} called us" in answer
    with desk.sessions() as session:
        club = desk.parts.clubs[CLUB]
        found = views(session, club=club, staff_id=support.id, day=day_of(NOON))
        assert [line.subject_id for line in found] == [person.id]
        plan = session.execute(
            text("EXPLAIN SELECT id FROM journal WHERE actor_kind = 'staff' AND actor = '900007' "
                 "AND at >= '2026-10-01' AND at < '2026-11-01'")
        ).scalars()  # fmt: skip
        assert "ix_journal_staff" in " ".join(plan)


def test_only_auditors_and_admins_read_it_and_only_their_clubs(desk: Desk) -> None:
    """B5: the others get a calm 403, which is a line itself; another club's line is not there."""
    viewer = desk.staff("viewer", "marketer", "finance", "approver", "support")
    for address in (JOURNAL, f"{JOURNAL}export.csv", f"{JOURNAL}1"):
        assert viewer.get(address).status_code == 403
    admin = desk.staff("admin")
    assert "Wanted to open what is not hers" in said(admin.get(f"{JOURNAL}?who=staff:{viewer.staff.id}"))
    with desk.sessions.begin() as session:
        note(session, club="other_club", at=NOON, action="joined", subject=("member", 1))
        session.flush()
        foreign = session.execute(text("SELECT max(id) FROM journal WHERE club = 'other_club'")).scalar()
    assert admin.get(f"{JOURNAL}{foreign}").status_code == 404


def test_one_line_is_told_in_words_with_its_facts(desk: Desk) -> None:
    """A sentence a person can read out: who, what, to what, when, why; then the facts as they are kept."""
    hand = desk.staff("auditor", name="Nok")
    with desk.sessions.begin() as session:
        note(session, club=CLUB, at=NOON, actor=("staff", hand.staff.id), action="tier_overridden", subject=("member", 7),
             before="welcome", after="gold", reason="<b>goodwill</b>")  # fmt: skip
        line = session.execute(text("SELECT max(id) FROM journal")).scalar()
    page = hand.get(f"{JOURNAL}{line}")
    assert "12 Nov 2026 12:00, Nok: Tier set by staff: Welcome → Gold (Account 7). Reason: <b>goodwill</b>" in said(
        page
    )
    assert "<b>goodwill" not in page.text
    listed = said(hand.get(f"{JOURNAL}?of=member&number=7&what=tier_overridden"))
    assert "Account 7" in listed
    for nothing in ("number=x", "from=yesterday", "to=9999-12-31&number=8888", "who=staff:0"):
        assert "Nothing fits" in said(hand.get(f"{JOURNAL}?{nothing}")), nothing


def test_b11_the_file_is_safe_for_spreadsheets_and_is_noted(desk: Desk) -> None:
    """Reasons that begin like formulas come out as text; who saved the list is in it next time."""
    hand = desk.staff("auditor")
    with desk.sessions.begin() as session:
        note(
            session, club=CLUB, at=NOON + timedelta(days=400), action="claim_void", subject=("claim", 5), reason="=1+1"
        )
    answer = hand.get(f"{JOURNAL}export.csv?from=2027-12-01")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == ["When", "Who", "What", "Concerns", "Why", "Facts"]
    assert rows[1] == [
        "2027-12-17T05:00:00+00:00",
        "The program",
        "Made void",
        "claim 5",
        "'=1+1",
        '{"reason": "=1+1"}',
    ]
    assert "List saved as CSV" in said(hand.get(f"{JOURNAL}?who=staff:{hand.staff.id}"))


def deeds_in_code() -> Iterator[str]:
    """Every action the code notes: `action="…"`, and plain words given to `note`, `_note` or `_move`."""
    for room in ("benefits", "handlers", "bot", "jobs", "web", "commands"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                given = [word.value for word in node.keywords if word.arg == "action"]
                given += list(node.args) if name in ("note", "_note", "_move") else []
                for value in given:
                    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                    yield from (each.value for each in choices
                                if isinstance(each, ast.Constant) and isinstance(each.value, str))  # fmt: skip


def test_every_deed_the_code_notes_has_words() -> None:
    """A deed shown by its key would be read by auditors only who know the code."""
    noted = {deed for deed in deeds_in_code() if re.fullmatch(r"[a-z]+(_[a-z]+)+", deed)}
    assert len(noted) > 40
    assert sorted(noted - set(journal_words.deeds(words("th")))) == []
