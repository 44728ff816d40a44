"""The partner's page behind the QR: right, wrong and locked PINs, undo, and what a foreign page may not do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from models import JournalEntry, Member, Membership, Partner
from tests.factories import NOON
from tests.web.conftest import OURS, PIN, House, Use


def look(use: Use, language: str = "en") -> str:
    answer = use.house.client.get(f"/partner/{use.token}", query_string={"lang": language})
    assert answer.status_code == 200
    return answer.text


def actions(use: Use) -> list[tuple[str, str | None]]:
    with use.house.sessions() as session:
        query = select(JournalEntry).where(
            JournalEntry.subject_kind == "claim", JournalEntry.subject_id == use.claim_id
        )
        return [(entry.action, entry.facts.get("reason")) for entry in session.scalars(query.order_by(JournalEntry.id))]


def test_says_what_for_whom_until_when_and_asks_for_the_pin(house: House) -> None:
    use = house.use("qr", name_th="กาแฟฟรี", name_en="Free coffee", conditions_en="Any branch")
    page = look(use)
    for part in ("Free coffee", "ร้านก๋วยเตี๋ยวเรือ", "Any branch", "12:15", 'inputmode="numeric"', "Confirm the use"):
        assert part in page
    assert "ยืนยันการใช้สิทธิ์" in look(use, "th")
    assert use.row().state == "kept"


def test_speaks_the_browsers_language_unless_told_otherwise(house: House) -> None:
    use = house.use("qr")
    client = house.client
    assert "PIN ของร้าน" in client.get(f"/partner/{use.token}").text
    english = client.get(f"/partner/{use.token}", headers={"Accept-Language": "en-GB,fr;q=0.5"}).text
    assert "partner&#39;s PIN" in english
    french = client.get(f"/partner/{use.token}", headers={"Accept-Language": "fr"}).text
    assert "PIN ของร้าน" in french


def test_the_right_pin_confirms_once_and_says_when(house: House) -> None:
    use = house.use("qr")
    house.later(minutes=2)
    answer = use.press(pin=PIN)
    assert answer.status_code == 200
    assert "Confirmed at 12:02" in answer.text
    row = use.row()
    assert (row.state, row.used_at, row.confirmed_by) == ("used", NOON + timedelta(minutes=2), use.partner.id)
    house.later(minutes=1)
    again = use.press(pin=PIN)
    assert again.status_code == 409
    assert "Already used on 12 Nov 2026 12:02" in again.text
    assert "Already used on 12 Nov 2026 12:02" in look(use)
    assert [action for action, _ in actions(use)].count("use_confirmed") == 1


def test_wrong_pins_are_counted_and_pause_and_open_again(house: House) -> None:
    use = house.use("qr", code_minutes=60)
    for left in ("4 tries left", "3 tries left", "2 tries left", "1 try left"):
        answer = use.press(pin="0000")
        assert answer.status_code == 403
        assert left in answer.text
    paused = use.press(pin="0000")
    assert paused.status_code == 429
    assert "You can try again in 30 seconds." in paused.text
    assert use.press(pin=PIN).status_code == 429
    assert "A pause after wrong PINs" in look(use)
    assert 'name="pin"' not in look(use)
    assert "ลองใหม่ได้อีกครั้งใน 30 วินาที" in look(use, "th")
    assert use.row().state == "kept"
    house.later(seconds=30)
    assert "You can try again in 60 seconds." in use.press(pin="0000").text
    house.later(seconds=60)
    assert "You can try again in 2 minutes." in use.press(pin="0000").text
    house.later(minutes=2)
    assert "Confirmed at 12:03" in use.press(pin=PIN).text


@pytest.mark.parametrize("pin", ["", " ", "๔๘๒๑", "4821x", "4821\x00", "9" * 10_000])
def test_nonsense_is_a_wrong_pin_and_no_error(house: House, pin: str) -> None:
    assert house.use("qr").press(pin=pin).status_code == 403


def test_a_pin_with_blanks_around_it_is_the_pin(house: House) -> None:
    assert house.use("qr").press(pin=f" {PIN} ").status_code == 200


def test_after_the_countdown_nothing_can_be_confirmed(house: House) -> None:
    use = house.use("qr")
    house.later(minutes=15)
    answer = use.press(pin=PIN)
    assert answer.status_code == 409
    assert "It ended at 12:15" in answer.text
    assert 'name="pin"' not in look(use)
    assert use.row().state == "kept"


def test_a_partner_without_a_pin_is_told_whom_to_ask(house: House) -> None:
    use = house.use("qr", partner={"pin_hash": None})
    assert "This partner has no PIN yet" in look(use)
    assert use.press(pin=PIN).status_code == 409


def test_void_claims_cannot_be_confirmed_and_say_why(house: House) -> None:
    use = house.use("qr")
    use.change(state="void", void_reason="premium", voided_at=NOON)
    assert "premium account" in look(use)
    answer = use.press(pin=PIN)
    assert (answer.status_code, "premium account" in answer.text) == (409, True)


def test_a_code_being_shown_needs_no_pin_and_does_not_read_as_a_second_use(house: House) -> None:
    use = house.use("code", code="KAFE-7Q2M")
    page = look(use)
    assert "In use until 12:15" in page
    assert "Do not accept" not in page
    assert "KAFE-7Q2M" not in page
    house.later(minutes=15)
    assert "Already used on 12 Nov 2026 12:00" in look(use)


def test_undo_within_the_window_gives_the_privilege_back_and_is_journaled(house: House) -> None:
    use = house.use("qr", undo_minutes=10)
    use.press(pin=PIN)
    house.later(minutes=9, seconds=59)
    assert "Undo until 12:10" in look(use)
    answer = use.press(do="undo", pin=PIN, reason="other", note="wrong branch")
    assert answer.status_code == 200
    assert "The use was taken back" in answer.text
    assert "?lang=" not in answer.text
    row = use.row()
    assert (row.state, row.used_at, row.confirmed_by) == ("kept", None, None)
    assert actions(use)[-1] == ("use_undone", "other: wrong branch")
    # The old link is over; the next use has another.
    assert use.house.client.get(f"/partner/{use.token}").status_code == 404
    use.begin()
    assert "Confirmed at" in use.press(pin=PIN).text


def test_h3_a_nul_in_a_note_is_left_out(house: House) -> None:
    """H3: the database takes none, and nobody types one."""
    use = house.use("qr", undo_minutes=10)
    use.press(pin=PIN)
    assert use.press(do="undo", pin=PIN, reason="other", note="wrong\0 branch").status_code == 200
    assert actions(use)[-1] == ("use_undone", "other: wrong branch")


def test_undo_after_the_window_is_refused_without_costing_a_try(house: House) -> None:
    use = house.use("qr", undo_minutes=10)
    use.press(pin=PIN)
    house.later(minutes=10)
    assert "Undo until" not in look(use)
    answer = use.press(do="undo", pin="0000", reason="mistake")
    assert answer.status_code == 409
    assert "It could be undone until 12 Nov 2026 12:10" in answer.text
    with house.sessions() as session:
        assert session.get_one(Partner, use.partner.id).pin_spent_until is None
    assert use.row().state == "used"


@pytest.mark.parametrize("form", [{}, {"reason": "because"}, {"reason": "other"}, {"reason": "other", "note": "  "}])
def test_undo_needs_a_reason(house: House, form: dict[str, str]) -> None:
    use = house.use("qr")
    use.press(pin=PIN)
    answer = use.press(do="undo", pin=PIN, **form)
    assert answer.status_code == 400
    assert "Please say why" in answer.text
    assert use.row().state == "used"


def test_undo_needs_the_pin_and_keeps_what_was_written(house: House) -> None:
    use = house.use("qr")
    use.press(pin=PIN)
    answer = use.press(do="undo", pin="0000", reason="other", note='wrong "branch"')
    assert answer.status_code == 403
    assert 'value="other" required checked' in answer.text
    assert "wrong &#34;branch&#34;" in answer.text
    assert use.row().state == "used"


def test_undo_before_any_use_finds_nothing_to_undo(house: House) -> None:
    answer = house.use("qr").press(do="undo", pin=PIN, reason="mistake")
    assert (answer.status_code, "no use to undo" in answer.text) == (409, True)


def test_undo_for_an_account_that_left_meanwhile_says_that_it_is_void_now(house: House) -> None:
    use = house.use("qr")
    use.press(pin=PIN)
    with house.sessions.begin() as session:
        stay = session.execute(select(Membership).where(Membership.member_id == use.member.id)).scalar_one()
        stay.left_at, stay.left_reason = NOON, "asked"
        session.get_one(Member, use.member.id).tier = None
    answer = use.press(do="undo", pin=PIN, reason="mistake")
    assert "The account left the club." in answer.text
    assert use.row().state == "void"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://club.example.com.evil.example"},
        {"Sec-Fetch-Site": "cross-site", **OURS},
        {"Sec-Fetch-Site": "same-site", **OURS},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_c12_a_foreign_page_cannot_press_the_button(house: House, headers: dict[str, str]) -> None:
    use = house.use("qr")
    answer = house.client.post(f"/partner/{use.token}", data={"do": "confirm", "pin": PIN}, headers=headers)
    assert answer.status_code == 403
    assert use.row().state == "kept"
    with house.sessions() as session:
        assert session.get_one(Partner, use.partner.id).pin_spent_until is None


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://club.example.com"}, OURS])
def test_c12_our_own_page_can(house: House, headers: dict[str, str]) -> None:
    use = house.use("qr")
    answer = house.client.post(f"/partner/{use.token}", data={"do": "confirm", "pin": PIN}, headers=headers)
    assert answer.status_code == 200


def test_c12_reading_changes_nothing(house: House) -> None:
    use = house.use("qr")
    before = use.row().state, actions(use)
    house.client.get(f"/partner/{use.token}", query_string={"do": "confirm", "pin": PIN})
    assert (use.row().state, actions(use)) == before
    assert house.client.put(f"/partner/{use.token}", headers=OURS).status_code == 405


def test_a7_wrong_pins_at_one_customers_page_cost_no_other_customer_anything(house: House) -> None:
    """A7: whoever holds a running use types for as long as they like: the next customer is served at the first try."""
    burnt = house.use("qr", code_minutes=60)
    other = house.use("qr", code_minutes=60, partner_id=burnt.partner.id)
    told = [burnt.press(pin="000000").status_code for _ in range(9)]
    assert told == [403] * 4 + [429] * 5
    assert 'name="pin"' in look(other)
    assert "Confirmed at" in other.press(pin=PIN).text
    assert burnt.press(pin=PIN).status_code == 429


def test_a7_wrong_pins_at_the_undo_count_with_those_before(house: House) -> None:
    """One count for confirming and taking back; while it pauses there is no form for either, and how long is told."""
    use = house.use("qr", undo_minutes=10)
    for _ in range(3):
        assert use.press(pin="000000").status_code == 403
    use.press(pin=PIN)
    assert "1 try left" in use.press(do="undo", pin="000000", reason="mistake").text
    paused = use.press(do="undo", pin="000000", reason="mistake")
    assert (paused.status_code, "You can try again in 30 seconds." in paused.text) == (429, True)
    page = look(use)
    assert "Already used on" in page
    assert "You can try again in 30 seconds." in page
    assert 'name="pin"' not in page
    house.later(seconds=30)
    assert "The use was taken back" in use.press(do="undo", pin=PIN, reason="mistake").text
