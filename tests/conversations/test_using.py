"""Using a claim from the chat: asks once, shows, counts down by the server's time; used, expired and void say why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.actions import AskUse, ClaimFor, ShowClaim, Use
from models import Claim, Member
from tests.conversations.chat import Chat, World
from tests.conversations.test_claiming import member_of, privilege
from tests.factories import NOON, administers


def claimed(world: World, who: Chat, member: int, **values: Any) -> int:
    """A privilege claimed by this person for this account; the claim's id."""
    offered = privilege(world, **values)
    who.presses_data(ClaimFor(offered, member).pack())
    with world.parts.sessions() as session:
        return max(claim.id for claim in session.query(Claim).filter_by(privilege_id=offered))


def test_asks_once_then_shows_the_code_until_a_time(world: World) -> None:
    """LFC-13, LFC-15: use now → asks → code, valid until; pressing again shows the same code and the same end."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    claim = claimed(world, may, member, code_minutes=15)
    assert "ใช้สิทธิ์ตอนนี้เลยไหม" in may.taps("ใช้สิทธิ์ทันที")
    shown = may.taps("ยืนยัน ใช้สิทธิ์เลย")
    assert "ใช้ได้ถึง 12:15 น." in shown
    code = shown.buttons["คัดลอกรหัส"]["clipboardText"]
    assert shown.buttons["เปิดหน้านับถอยหลัง"]["uri"].startswith("https://club.example/use/")
    world.move_to(NOON + timedelta(minutes=10))
    again = may.presses_data(Use(claim).pack())
    assert "ใช้ได้ถึง 12:15 น." in again
    assert again.buttons["คัดลอกรหัส"]["clipboardText"] == code


def test_a_used_claim_says_when_and_by_whom(world: World) -> None:
    """LFC-15: after the countdown it can't be used again, and the colleague reads who used it."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy)
    claim = claimed(world, may, member)
    may.presses_data(Use(claim).pack())
    world.move_to(NOON + timedelta(minutes=16))
    assert "เมย์ ใช้ไปแล้วเมื่อ 12 พ.ย. 2569 12:00 น." in boy.presses_data(Use(claim).pack())
    assert "ใช้เมื่อ 12 พ.ย. 2569 12:00 น. โดย เมย์" in boy.presses_data(AskUse(claim).pack())
    assert "ใช้สิทธิ์แล้ว" in boy.says("สิทธิ์ที่ใช้แล้ว")


def test_the_account_s_other_admin_sees_and_uses_it(world: World) -> None:
    """LFC-20: a claim belongs to the account; who claimed it is told."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy)
    claim = claimed(world, may, member)
    seen = boy.presses_data(ShowClaim(claim).pack())
    assert "ผู้รับสิทธิ์" in seen
    assert "เมย์" in seen
    assert "ใช้ได้ถึง" in boy.presses_data(Use(claim).pack())


def test_an_expired_claim_says_so(world: World) -> None:
    """A kept claim ends at min(privilege end, claim time + validity)."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    claim = claimed(world, may, member, use_days=3)
    world.move_to(NOON + timedelta(days=3))
    assert "หมดอายุเมื่อ 15 พ.ย. 2569 12:00 น." in may.presses_data(Use(claim).pack())
    assert "หมดอายุ" in may.says("สิทธิ์ที่หมดอายุ")


def test_a_void_claim_says_why(world: World) -> None:
    """Leaving the club voids unused claims, and says so where they are pressed."""
    may = world.phone("เมย์")
    member = member_of(world, may, name="ร้านเมย์")
    claim = claimed(world, may, member, name_th="กาแฟ")
    may.says("ออกจากคลับ")
    asked = may.taps("ร้านเมย์")
    assert "สิทธิ์ที่ยังไม่ได้ใช้จะถูกยกเลิก" in asked
    assert "กาแฟ" in asked
    assert "ยกเลิกสิทธิ์ที่ยังไม่ได้ใช้ 1 สิทธิ์" in may.taps("ยืนยัน ออกจากคลับ")
    may.says("สมัคร")
    may.taps("ตกลง")
    assert "สิทธิ์นี้ถูกยกเลิก: บัญชีออกจากคลับแล้ว" in may.presses_data(Use(claim).pack())


@pytest.mark.parametrize(("kind", "picture"), [("qr", True), ("barcode", True), ("code", False)])
def test_each_kind_shows_its_own_way(world: World, kind: str, picture: bool) -> None:
    """QR and barcode show their picture, a code its text; the alt text says the code too."""
    may = world.phone("เมย์", language="en")
    member = member_of(world, may)
    claim = claimed(world, may, member, redeem=kind)
    shown = may.presses_data(Use(claim).pack())
    hero = shown.messages[-1]["contents"].get("hero", {}).get("url", "")
    assert ("/media/codes/" in hero) is picture
    assert shown.buttons["Copy the code"]["clipboardText"] in shown.alt


def test_a_link_opens_the_partner_s_page(world: World) -> None:
    """A link privilege opens the partner's address."""
    from benefits.sealed_codes import seal_privilege_code
    from benefits.vault import Vault
    from models import Privilege
    from tests.conftest import TEST_KEYS

    may = world.phone("เมย์")
    member = member_of(world, may)
    claim = claimed(world, may, member, redeem="link")
    with world.parts.sessions.begin() as session:
        row = session.get_one(Claim, claim)
        owner = session.get_one(Privilege, row.privilege_id)
        owner.code = seal_privilege_code(
            Vault(TEST_KEYS), club=owner.club, key=owner.key, text="https://partner.example/offer"
        )
    assert may.presses_data(Use(claim).pack()).buttons["เปิดลิงก์"]["uri"] == "https://partner.example/offer"


def test_lfc_19_who_lost_the_role_can_use_nothing(world: World) -> None:
    """LFC-19: an admin who loses the role at once loses the right to use; the others keep it."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may, boy)
    claim = claimed(world, may, member)
    with world.parts.sessions.begin() as session:
        from models import Admin

        session.query(Admin).filter_by(line_user_id=may.user_id).update({"removed_at": NOON})
    assert "ไม่ได้เป็นแอดมินของบัญชีนี้" in may.presses_data(Use(claim).pack())
    assert "ใช้ได้ถึง" in boy.presses_data(Use(claim).pack())


def test_somebody_else_s_claim_is_not_shown(world: World) -> None:
    """A forged claim id tells nothing."""
    may, stranger = world.phone("เมย์"), world.phone("คนอื่น")
    claim = claimed(world, may, member_of(world, may))
    member_of(world, stranger)
    for action in (ShowClaim(claim), AskUse(claim), Use(claim), ShowClaim(claim + 999)):
        said = stranger.presses_data(action.pack())
        assert "ไม่พบสิทธิ์นี้" in said or "ไม่ได้เป็นแอดมิน" in said


def test_many_claims_are_paged(world: World) -> None:
    """Thirty kept claims: every page within LINE's limits, every one is reached."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    for n in range(30):
        claimed(world, may, member, name_th=f"สิทธิ์ที่ {n} " + "ยาว" * 15)
    seen = may.says("รับและใช้สิทธิ์").text
    for _ in range(6):
        if "ดูเพิ่มเติม" not in may.last.buttons:
            break
        seen += may.taps("ดูเพิ่มเติม").text
    assert all(f"สิทธิ์ที่ {n} " in seen for n in range(30))


def test_a_used_up_admin_role_is_back(world: World) -> None:
    """The role given again gives the right again."""
    may, boy = world.phone("เมย์"), world.phone("บอย")
    member = member_of(world, may)
    claim = claimed(world, may, member)
    boy.follows()
    with world.parts.sessions.begin() as session:
        from models import Person

        administers(
            session, session.query(Person).filter_by(line_user_id=boy.user_id).one(), session.get_one(Member, member)
        )
    boy.says("สมัคร")
    boy.taps("ตกลง")
    assert "ใช้ได้ถึง" in boy.presses_data(Use(claim).pack())
