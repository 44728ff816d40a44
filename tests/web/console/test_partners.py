"""Partners and the club's file in the console."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from benefits import pins
from models import Partner
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import Desk, Hand


@pytest.fixture(scope="module")
def mali(shared_desk: Desk) -> Hand:
    """A marketer."""
    return shared_desk.staff("marketer")


def test_a_partner_is_made_renamed_and_given_a_pin(desk: Desk, mali: Hand) -> None:
    """Its PIN is good at the counter, and on no page."""
    form = {"key": "mong-chao", "name_th": "โมงเช้า", "name_en": "Mong Chao", "pin": "1234"}
    weak = mali.post("/console/partners/new", form)
    assert (weak.status_code, "among the first" in weak.text, "1234" in weak.text) == (400, True, False)
    assert mali.post("/console/partners/new", {**form, "pin": ""}).status_code == 303
    with desk.sessions() as session:
        row = session.scalars(select(Partner).where(Partner.key == "mong-chao")).one()
    assert "None: it confirms nothing" in mali.get(f"/console/partners/{row.id}").text
    renamed = mali.post(f"/console/partners/{row.id}/names", {"name_th": "โมงเช้า", "name_en": "<b>Mong</b>"})
    assert renamed.status_code == 303
    assert "&lt;b&gt;Mong" in mali.get(f"/console/partners/{row.id}").text
    assert mali.post(f"/console/partners/{row.id}/names", {"name_th": "", "name_en": "x"}).status_code == 400
    assert mali.post(f"/console/partners/{row.id}/pin", {"pin": "1111"}).status_code == 400
    assert mali.post(f"/console/partners/{row.id}/pin", {"pin": "7302"}).status_code == 303
    assert "7302" not in mali.get(f"/console/partners/{row.id}").text
    with desk.sessions.begin() as session:
        pins.check_pin(session, partner_id=row.id, pin="7302", now=NOON)


def test_a_locked_pin_is_unlocked(desk: Desk, mali: Hand) -> None:
    with desk.sessions.begin() as session:
        until = NOON + timedelta(minutes=9)
        row = factories.partner(session, pin_hash="x", pin_locked_until=until, pin_failures=0)
    assert "Locked until" in mali.get(f"/console/partners/?q={row.key}").text
    assert mali.post(f"/console/partners/{row.id}/unlock").status_code == 303
    assert "Locked until" not in mali.get(f"/console/partners/?q={row.key}").text


def test_others_only_read(desk: Desk) -> None:
    """B5: no form for a viewer, no other club's partner for anybody."""
    with desk.sessions.begin() as session:
        row, foreign = factories.partner(session), factories.partner(session, club="other_club")
    viewer, mali = desk.staff("viewer"), desk.staff("marketer")
    assert 'name="pin"' not in viewer.get(f"/console/partners/{row.id}").text
    assert viewer.post(f"/console/partners/{row.id}/pin", {"pin": "7302"}).status_code == 403
    assert mali.get(f"/console/partners/{foreign.id}").status_code == 404
    for deed in ("names", "pin", "unlock"):
        form = {"pin": "7302", "name_th": "x", "name_en": "x"}
        assert mali.post(f"/console/partners/{foreign.id}/{deed}", form).status_code == 404


def test_the_clubs_file_says_which_values_are_examples(desk: Desk) -> None:
    """Terms in both languages, tiers with their colours; nothing can be changed."""
    page = desk.staff("viewer", language="th").get("/console/club/").text
    example = '<span class="tag warn">'
    line = next(line for line in page.splitlines() if "stars.baht_per_star" in line)
    assert example in line
    assert example not in next(line for line in page.splitlines() if "new_member.days" in line)
    assert "ข้อกำหนดการเป็นสมาชิกแฟมิลี่คลับ" in page
    assert "Terms of Family Club" in page
    assert 'fill="#C9A227"' in page
    assert "<form" not in page.split("<main")[1]
