"""*Official accounts* and *why this number*: tier, stars, what is missing, and every line of the statement."""

from __future__ import annotations

from datetime import UTC, date, datetime

from benefits import rounds
from bot.actions import Explain, ShowAccounts
from models import Member
from tests import factories
from tests.conversations.chat import World
from tests.conversations.test_claiming import member_of
from tests.conversations.test_joining import shop


def charged(world: World, member: int, baht: str, **values: object) -> None:
    """One charge of the account."""
    with world.parts.sessions.begin() as session:
        factories.charge(session, session.get_one(Member, member), baht, **values)


def computed(world: World, month: date) -> None:
    """The round of that month has run."""
    rounds.run(world.parts.engine, club=world.parts.clubs["family_club"], period=month, now=world.clock.at)


def test_lfc_16_all_accounts_with_tier_stars_and_what_is_missing(world: World) -> None:
    """LFC-16: each account with its tier, its stars, a bar, what is missing, and the next adjustment."""
    may = world.phone("เมย์")
    first, second = member_of(world, may, name="ร้านหนึ่ง"), member_of(world, may, name="ร้านสอง")
    charged(world, first, "6000.99")
    charged(world, second, "1200.00")
    computed(world, date(2026, 10, 1))
    said = may.says("บัญชีทางการ")
    assert "ร้านหนึ่ง: ระดับ Silver มี 6,000 ดาว" in said.alt
    assert "ร้านสอง: ระดับ Welcome มี 1,200 ดาว" in said.alt
    assert "อีก 44,000 ดาว ถึงระดับ Gold" in said
    assert "อีก 3,800 ดาว ถึงระดับ Silver" in said
    assert "2 ธ.ค. 2569" in said


def test_why_this_number_tells_every_line(world: World) -> None:
    """LFC-1, LFC-5, LFC-6, LFC-9, LFC-10: counted or not and why, VAT left out, paid on, the one rounding, stars."""
    emma = world.phone("Emma", language="en")
    member = member_of(world, emma, name="Emma's Bakery")
    charged(world, member, "99.99", invoice_no="A1")
    charged(world, member, "0.50", invoice_no="A2", service="additional_messages")
    charged(world, member, "500.00", invoice_no="A3", service="line_ads")
    charged(world, member, "70.00", invoice_no="A4", paid_at=None)
    charged(world, member, "30.00", invoice_no="A5", service_month=date(2026, 9, 1))
    computed(world, date(2026, 10, 1))
    said = emma.says(f"why {member}")
    assert "October 2026: 130 stars" in said
    assert "130.49 baht" in said
    assert "−0.49 baht" in said
    assert "VAT 6.99 baht left out" in said
    assert "This service does not count." in said
    assert "Paid late: counted in October 2026." in said
    assert "Paid now it brings 70 stars, from 2 Dec 2026." in said
    assert "paid 20 Oct 2026" in said
    assert "not paid" in said
    assert "Paying what is open would bring 70 stars." in said


def test_a_reversal_is_carried_and_said(world: World) -> None:
    """LFC-10: a run's stars are never below zero; the negative remainder is carried and shown."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    charged(world, member, "100.00")
    charged(world, member, "-250.00")
    computed(world, date(2026, 10, 1))
    said = may.says(f"ที่มาของดาว {member}")
    assert "ยกไปเดือนถัดไป" in said
    assert "−150.00 บาท" in said
    assert "ตุลาคม 2569: 0 ดาว" in said


def test_a_month_not_computed_yet_says_so(world: World) -> None:
    """LFC-8: a purchase shows no stars at once; the statement says what it would come to."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    charged(world, member, "100.00", service_month=date(2026, 11, 1), paid_at=datetime(2026, 11, 5, tzinfo=UTC))
    said = may.presses_data(Explain(member, "2026-11").pack())
    assert "ยังไม่ถึงรอบคำนวณ" in said
    assert "พฤศจิกายน 2569: 100 ดาว" in said


def test_earlier_months_can_be_chosen(world: World) -> None:
    """Every month with something to explain is a button."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    for month in (8, 9, 10):
        paid = datetime(2026, month, 20, tzinfo=UTC)
        charged(world, member, "100.00", service_month=date(2026, month, 1), paid_at=paid)
        computed(world, date(2026, month, 1))
    may.says("ดาว")
    may.taps("เดือนก่อนหน้า")
    assert "สิงหาคม 2569: 100 ดาว" in may.taps("สิงหาคม 2569")


def test_a_hundred_lines_stay_within_lines_limits(world: World) -> None:
    """A long statement: what does not fit is counted and said."""
    may = world.phone("เมย์")
    member = member_of(world, may)
    for _ in range(100):
        charged(world, member, "10.00")
    computed(world, date(2026, 10, 1))
    said = may.says(f"ที่มาของดาว {member}")
    assert "ยังมีอีก" in said
    assert "1,000 ดาว" in said
    assert not [call for call in world.line.calls("/v2/bot/message") if call["status"] >= 400]


def test_somebody_else_s_statement_is_not_shown(world: World) -> None:
    """A forged account id tells nothing."""
    may, stranger = world.phone("เมย์"), world.phone("คนอื่น")
    member_of(world, may)
    other = shop(world, stranger, name="ร้านคนอื่น")
    said = may.presses_data(Explain(other).pack())
    assert "คุณไม่ได้เป็นแอดมินของบัญชีนี้" in said
    assert "ร้านคนอื่น" not in said


def test_lfc_12_the_adjustment_is_told_with_the_next_answer(world: World) -> None:
    """LFC-8, LFC-12: the round moves the tier; every admin is told once, with the next thing they ask."""
    may = world.phone("เมย์")
    member = member_of(world, may, name="ร้านหนึ่ง")
    charged(world, member, "6000.00")
    computed(world, date(2026, 10, 1))
    said = may.says("ข้อมูลของฉัน")
    assert "ร้านหนึ่ง อยู่ระดับ Silver แล้ว" in said.messages[0]["altText"]
    assert "เลื่อนระดับ" in said
    assert "เลื่อนระดับ" not in may.says("ข้อมูลของฉัน")


def test_an_old_button_past_the_last_account_shows_the_first_page(world: World) -> None:
    """LFC-16: accounts can have become fewer since the button was shown; it still shows those there are."""
    may = world.phone("เมย์")
    member_of(world, may, name="ร้านเดียว")
    assert "ร้านเดียว" in may.presses_data(ShowAccounts(58).pack())
