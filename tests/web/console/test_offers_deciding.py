"""Offers through the console's forms: asked for, approved, tested, steered and read; what two consoles at once come to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from benefits.offers import approvers, drafting
from benefits.vault import Vault
from models import Batch, JournalEntry, Offer, TestSend
from tests.factories import NOON, person
from tests.web.console.desk import OTHER_CLUB
from tests.web.console.offer_house import House, open_house, text_form, version_in


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


def test_e3_two_colleagues_writing_at_once_lose_nothing(house: House) -> None:
    """E3: the second save is told, keeps what was typed, and only a further, knowing save replaces the first."""
    offer = house.row(house.offer())
    first, second = house.hand(house.marketer), house.desk.staff("marketer", name="ชูใจ")
    page = f"/console/offers/{offer.id}/write"
    assert first.post(page, text_form(offer, "ฉบับมะลิ", "Mali's")).status_code == 303
    late = second.post(page, text_form(offer, "ฉบับชูใจ", "Chujai's"))
    assert late.status_code == 409
    assert "มะลิ วัฒนา changed this offer meanwhile." in late.text
    assert "ฉบับชูใจ" in late.text
    assert house.row(offer.id).content["parts"][0]["th"] == "ฉบับมะลิ"
    again = text_form(offer, "ฉบับชูใจ", "Chujai's", version=version_in(late.text))
    assert second.post(page, again).status_code == 303
    assert house.row(offer.id).content["parts"][0]["th"] == "ฉบับชูใจ"


def pressed_together(hands: list[Any], where: str, form: dict[str, Any]) -> list[int]:
    """The status each got who pressed the same button at the same moment."""
    gate, found = threading.Barrier(len(hands)), []

    def press(hand: Any) -> None:
        gate.wait()
        found.append(hand.post(where, form).status_code)

    threads = [threading.Thread(target=press, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_e3_asked_and_approved_by_two_at_once_it_is_one_sending(house: House) -> None:
    """E3: double click, browser retry, two consoles: one step each, one message to each."""
    offer = house.row(house.offer("once", hold_back_minutes=0))
    form = {"version": offer.digest.hex()}
    asking = [house.hand(house.marketer), house.hand(house.marketer), house.desk.staff("marketer")]
    assert pressed_together(asking, f"/console/offers/{offer.id}/ask", form) == [303, 409, 409]
    approving = [house.hand(house.approver), house.desk.staff("approver"), house.desk.staff("approver")]
    assert pressed_together(approving, f"/console/offers/{offer.id}/approve", form) == [303, 409, 409]
    before = {number: len(house.heard(number)) for number in house.members}
    reached = house.send()
    assert reached > 0
    assert house.send() == 0
    got = [len(house.heard(number)) - before[number] for number in house.members]
    assert sorted(got) == [0] * (len(got) - reached) + [1] * reached
    late = house.hand(house.approver).post(f"/console/offers/{offer.id}/approve", form)
    assert late.status_code == 409
    assert "“Done”" in late.text


def test_e10_nobody_approves_her_own_work(house: House) -> None:
    """E10: no button, and the rule refuses it when the form is sent all the same; having changed it counts."""
    both = house.desk.staff("marketer", "approver", name="ปรีชา")
    offer = house.row(house.offer("own"))
    assert both.post(f"/console/offers/{offer.id}/write", text_form(offer, "แก้", "edited")).status_code == 303
    digest = {"version": house.row(offer.id).digest.hex()}
    assert house.hand(house.marketer).post(f"/console/offers/{offer.id}/ask", digest).status_code == 303
    shown = both.get(f"/console/offers/{offer.id}/").text
    assert "somebody else has to approve it" in shown
    assert f"/console/offers/{offer.id}/approve" not in shown
    refused = both.post(f"/console/offers/{offer.id}/approve", digest)
    assert refused.status_code == 409
    assert "You wrote or changed this offer" in refused.text
    assert house.row(offer.id).state == "asked"
    assert house.hand(house.marketer).post(f"/console/offers/{offer.id}/approve", digest).status_code == 403


def test_e10_a_change_takes_the_approval_back_and_is_shown_beside_what_was_approved(house: House) -> None:
    """E10: re-approval; the approver sees what was, and what is."""
    offer = house.row(house.offer("changed"))
    mali, anong = house.hand(house.marketer), house.hand(house.approver)
    form = {"version": offer.digest.hex()}
    assert mali.post(f"/console/offers/{offer.id}/ask", form).status_code == 303
    assert anong.post(f"/console/offers/{offer.id}/approve", form).status_code == 303
    assert house.row(offer.id).state == "approved"
    edit = mali.get(f"/console/offers/{offer.id}/write").text
    assert "it must be asked for anew" in edit
    assert mali.post(f"/console/offers/{offer.id}/write", text_form(offer, "ชาเย็นฟรี", "An iced tea")).status_code == 303
    assert house.row(offer.id).state == "draft"
    assert (
        mali.post(f"/console/offers/{offer.id}/ask", {"version": house.row(offer.id).digest.hex()}).status_code == 303
    )
    # What she looked at before is not what would be sent now.
    assert anong.post(f"/console/offers/{offer.id}/approve", form).status_code == 409
    shown = anong.get(f"/console/offers/{offer.id}/").text
    changed = shown[shown.index("Changed since the last approval") :]
    assert "กาแฟฟรีวันนี้\nA coffee on us today" in changed
    assert "ชาเย็นฟรี\nAn iced tea" in changed
    empty = anong.post(f"/console/offers/{offer.id}/reject", {"version": version_in(shown), "reason": " "})
    assert empty.status_code == 400
    back = anong.post(f"/console/offers/{offer.id}/reject", {"version": version_in(shown), "reason": "ราคาผิด"})
    assert back.status_code == 303
    assert house.row(offer.id).state == "draft"
    assert "อนงค์ ศรีสุข sent it back: ราคาผิด" in mali.get(f"/console/offers/{offer.id}/").text


def test_e12_tests_go_to_testers_alone_and_once(house: House) -> None:
    """E12: the form sent twice is one message; a stranger gets none; the offer itself does not begin."""
    tester, stranger = list(house.members)[:2]
    number = house.tester(tester)
    offer = house.row(house.offer("test"))
    mali = house.hand(house.marketer)
    form = {"version": offer.digest.hex(), "nonce": "a" * 32, "tester": [str(number)]}
    before = {who: len(house.heard(who)) for who in house.members}
    for _ in range(2):
        assert mali.post(f"/console/offers/{offer.id}/test", form).status_code == 303
    house.send()
    assert {who: len(house.heard(who)) - before[who] for who in house.members} == {
        who: int(who == tester) for who in house.members
    }
    assert house.row(offer.id).state == "draft"
    refused = mali.post(f"/console/offers/{offer.id}/test", {**form, "tester": [str(10**6 + stranger)]})
    assert refused.status_code == 409
    assert "only to people named as testers" in refused.text
    with house.desk.sessions() as session:
        assert session.query(TestSend).filter_by(offer_id=offer.id).count() == 1
    shown = mali.get(f"/console/offers/{offer.id}/test").text
    assert "LINE took it" in shown
    stale = mali.post(f"/console/offers/{offer.id}/test", {**form, "version": "0" * 64})
    assert stale.status_code == 400


def test_e11_a_tester_who_lacks_a_value_is_said_not_sent_half_a_text(house: House) -> None:
    """E11: a variable without a default; her account is at the top and lacks no stars."""
    (who,) = house.people(1, shop="ยอดดอย")
    content = {"parts": [{"kind": "text", "th": "ขาด {missing}", "en": "{missing} to go"}], "languages": ["th", "en"]}
    with house.desk.sessions.begin() as session:
        session.connection().exec_driver_sql("UPDATE members SET tier = 'platinum' WHERE name = 'ยอดดอย'")
    offer = house.row(house.offer("top", content=content, audience={"tiers": ["welcome"]}))
    form = {"version": offer.digest.hex(), "nonce": "b" * 32, "tester": [str(house.tester(who, "ยอด"))]}
    refused = house.hand(house.marketer).post(f"/console/offers/{offer.id}/test", form)
    assert refused.status_code == 409
    assert "A tester has no {missing}." in unescape(refused.text)
    assert house.heard(who) == []


def test_testers_are_named_and_removed(house: House) -> None:
    mali = house.hand(house.marketer)
    (who,) = house.people(1, shop="ร้านตัวอย่าง")
    found = mali.get("/console/offers/testers?q=ตัวอย่าง").text
    assert f'name="person" value="{who}"' in found
    named = mali.post("/console/offers/testers", {"person": str(who), "name": "พี่ต้น"}, follow_redirects=True)
    assert "พี่ต้น is a tester now." in named.text
    with house.desk.sessions() as session:
        number = session.connection().exec_driver_sql(f"SELECT id FROM testers WHERE person_id = {who}").scalar_one()
    gone = mali.post(f"/console/offers/testers/{number}/remove", follow_redirects=True)
    assert "No test goes there any more." in gone.text


def test_e4_stop_pause_and_resume_tell_the_truth(house: House) -> None:
    """E4: paused, nothing goes out; resumed, the rest does; stopped, what was sent and what not is said."""
    house.people(6, shop="พักก่อน", language="th")
    content = {"parts": [{"kind": "text", "th": "คุณ {name|ลูกค้า}", "en": "You {name|there}"}], "languages": ["th", "en"]}
    offer = house.row(house.offer("paused", state="approved", content=content, hold_back_minutes=0))
    mali = house.hand(house.marketer)
    where, form = f"/console/offers/{offer.id}", {"version": offer.digest.hex()}
    assert mali.post(f"{where}/pause", form).status_code == 303
    assert house.send() == 0
    assert "Paused before anything was sent: somebody asked for it." in mali.get("/console/offers/?state=going").text
    assert mali.post(f"{where}/resume", form).status_code == 303
    assert mali.post(f"{where}/resume", form).status_code == 409
    sent = house.send()
    assert sent > 0
    now = mali.get(f"{where}/progress.json").json
    assert now["sentence"] == f"Done: LINE took it for all {sent}."
    assert (now["permille"], now["over"], now["state"]) == (1000, True, "done")
    late = mali.post(f"{where}/stop", form)
    assert late.status_code == 409
    assert "“Done”" in late.text
    other = house.row(house.offer("stopped", state="approved"))
    assert mali.post(f"/console/offers/{other.id}/stop", {"version": other.digest.hex()}).status_code == 303
    assert house.send() == 0
    assert "Stopped before anything was sent." in mali.get(f"/console/offers/{other.id}/").text


def test_d11_a_batch_of_unknown_outcome_is_decided_by_a_person_with_a_reason(house: House) -> None:
    """D11: neither forgotten nor sent again by itself; decided once."""
    offer = house.row(house.offer("unknown", state="approved", hold_back_minutes=0))
    house.line.fault("error_500_before", path="/v2/bot/message/multicast", times=50)
    house.send()
    house.desk.later(hours=23, minutes=30)
    house.send()
    house.line.clear_faults()
    anong, where = house.hand(house.approver), f"/console/offers/{offer.id}"
    with house.desk.sessions() as session:
        batches = session.query(Batch).filter_by(offer_id=offer.id, state="unknown").order_by(Batch.id).all()
    assert batches
    page = anong.get(f"{where}/progress").text
    assert "Unknown: to be decided by a person" in page
    assert "“unknown”: of " in anong.get("/console/").text
    one = f"{where}/unknown/{batches[0].id}"
    assert anong.post(one, {"resend": "no", "reason": ""}).status_code == 303
    assert house.hand(house.marketer).post(one, {"resend": "no", "reason": "x"}).status_code == 403
    left = anong.post(one, {"resend": "no", "reason": "เก่าเกินไป"}, follow_redirects=True)
    assert "It is left as it is." in left.text
    assert len(batches) > 1 or "“unknown”: of " not in anong.get("/console/").text
    again = anong.post(one, {"resend": "yes", "reason": "ลองใหม่"}, follow_redirects=True)
    assert "a colleague decided already" in again.text
    assert "left a batch of unknown outcome as it is: เก่าเกินไป" in anong.get(f"{where}/").text


def test_results_say_what_line_does_not_tell_and_export_safely(house: House) -> None:
    """B11, and LINE's null below 20 is said, never shown as 0."""
    mali = house.hand(house.marketer)
    offer = house.row(house.offer("=1+1", state="approved", hold_back_minutes=0, holdout_percent=50))
    house.send()
    sent = mali.get(f"/console/offers/{offer.id}/progress.json").json["facts"][0]["value"]
    with house.desk.sessions.begin() as session:
        row = session.get_one(Offer, offer.id)
        row.line_figures, row.line_figures_at = {"overview": {"uniqueImpression": 31, "uniqueClick": None}}, NOON
    page = mali.get(f"/console/offers/{offer.id}/results").text
    assert "fewer than 20, which LINE does not tell" in page
    assert "31" in page
    assert "Held out to compare" in page
    csv = mali.get(f"/console/offers/{offer.id}/results.csv")
    lines = csv.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "Offer,'=1+1"
    assert f"LINE took it,{sent},of {sent} to be sent" in lines
    with house.desk.sessions() as session:
        assert session.query(JournalEntry).filter_by(action="exported", subject_id=offer.id).count() == 1


def test_an_offer_is_copied_without_its_times_and_approval(house: House) -> None:
    offer = house.row(house.offer("original", state="approved"))
    copied = house.hand(house.marketer).post(f"/console/offers/{offer.id}/copy")
    twin = house.row(int(copied.headers["Location"].split("/")[-2]))
    assert (twin.state, twin.content, twin.approved_by) == ("draft", offer.content, None)


def test_one_connects_ones_own_chat_by_a_code_shown_once(house: House) -> None:
    anong = house.hand(house.approver)
    given = anong.post("/console/offers/chat", {"do": "code"}).text
    code = given.split('class="big-code">')[1].split("<")[0]
    assert len(code) == 10
    assert code not in anong.get("/console/offers/chat").text
    with house.desk.sessions.begin() as session:
        who = person(session)
        assert approvers.connect(session, club=house.club, person=who, code=code, now=NOON) is not None
    assert "Connected since 12 Nov 2026 12:00." in anong.get("/console/offers/chat").text
    assert anong.post("/console/offers/chat", {"do": "disconnect"}).status_code == 303
    assert "Give me a code" in anong.get("/console/offers/chat").text


def test_b5_another_clubs_offers_are_not_there(house: House) -> None:
    """B5: 404 on every page and deed."""
    stranger = house.desk.staff("marketer", "approver", club=OTHER_CLUB)
    offer = house.row(house.offer())
    for page in (
        "",
        "write",
        "audience",
        "when",
        "test",
        "progress",
        "progress.json",
        "results",
        "results.csv",
        "people",
    ):
        assert stranger.get(f"/console/offers/{offer.id}/{page}").status_code == 404, page
    for deed in ("write", "audience", "when", "test", "ask", "approve", "reject", "stop", "copy", "preview"):
        form = {"version": offer.digest.hex(), "reason": "x", "name": "x", "tester": "1"}
        assert stranger.post(f"/console/offers/{offer.id}/{deed}", form).status_code == 404, deed
    assert offer.name not in stranger.get("/console/offers/").text


def test_e10_the_first_page_tells_the_approver_what_waits_for_her_and_nobody_of_her_own_work(house: House) -> None:
    """E10: what she may decide stands on her first page with a link; who had a hand in it is not asked to approve it."""
    both = house.desk.staff("marketer", "approver", name="มานี")
    mine, theirs = house.offer("ชานมธันวาคม", state="asked"), house.offer("ขนมเดือนหน้า")
    saved = both.post(f"/console/offers/{theirs}/write", text_form(house.row(theirs), "ใหม่", "New"))
    assert saved.status_code == 303
    with house.desk.sessions.begin() as session:
        offer = session.get_one(Offer, theirs)
        drafting.ask(session, club=house.club, offer=offer, by=house.marketer.id, now=house.desk.clock.now())
    told = house.hand(house.approver).get("/console/").text
    assert f'href="/console/offers/{mine}/">“ชานมธันวาคม” waits for your approval.' in told
    assert "“ขนมเดือนหน้า” waits for your approval." in told
    hers = both.get("/console/").text
    assert "“ชานมธันวาคม” waits for your approval." in hers
    assert "“ขนมเดือนหน้า” waits" not in hers
    assert "waits for your approval" not in house.hand(house.marketer).get("/console/").text


def test_e5_an_offer_that_paused_by_itself_stands_on_the_first_page_of_those_who_steer_it(house: House) -> None:
    """E5: LINE's quota is used up; whoever may resume it is told at once, with the reason and the way there."""
    offer_id = house.offer("ส้มตำฟรี", state="approved", hold_back_minutes=0)
    house.line.set(quota_limit=1)
    house.send()
    assert house.row(offer_id).paused_reason == "quota"
    shown = unescape(house.hand(house.marketer).get("/console/").text)
    assert (
        f'href="/console/offers/{offer_id}/progress">“ส้มตำฟรี” stands still: the month\'s messages are used up.' in shown
    )
    support = house.desk.staff("support", name="ปิติ")
    assert "stands still" not in support.get("/console/").text
