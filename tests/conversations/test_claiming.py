"""Claiming from the chat: the flow of the help page, its refusals, and two admins at the same second."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from bot.actions import ClaimFor
from models import Claim, Person, Privilege
from tests import factories
from tests.conversations.chat import Chat, World
from tests.factories import NOON


def member_of(world: World, *admins: Chat, **values: Any) -> int:
    """A joined account whose admins have agreed to the terms and are known by name; its id."""
    with world.parts.sessions.begin() as session:
        member = factories.member(session, joined=False, **values)
        for admin in admins:
            factories.administers(session, Person(line_user_id=admin.user_id), member)
        found = int(member.id)
    for admin in admins:
        admin.follows()
        admin.says("สมัคร")
        admin.taps("ตกลง" if "ตกลง" in admin.last.buttons else "Agree")
    return found


def privilege(world: World, **values: Any) -> int:
    """A privilege; its id."""
    with world.parts.sessions.begin() as session:
        return int(factories.privilege(session, **values).id)


def tier(world: World, member: int, key: str) -> None:
    """Put the account into a tier."""
    from models import Member

    with world.parts.sessions.begin() as session:
        session.get_one(Member, member).tier = key


def test_lfc_13_the_flow_of_the_help_page(world: World) -> None:
    """LFC-13, LFC-14, LFC-15: my privileges → choose → claim → account → later → my info → claim and use."""
    may = world.phone("เมย์")
    member_of(world, may, name="ร้านก๋วยเตี๋ยวเมย์")
    privilege(world, name_th="กาแฟฟรีหนึ่งแก้ว", use_days=30)
    listed = may.says("สิทธิพิเศษของฉัน")
    assert "กาแฟฟรีหนึ่งแก้ว" in listed
    assert "รับได้: ร้านก๋วยเตี๋ยวเมย์" in listed
    may.taps("รายละเอียด")
    assert "รับสิทธิ์ให้บัญชีไหน" in may.taps("รับสิทธิ์")
    claimed = may.taps("ร้านก๋วยเตี๋ยวเมย์")
    assert {"ใช้สิทธิ์ทันที", "ใช้สิทธิ์ภายหลัง"} <= set(claimed.buttons)
    assert "ใช้ได้ถึง" in claimed
    assert "12 ธ.ค. 2569 12:00 น." in claimed
    assert "เก็บไว้ใน “ข้อมูลของฉัน” แล้ว" in may.taps("ใช้สิทธิ์ภายหลัง")
    may.taps("ข้อมูลของฉัน")
    kept = may.taps("สิทธิพิเศษของฉัน (1 สิทธิ์)")
    assert "กาแฟฟรีหนึ่งแก้ว" in kept
    assert "ใช้สิทธิ์ตอนนี้เลยไหม" in may.taps("รับและใช้สิทธิ์")


def test_lfc_13_the_same_by_typing_in_english(world: World) -> None:
    """LFC-13: every step has its typed twin."""
    emma = world.phone("Emma", language="en")
    member = member_of(world, emma, name="Emma's Bakery")
    offered = privilege(world, name_en="One free coffee")
    assert "One free coffee" in emma.says("my privileges")
    assert "Claim for which account?" in emma.says(f"claim {offered}")
    said = emma.says(f"Claim {offered} for {member}")
    assert "It is yours" in said
    with world.parts.sessions() as session:
        claim = session.scalars(select(Claim)).one()
    assert "Kept under “My info”" in emma.says(f"use later {claim.id}")
    assert "One free coffee" in emma.says("claim and use")
    assert "Use it now?" in emma.says(f"use {claim.id}")


def test_the_claim_is_decided_at_choosing_the_account(world: World) -> None:
    """Not answering the last question keeps it for later."""
    may = world.phone("เมย์")
    member_of(world, may)
    privilege(world)
    may.says("สิทธิพิเศษของฉัน")
    may.taps("รับสิทธิ์")
    may.taps("Shop")
    assert "เก็บไว้ 1 สิทธิ์" in may.says("ข้อมูลของฉัน").alt


def test_lfc_22_a_lost_race_says_who_was_first_and_what_else_there_is(world: World) -> None:
    """LFC-20, LFC-21, LFC-22: the second admin of the account reads who, when, and what can be claimed instead."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy, name="ร้านของสองคน")
    first, other = privilege(world, name_th="LINE POINTS"), privilege(world, name_th="ของแถมอีกชิ้น")
    world.move_to(NOON + timedelta(minutes=5))
    assert "รับสิทธิ์เรียบร้อย" in may.presses_data(ClaimFor(first, member).pack())
    lost = boy.presses_data(ClaimFor(first, member).pack())
    assert lost.text.startswith("เมย์ รับไปก่อนแล้ว")
    assert "12 พ.ย. 2569 12:05 น." in lost
    assert "ของแถมอีกชิ้น" in lost
    assert "เมย์ รับไปก่อนแล้วเมื่อ 12 พ.ย. 2569 12:05 น. สำหรับ ร้านของสองคน" in lost.alt
    assert "ดูสิทธิ์นี้" in lost.buttons
    assert "รับสิทธิ์เรียบร้อย" in boy.presses_data(ClaimFor(other, member).pack())


def test_a2_two_phones_at_the_same_second(world: World) -> None:
    """A2, LFC-22: both tap at once, over and over: always exactly one claim, and the other is told who was first."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy)
    for _ in range(10):
        offered = privilege(world)
        barrier = threading.Barrier(2)

        def tap(who: Chat, data: str = ClaimFor(offered, member).pack(), barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            world.line.tap(who.phone, {"type": "postback", "label": "x", "data": data})

        before = {who.user_id: len(world.line.said(who.phone)) for who in (may, boy)}
        threads = [threading.Thread(target=tap, args=(who,)) for who in (may, boy)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        world.settle()
        texts = [str(world.line.said(who.phone)[before[who.user_id] :]) for who in (may, boy)]
        assert sum("รับสิทธิ์เรียบร้อย" in said for said in texts) == 1
        assert sum("รับไปก่อนแล้ว" in said for said in texts) == 1
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Claim)) == 10


def test_lfc_18_each_account_claims_for_itself(world: World) -> None:
    """LFC-17, LFC-18: one person, two accounts of different tiers: each by its own."""
    may = world.phone("เมย์")
    gold, plain = member_of(world, may, name="ร้านทอง"), member_of(world, may, name="ร้านธรรมดา")
    tier(world, gold, "gold")
    offered = privilege(world, tiers=["gold", "platinum"], name_th="ห้องรับรอง")
    card = may.says(f"รับสิทธิ์ {offered}")
    assert "ร้านทอง" in card.buttons
    assert "ร้านธรรมดา" not in card.buttons
    assert "สำหรับระดับ Gold ขึ้นไป บัญชีนี้อยู่ระดับ Welcome" in card
    assert "รับสิทธิ์เรียบร้อย" in may.taps("ร้านทอง")
    forged = may.presses_data(ClaimFor(offered, plain).pack())
    assert "สำหรับระดับ Gold ขึ้นไป" in forged


def test_lfc_11_nothing_opens_before_the_second(world: World) -> None:
    """LFC-11: on the 1st not yet, from 00:00 of the 2nd in Bangkok yes."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    offered = privilege(world)
    button = ClaimFor(offered, member).pack()
    world.move_to(datetime(2026, 12, 1, 16, 59, 59, tzinfo=UTC))
    assert "รับสิทธิ์ได้ตั้งแต่วันที่ 2 ของทุกเดือน เปิดอีกครั้ง 2 ธ.ค. 2569" in may.presses_data(button)
    world.move_to(datetime(2026, 12, 1, 17, 0, 0, tzinfo=UTC))
    assert "รับสิทธิ์เรียบร้อย" in may.presses_data(button)


def test_a9_a_refused_event_stays_refused_when_redelivered(world: World) -> None:
    """A9: the stock returns, the old event comes again: nothing; a new press claims."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    offered = privilege(world, stock=1, taken=1)
    button = ClaimFor(offered, member).pack()
    assert "มีผู้รับสิทธิ์ครบแล้ว" in may.presses_data(button)
    refused = world.line.events("postback")[-1]
    with world.parts.sessions.begin() as session:
        session.get_one(Privilege, offered).stock = 2
    from tests.bot.test_webhook import post

    assert post(world, {"events": [{**refused, "deliveryContext": {"isRedelivery": True}}]}).status_code == 200
    world.settle()
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Claim)) == 0
    assert "รับสิทธิ์เรียบร้อย" in may.presses_data(button)


def test_forged_buttons_are_refused_and_store_nothing(world: World) -> None:
    """LFC-19: accounts she does not administer, privileges of nobody, data of nobody."""
    may, stranger = world.phone("เมย์"), world.phone("คนอื่น")
    member, other = member_of(world, may), member_of(world, stranger)
    offered = privilege(world)
    assert "คุณไม่ได้เป็นแอดมินของบัญชีนี้" in may.presses_data(ClaimFor(offered, other).pack())
    assert "ไม่พบสิทธิพิเศษนี้" in may.presses_data(ClaimFor(999_999, member).pack())
    for data in (
        "ca:1",
        "ca:x:y",
        "ca:1:2:3:4",
        "zz",
        "",
        ":" * 50,
        "ca:-1:-1",
        "ca:99999999999999999999:1",
        "sc:1%00",
    ):
        assert "ปุ่มนี้มาจากการ์ดเก่า" in may.presses_data(data)
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Claim)) == 0


def test_pressing_the_same_button_twice_tells_the_present_state(world: World) -> None:
    """A button may be old: pressed again by who claimed it, it shows the claim, and claims nothing more."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    offered = privilege(world, claim_limit=3)
    button = ClaimFor(offered, member, 1).pack()
    assert "รับสิทธิ์เรียบร้อย" in may.presses_data(button)
    assert "ผู้รับสิทธิ์" in may.presses_data(button)
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Claim)) == 1


def test_the_catalogue_says_what_is_locked_and_why(world: World) -> None:
    """Tier, new members only, taken by whom and when, sold out, not yet, ended: each with its reason."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy, name="ร้านของสองคน")
    taken = privilege(world, name_th="ถูกรับแล้ว")
    boy.presses_data(ClaimFor(taken, member).pack())
    privilege(world, name_th="ระดับทอง", tiers=["gold"])
    privilege(world, name_th="หมดสต็อก", stock=0)
    privilege(world, name_th="ยังไม่เปิด", claim_from=NOON + timedelta(days=10))
    privilege(world, name_th="ปิดไปแล้ว", claim_to=NOON - timedelta(days=1))
    privilege(world, name_th="สมาชิกใหม่", new_members_only=True)
    world.move_to(NOON + timedelta(days=40))
    said = may.says("สิทธิพิเศษของฉัน").text
    expected = (
        "บอย รับไปก่อนแล้ว",
        "สำหรับระดับ Gold",
        "มีผู้รับสิทธิ์ครบแล้ว",
        "หมดเขตรับสิทธิ์",
        "สำหรับสมาชิกใหม่เท่านั้น บัญชีนี้เป็นสมาชิกใหม่ถึง 12 ธ.ค. 2569",
    )
    for part in expected:
        assert part in said


def test_a_long_catalogue_is_paged_within_lines_limits(world: World) -> None:
    """Forty privileges with long names: every page within 12 bubbles and 50 KB, and every one is reached."""
    may = world.phone("เมย์")
    member_of(world, may)
    for n in range(40):
        privilege(world, name_th=f"สิทธิพิเศษหมายเลข {n} " + "ยาวมาก" * 12, about_th="ก" * 900, position=n)
    seen = may.says("สิทธิพิเศษของฉัน").text
    for _ in range(8):
        if "ดูสิทธิพิเศษอื่น" not in may.last.buttons:
            break
        seen += may.taps("ดูสิทธิพิเศษอื่น").text
    assert all(f"หมายเลข {n} " in seen for n in range(40))
    assert not [call for call in world.line.calls("/v2/bot/message") if call["status"] >= 400]
