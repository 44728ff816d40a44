"""Offers through the console's forms: written, aimed, timed and costed; what is typed is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape

import pytest
from PIL import Image

from benefits.offers import budget
from benefits.vault import Vault
from models import AudienceList
from tests.factories import NOON
from tests.web.console.offer_house import CONTENT, House, open_house, text_form
from web.console.offer_audience_form import sentence
from wording import words


@pytest.fixture(scope="module")
def house(server_url: str, template: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for this file; each test makes its own offers."""
    with open_house(server_url, template, vault, tmp_path_factory.mktemp("offers")) as made:
        made.people(4)
        yield made


@pytest.fixture(autouse=True)
def _noon(house: House) -> None:
    house.desk.clock.at = NOON
    house.line.set(quota_limit=None)


def picture() -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (40, 26), "#CDE7DA").save(out, "PNG")
    return out.getvalue()


def test_an_offer_is_begun_written_and_found_in_the_list(house: House) -> None:
    mali = house.hand(house.marketer)
    begun = mali.post("/console/offers/new", {"name": "Coffee in December"})
    assert begun.status_code == 303
    where = begun.headers["Location"]
    offer = house.row(int(where.split("/")[-2]))
    saved = mali.post(where, text_form(offer, "สวัสดี {name|คุณลูกค้า}", "Hello {name|dear member}"))
    assert saved.status_code == 303
    assert house.row(offer.id).content["parts"] == [
        {"kind": "text", "th": "สวัสดี {name|คุณลูกค้า}", "en": "Hello {name|dear member}"}
    ]
    listed = mali.get("/console/offers/?state=writing").text
    assert "Coffee in December" in listed
    assert "มะลิ วัฒนา is writing it. Nobody was asked to approve it." in listed


def test_e11_errors_stand_at_their_field_and_keep_what_was_typed(house: House) -> None:
    """E11: an empty language, 5,001 units, an unknown variable; the draft is kept, nobody can ask for it."""
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    page = f"/console/offers/{offer.id}/write"
    long = "ก" * 4_999 + "😀"
    assert mali.post(page, text_form(offer, long, "Hi {nmae}")).status_code == 303
    shown = unescape(mali.get(page).text)
    assert long in shown
    assert "LINE takes 5,000 characters; this can come to 5,001. Shorten it." in shown
    assert "{nmae} is not known. Use the buttons." in shown
    assert 'aria-describedby="part-0-th-fault"' in shown
    asked = mali.post(f"/console/offers/{offer.id}/ask", {"version": house.row(offer.id).digest.hex()})
    assert asked.status_code == 409
    assert house.row(offer.id).state == "draft"
    nameless = mali.post(page, text_form(house.row(offer.id), "พิมพ์ไว้แล้ว", "typed already", name=" "))
    assert nameless.status_code == 400
    assert "พิมพ์ไว้แล้ว" in nameless.text
    assert "Give it a name of 1 to 200 characters." in nameless.text


def test_parts_are_added_moved_and_removed_without_losing_a_word(house: House) -> None:
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    page = f"/console/offers/{offer.id}/write"
    added = mali.post(page, text_form(offer, "แรก", "first", do="add-card")).text
    assert "Part 2: Privilege card" in added
    two = text_form(offer, "แรก", "first", **{"part-1-kind": "text", "part-1-th": "สอง", "part-1-en": "second"})
    moved = mali.post(page, {**two, "do": "up-1"}).text
    assert moved.index("second</textarea>") < moved.index("first</textarea>")
    removed = mali.post(page, {**two, "do": "remove-0"}).text
    assert "first</textarea>" not in removed
    assert "second</textarea>" in removed
    assert house.row(offer.id).content == CONTENT


def test_a_picture_is_taken_by_its_bytes_and_drawn_anew(house: House) -> None:
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    page = f"/console/offers/{offer.id}/write"
    form = {"version": offer.digest.hex(), "name": "x", "languages": ["th", "en"], "part-0-kind": "image",
            "part-0-alt_th": "กาแฟ", "part-0-alt_en": "coffee"}  # fmt: skip
    wrong = mali.post(page, {**form, "part-0-upload": (io.BytesIO(b"GIF89a" + b"0" * 50), "cup.png")})
    assert wrong.status_code == 400
    assert "This is neither a JPEG nor a PNG." in wrong.text
    assert 'value="coffee"' in wrong.text
    assert mali.post(page, {**form, "part-0-upload": (io.BytesIO(picture()), "cup.png")}).status_code == 303
    (part,) = house.row(offer.id).content["parts"]
    assert part["ratio"] == "40:26"
    assert mali.get(f"/media/pictures/{part['file']}").status_code == 200


def test_the_preview_draws_what_is_typed_and_masks_persons(house: House) -> None:
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    (who,) = house.people(1, shop="บ้านขนมปัง", language="th")
    found = mali.get(f"/console/offers/{offer.id}/people?q=ขนมปัง").json["people"]
    assert [one["id"] for one in found] == [who]
    assert found[0]["name"].endswith("•••")
    form = text_form(offer, "คุณ {name} ร้าน {account}", "You, {name|friend} of {account}", person=str(who))
    drawn = mali.post(f"/console/offers/{offer.id}/preview", form).json["messages"]
    assert drawn["th"][0]["text"] == f"คุณ {found[0]['name']} ร้าน บ้านขนมปัง"
    # Half a part does not keep the others from being drawn.
    half = {**form, "part-1-kind": "card", "part-1-privilege_id": "999999"}
    assert mali.post(f"/console/offers/{offer.id}/preview", half).json["messages"]["en"][0]["text"].startswith("You, ")
    assert house.row(offer.id).content == CONTENT


def test_the_audience_is_said_back_counted_and_kept(house: House) -> None:
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    house.people(3, shop="รายชื่อเก่า", friend=False)
    form = {"version": offer.digest.hex(), "tiers": ["gold", "platinum"], "stars_from": "60,000", "new_members": "no",
            "claimed": "no", "claimed_privilege": str(house.privilege_id), "languages": ["th"],
            "holdout_percent": "10"}  # fmt: skip
    counted = mali.post(f"/console/offers/{offer.id}/audience/count", form).json["html"]
    assert (
        "Everybody who follows the channel and manages an account of tier Gold or Platinum, has at least 60,000 stars,"
        " is no longer a new member, never claimed “Iced coffee, buy one get one” and reads Thai." in unescape(counted)
    )
    assert "can be reached" in counted
    assert "•••" in counted
    assert not any(name in counted for name in ("สมชาย", "มานี", "ปิติ", "Somsak", "วีระ"))
    assert mali.post(f"/console/offers/{offer.id}/audience", form).status_code == 303
    kept = house.row(offer.id)
    assert kept.audience == {
        "tiers": ["gold", "platinum"],
        "stars_from": 60_000,
        "languages": ["th"],
        "new_members": False,
        "claimed": {"privilege_id": house.privilege_id, "yes": False},
    }
    assert kept.holdout_percent == 10
    crossed = mali.post(f"/console/offers/{offer.id}/audience", {**form, "stars_to": "5"})
    assert crossed.status_code == 400
    assert "The upper bound is below the lower one." in crossed.text
    assert 'value="60,000"' in crossed.text


def test_every_clause_of_an_audience_has_its_words(house: House) -> None:
    """Said back in both languages, one clause at a time and all together."""
    whole = {"tiers": ["gold"], "stars_from": 1, "stars_to": 9, "missing_to_next_max": 5, "new_members": True,
             "member_for_days_from": 2, "member_for_days_to": 30, "claimed": {"privilege_id": 1, "yes": True},
             "seen_within_days": 30, "not_seen_for_days": 3, "languages": ["en"], "list_id": 1}  # fmt: skip
    for language in ("th", "en"):
        t = words(language)
        everybody = sentence({}, t, house.club, lambda _: "P", lambda _: "L")
        said = {sentence({key: value}, t, house.club, lambda _: "P", lambda _: "L") for key, value in whole.items()}
        assert len(said | {everybody}) == len(whole) + 1
        assert "{" not in sentence(whole, t, house.club, lambda _: "P", lambda _: "L")


def test_a_list_is_uploaded_and_its_unknown_lines_come_back(house: House) -> None:
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    known = [house.members[number].id for number in list(house.members)[:2]]
    file = "\n".join(["line_user_id", *known, "@nobody", "=cmd|' /C calc'!A0"]).encode()
    where = f"/console/offers/{offer.id}/audience/list"
    sent = mali.post(where, {"name": "งานสัมมนา", "file": (io.BytesIO(file), "list.csv")}, follow_redirects=True)
    said = unescape(sent.text)
    assert "“งานสัมมนา” is there: 2 people found, 2 lines unknown. Unknown lines: 4: @nobody" in said
    with house.desk.sessions() as session:
        made = session.query(AudienceList).order_by(AudienceList.id.desc()).first()
        assert made is not None
        number = made.id
    aimed = mali.post(f"/console/offers/{offer.id}/audience", {"version": offer.digest.hex(), "list_id": str(number)})
    assert aimed.status_code == 303
    assert house.row(offer.id).audience == {"list_id": number}
    empty = mali.post(where, {"name": "x", "file": (io.BytesIO(b"\n"), "a.txt")}, follow_redirects=True)
    assert "The file is empty." in empty.text


def test_e10_times_are_bangkok_times_shown_and_used(house: House) -> None:
    """E10: 10:00 typed is 03:00 UTC kept; quiet hours and a bound before the beginning are said."""
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    page = f"/console/offers/{offer.id}/when"
    form = {"start_at": "2026-12-01T10:00", "not_after": "2026-12-01T12:00", "hold_back_minutes": "10", "pace": "500"}
    assert mali.post(page, {"version": offer.digest.hex(), **form}).status_code == 303
    kept = house.row(offer.id)
    assert kept.start_at == datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert (kept.hold_back_minutes, kept.pace) == (10, 500)
    assert 'value="2026-12-01T10:00"' in mali.get(page).text
    assert "1 Dec 2026 10:00" in mali.get(f"/console/offers/{offer.id}/").text
    late = mali.post(page, {"version": kept.digest.hex(), **form, "not_after": "2026-12-01T09:00", "pace": "fast"})
    assert late.status_code == 400
    assert "Write a whole number from 1 to 100,000." in late.text
    late = mali.post(page, {"version": kept.digest.hex(), **form, "not_after": "2026-12-01T09:00"})
    assert "comes before it could begin: 1 Dec 2026 10:00." in late.text
    night = mali.post(page, {"version": kept.digest.hex(), **form, "start_at": "2026-12-01T22:00", "not_after": ""})
    assert night.status_code == 303
    assert "It is to begin within them, so it waits until 09:00." in mali.get(page).text


def test_e5_the_cost_is_said_and_refused_with_numbers_beforehand(house: House) -> None:
    """E5: what is left beside the reserve is too little: said on the page of the cost, and refused at asking."""
    mali, offer = house.hand(house.marketer), house.row(house.offer())
    with house.desk.sessions.begin() as session:
        budget.configure(session, house.club, by=house.approver.id, now=NOON, reserve=20, cost_satang=8)
    house.line.set(quota_limit=21)
    shown = mali.get(f"/console/offers/{offer.id}/when").text
    assert "and only 1 are left for offers this month" in shown
    assert "0.08 baht each" in shown
    asked = mali.post(f"/console/offers/{offer.id}/ask", {"version": offer.digest.hex()})
    assert asked.status_code == 409
    assert "and only 1 are left for offers this month" in asked.text
    assert house.row(offer.id).state == "draft"
    house.line.fault("error_500_before", path="/v2/bot/message/quota", times=9)
    unknown = mali.get(f"/console/offers/{offer.id}/when").text
    house.line.clear_faults()
    assert "LINE does not answer" in unknown
