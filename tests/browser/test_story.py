"""README's story on the phones of the demo, by clicks alone: two admins, one coffee, the 2nd of the month; then Emma."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import ANSWER, Hand, both_at_once, picture
from tests.demo.test_launcher import Demo

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(400)]
SHOP = "นู้ดเดิ้ลบาร์ ก๋วยเตี๋ยวเรือ"
COFFEE = "กาแฟแก้วโปรด ฟรี 1 แก้ว"
MOMENT = re.compile(r"\d{1,2} [ก-๙]+\.[ก-๙]*\.? 25\d\d \d\d:\d\d น\.")
ROUND = 150.0
"""Seconds: the jobs ask once a minute whether a round is due."""


def test_two_phones_first_admin_wins_the_2nd_of_the_month(desk: Page, demo: Demo, chromium: Browser) -> None:
    """A2, LFC-8, LFC-13, LFC-16, LFC-22, LFC-24: every step is seen on the screen."""
    url = f"http://127.0.0.1:{demo.line}"
    may, boy = Hand(desk, "may"), Hand(desk, "boy")
    join(may, boy)
    picture(chromium, url, "1-joined", may, boy)
    winner, loser = tap_together(may, boy)
    picture(chromium, url, "2-lost-race", winner, loser)
    use(winner, desk)
    picture(chromium, url, "3-in-use", loser, winner)
    make_it_the_2nd(desk)
    read_of_the_new_tier(may)
    picture(chromium, url, "4-silver", boy, may)


def join(may: Hand, boy: Hand) -> None:
    """LFC-24: both add the account and agree; May was first, and Boy reads it."""
    for phone in (may, boy):
        phone.add_friend("เพิ่มเพื่อน")
        phone.reads("ยินดีต้อนรับสู่แฟมิลี่คลับ")
        phone.menu("เข้าร่วมคลับ")
        phone.reads("ข้อกำหนดการเป็นสมาชิกแฟมิลี่คลับ", SHOP)
        phone.press("ตกลง")
    may.reads("ยินดีต้อนรับสมาชิกใหม่", SHOP, "รับสิทธิ์สมาชิกใหม่ได้ถึง")
    boy.reads("เข้าร่วมเรียบร้อย", SHOP, "เมย์ พาเข้าคลับเมื่อ")


def tap_together(may: Hand, boy: Hand) -> tuple[Hand, Hand]:
    """A2, LFC-13, LFC-22: the same coffee, the same account, the same moment. (Who has it, who was told.)"""
    for phone in (may, boy):
        phone.menu("สิทธิพิเศษของฉัน")
        phone.reads(COFFEE, "รับได้")
        phone.press("รับสิทธิ์")
        phone.reads("รับสิทธิ์ให้บัญชีไหน", COFFEE)
    before = {phone.name: phone.answers.count() for phone in (may, boy)}
    both_at_once(may.button(SHOP), boy.button(SHOP))
    for phone in (may, boy):
        expect(phone.answers.nth(before[phone.name])).to_be_attached(timeout=ANSWER)
    winner, loser = (may, boy) if "รับสิทธิ์เรียบร้อย" in may.answers.last.inner_text() else (boy, may)
    winner.reads("รับสิทธิ์เรียบร้อย", COFFEE, SHOP)
    loser.reads(f"{winner.name} รับไปก่อนแล้ว", COFFEE, SHOP, "รับได้ตอนนี้")
    expect(loser.answers.last).to_contain_text(MOMENT)
    return winner, loser


def use(winner: Hand, desk: Page) -> None:
    """LFC-13: asks once, then the code; the page behind it counts down to the moment the server said."""
    winner.press("ใช้สิทธิ์ทันที")
    winner.reads("ใช้สิทธิ์ตอนนี้เลยไหม")
    winner.press("ยืนยัน ใช้สิทธิ์เลย")
    winner.reads("กำลังใช้", COFFEE, "ใช้ได้ถึง")
    until = re.search(r"ใช้ได้ถึง (\d\d:\d\d) น\.", winner.answers.last.inner_text())
    assert until is not None
    winner.button("เปิดหน้านับถอยหลัง").click()
    sheet = desk.get_by_role("dialog").frame_locator("iframe")
    expect(sheet.locator(".letters")).to_be_visible(timeout=ANSWER)
    expect(sheet.locator(".time")).to_contain_text(f"{until[1]} น.")
    expect(sheet.locator(".left")).to_have_text(re.compile(r"^1[34]:\d\d$|^15:00$"))
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_have_count(0)


def make_it_the_2nd(desk: Page) -> None:
    """The clock of the page, shared with the bot."""
    desk.get_by_role("tab", name="เวลา").click()
    desk.get_by_role("button", name="ไปวันที่ 2").click()
    expect(desk.locator(".clock-face span")).to_have_text(re.compile(r"^2 [ก-๙]+"))


def read_of_the_new_tier(may: Hand) -> None:
    """LFC-8, LFC-12, LFC-16: the round runs in the jobs' process; May's next tap tells it, and the account shows it."""
    deadline = time.monotonic() + ROUND
    told = may.answers.filter(has_text=f"{SHOP} อยู่ระดับ Silver แล้ว")
    while not told.count():
        assert time.monotonic() < deadline, "the round told nothing"
        may.menu("บัญชีทางการ")
        may.page.wait_for_timeout(2_000)
    expect(told.first).to_contain_text("เลื่อนระดับ")
    may.reads(SHOP, "Silver", "ปรับระดับถัดไป")


def test_emma_walks_it_in_english(desk: Page, demo: Demo, chromium: Browser) -> None:
    """LFC-13, LFC-14, LFC-15: my privileges → details → claim → account → use later → my info → claim and use."""
    desk.get_by_role("button", name="English", exact=True).click()
    desk.locator(".person-main", has_text="Emma").click()
    emma = Hand(desk, "emma")
    emma.menu("My privileges")
    emma.press("Details")
    emma.reads("One coffee of your choice, free", "Mong Chao Coffee", "Conditions", "Emma's Bakehouse")
    emma.press("Claim")
    emma.reads("Claim for which account?")
    emma.press("Emma's Bakehouse เชียงใหม่")
    emma.reads("It is yours", "Use until")
    emma.press("Use later")
    emma.reads("Kept under “My info”", "We remind you before it ends.")
    emma.menu("My info")
    emma.reads("Kept", "Used")
    emma.press("My privileges (2 kept)")
    emma.press("Claim and use")
    emma.reads("Use it now?", "One coffee of your choice, free", "15 minutes")
    picture(chromium, f"http://127.0.0.1:{demo.line}", "5-emma", emma)
    emma.menu("Official accounts")
    emma.reads("Emma's Bakehouse", "stars")
    picture(chromium, f"http://127.0.0.1:{demo.line}", "6-emma-accounts", emma)
