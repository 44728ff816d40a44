"""The keyboard alone: everything is reached by Tab, pressed by Enter or Space, left by Escape, and focus is seen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, box, flex, postback, quick, text

FOCUSED = """() => {
  const node = document.activeElement;
  return [node.tagName, node.getAttribute('aria-label') || node.textContent.trim(), getComputedStyle(node).outlineStyle];
}"""


def walk_to(page: Page, name: str, *, at_most: int = 120) -> None:
    """Presses Tab until the control of this name has the focus, which must be drawn. Fails when it never comes."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        _, label, outline = page.evaluate(FOCUSED)
        if label == name:
            assert outline != "none", f"the focus on {name} cannot be seen"
            return
    raise AssertionError(f"Tab never came to {name}")


def test_the_story_can_be_walked_without_a_mouse(desk: Page, bot: TeachableBot, malee: Person, line: Simulator) -> None:
    """Menu area, Flex button, nested box, quick reply, date picker, typed text, tab of the menu, clock."""
    row = box(
        {"type": "text", "text": "row"},
        {"type": "button", "action": postback("take it", "take")},
        action=postback("whole row", "row"),
    )
    bot.answers["benefits"] = [
        flex({"type": "bubble", "body": row}) | {"quickReply": quick(postback("enough", "enough"))}
    ]
    desk.evaluate("document.activeElement.blur()")
    walk_to(desk, "สิทธิ์ของฉัน")
    desk.keyboard.press("Enter")
    phone = desk.locator(".phone").first
    expect(phone.get_by_role("button", name="take it")).to_be_visible()
    phone.locator(".back").focus()
    walk_to(desk, "whole row")
    desk.keyboard.press("Enter")
    walk_to(desk, "take it")
    desk.keyboard.press(" ")
    walk_to(desk, "enough")
    desk.keyboard.press("Enter")
    expect(phone.locator(".quick")).to_be_hidden()
    walk_to(desk, "เลือกวัน")
    desk.keyboard.press("Enter")
    expect(phone.get_by_label("Pick a date")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(phone.get_by_role("button", name="เลือกวัน")).to_be_focused()
    desk.keyboard.press("Enter")
    walk_to(desk, "Choose")
    desk.keyboard.press("Enter")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    line.wait_idle()
    assert [found["data"] for found in bot.postbacks()] == ["benefits", "row", "take", "enough", "day"]


def test_switching_tabs_of_the_menu_keeps_the_focus_in_the_menu(desk: Page, menus: tuple[str, str]) -> None:
    desk.evaluate("document.activeElement.blur()")
    walk_to(desk, "บัญชี")
    desk.keyboard.press("Enter")
    expect(desk.locator(f".rich-menu[data-menu='{menus[1]}']")).to_be_visible()
    assert desk.evaluate("document.activeElement.closest('.rich-menu') !== null")


def test_typing_keeps_the_focus_while_answers_arrive(desk: Page, bot: TeachableBot, malee: Person) -> None:
    desk.evaluate("document.activeElement.blur()")
    walk_to(desk, "Show keyboard")
    desk.keyboard.press("Enter")
    desk.keyboard.type("half a ")
    bot.push(malee.id, text("an interruption"))
    expect(desk.get_by_text("an interruption")).to_be_visible()
    desk.keyboard.type("sentence")
    desk.keyboard.press("Enter")
    expect(desk.locator(".row.own").get_by_text("half a sentence")).to_be_visible()


def test_a_sheet_keeps_the_focus_inside_and_gives_it_back(desk: Page) -> None:
    desk.locator(".phone .head-tools").first.focus()
    desk.keyboard.press("Enter")
    seen = set()
    for _ in range(12):
        desk.keyboard.press("Tab")
        seen.add(desk.evaluate("document.activeElement.closest('[role=dialog]') !== null"))
    assert seen == {True}
    desk.keyboard.press("Escape")
    expect(desk.locator(".phone .head-tools").first).to_be_focused()


def test_people_clock_faults_and_traffic_are_reached_and_worked_by_keys(desk: Page, line: Simulator) -> None:
    desk.evaluate("document.activeElement.blur()")
    walk_to(desk, "Add a person")
    desk.keyboard.press("Enter")
    desk.keyboard.type("Dan")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("article", name="Dan")).to_be_visible()
    walk_to(desk, "Clock")
    desk.keyboard.press("Enter")
    walk_to(desk, "Make it the 2nd")
    desk.keyboard.press("Enter")
    expect(desk.locator(".clock-face")).to_contain_text("2 December")
    desk.get_by_role("tab", name="Clock").focus()
    walk_to(desk, "Faults")
    desk.keyboard.press("Enter")
    walk_to(desk, "Add this fault")
    desk.keyboard.press("Enter")
    expect(desk.locator(".fault")).to_have_count(1)
    desk.get_by_role("tab", name="Faults").focus()
    walk_to(desk, "Traffic")
    desk.keyboard.press(" ")
    desk.locator(".traffic-item summary").first.focus()
    desk.keyboard.press("Enter")
    expect(desk.locator(".traffic-body").first).to_be_visible()
