"""Colleagues in their own chats: told of changed sign-ins, and no approval while one waits for a second administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from benefits import staff as colleagues
from benefits import staff_confirmations
from benefits.offers import approvers
from bot.actions import ConnectChat
from handlers import ROUTES
from jobs.wiring import make_work
from models import Staff, StaffChat
from tests.conversations.chat import World
from tests.conversations.test_offers_chat import approver, asked, club_of, state_of
from tests.factories import NOON
from tests.rules.offers.books import colleague

ASKED = {"kind": "text", "th": "กาแฟฟรี", "en": "Free coffee"}


def reset(session: Session, world: World, who: int, **values: Any) -> None:
    given = {"club": "family_club", "password": "x", "now": world.clock.at, "actor": ("system", None), **values}
    colleagues.reset(session, session.get_one(Staff, who), **given)


def test_a6_an_approver_whose_sign_in_was_reset_decides_nothing_in_the_chat(world: World) -> None:
    """The refusal says since when and until when; every way to decide is closed, tapped or typed; stopping is not."""
    boss, who = approver(world)
    number = asked(world, ASKED)
    shown = boss.says(f"ดูข้อเสนอ {number}")
    with world.parts.sessions.begin() as session:
        reset(session, world, who)
    make_work(world.parts).pushes()
    pushed = str(world.line.said(boss.phone)[-1]["text"])
    assert "ผู้ดูแลเซิร์ฟเวอร์ รีเซ็ตการเข้าสู่ระบบของ หัวหน้า" in pushed
    assert "หรือจนถึง 13 พ.ย. 2569 12:00 น." in pushed
    refused = boss.presses(shown.buttons["อนุมัติ"])
    assert "การเข้าสู่ระบบหรือหน้าที่ของคุณในคอนโซลถูกเปลี่ยนเมื่อ 12 พ.ย. 2569 12:00 น." in refused
    assert "ตั้งแต่ 13 พ.ย. 2569 12:00 น." in refused
    for typed in (f"ดูข้อเสนอ {number}", "ข้อเสนอรออนุมัติ"):
        assert "ตั้งแต่ 13 พ.ย. 2569" in boss.says(typed)
    assert "ตั้งแต่ 13 พ.ย. 2569" in boss.presses(shown.buttons["ส่งกลับไปแก้"])
    assert state_of(world, number) == "asked"
    world.clock.at = NOON + timedelta(days=1)
    assert "อนุมัติแล้ว" in boss.presses(shown.buttons["อนุมัติ"])


def test_a6_the_notice_that_an_offer_waits_has_no_buttons_that_could_only_refuse(world: World) -> None:
    boss, who = approver(world)
    with world.parts.sessions.begin() as session:
        reset(session, world, who)
    make_work(world.parts).pushes()
    asked(world, ASKED)
    said = boss.says("ช่วยเหลือ")
    assert "รออนุมัติอยู่" in said
    assert "อนุมัติ" not in said.buttons


def test_a6_a_code_for_the_chat_made_before_a_reset_connects_nothing_after_it(world: World) -> None:
    """A code that lay around is no way past the reset, and no new one is made while it waits."""
    phone = world.phone("เมย์")
    phone.follows()
    with world.parts.sessions.begin() as session:
        who = colleague(session, "approver", name="หัวหน้า").id
        code = approvers.new_code(session, club=club_of(world), staff_id=who, now=world.clock.at)
        reset(session, world, who)
    assert ROUTES.typed(f"เชื่อมต่อ {code}") == ConnectChat(int(code))
    assert "รหัสนี้ใช้ไม่ได้" in phone.says(f"เชื่อมต่อ {code}")
    with world.parts.sessions() as session:
        assert session.query(StaffChat).filter_by(staff_id=who).one().person_id is None
        assert staff_confirmations.waiting(session, staff_id=who, now=world.clock.at)
