"""The rich menu: its areas, its tabs, the chat bar, and what postbacks may do to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import HEIGHT, WIDTH, TeachableBot, postback, quick, text
from tests.simulator.browser.conftest import Opener


def test_areas_lie_where_the_menu_says_in_percent(desk: Page, line: Simulator, malee: Person) -> None:
    phone = desk.locator(".phone").first
    picture = phone.locator(".rich-menu").bounding_box()
    menu = line.menu(malee)
    assert picture is not None
    assert menu is not None
    for place, area in enumerate(menu["areas"]):
        shown = phone.locator(".rich-menu .area").nth(place).bounding_box()
        assert shown is not None
        bounds = area["bounds"]
        assert shown["x"] - picture["x"] == pytest.approx(bounds["x"] / WIDTH * picture["width"], abs=1)
        assert shown["y"] - picture["y"] == pytest.approx(bounds["y"] / HEIGHT * picture["height"], abs=1)
        assert shown["width"] == pytest.approx(bounds["width"] / WIDTH * picture["width"], abs=1)
        assert shown["height"] == pytest.approx(bounds["height"] / HEIGHT * picture["height"], abs=1)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["th", "en"])
def test_tapping_an_area_sends_its_postback_and_shows_its_display_text(
    width: int, language: str, open_page: Opener, menus: tuple[str, str], malee: Person, bot: TeachableBot
) -> None:
    bot.answers["benefits"] = [text("คุณมี 3 สิทธิ์")]
    phone = open_page(width, language).locator(".phone").first
    phone.get_by_role("button", name="สิทธิ์ของฉัน").click()
    expect(phone.locator(".row.own").get_by_text("ขอดูสิทธิ์")).to_be_visible()
    expect(phone.locator(".row.bot").get_by_text("คุณมี 3 สิทธิ์")).to_be_visible()
    assert bot.postbacks() == [{"data": "benefits"}]


def test_tabs_switch_the_menu_of_this_person_alone_and_tell_the_bot(
    desk: Page, menus: tuple[str, str], bot: TeachableBot, line: Simulator
) -> None:
    first, second = desk.locator(".phone").nth(0), desk.locator(".phone").nth(1)
    first.get_by_role("button", name="บัญชี").click()
    expect(first.locator(f".rich-menu[data-menu='{menus[1]}']")).to_be_visible()
    expect(second.locator(f".rich-menu[data-menu='{menus[0]}']")).to_be_visible()
    line.wait_idle()
    assert bot.postbacks()[-1] == {"data": "tab", "params": {"newRichMenuAliasId": "account", "status": "SUCCESS"}}
    first.get_by_role("button", name="สิทธิ์", exact=True).click()
    expect(first.locator(f".rich-menu[data-menu='{menus[0]}']")).to_be_visible()


def test_the_chat_bar_text_folds_the_menu_away_and_out_again(desk: Page) -> None:
    phone = desk.locator(".phone").first
    bar = phone.get_by_role("button", name="เมนูสิทธิ์")
    bar.click()
    expect(phone.locator(".rich-menu")).to_have_count(0)
    expect(bar).to_have_attribute("aria-expanded", "false")
    bar.click()
    expect(phone.locator(".rich-menu")).to_be_visible()


def test_postbacks_close_and_open_the_menu_and_the_keyboard_with_words(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    """inputOption closeRichMenu, openRichMenu, openKeyboard with fillInText."""
    phone = desk.locator(".phone").first
    bot.answers["closing"] = [
        text("Again?", quickReply=quick(postback("Open it", "opening", inputOption="openRichMenu")))
    ]
    phone.get_by_role("button", name="Close it").click()
    expect(phone.locator(".rich-menu")).to_have_count(0)
    phone.get_by_role("button", name="Open it").click()
    expect(phone.locator(".rich-menu")).to_be_visible()
    phone.get_by_role("button", name="Type a code").click()
    field = phone.get_by_role("textbox", name="Type a message")
    expect(field).to_have_value("CODE-")
    expect(field).to_be_focused()
    field.press_sequentially("7")
    field.press("Enter")
    expect(phone.locator(".row.own").get_by_text("CODE-7")).to_be_visible()
    assert [found["data"] for found in bot.postbacks()] == ["closing", "opening", "typing"]


def test_a_menu_linked_while_the_chat_is_open_shows_at_once(
    desk: Page, bot: TeachableBot, menus: tuple[str, str], ben: Person
) -> None:
    bot.call("POST", f"/v2/bot/user/{ben.id}/richmenu/{menus[1]}")
    expect(desk.locator(".phone").nth(1).locator(f".rich-menu[data-menu='{menus[1]}']")).to_be_visible()


def test_the_pc_view_has_no_menu_and_no_quick_replies_and_only_reads_until_asked(
    desk: Page, bot: TeachableBot, malee: Person
) -> None:
    bot.push(malee.id, text("Choose", quickReply=quick(postback("One", "1"))))
    phone = desk.locator(".phone").first
    expect(phone.get_by_role("button", name="One")).to_be_visible()
    phone.get_by_role("button", name="More", exact=True).click()
    phone.get_by_role("button", name="View as LINE for PC").click()
    expect(phone.locator(".rich-menu")).to_have_count(0)
    expect(phone.get_by_role("button", name="One")).to_be_hidden()
    expect(phone.get_by_role("textbox")).to_have_count(0)
    expect(phone.get_by_text("Choose")).to_be_visible()
    phone.get_by_role("button", name="Type here").click()
    phone.get_by_role("textbox").fill("one")
    phone.get_by_role("textbox").press("Enter")
    expect(phone.locator(".row.own").get_by_text("one")).to_be_visible()
    phone.get_by_role("button", name="More", exact=True).click()
    phone.get_by_role("button", name="View as a phone").click()
    expect(phone.locator(".rich-menu")).to_be_visible()


def test_a_menu_linked_before_a_tap_was_answered_is_the_one_that_stays(
    desk: Page, menus: tuple[str, str], malee: Person, bot: TeachableBot
) -> None:
    """The page hears of the new menu before its own tap returns, which knew the old one only."""

    def late(route: Route) -> None:
        answer = route.fetch()
        bot.call("POST", f"/v2/bot/user/{malee.id}/richmenu/{menus[1]}")
        route.fulfill(response=answer)

    desk.route("**/tap", late)
    phone = desk.locator(".phone").first
    with desk.expect_response("**/tap"):
        phone.get_by_role("button", name="สิทธิ์ของฉัน").click()
    desk.wait_for_timeout(300)
    expect(phone.locator(f".rich-menu[data-menu='{menus[1]}']")).to_be_visible()
