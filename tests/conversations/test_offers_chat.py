"""Offers in the chat: the way out under each, and an approver deciding from her own phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benefits.offers import approvers, drafting
from bot.actions import ApproveOffer, RejectOffer
from clubs import Club
from handlers import offering
from jobs.wiring import make_work
from models import JournalEntry, Notice, Offer, Person, StaffRole
from tests.conversations.chat import Chat, World
from tests.conversations.test_claiming import member_of
from tests.conversations.test_using import claimed
from tests.factories import NOON
from tests.factories import privilege as a_privilege
from tests.rules.offers.books import colleague, content, draft

HELLO = {"kind": "text", "th": "สวัสดีค่ะ มีโปรใหม่ https://shop.example/new", "en": "Hello https://shop.example/new"}


def approver(world: World, name: str = "หัวหน้า") -> tuple[Chat, int]:
    """An approver with LINE, her chat connected by the code the console showed her."""
    phone = world.phone(name)
    phone.follows()
    with world.parts.sessions.begin() as session:
        who = colleague(session, "approver", name=name).id
        code = approvers.new_code(session, club=club_of(world), staff_id=who, now=world.clock.at)
    assert f"เชื่อมต่อแชตนี้กับ {name} แล้ว" in phone.says(f"เชื่อมต่อ {code}")
    return phone, who


def club_of(world: World) -> Club:
    return world.parts.clubs["family_club"]


def asked(world: World, *parts: dict[str, Any], **settings: Any) -> int:
    """An offer that waits for approval."""
    with world.parts.sessions.begin() as session:
        offer = draft(
            session, club_of(world), colleague(session, "marketer", name="มะลิ"), *(parts or (HELLO,)), **settings
        )
        drafting.ask(session, club=club_of(world), offer=offer, by=offer.author_id, now=world.clock.at)
        return offer.id


def state_of(world: World, offer_id: int) -> str:
    with world.parts.sessions() as session:
        return session.get_one(Offer, offer_id).state


def test_e10_an_approver_sees_what_is_sent_and_approves_with_one_tap(world: World) -> None:
    """E10: told with her next answer, shown as readers get it, approved; pressed again it is approved already."""
    world.phone("เมย์").follows()
    asked(world, {"kind": "text", "th": "มาก่อน", "en": "Earlier"})
    boss, who = approver(world)
    assert "มี 1 ข้อเสนอรออนุมัติ" in boss.last
    assert "มาก่อน" in boss.taps("ดูรายการที่รอ")
    number = asked(world)
    said = boss.says("ช่วยเหลือ")
    assert "รอคุณอนุมัติ" in said
    assert "เขียนโดย มะลิ" in said
    shown = boss.presses(said.buttons["ดูทั้งหมด"])
    assert shown.messages[0] == {"type": "text", "text": HELLO["th"]}
    assert "ส่งถึง\n2 คน" in shown
    press = shown.buttons["อนุมัติ"]
    assert "อนุมัติแล้ว จะเริ่มส่ง 12 พ.ย. 2569 12:05 น." in boss.presses(press)
    assert "ข้อเสนอได้รับอนุมัติไปแล้ว" in boss.presses(press)
    with world.parts.sessions() as session:
        offer = session.get_one(Offer, number)
        assert (offer.state, offer.approved_by, offer.approved_digest) == ("approved", who, offer.digest)
        note = session.scalars(select(JournalEntry).where(JournalEntry.action == "offer_approved")).one()
        assert (note.actor, note.facts["via"]) == (str(who), "chat")


def test_e10_what_changed_since_it_was_shown_is_not_approved(world: World) -> None:
    """E10: the button carries the version she saw. Of the offer, or of a privilege on its card; she sees the new one."""
    boss, _ = approver(world)
    with world.parts.sessions.begin() as session:
        gift = a_privilege(session, name_th="กาแฟฟรี")
    number = asked(world, {"kind": "card", "privilege_id": gift.id})
    old = boss.says(f"ดูข้อเสนอ {number}").buttons["อนุมัติ"]
    with world.parts.sessions.begin() as session:
        offer = session.get_one(Offer, number)
        drafting.change(session, offer=offer, by=offer.author_id, now=NOON, name="ใหม่")
        drafting.ask(session, club=club_of(world), offer=offer, by=offer.author_id, now=NOON + timedelta(seconds=9))
    said = boss.presses(old)
    assert "ถูกแก้ไขหลังจากที่คุณเห็น" in said
    assert state_of(world, number) == "asked"
    with world.parts.sessions.begin() as session:
        session.get_one(type(gift), gift.id).name_th = "กาแฟครึ่งราคา"
    assert "ถูกแก้ไขหลังจากที่คุณเห็น" in boss.presses(said.buttons["อนุมัติ"])
    assert state_of(world, number) == "draft"


def test_everything_an_approver_taps_can_be_typed(world: World) -> None:
    """LINE for PC shows no menus and no quick replies: list, look, send back with a reason, approve, stop, all by words."""
    boss, _ = approver(world)
    assert "ไม่มีข้อเสนอที่รออนุมัติ" in boss.says("ข้อเสนอรออนุมัติ")
    first, second = asked(world), asked(world, start_at=NOON + timedelta(hours=2))
    assert "มี 2 ข้อเสนอรออนุมัติ" in boss.says("ข้อเสนอรออนุมัติ")
    with world.parts.sessions() as session:
        one, two = (approvers.version(session, session.get_one(Offer, number)) for number in (first, second))
    assert f"“อนุมัติข้อเสนอ {first} {one}”" in boss.says(f"ดูข้อเสนอ {first}")
    assert "ส่งกลับเพราะเรื่องใด" in boss.says(f"ส่งกลับข้อเสนอ {first} {one}")
    assert "กลับให้ผู้เขียนแล้ว: กลุ่มเป้าหมาย" in boss.says(f"ส่งกลับข้อเสนอ {first} {one} 2")
    assert state_of(world, first) == "draft"
    assert "จะเริ่มส่ง 12 พ.ย. 2569 14:00 น." in boss.says(f"อนุมัติข้อเสนอ {second} {two}")
    assert "หยุด “ข้อเสนอ” แล้ว" in boss.says(f"หยุดข้อเสนอ {second}")
    assert state_of(world, second) == "stopped"
    assert "ไม่พบข้อเสนอนี้" in boss.says("ดูข้อเสนอ 99999")


def test_b7_nobody_else_approves_from_a_chat(world: World) -> None:
    """A member with a forged button, a colleague whose role was taken, the author herself: told why, nothing done."""
    boss, who = approver(world)
    may = world.phone("เมย์", friend=True)
    number = asked(world)
    with world.parts.sessions() as session:
        version = approvers.version(session, session.get_one(Offer, number))
    data = ApproveOffer(number, version).pack()
    assert "สำหรับผู้อนุมัติของคลับ" in may.presses_data(data)
    assert "สำหรับผู้อนุมัติของคลับ" in may.presses_data(RejectOffer(number, version, 1).pack())
    with world.parts.sessions.begin() as session:
        offer = session.get_one(Offer, number)
        drafting.change(session, offer=offer, by=who, now=NOON, name="เขียนเอง")
        drafting.ask(session, club=club_of(world), offer=offer, by=who, now=NOON)
        version = approvers.version(session, offer)
    assert "คุณมีส่วนเขียนข้อเสนอนี้" in boss.presses_data(ApproveOffer(number, version).pack())
    with world.parts.sessions.begin() as session:
        session.delete(session.scalars(select(StaffRole).where(StaffRole.staff_id == who)).one())
    assert "สำหรับผู้อนุมัติของคลับ" in boss.presses_data(ApproveOffer(number, version).pack())
    assert state_of(world, number) == "asked"


def test_c1_wrong_codes_are_counted_and_say_no_more(world: World) -> None:
    """C1, C3: the same answer for each; the sixth is not looked at, and the tries survive the refusals."""
    may = world.phone("เมย์", friend=True)
    for _ in range(5):
        assert "รหัสนี้ใช้ไม่ได้" in may.says("เชื่อมต่อ 1234567890")
    assert "ใส่รหัสผิดหลายครั้งเกินไป" in may.says("connect 1234567890")


def test_an_approver_who_says_nothing_is_pushed_once_when_it_is_time(world: World) -> None:
    """Replies are free: the push comes after half an hour, once; an offer decided meanwhile is not told."""
    boss, _ = approver(world)
    number = asked(world)
    work = make_work(world.parts)
    assert work.pushes() == 0
    world.move_to(NOON + timedelta(minutes=31))
    assert work.pushes() == 1
    assert work.pushes() == 0
    pushed = [entry for entry in world.line.chat(boss.phone) if entry.via == "push"]
    assert len(pushed) == 1
    assert "รอคุณอนุมัติ" in pushed[0].message["altText"]
    with world.parts.sessions.begin() as session:
        drafting.stop(session, offer=session.get_one(Offer, number), by=1, now=world.clock.at)
    asked_again = asked(world)
    with world.parts.sessions.begin() as session:
        drafting.stop(session, offer=session.get_one(Offer, asked_again), by=1, now=world.clock.at)
    world.move_to(NOON + timedelta(hours=2))
    assert work.pushes() == 0


@pytest.mark.parametrize("language", ["th", "en"])
def test_b16_every_offer_carries_the_way_out(world: World, language: str) -> None:
    """B16: under the last message, one tap, in force at once, undone with one tap; the same words can be typed."""
    off, on = {"th": ("ปิดรับข่าวสาร", "เปิดรับข่าวสาร"), "en": ("Turn offers off", "Turn offers on")}[language]
    may = world.phone("เมย์", language=language)
    may.follows()
    may.says("ภาษาไทย" if language == "th" else "english")
    number = asked(world, HELLO, {"kind": "image", "file": "x.png", "alt_th": "โปรใหม่", "alt_en": "New"})
    with world.parts.sessions() as session:
        offer = session.get_one(Offer, number)
        messages = offering.body(
            session, club_of(world), offer, language, public_url=world.parts.settings.public_url, now=NOON
        )
    world.parts.lines["family_club"].validate_reply(messages)
    assert "quickReply" not in messages[0]
    press = next(item["action"] for item in messages[-1]["quickReply"]["items"] if item["action"]["label"] == off)

    def opted_out() -> bool:
        with world.parts.sessions() as session:
            query = select(Person.opted_out_at).where(Person.line_user_id == may.user_id)
            return session.scalars(query).one() is not None

    undo = may.presses(press).buttons
    assert opted_out()
    may.presses(next(action for label, action in undo.items() if label.startswith(on)))
    assert not opted_out()
    may.says(off)
    assert opted_out()
    may.says(on)
    assert not opted_out()


def test_what_is_drawn_is_what_line_takes(world: World) -> None:
    """Text with our link and her values, picture with a link, card of a privilege: valid for LINE, without a value of another."""
    with world.parts.sessions.begin() as session:
        gift = a_privilege(session, name_th="กาแฟฟรี", conditions_th="ไม่ใช้ร่วมกับโปรอื่น")
        parts = (
            {"kind": "text", "th": "สวัสดี {name|คุณลูกค้า} https://shop.example/new", "en": "Hi"},
            {"kind": "image", "file": "x.png", "ratio": "1024:512", "alt_th": "โปร", "alt_en": "x", "link": "https://s.example/"},
            {"kind": "card", "privilege_id": gift.id, "th": "สำหรับ {name|คุณ}"},
        )  # fmt: skip
        who = colleague(session, "marketer")
        offer = draft(session, club_of(world), who, content=content(*parts))
        known = Person(club="family_club", line_user_id="U" + "a" * 32, friend=True, language="th", created_at=NOON)
        session.add(known)
        session.flush()
        drafting.ask(session, club=club_of(world), offer=offer, by=who.id, now=NOON)
        url, now = world.parts.settings.public_url, NOON
        found = offering.bodies(session, club_of(world), offer, {known.id: "th"}, public_url=url, now=now)[known.id]
        shown = offering.preview(session, club_of(world), offer.content, "th", None, public_url=url, now=now)
    assert found is not None
    world.parts.lines["family_club"].validate_reply(found)
    said = found[0]["text"]
    assert said.startswith("สวัสดี คุณลูกค้า https://club.example/o/")
    assert "shop.example" not in str(found)
    assert found[1]["contents"]["hero"]["action"]["uri"].startswith("https://club.example/o/")
    assert found[2]["altText"].startswith("สำหรับ คุณ กาแฟฟรี")
    assert shown[0]["text"] == "สวัสดี ‹ชื่อ› https://shop.example/new"


def test_a_value_nobody_has_keeps_the_message_from_that_person_alone(world: World) -> None:
    """A personal offer is drawn for each; who lacks a value without a default gets none, the others theirs."""
    may = world.phone("เมย์")
    may.follows()
    with world.parts.sessions.begin() as session:
        who = colleague(session, "marketer")
        offer = draft(session, club_of(world), who, {"kind": "text", "th": "สวัสดี {name}", "en": "Hi {name}"})
        known = session.scalars(select(Person).where(Person.line_user_id == may.user_id)).one()
        other = Person(club="family_club", line_user_id="U" + "b" * 32, friend=True, language="th", created_at=NOON)
        session.add(other)
        session.flush()
        people = {known.id: "th", other.id: "th"}
        found = offering.bodies(session, club_of(world), offer, people, public_url="https://club.example", now=NOON)
    assert found[other.id] is None
    assert found[known.id] is not None
    hers = found[known.id]
    assert hers is not None
    assert hers[0]["text"] == "สวัสดี เมย์"
    with world.parts.sessions() as session:
        assert session.scalars(select(Notice)).all() == []


def test_e5_a_reminder_for_which_no_quota_is_left_is_told_in_a_reply(world: World) -> None:
    """E5: a push that LINE surely refused for the quota leaves its notice waiting: tried again later, or told for nothing in
    a reply, once. One of unknown outcome is not: it may have arrived."""
    boss, _ = approver(world)
    asked(world)
    work = make_work(world.parts)
    world.line.fault("quota_429", path="/v2/bot/message/push", times=2)
    for minutes in (31, 33):
        world.move_to(NOON + timedelta(minutes=minutes))
        assert work.pushes() == 0
    with world.parts.sessions() as session:
        assert [row.state for row in session.scalars(select(Notice))] == ["waiting"]
    assert "รอคุณอนุมัติ" in boss.says("ช่วยเหลือ")
    asked(world)
    world.line.fault("timeout_after", path="/v2/bot/message/push", times=1, seconds=1)
    world.move_to(NOON + timedelta(minutes=70))
    assert work.pushes() == 0
    world.line.fault("quota_429", path="/v2/bot/message/push", times=1)
    world.move_to(NOON + timedelta(minutes=72))
    assert work.pushes() == 0
    assert "รอคุณอนุมัติ" not in boss.says("ช่วยเหลือ")
    world.move_to(NOON + timedelta(minutes=74))
    assert work.pushes() == 1
    pushed = [entry for entry in world.line.chat(boss.phone) if entry.via == "push"]
    assert len(pushed) == 1


def test_b16_a_reminder_is_not_pushed_to_who_opted_out_meanwhile(world: World) -> None:
    """B16: left before, opted out since: it rides on her next reply."""
    may = world.phone("เมย์")
    claimed(world, may, member_of(world, may), name_th="กาแฟ", use_days=5)
    work = make_work(world.parts)
    world.move_to(NOON + timedelta(days=3))
    assert work.reminders() == 1
    with world.parts.sessions.begin() as session:
        session.scalars(select(Person).where(Person.line_user_id == may.user_id)).one().opted_out_at = world.clock.at
    world.move_to(NOON + timedelta(days=4, hours=1))
    assert work.pushes() == 0
    assert "อย่าลืมใช้สิทธิ์: กาแฟ" in may.says("ข้อมูลของฉัน").alt
