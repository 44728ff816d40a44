"""Help, language, offers, groups, unsend, unknown words, and notices that ride on the next answer."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from bot.actions import ShowPrivileges
from models import Notice, Person, TurnRow
from tests.conversations.chat import World
from tests.conversations.test_claiming import member_of, privilege
from tests.conversations.test_using import claimed
from tests.factories import NOON, line_user_id


def test_unknown_words_get_one_line_and_the_way_on(world: World) -> None:
    """Text, stickers and pictures that mean nothing to us."""
    may = world.phone("เมย์")
    member_of(world, may)
    for said in (may.says("อะไรก็ไม่รู้"), may.sends({"type": "sticker", "packageId": "446", "stickerId": "1988"})):
        assert "ยังไม่เข้าใจข้อความนี้" in said
        assert "สิทธิพิเศษของฉัน" in said.buttons


def test_typing_is_forgiving() -> None:
    """Case, spaces, full stops, Thai digits and full-width letters do not matter."""
    from handlers import ROUTES

    assert ROUTES.typed("  MY   Privileges. ") == ShowPrivileges()
    assert ROUTES.typed("Ｍｙ ｐｒｉｖｉｌｅｇｅｓ") == ShowPrivileges()
    assert ROUTES.typed("รับสิทธิ์ ๑๒") == ROUTES.typed("รับสิทธิ์ 12")
    assert ROUTES.typed("") is None
    assert ROUTES.typed("claim 99999999999999999999999") is None


def test_the_language_changes_at_once_and_with_it_the_menu(world: World) -> None:
    """Chosen in the chat: the next answer and the rich menu speak it; the profile does not take it back."""
    may = world.phone("เมย์")
    member_of(world, may)
    may.says("เปลี่ยนภาษา")
    assert "From now on we speak English." in may.taps("English")
    assert "My info" in may.says("my info")
    with world.parts.sessions() as session:
        person = session.scalars(select(Person).where(Person.line_user_id == may.user_id)).one()
        assert (person.language, person.menu_wanted and person.menu_wanted[:9]) == ("en", "member.en")
    assert "จากนี้เราจะใช้ภาษาไทย" in may.says("ภาษาไทย")


def test_help_names_every_typed_twin(world: World) -> None:
    """Every phrase that help offers is understood."""
    may = world.phone("เมย์", language="en")
    member_of(world, may)
    for said, expected in (
        ("help", "Tap the menu below"),
        ("ช่วยเหลือ", "Tap the menu below"),
        ("?", "Tap the menu below"),
    ):
        assert expected in may.says(said)
    for phrase in ("My privileges", "My info", "Claim and use", "Terms", "Language"):
        assert "I did not understand" not in may.says(phrase)


def test_offers_off_and_on_with_one_tap(world: World) -> None:
    """Opting out of marketing takes effect at once and can be taken back."""
    may = world.phone("เมย์")
    member_of(world, may)
    may.says("ช่วยเหลือ")
    assert "ปิดรับข่าวสารแล้ว มีผลทันที" in may.taps("ปิดรับข่าวสาร")
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.opted_out_at).where(Person.line_user_id == may.user_id)) == NOON
    assert "เปิดรับข่าวสารแล้ว" in may.taps("เปิดรับข่าวสารอีกครั้ง")


def test_leaving_the_club_withdraws_the_consent(world: World) -> None:
    """Leaving with the last account: nothing is answered but the terms until one joins again (LFC-26 at once: not new)."""
    may = world.phone("เมย์")
    member_of(world, may, name="ร้านเมย์")
    may.says("ออกจากคลับ")
    may.taps("ร้านเมย์")
    assert "ออกจากคลับแล้ว" in may.taps("ยืนยัน ออกจากคลับ")
    assert "ตกลง" in may.says("ข้อมูลของฉัน").buttons
    said = may.taps("ตกลง")
    assert "กลับเข้าคลับแล้ว" in said
    assert "สมาชิกใหม่ได้ถึง" not in said


def test_a_group_is_answered_with_one_line_at_most(world: World) -> None:
    """On being invited and spoken to: one line; otherwise silence."""
    may = world.phone("เมย์", friend=True)
    group = world.line.group("ร้านเรา", [may.phone])
    world.settle()
    assert len(world.line.said(group)) == 1
    world.line.say(may.phone, "วันนี้กินอะไรดี", group)
    world.settle()
    assert len(world.line.said(group)) == 1
    world.line.say(may.phone, "สิทธิพิเศษของฉัน", group)
    world.settle()
    assert len(world.line.said(group)) == 2
    assert "แชตส่วนตัว" in str(world.line.said(group)[-1])


def test_b19_an_unsent_message_is_gone_from_what_we_stored(world: World) -> None:
    """B19: what somebody took back is no longer readable here."""
    may = world.phone("เมย์")
    member_of(world, may)
    entry = world.line.say(may.phone, "เบอร์ฉัน 0812345678")
    world.settle()
    world.line.unsend(may.phone, entry)
    world.settle()
    with world.parts.sessions() as session:
        assert "0812345678" not in str([row.event for row in session.scalars(select(TurnRow))])


def test_a_reminder_rides_on_the_next_answer(world: World) -> None:
    """A kept claim that ends soon is mentioned once, with what was asked for last."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    claimed(world, may, member, name_th="กาแฟ", use_days=5)
    world.move_to(NOON + timedelta(days=3))
    from jobs.wiring import make_work

    assert make_work(world.parts).reminders() == 1
    said = may.says("ข้อมูลของฉัน")
    assert "อย่าลืมใช้สิทธิ์: กาแฟ" in said.messages[0]["altText"]
    assert "อย่าลืมใช้สิทธิ์" not in may.says("ข้อมูลของฉัน")
    assert make_work(world.parts).reminders() == 0


def test_a_reminder_nobody_rode_with_is_pushed_once_near_the_end(world: World) -> None:
    """Replies are free and pushes are paid: pushed only when it can wait no longer, under a stored retry key."""
    may = world.phone("เมย์")
    claimed(world, may, member_of(world, may), use_days=5)
    from jobs.wiring import make_work

    work = make_work(world.parts)
    world.move_to(NOON + timedelta(days=3))
    work.reminders()
    assert work.pushes() == 0
    world.move_to(NOON + timedelta(days=4, minutes=1))
    assert work.pushes() == 1
    assert work.pushes() == 0
    assert [entry.via for entry in world.line.chat(may.phone) if entry.via == "push"] == ["push"]


def test_d9_a_push_of_unknown_outcome_is_tried_again_under_the_same_key(world: World) -> None:
    """D9, D10: LINE accepted and the answer got lost: the retry is told 409, and the person has it once."""
    may = world.phone("เมย์")
    claimed(world, may, member_of(world, may), use_days=5)
    from jobs.wiring import make_work

    work = make_work(world.parts)
    world.move_to(NOON + timedelta(days=4, hours=1))
    work.reminders()
    world.line.fault("error_500_after", path="/v2/bot/message/push", times=1)
    assert work.pushes() == 0
    world.move_to(NOON + timedelta(days=4, hours=1, minutes=2))
    assert work.pushes() == 1
    assert len([entry for entry in world.line.chat(may.phone) if entry.via == "push"]) == 1
    with world.parts.sessions() as session:
        assert session.scalars(select(Notice.state)).all() == ["pushed"]


def test_d13_a_reply_that_came_too_late_is_pushed_once(world: World) -> None:
    """D13: the token died in the queue: what matters is pushed, once; what does not is left."""
    from bot.outbox import Outgoing

    may = world.phone("เมย์", friend=True)
    late = NOON - timedelta(minutes=2)
    with world.parts.sessions.begin() as session:
        for event, matters in (("e1", True), ("e2", False)):
            row = TurnRow(club="family_club", event_id=event, kind="message", event={}, received_at=late, state="done")
            row.line_user_id, row.reply, row.reply_token = may.user_id, [{"type": "text", "text": event}], "dead"
            row.reply_state, row.matters = "new", matters
            session.add(row)
    for event, matters in (("e1", True), ("e2", False)):
        message = [{"type": "text", "text": event}]
        world.parts.outbox.put(Outgoing("family_club", event, may.user_id, "dead", message, late, matters=matters))
    world.settle()
    assert [m["text"] for m in world.line.said(may.phone)] == ["e1"]
    with world.parts.sessions() as session:
        states = {row.event_id: row.reply_state for row in session.scalars(select(TurnRow))}
    assert states == {"e1": "pushed", "e2": "late"}
    assert [call["path"] for call in world.line.calls("/v2/bot/message")] == ["/v2/bot/message/push"]


def test_d12_unknown_is_not_sent_again_and_refused_is_pushed(world: World) -> None:
    """D12: a reply LINE refused is pushed when it matters; one of unknown outcome is left alone."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    for fault, pushed in (("error_500_before", 0), ("timeout_after", 0)):
        world.line.fault(fault, path="/v2/bot/message/reply", times=1, seconds=1)
        claimed(world, may, member)
        assert len(world.line.calls("/v2/bot/message/push")) == pushed
    with world.parts.sessions() as session:
        assert (
            session.scalars(select(TurnRow.reply_state).where(TurnRow.reply_state == "unknown")).all()
            == ["unknown"] * 2
        )


def test_d1_a_reply_left_behind_by_a_dead_process_is_sent_by_the_job(world: World) -> None:
    """D1: stored means handled: while the token lives the reply still goes out; afterwards it is never guessed."""
    may = world.phone("เมย์")
    member_of(world, may)
    world.parts.outbox.close()
    event_time = world.clock.at
    with world.parts.sessions.begin() as session:
        row = TurnRow(
            club="family_club", event_id="left", kind="message", event={}, received_at=event_time, state="done"
        )
        row.line_user_id, row.reply, row.reply_token = line_user_id(), [{"type": "text", "text": "x"}], "never-issued"
        row.reply_state, row.matters = "new", True
        session.add(row)
    world.move_to(event_time + timedelta(seconds=20))
    assert world.parts.outbox.recover() == 1
    with world.parts.sessions() as session:
        assert session.get_one(TurnRow, ("family_club", "left")).reply_state == "unknown"
    assert world.line.calls("/v2/bot/message/push") == []


def test_privileges_can_be_looked_at_before_joining(world: World) -> None:
    """A guest sees what there is; claiming asks for the terms first."""
    may = world.phone("เมย์")
    privilege(world, name_th="กาแฟฟรี")
    may.follows()
    assert "กาแฟฟรี" in may.says("สิทธิพิเศษของฉัน")
    assert "ไม่พบบัญชีทางการของคุณ" in may.taps("เข้าร่วมคลับ")
