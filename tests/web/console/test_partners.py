"""Partners and the club's file in the console."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from benefits import pins
from models import Claim, Partner
from tests import factories
from tests.factories import NOON
from tests.rules.using import running_use
from tests.web.console.desk import Desk, Hand


@pytest.fixture(scope="module")
def mali(shared_desk: Desk) -> Hand:
    """A marketer."""
    return shared_desk.staff("marketer")


def test_a_partner_is_made_renamed_and_given_a_pin(desk: Desk, mali: Hand) -> None:
    """Its PIN is good at the counter, and on no page."""
    form = {"key": "mong-chao", "name_th": "โมงเช้า", "name_en": "Mong Chao", "pin": "123456"}
    weak = mali.post("/console/partners/new", form)
    assert (weak.status_code, "among the first" in weak.text, "123456" in weak.text) == (400, True, False)
    assert mali.post("/console/partners/new", {**form, "pin": ""}).status_code == 303
    with desk.sessions() as session:
        row = session.scalars(select(Partner).where(Partner.key == "mong-chao")).one()
    assert "None: it confirms nothing" in mali.get(f"/console/partners/{row.id}").text
    renamed = mali.post(f"/console/partners/{row.id}/names", {"name_th": "โมงเช้า", "name_en": "<b>Mong</b>"})
    assert renamed.status_code == 303
    assert "&lt;b&gt;Mong" in mali.get(f"/console/partners/{row.id}").text
    assert mali.post(f"/console/partners/{row.id}/names", {"name_th": "", "name_en": "x"}).status_code == 400
    assert mali.post(f"/console/partners/{row.id}/pin", {"pin": "111111"}).status_code == 400
    assert mali.post(f"/console/partners/{row.id}/pin", {"pin": "730294"}).status_code == 303
    assert "730294" not in mali.get(f"/console/partners/{row.id}").text
    with desk.sessions.begin() as session:
        assert pins.fits(session.get_one(Partner, row.id).pin_hash or "", "730294")


def test_a7_many_wrong_pins_stand_on_the_home_page_and_pauses_can_be_ended(desk: Desk, mali: Hand) -> None:
    """Failures are in the audit log, on the partner's page and on the home page; one deed ends every pause."""
    club = desk.desk.clubs["family_club"]
    with desk.sessions.begin() as session:
        row = factories.partner(session, pin_hash=pins.hash_pin("730294"), pin_digits=6, name_en="Wrong Café")
        claim = running_use(session, club, partner_id=row.id)
        for _ in range(4):
            with pytest.raises(pins.WrongPin):
                pins.check_pin(session, claim=claim, pin="000000", now=NOON)
    where = f"/console/partners/{row.id}"
    assert "Wrong Café: " not in mali.get("/console/").text, "four slips are no news"
    for _ in range(2):
        with desk.sessions.begin() as session, pytest.raises(pins.PinLocked):
            pins.check_pin(session, claim=session.get_one(Claim, claim.id), pin="000000", now=NOON)
    assert "Wrong Café: 5 wrong PINs within a day." in mali.get("/console/").text
    assert "5 wrong PINs were typed within a day." in mali.get(where).text
    assert "Wrong PIN at a partner" in desk.staff("auditor").get("/console/journal/?what=pin_wrong").text
    assert "The pauses are over" in mali.post(f"{where}/unlock", follow_redirects=True).text
    with desk.sessions.begin() as session:
        pins.check_pin(session, claim=session.get_one(Claim, claim.id), pin="730294", now=NOON)
    desk.later(days=1)
    assert "Wrong Café: " not in mali.again().get("/console/").text


def test_a7_the_console_makes_a_pin_and_asks_to_change_an_old_one(desk: Desk, mali: Hand) -> None:
    """An old PIN of four digits works on and is asked to be changed; one made by chance is shown once and in force."""
    with desk.sessions.begin() as session:
        row = factories.partner(session, pin_hash=pins.hash_pin("4821"), name_en="Old Café")
    where, asked = f"/console/partners/{row.id}", "Old Café: its PIN is from when fewer than six digits were enough."
    assert asked in mali.get("/console/").text
    assert "four digits are soon guessed" in mali.get(where).text
    with desk.sessions.begin() as session:
        claim = running_use(session, desk.desk.clubs["family_club"], partner_id=row.id)
        pins.check_pin(session, claim=claim, pin="4821", now=NOON)
        assert session.get_one(Partner, row.id).pin_digits == 4
    found = re.search(r'<code class="big">(\d{6})</code>', mali.post(f"{where}/new-pin").text)
    assert found
    assert found[1] not in mali.get(where).text
    assert asked not in mali.get("/console/").text
    with desk.sessions.begin() as session:
        pins.check_pin(session, claim=session.get_one(Claim, claim.id), pin=found[1], now=NOON)


def test_others_only_read(desk: Desk) -> None:
    """B5: no form for a viewer, no other club's partner for anybody."""
    with desk.sessions.begin() as session:
        row, foreign = factories.partner(session), factories.partner(session, club="other_club")
    viewer, mali = desk.staff("viewer"), desk.staff("marketer")
    assert 'name="pin"' not in viewer.get(f"/console/partners/{row.id}").text
    assert viewer.post(f"/console/partners/{row.id}/pin", {"pin": "730294"}).status_code == 403
    assert mali.get(f"/console/partners/{foreign.id}").status_code == 404
    for deed in ("names", "pin", "new-pin", "unlock"):
        form = {"pin": "730294", "name_th": "x", "name_en": "x"}
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
