"""Talking: typed texts, quick replies, pickers, links, pictures, unsending, groups, unread counts, the live line."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, box, flex, postback, quick, text
from tests.simulator.browser.conftest import Opener


def test_a_typed_text_reaches_the_bot_and_its_answer_the_phone_with_the_time_in_bangkok(
    desk: Page, bot: TeachableBot
) -> None:
    bot.answers["สวัสดี"] = [text("ยินดีต้อนรับ\nดู https://example.com/x ได้เลย")]
    phone = desk.locator(".phone").first
    phone.get_by_role("button", name="Show keyboard").click()
    phone.get_by_role("textbox").fill("สวัสดี")
    phone.get_by_role("button", name="Send").click()
    answer = phone.locator(".row.bot").last
    expect(answer.get_by_text("ยินดีต้อนรับ")).to_be_visible()
    expect(answer.locator("time")).to_have_text("12:00")
    expect(answer.get_by_role("link")).to_have_attribute("href", "https://example.com/x")
    expect(phone.get_by_role("textbox")).to_have_value("")


def test_quick_replies_show_under_the_newest_message_only_and_vanish_when_used_or_overtaken(
    desk: Page, bot: TeachableBot, malee: Person
) -> None:
    phone = desk.locator(".phone").first
    bot.push(
        malee.id,
        text("one", quickReply=quick(postback("old", "old"))),
        text("two", quickReply=quick(postback("new", "new"))),
    )
    expect(phone.get_by_role("button", name="new")).to_be_visible()
    expect(phone.get_by_role("button", name="old")).to_have_count(0)
    phone.get_by_role("button", name="new").click()
    expect(phone.locator(".quick")).to_be_hidden()
    bot.push(malee.id, text("three", quickReply=quick(postback("third", "3"))))
    expect(phone.get_by_role("button", name="third")).to_be_visible()
    bot.push(malee.id, text("four"))
    expect(phone.locator(".quick")).to_be_hidden()


def test_the_date_picker_keeps_to_its_limits_and_sends_what_was_picked(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    phone = desk.locator(".phone").first
    phone.get_by_role("button", name="เลือกวัน").click()
    field = phone.get_by_label("Pick a date")
    expect(field).to_have_value("2026-12-02")
    field.fill("2027-01-05")
    phone.get_by_role("button", name="Choose").click()
    expect(phone.get_by_role("dialog")).to_be_visible()  # past its max: the picker stays
    field.fill("2026-12-24")
    phone.get_by_role("button", name="Choose").click()
    expect(phone.get_by_role("dialog")).to_have_count(0)
    line.wait_idle()
    assert bot.postbacks() == [{"data": "day", "params": {"date": "2026-12-24"}}]


def test_pickers_of_times_send_lines_own_formats_and_closing_one_sends_nothing(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    def picker(mode: str) -> dict[str, str]:
        return {"type": "datetimepicker", "label": f"pick {mode}", "data": mode, "mode": mode}

    phone = desk.locator(".phone").first
    bot.push(malee.id, text("when?", quickReply=quick(picker("time"), picker("datetime"))))
    phone.get_by_role("button", name="pick time", exact=True).click()
    phone.get_by_role("button", name="Close", exact=True).click()
    phone.get_by_role("button", name="pick datetime").click()
    phone.get_by_label("Pick a date").fill("2026-12-24T18:30")
    phone.get_by_role("button", name="Choose").click()
    line.wait_idle()
    assert bot.postbacks() == [{"data": "datetime", "params": {"datetime": "2026-12-24T18:30"}}]


def test_an_address_opens_in_the_phones_own_browser_with_a_way_out_into_a_tab(desk: Page, line: Simulator) -> None:
    phone = desk.locator(".phone").first
    phone.get_by_role("button", name="Website").click()
    sheet = phone.get_by_role("dialog")
    expect(sheet.locator("iframe")).to_have_attribute("src", f"{line.url}/page/icon.svg")
    expect(sheet.get_by_role("link", name="Open in a new tab")).to_have_attribute("target", "_blank")
    desk.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(phone.get_by_role("button", name="Website")).to_be_focused()


def test_a_telephone_number_and_lines_prefilled_text_do_what_line_does(
    desk: Page, bot: TeachableBot, malee: Person
) -> None:
    phone = desk.locator(".phone").first
    call = {"type": "uri", "label": "call", "uri": "tel:021234567"}
    write = {"type": "uri", "label": "write", "uri": "https://line.me/R/oaMessage/@club/?%E0%B8%94%E0%B8%B2%E0%B8%A7"}
    bot.push(malee.id, text("?", quickReply=quick(call, write)))
    phone.get_by_role("button", name="call").click()
    expect(phone.get_by_role("dialog").get_by_text("021234567")).to_be_visible()
    phone.get_by_role("button", name="Close", exact=True).click()
    phone.get_by_role("button", name="write").click()
    expect(phone.get_by_role("textbox")).to_have_value("ดาว")


def test_the_clipboard_action_copies(open_page: Opener, menus: tuple[str, str], malee: Person) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.locator(".phone").first.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied: STAR-2569")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "STAR-2569"


def test_stickers_places_and_photos_can_be_sent_and_the_bot_gets_the_photos_bytes(
    desk: Page, bot: TeachableBot, tmp_path: Path, line: Simulator
) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (40, 30), "red").save(photo)
    phone = desk.locator(".phone").first
    phone.get_by_role("button", name="Show keyboard").click()
    for kind in ("Sticker", "Location"):
        phone.get_by_role("button", name="Attach").click()
        phone.get_by_role("button", name=kind).click()
    expect(phone.locator(".row.own .sticker")).to_be_visible()
    expect(phone.locator(".row.own").get_by_text("Victory Monument")).to_be_visible()
    phone.get_by_role("button", name="Attach").click()
    with desk.expect_file_chooser() as chooser:
        phone.get_by_role("button", name="Photo").click()
    chooser.value.set_files(photo)
    expect(phone.locator(".row.own img.photo")).to_be_visible()
    line.wait_idle()
    assert [event["message"]["type"] for event in bot.events] == ["sticker", "location", "image"]
    sent = line.do(lambda platform: next(iter(platform.content.values())).message["content"])
    assert len(sent) > 50


def test_ones_own_message_can_be_unsent_after_a_question_and_the_bot_is_told(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    line.say(malee, "oops")
    phone = desk.locator(".phone").first
    for answer in ("Cancel", "Unsend"):
        phone.get_by_role("button", name="This message").click()
        phone.get_by_role("button", name="Unsend").click()
        desk.get_by_role("dialog", name="Unsend this message?").get_by_role("button", name=answer).click()
    expect(phone.get_by_text("You unsent a message")).to_be_visible()
    expect(phone.get_by_text("oops")).to_have_count(0)
    line.wait_idle()
    assert [event["type"] for event in bot.events] == ["message", "unsend"]


def test_the_loading_animation_runs_until_the_bots_next_message(desk: Page, bot: TeachableBot, malee: Person) -> None:
    phone = desk.locator(".phone").first
    bot.call("POST", "/v2/bot/chat/loading/start", {"chatId": malee.id, "loadingSeconds": 60})
    expect(phone.get_by_label("The account is typing")).to_be_visible()
    bot.push(malee.id, text("done"))
    expect(phone.get_by_label("The account is typing")).to_have_count(0)


def test_a_group_shows_names_lets_texts_be_edited_and_has_no_rich_menu(
    desk: Page, bot: TeachableBot, malee: Person, ben: Person, line: Simulator
) -> None:
    group = line.group("Friends", [malee, ben])
    first, second = desk.locator(".phone").nth(0), desk.locator(".phone").nth(1)
    for phone in (first, second):
        phone.get_by_role("button", name="Chats").click()
        phone.get_by_role("button", name="Friends").click()
    expect(first.locator(".rich-menu")).to_have_count(0)
    first.get_by_role("textbox").fill("helo")
    first.get_by_role("textbox").press("Enter")
    expect(second.locator(".row.bot").get_by_text("มาลี ใจดี")).to_be_visible()
    first.get_by_role("button", name="This message").click()
    first.get_by_role("button", name="Edit").click()
    expect(first.get_by_role("textbox")).to_have_value("helo")
    first.get_by_role("textbox").fill("hello")
    first.get_by_role("textbox").press("Enter")
    expect(second.get_by_text("hello")).to_be_visible()
    expect(second.get_by_text("Edited")).to_be_visible()
    line.wait_idle()
    assert [event["type"] for event in bot.events] == ["join", "message", "messageEdited"]
    assert bot.events[1]["source"] == {"type": "group", "groupId": group.id, "userId": malee.id}


def test_messages_to_a_phone_that_is_not_looked_at_are_counted_until_it_is(
    open_page: Opener, bot: TeachableBot, malee: Person, ben: Person
) -> None:
    page = open_page(390)
    expect(page.get_by_role("article", name="มาลี")).to_be_visible()
    bot.push(ben.id, text("1"), text("2"))
    tab = page.get_by_role("tab", name="Ben")
    expect(tab.locator(".badge")).to_have_text("2")
    tab.click()
    expect(tab.locator(".badge")).to_have_count(0)


def test_after_a_break_of_the_live_line_nothing_is_missing(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    bot.push(malee.id, text("before the break"))
    expect(desk.get_by_text("before the break")).to_be_visible()
    line.do(lambda platform: platform.stream.close_all())
    expect(desk.get_by_text("Reconnecting")).to_be_visible()
    bot.push(malee.id, text("in the break"))
    expect(desk.locator(".line-state.live")).to_be_visible()
    expect(desk.get_by_text("in the break")).to_be_visible()
    bot.push(malee.id, text("after the break"))
    expect(desk.get_by_text("after the break")).to_be_visible()
    expect(desk.get_by_text("before the break")).to_have_count(1)


def test_two_phones_the_first_claim_wins_and_the_second_sees_who_has_it(
    desk: Page, bot: TeachableBot, malee: Person, ben: Person, line: Simulator
) -> None:
    """The story newcomers meet: two admins, one privilege, every step visible."""
    winners: list[str] = []

    def claim(event: dict[str, dict[str, str]]) -> list[dict[str, str]]:
        winners.append(event["source"]["userId"])
        return [text("Yours!" if len(winners) == 1 else "มาลี ใจดี has it")]

    bot.answers["claim"] = claim
    action = postback("Claim", "claim", displayText="I claim it")
    offer = flex({"type": "bubble", "body": box({"type": "button", "style": "primary", "action": action})}, alt="offer")
    for person in (malee, ben):
        bot.push(person.id, offer)
    for place, answer in ((0, "Yours!"), (1, "มาลี ใจดี has it")):
        phone = desk.locator(".phone").nth(place)
        phone.get_by_role("button", name="Claim").click()
        expect(phone.locator(".row.own").get_by_text("I claim it")).to_be_visible()
        expect(phone.get_by_text(answer)).to_be_visible()
    assert winners == [malee.id, ben.id]


def test_a_phone_put_away_counts_only_what_came_after(desk: Page, bot: TeachableBot, ben: Person) -> None:
    bot.push(ben.id, text("seen on the open phone"))
    expect(desk.get_by_text("seen on the open phone")).to_be_visible()
    entry = desk.locator(f".rail li[data-person='{ben.id}']")
    entry.locator(".person-main").click()
    expect(desk.get_by_role("article", name="Ben")).to_have_count(0)
    expect(entry.locator(".badge")).to_have_count(0)
    bot.push(ben.id, text("one"), text("two"))
    expect(entry.locator(".badge")).to_have_text("2")
    entry.locator(".person-main").click()
    expect(desk.get_by_role("article", name="Ben").get_by_text("two")).to_be_visible()
    expect(entry.locator(".badge")).to_have_count(0)


def test_a_video_with_a_tracking_id_that_is_played_is_told_to_the_bot(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    address = "https://127.0.0.1:9/v"
    bot.push(
        malee.id,
        {
            "type": "video",
            "originalContentUrl": f"{address}.mp4",
            "previewImageUrl": f"{address}.png",
            "trackingId": "spot-1",
        },
    )
    desk.locator(".phone").first.get_by_role("button", name="Play video").click()
    expect(desk.locator("iframe")).to_have_attribute("src", f"{address}.mp4")
    line.wait_idle()
    assert [event["videoPlayComplete"] for event in bot.events] == [{"trackingId": "spot-1"}]
