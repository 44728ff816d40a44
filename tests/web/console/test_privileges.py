"""Privileges in the console: made, copied, changed, withdrawn and brought back by a marketer, and read by everybody else."""

from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from benefits.editing import privileges
from benefits.sealed_codes import seal_privilege_code
from models import Claim, JournalEntry, Privilege
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import Desk, Hand

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def mali(shared_desk: Desk) -> Hand:
    """A marketer."""
    return shared_desk.staff("marketer")


def partner(desk: Desk) -> int:
    with desk.sessions.begin() as session:
        return int(factories.partner(session, name_en="Mong Chao Coffee").id)


def typed(desk: Desk, **changed: Any) -> dict[str, Any]:
    """The form of a new privilege."""
    fields = {
        "key": f"latte-{next(_numbers)}",
        "partner_id": partner(desk),
        "name_th": "ลาเต้ฟรี",
        "name_en": "Free latte",
    }
    return {**fields, "scope": "account", "claim_limit": "1", "redeem": "code", "about_en": "A small cup", **changed}


def png(colour: str = "green") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (400, 260), colour).save(out, "PNG")
    out.seek(0)
    return out


def made(desk: Desk, **values: Any) -> Privilege:
    with desk.sessions.begin() as session:
        row: Privilege = factories.privilege(session, **values)
        session.flush()
        return row


def row_of(desk: Desk, key: str) -> Privilege | None:
    with desk.sessions() as session:
        return session.scalars(select(Privilege).where(Privilege.key == key)).one_or_none()


def form_of(desk: Desk, privilege_id: int, **changed: Any) -> dict[str, Any]:
    """The form as its page shows it, with some fields typed anew."""
    with desk.sessions() as session:
        row = session.get_one(Privilege, privilege_id)
        shown = privileges_form(row)
        return {**shown, "seen": privileges.version_of(row), **changed}


def privileges_form(row: Privilege) -> dict[str, Any]:
    from benefits.editing import privilege_form

    shown = privilege_form.shown(row)
    return {**shown.fields, "tiers": list(shown.tiers)}


def claimed(desk: Desk, row: Privilege) -> None:
    """Somebody holds it unused."""
    with desk.sessions.begin() as session:
        ann = factories.person(session)
        shop = factories.member(session, ann)
        session.add(
            Claim(
                privilege_id=row.id,
                member_id=shop.id,
                person_id=ann.id,
                holder=f"m{shop.id}",
                period="",
                slot=1,
                claimed_at=NOON,
            )
        )


def test_a_marketer_makes_one_with_a_picture(desk: Desk, mali: Hand) -> None:
    """It is there with its picture, the page shows it, the journal knows by whom."""
    form = typed(desk, upload=(png(), "cup.png"), tiers=["gold", "platinum"], claim_to_day="2026-11-30")
    answer = mali.post("/console/privileges/new", form, content_type="multipart/form-data")
    row = row_of(desk, form["key"])
    assert row is not None
    assert answer.status_code == 303
    assert answer.location.endswith(f"/console/privileges/{row.id}")
    assert row.tiers == ["gold", "platinum"]
    assert row.picture is not None
    picture = mali.get(f"/media/pictures/{row.picture}")
    assert (picture.status_code, picture.content_type) == (200, "image/png")
    page = mali.get(f"/console/privileges/{row.id}").text
    assert "“Free latte” is made." in page
    assert row.picture in page
    with desk.sessions() as session:
        entry = session.scalars(select(JournalEntry).filter_by(subject_kind="privilege", subject_id=row.id)).one()
        assert (entry.action, entry.actor) == ("privilege_made", str(mali.staff.id))


def test_what_was_typed_is_kept_and_every_fault_stands_at_its_field(desk: Desk, mali: Hand) -> None:
    """A picture that was good is kept too; HTML in a name is text (B12)."""
    form = typed(desk, name_th="", stock="many", name_en="<script>alert(1)</script>", upload=(png("red"), "cup.png"))
    answer = mali.post("/console/privileges/new", form, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert row_of(desk, form["key"]) is None
    page = answer.text
    assert page.count("Fill this in.") == 2
    assert "Write a whole number from 0 to 1,000,000,000." in page
    assert 'id="stock-fault"' in page
    assert '<a href="#name_th">Name in Thai: Fill this in.</a>' in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f'value="{form["key"]}"' in page
    kept = page.split('name="picture" value="')[1].split('"')[0]
    assert kept.endswith(".png")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<svg onload=alert(1)>", "neither a JPEG nor a PNG"),
        (b"\xff\xd8\xff" + b"\0" * 30_000_000, "larger than 10 MB"),
        (b"\x89PNG\r\n\x1a\nspoiled", "damaged"),
    ],
    ids=["svg", "30 MB", "spoiled"],
)
def test_a_picture_of_the_wrong_kind_is_refused_at_its_field(desk: Desk, mali: Hand, body: bytes, said: str) -> None:
    """With the form, and when it is sent ahead by the page's script."""
    form = typed(desk, upload=(io.BytesIO(body), "cup.png"))
    answer = mali.post("/console/privileges/new", form, content_type="multipart/form-data")
    assert (answer.status_code, said in answer.text) == (400, True)
    assert row_of(desk, form["key"]) is None
    ahead = mali.post("/console/privileges/picture", {"upload": (io.BytesIO(body), "cup.png")})
    assert (ahead.status_code, said in ahead.json["fault"]) == (400, True)


def test_the_preview_follows_what_is_typed_and_writes_nothing(desk: Desk, mali: Hand) -> None:
    """In both languages, also while fields are still empty or wrong."""
    form = typed(desk, name_en="Iced latte", stock="x", name_th="")
    found = mali.post("/console/privileges/preview", form).json["messages"]
    assert "Iced latte" in str(found["en"])
    assert "A small cup" in str(found["en"])
    assert found["th"][0]["type"] == "flex"
    assert row_of(desk, form["key"]) is None


def test_a_card_that_line_would_refuse_is_refused_here(desk: Desk, mali: Hand) -> None:
    """30 KB of JSON: two full texts of emoji are more, beside the accounts that a card has to name."""
    form = typed(desk, about_en="😀" * 1000, conditions_en="😀" * 1000, about_th="ก", conditions_th="ก")
    answer = mali.post("/console/privileges/new", form)
    assert (answer.status_code, row_of(desk, form["key"])) == (400, None)
    assert "heavier than LINE takes" in answer.text


def test_changing_needs_agreement_where_members_would_notice(desk: Desk, mali: Hand) -> None:
    row = made(desk)
    claimed(desk, row)
    address = f"/console/privileges/{row.id}/change"
    assert mali.get(address).status_code == 200
    form = form_of(desk, row.id, conditions_en="Only on Mondays", redeem="qr")
    asked = mali.post(address, form)
    assert asked.status_code == 409
    assert "1 members hold it unused and will notice: its conditions" in asked.text
    assert 'value="redeem"' in asked.text
    assert mali.post(address, {**form, "agreed": ["conditions"]}).status_code == 409
    assert mali.post(address, {**form, "agreed": ["conditions", "redeem"]}).status_code == 303
    found = row_of(desk, row.key)
    assert found is not None
    assert (found.conditions_en, found.redeem) == ("Only on Mondays", "qr")


def test_a_colleague_was_faster(desk: Desk, mali: Hand) -> None:
    """Nothing is written over hers; what was typed is kept, and saving again is a decision."""
    row = made(desk)
    stale = form_of(desk, row.id, name_en="Mine")
    assert mali.post(f"/console/privileges/{row.id}/change", form_of(desk, row.id, name_en="Hers")).status_code == 303
    answer = mali.post(f"/console/privileges/{row.id}/change", stale)
    assert (answer.status_code, "A colleague changed this privilege" in answer.text) == (409, True)
    assert 'value="Mine"' in answer.text
    found = row_of(desk, row.key)
    assert found is not None
    assert found.name_en == "Hers"


def test_its_code_is_never_shown(desk: Desk, mali: Hand) -> None:
    """Not on its page, not in its form, not in its copy's; the copy has it all the same."""
    row = made(desk)
    with desk.sessions.begin() as session:
        sealed = seal_privilege_code(desk.vault, club=row.club, key=row.key, text="PLANTED-CODE-77")
        session.get_one(Privilege, row.id).code = sealed
    copy = mali.get(f"/console/privileges/new?copy={row.id}")
    pages = [mali.get(f"/console/privileges/{row.id}"), mali.get(f"/console/privileges/{row.id}/change"), copy]
    assert [("PLANTED" in page.text, page.status_code) for page in pages] == [(False, 200)] * 3
    assert "••••E-77" in pages[0].text
    key = f"{row.key}-2"
    assert (
        mali.post("/console/privileges/new", {**form_of(desk, row.id), "key": key, "copy": row.id}).status_code == 303
    )
    twin = row_of(desk, key)
    assert twin is not None
    assert twin.code is not None
    export = mali.get("/console/privileges/export.csv")
    assert "PLANTED" not in export.text


def test_a_link_is_copied_too(desk: Desk, mali: Hand) -> None:
    """A copy's address need not be typed again; a page without it would be refused."""
    form = typed(desk, redeem="link", code="https://shop.example.com/three")
    assert mali.post("/console/privileges/new", {**form, "code": ""}).status_code == 400
    assert mali.post("/console/privileges/new", form).status_code == 303
    row = row_of(desk, form["key"])
    assert row is not None
    copy = {**form_of(desk, row.id), "key": f"{row.key}-2", "copy": row.id}
    assert mali.post("/console/privileges/new", copy).status_code == 303
    assert "https://shop.example.com/three" in mali.get(f"/console/privileges/{row.id}").text


def test_withdrawn_and_back(desk: Desk, mali: Hand) -> None:
    row = made(desk, stock=5, taken=5)
    assert "Sold out" in mali.get(f"/console/privileges/?q={row.key}").text
    assert mali.post(f"/console/privileges/{row.id}/withdraw").status_code == 303
    assert "Withdrawn" in mali.get(f"/console/privileges/?q={row.key}&state=withdrawn").text
    assert mali.post(f"/console/privileges/{row.id}/bring-back").status_code == 303
    assert "“" + row.name_en + "” is sold out." in mali.get("/console/").text


def test_b11_the_list_as_csv_computes_nothing(desk: Desk, mali: Hand) -> None:
    row = made(desk, name_en="=cmd|'/c calc'!A0", name_th="+1")
    line = next(line for line in mali.get("/console/privileges/export.csv").text.splitlines() if row.key in line)
    assert line.startswith("'=cmd|")


def test_others_read_and_another_clubs_is_nobodys(desk: Desk, mali: Hand) -> None:
    """B5: a viewer has no form, and no club sees another's."""
    row, foreign = made(desk), made(desk, club="other_club")
    viewer = desk.staff("viewer")
    assert viewer.get(f"/console/privileges/{row.id}").status_code == 200
    assert "/change" not in viewer.get(f"/console/privileges/{row.id}").text
    assert viewer.get(f"/console/privileges/{row.id}/change").status_code == 403
    for address in (f"{foreign.id}", f"{foreign.id}/change"):
        assert mali.get(f"/console/privileges/{address}").status_code == 404
    assert mali.post(f"/console/privileges/{foreign.id}/withdraw").status_code == 404
    assert mali.get(f"/console/privileges/new?copy={foreign.id}").status_code == 404
