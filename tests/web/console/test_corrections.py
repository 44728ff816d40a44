"""Corrections in the console: A15 as two colleagues do it, and what is typed wrong is told at its field."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from benefits.vault import Vault
from tests import factories
from tests.rules.books import Books
from tests.web.console.desk import Desk, Hand, make_desk

NEW = "/console/corrections/new"


@pytest.fixture
def desk(database_url: str, tmp_path: Path, vault: Vault) -> Iterator[Desk]:
    """@a with 6,000 stars of October, and three more accounts of the entry tier."""
    desk = make_desk(database_url, tmp_path, vault)
    with desk.sessions.begin() as session:
        for name in "abcd":
            factories.member(session, external_id=f"@{name}")
    books = Books(desk.parts.engine, desk.sessions, desk.parts.clubs["family_club"], tmp_path)
    books.bill("@a", "6000.00")
    books.run("2026-10")
    yield desk
    desk.sessions.kw["bind"].dispose()


def said(answer: Any) -> str:
    """What a page says."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def ask(hand: Hand, **typed: Any) -> Any:
    """Fill in the form."""
    plain = {"shape": "account", "account": "@b", "tier": "all", "stars": "5,000", "period": "", "reason": "promised"}
    return hand.post(NEW, {**plain, **typed}, content_type="multipart/form-data")


def posted(desk: Desk) -> list[tuple[int, int]]:
    """(entries, stars) of all corrections."""
    with desk.parts.engine.connect() as connection:
        query = "SELECT count(*), coalesce(sum(amount), 0) FROM entries WHERE kind = 'correction'"
        return [(int(n), int(stars)) for n, stars in connection.execute(text(query))]


def test_a15_a_mistake_over_a_whole_tier_is_seen_granted_and_taken_back_by_one_action(desk: Desk) -> None:
    """A15: one asks, the sums are shown first, another grants; one button takes all back; the journal shows both."""
    nok, may, viewer = desk.staff("finance", name="Nok"), desk.staff("approver", name="May"), desk.staff("viewer")
    assert viewer.get(NEW).status_code == 403
    assert ask(desk.staff("marketer")).status_code == 403
    asked = ask(nok, shape="tier", tier="welcome", stars="7000")
    assert asked.status_code == 303
    page = asked.headers["Location"]
    for shown in ("Nothing has changed yet", "+21,000", "Welcome Silver 3", "promised", "Nok"):
        assert shown in said(may.get(page)), shown
    assert nok.post(f"{page}/grant").status_code == 409
    assert posted(desk) == [(0, 0)]
    assert "1 correction of stars waits for you." in said(may.get("/console/"))
    assert "waits for you" not in said(nok.get("/console/"))
    assert may.post(f"{page}/grant").status_code == 303
    assert posted(desk) == [(3, 21_000)]
    assert may.post(f"{page}/grant").status_code == 409
    assert may.post(f"{page}/reverse", {"reason": "mistake"}).status_code == 403
    back = nok.post(f"{page}/reverse", {"reason": "given by mistake"}).headers["Location"]
    assert back != page
    assert "waits for a second person" in said(nok.get(page))
    assert nok.post(f"{back}/grant").status_code == 409
    assert may.post(f"{back}/grant").status_code == 303
    assert posted(desk) == [(6, 0)]
    again = nok.post(f"{page}/reverse", {"reason": "once more"})
    assert "taken back already" in said(nok.get(again.headers["Location"]))
    for each in (page, back):
        shown = said(viewer.get(each))
        assert "Asked for a second person" in shown
        assert "Granted by a second person" in shown
    listed = said(viewer.get("/console/corrections/"))
    assert "Tier Welcome" in listed
    assert "Takes correction" in listed


def test_a_file_is_taken_whole_and_its_faults_are_named_by_line(desk: Desk) -> None:
    """What cannot be taken is told line by line in her words; the same file mended is asked for."""
    nok = desk.staff("finance")
    bad = ask(nok, shape="file", file=(io.BytesIO(b"member_id,stars\n@b,5\n@nobody,5\n@b,x\n"), "c.csv"))
    assert bad.status_code == 409
    assert "Line 3: there is no such account" in said(bad).replace(" “@nobody”", "")
    assert "Line 4 “x”: stars must be a whole number other than 0" in said(bad)
    assert ask(nok, shape="file", file=(io.BytesIO(b"\x89PNG\r\n\x1a\n\0\0"), "c.csv")).status_code == 409
    assert ask(nok, shape="file").status_code == 400
    good = ask(nok, shape="file", file=(io.BytesIO(b"member_id,stars,period\n@a,-6000,2026-10\n@b,5,\n"), "c.csv"))
    page = nok.get(good.headers["Location"])
    assert "−5,995" in said(page)
    assert "Silver Welcome 1" in said(page)
    assert nok.post(f"{good.headers['Location']}/withdraw").status_code == 303
    assert "Withdrawn" in said(nok.get(good.headers["Location"]))


WRONG: list[tuple[dict[str, str], int, str]] = [
    ({"stars": "0"}, 400, "other than 0"),
    ({"stars": "1.5"}, 400, "other than 0"),
    ({"stars": "99999999999"}, 400, "other than 0"),
    ({"account": ""}, 400, "Name the account"),
    ({"account": "@nobody"}, 409, "no such account"),
    ({"reason": " "}, 400, "Write a reason"),
    ({"period": "October"}, 400, "Write the month as 2026-10"),
    ({"period": "2026-11"}, 409, "not computed yet"),
    ({"shape": "everybody"}, 400, "Choose whose stars"),
]


def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_is_kept(desk: Desk) -> None:
    """Nothing is asked; the form comes back filled in."""
    nok = desk.staff("finance")
    for typed, status, told in WRONG:
        answer = ask(nok, **{"reason": "slip <b>of</b> pen", **typed})
        assert (answer.status_code, told in said(answer)) == (status, True), typed
        if "reason" not in typed:
            assert 'value="slip &lt;b&gt;of&lt;/b&gt; pen"' in answer.text
    with desk.parts.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM corrections")).scalar() == 0
    minus = ask(nok, stars="−500")
    assert "−500" in said(nok.get(minus.headers["Location"]))


def test_b5_a_correction_of_another_club_is_not_there(desk: Desk) -> None:
    """Neither read nor decided, whoever asks."""
    page = ask(desk.staff("finance")).headers["Location"]
    with desk.parts.engine.begin() as connection:
        connection.execute(text("UPDATE corrections SET club = 'other_club'"))
    hand = desk.staff("finance", "approver")
    assert hand.get(page).status_code == 404
    for deed in ("grant", "refuse", "withdraw", "reverse"):
        assert hand.post(f"{page}/{deed}", {"reason": "x"}).status_code == 404
