"""Joining: follow, welcome, the terms, ตกลง; who joins, who can't and why; again after a block, again after new terms."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.actions import Agree
from models import Consent, Member, Membership, Person
from tests import factories
from tests.bot.test_webhook import event, post, stored
from tests.conversations.chat import Chat, World
from tests.factories import NOON


def shop(world: World, *admins: Chat, role: str = "administrator", **values: Any) -> int:
    """An official account the club knows, not joined, with these admins; its id."""
    with world.parts.sessions.begin() as session:
        member = factories.member(session, joined=False, **values)
        for admin in admins:
            factories.administers(session, Person(line_user_id=admin.user_id), member, role)
        return int(member.id)


def test_lfc_24_the_first_agree_makes_the_account_a_member(world: World) -> None:
    """LFC-2, LFC-3, LFC-23, LFC-24, LFC-25: free package, entry tier, new member until 30 days after today."""
    may = world.phone("เมย์")
    member = shop(world, may, name="ร้านก๋วยเตี๋ยวเมย์", package="free")
    assert "ยินดีต้อนรับสู่แฟมิลี่คลับ" in may.follows()
    page = may.taps("เข้าร่วมคลับ")
    assert "ข้อกำหนดการเป็นสมาชิกแฟมิลี่คลับ" in page
    assert "ร้านก๋วยเตี๋ยวเมย์" in page
    assert "เข้าร่วมได้" in page
    said = may.taps("ตกลง")
    assert "ร้านก๋วยเตี๋ยวเมย์" in said
    assert "Welcome" in said
    assert "รับสิทธิ์สมาชิกใหม่ได้ถึง 12 ธ.ค. 2569" in said
    with world.parts.sessions() as session:
        assert session.get_one(Member, member).tier == "welcome"
        assert session.scalar(select(Consent.terms_version)) == "2026-01"


def test_joining_in_english_by_typing(world: World) -> None:
    """LFC-2: the typed twin, in the language of the person's LINE profile."""
    emma = world.phone("Emma", language="en")
    shop(world, emma, name="Emma's Bakery")
    emma.follows()
    page = emma.says("join")
    assert "Terms of Family Club" in page
    assert "The Thai text prevails" in page
    said = emma.taps("Agree")
    assert "Emma's Bakery" in said
    assert "New-member privileges until 12 Dec 2026." in said


def test_lfc_24_the_second_admin_is_told_who_was_first(world: World) -> None:
    """LFC-24: the next admin's Agree starts nothing anew; she reads who was first and when."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = shop(world, may, boy, name="ร้านของสองคน")
    for person in (may, boy):
        person.follows()
    may.says("สมัคร")
    may.taps("ตกลง")
    world.move_to(NOON + timedelta(days=3))
    boy.says("สมัคร")
    said = boy.taps("ตกลง")
    assert "เมย์ พาเข้าคลับเมื่อ 12 พ.ย. 2569 12:00 น." in said
    assert "ร้านของสองคน" in said.alt
    with world.parts.sessions() as session:
        stays = session.scalars(select(Membership).where(Membership.member_id == member)).all()
        assert len(stays) == 1
        assert stays[0].joined_at == NOON


def test_lfc_4_a_premium_account_is_refused_with_the_reason(world: World) -> None:
    """LFC-4: the green shield can't join; other accounts of the same person do."""
    may = world.phone("เมย์")
    premium, grey = shop(world, may, name="โล่เขียว", badge="green"), shop(world, may, name="โล่เทา")
    may.follows()
    page = may.says("สมัคร")
    assert "บัญชีพรีเมียม (โล่เขียว) เข้าร่วมคลับไม่ได้" in page
    said = may.taps("ตกลง")
    assert "บัญชีพรีเมียม (โล่เขียว) เข้าร่วมคลับไม่ได้" in said
    with world.parts.sessions() as session:
        assert session.get_one(Member, premium).tier is None
        assert session.get_one(Member, grey).tier == "welcome"


def test_lfc_19_an_operator_is_refused_with_the_reason(world: World) -> None:
    """LFC-19: an operator is told why, is asked nothing, and a forged Agree joins and records nothing."""
    op = world.phone("โอเปอเรเตอร์")
    member = shop(world, op, role="operator")
    op.follows()
    asked = op.says("สมัคร")
    assert "ตกลง" not in asked.buttons
    for said in (asked, op.presses_data(Agree("2026-01").pack())):
        assert "คุณยังไม่ได้เป็นแอดมิน (administrator) ของบัญชีนี้" in said
        assert "ยังเข้าร่วมคลับไม่ได้" in said.alt
    with world.parts.sessions() as session:
        assert session.get_one(Member, member).tier is None
        assert session.scalar(select(func.count()).select_from(Consent)) == 0


def test_lfc_4_only_a_premium_account_is_refused_before_anything_is_asked(world: World) -> None:
    """LFC-4: who has nothing but a premium account reads why, and has nothing to agree to."""
    ning = world.phone("หนิง")
    shop(world, ning, name="พลอย", badge="green")
    ning.follows()
    said = ning.taps("เข้าร่วมคลับ")
    assert "บัญชีพรีเมียม (โล่เขียว) เข้าร่วมคลับไม่ได้" in said
    assert "ตกลง" not in said.buttons


def test_agree_is_typed_with_the_version_that_was_read(world: World) -> None:
    """LFC-24 on LINE for PC: the card says what to type; a version that is not the present one shows the terms."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    assert "“ตกลง 202601”" in may.says("เข้าร่วม")
    assert "“ตกลง 202601”" in may.says("ตกลง 202501")
    assert "ยินดีต้อนรับสมาชิกใหม่" in may.says("ตกลง 202601")


def test_nobody_s_admin_is_told_what_to_do(world: World) -> None:
    """LFC-2: without an account there is nothing to join with; whom to ask is said, nothing is recorded."""
    stranger = world.phone("คนแปลกหน้า")
    stranger.follows()
    assert "ไม่พบบัญชีทางการของคุณ" in stranger.taps("เข้าร่วมคลับ")
    assert "ไม่พบบัญชีทางการของคุณ" in stranger.presses_data(Agree("2026-01").pack())
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == 0


def test_declining_stores_nothing(world: World) -> None:
    """Not now: no consent, no membership, and the way back is told."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    may.says("สมัคร")
    assert "เราไม่ได้บันทึกอะไรไว้" in may.taps("ยังไม่เข้าร่วม")
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Consent)) == 0


def test_consent_comes_before_everything_else(world: World) -> None:
    """Whatever is asked first, the terms are shown instead, until agreed to."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    for asked in ("ข้อมูลของฉัน", "บัญชีทางการ", "รับและใช้สิทธิ์", "รับสิทธิ์ 1"):
        assert "ตกลง" in may.says(asked).buttons


def test_new_terms_are_agreed_to_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the terms change, a member reads and agrees again; an old Agree button shows the new terms."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    may.says("สมัคร")
    old = may.last.buttons["ตกลง"]
    may.taps("ตกลง")
    club = world.parts.clubs["family_club"]
    changed = dataclasses.replace(club.terms, version="2026-12")
    monkeypatch.setitem(world.parts.clubs, "family_club", dataclasses.replace(club, terms=changed))
    assert "มีการเปลี่ยนแปลง" in may.says("ข้อมูลของฉัน")
    assert "ฉบับ 2026-12" in may.presses(old)
    may.taps("ตกลง")
    assert "เก็บไว้" in may.says("ข้อมูลของฉัน")


def test_d18_follow_block_unblock(world: World) -> None:
    """D18: blocking is remembered, unblocking greets again, and membership outlives both."""
    may = world.phone("เมย์")
    shop(world, may)
    may.follows()
    may.says("สมัคร")
    may.taps("ตกลง")
    world.line.block(may.phone)
    world.settle()
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.friend).where(Person.line_user_id == may.user_id)) is False
    assert "ยินดีที่ได้พบกันอีกที่แฟมิลี่คลับ" in may.follows()


def test_a8_an_older_unfollow_arriving_late_changes_nothing(world: World) -> None:
    """A8: the follow of today stands against yesterday's unfollow."""
    may = world.phone("เมย์")
    may.follows()
    late = {
        "type": "unfollow",
        "mode": "active",
        "webhookEventId": "01LATEUNFOLLOW000000000000",
        "timestamp": int((NOON - timedelta(days=1)).timestamp() * 1000),
        "source": {"type": "user", "userId": may.user_id},
        "deliveryContext": {"isRedelivery": True},
    }
    assert post(world, {"events": [late]}).status_code == 200
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.friend).where(Person.line_user_id == may.user_id)) is True


def test_d4_a_follow_that_is_shaped_otherwise_is_still_welcomed(world: World) -> None:
    """D4: what LINE says besides "she followed" is no reason to park that she did."""
    shapes: list[Any] = [[{"isUnblocked": True}], "new", 7, True, None, {"isUnblocked": "yes"}, {}]
    for number, shape in enumerate(shapes):
        followed = event(factories.line_user_id(0xF0 + number), type="follow", follow=shape)
        assert post(world, {"events": [followed]}).status_code == 200
    world.settle()
    assert [(row.state, row.outcome) for row in stored(world)] == [("done", "welcome")] * len(shapes)


def test_the_name_is_sealed_and_learnt_from_the_profile(world: World) -> None:
    """B1: the display name is told to colleagues, and is not readable in the database."""
    may = world.phone("เมย์ สุดสวย")
    may.follows()
    with world.parts.sessions() as session:
        sealed = session.scalar(select(Person.display_name).where(Person.line_user_id == may.user_id))
    assert sealed is not None
    assert "เมย์".encode() not in sealed
