"""The tools around the phones: people, clock, faults, delivery, traffic."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, text
from tests.simulator.browser.conftest import Opener


def test_the_first_person_is_added_named_given_a_language_and_greeted_on_a_phone_of_their_own(
    open_page: Opener, bot: TeachableBot, line: Simulator
) -> None:
    bot.answers["follow"] = [text("Welcome!")]
    page = open_page()
    page.get_by_role("button", name="Add the first person").click()
    page.get_by_label("Name").fill("Anna Ω")
    page.get_by_label("Language of their LINE").select_option("ru")
    page.get_by_role("button", name="Add", exact=True).click()
    phone = page.get_by_role("article", name="Anna Ω")
    expect(phone.get_by_text("Welcome!")).to_be_visible()
    person = line.do(lambda platform: next(iter(platform.people.values())))
    assert (person.name, person.language, person.friend) == ("Anna Ω", "ru", True)


def test_a_stranger_can_add_the_account_block_it_after_a_question_and_unblock_it(
    open_page: Opener, bot: TeachableBot, line: Simulator
) -> None:
    line.person("Chloe")
    page = open_page()
    phone = page.locator(".phone").first
    phone.get_by_role("button", name="Add friend").click()
    expect(page.locator(".rail").get_by_text("Friend", exact=True)).to_be_visible()
    for answer in ("Cancel", "Block"):
        phone.get_by_role("button", name="More", exact=True).click()
        phone.get_by_role("button", name="Block").click()
        page.locator("dialog").get_by_role("button", name=answer).click()
    phone.get_by_role("button", name="Unblock to chat").click()
    expect(phone.get_by_role("button", name="Unblock to chat")).to_have_count(0)
    line.wait_idle()
    told = [(event["type"], event.get("follow", {}).get("isUnblocked")) for event in bot.events]
    assert told == [("follow", False), ("unfollow", None), ("follow", True)]


def test_people_can_be_renamed_vanish_come_back_and_be_removed_only_when_meant(
    desk: Page, line: Simulator, ben: Person
) -> None:
    entry = desk.locator(f".rail li[data-person='{ben.id}']")
    entry.locator("summary").click()
    entry.get_by_role("button", name="Rename").click()
    desk.get_by_role("textbox", name="Name").fill("Benjamin")
    desk.get_by_role("button", name="Save").last.click()
    expect(desk.get_by_role("article", name="Benjamin")).to_be_visible()
    entry.get_by_role("button", name="Delete LINE account").click()
    desk.locator("dialog").get_by_role("button", name="Delete LINE account").click()
    expect(entry.get_by_text("Account deleted")).to_be_visible()
    entry.get_by_role("button", name="Bring back").click()
    expect(entry.get_by_text("Friend")).to_be_visible()
    for answer in ("Cancel", "Remove"):
        entry.get_by_role("button", name="Remove").click()
        desk.locator("dialog").get_by_role("button", name=answer).click()
    expect(entry).to_have_count(0)
    expect(desk.get_by_role("article", name="Benjamin")).to_have_count(0)
    assert line.do(lambda platform: ben.id in platform.people) is False


def test_a_group_is_made_and_its_members_come_and_go(desk: Page, line: Simulator, bot: TeachableBot) -> None:
    desk.get_by_role("button", name="Make a group").click()
    desk.get_by_label("Name").fill("Family")
    desk.get_by_role("button", name="Add", exact=True).click()
    entry = desk.locator(".rail li[data-group]")
    expect(entry.get_by_text("มาลี ใจดี, Ben")).to_be_visible()
    entry.locator("summary").click()
    entry.get_by_role("button", name="Members").click()
    desk.get_by_role("checkbox", name="Ben").uncheck()
    desk.get_by_role("button", name="Save").last.click()
    expect(entry.get_by_text("มาลี ใจดี, Ben")).to_have_count(0)
    entry.get_by_role("button", name="Take the account out").click()
    desk.locator("dialog").get_by_role("button", name="Take the account out").click()
    expect(entry.get_by_role("button", name="Invite the account")).to_be_visible()
    line.wait_idle()
    assert [event["type"] for event in bot.events] == ["join", "memberLeft", "leave"]


def test_the_clock_shows_bangkok_time_and_the_buddhist_year_in_thai(open_page: Opener) -> None:
    thai = open_page(language="th").locator(".mini-clock")
    expect(thai).to_contain_text("20 พฤศจิกายน 2569")
    expect(thai).to_contain_text("12:0")
    expect(open_page(language="en").locator(".mini-clock")).to_contain_text("20 November 2026")


def test_the_clock_moves_by_its_buttons_to_a_set_moment_and_back_with_an_undo(desk: Page, line: Simulator) -> None:
    def now() -> datetime:
        return line.clock.now().astimezone(UTC)

    desk.get_by_role("tab", name="Clock").click()
    face, small = desk.locator(".clock-face"), desk.locator(".mini-clock")
    desk.get_by_role("button", name="+1 hour").click()
    expect(small).to_contain_text("13:0")
    desk.get_by_role("button", name="+1 day").click()
    expect(face).to_contain_text("21 November 2026")
    desk.get_by_role("button", name="Undo").last.click()
    expect(face).to_contain_text("20 November 2026")
    desk.get_by_role("button", name="Make it the 2nd").click()
    expect(face).to_contain_text("2 December 2026")
    assert (now().month, now().day, now().hour) == (12, 2, 2)  # 09:00 in Bangkok
    desk.get_by_label("Bangkok time").fill("2027-02-28T08:30")
    desk.get_by_role("button", name="Set").click()
    expect(face).to_contain_text("28 February 2027")
    assert now().replace(second=0, microsecond=0) == datetime(2027, 2, 28, 1, 30, tzinfo=UTC)
    desk.get_by_role("button", name="Back to now").click()
    expect(face).not_to_contain_text("2027")


def test_a_quarter_passes_day_by_day_and_can_be_stopped(desk: Page, line: Simulator) -> None:
    desk.get_by_role("tab", name="Clock").click()
    desk.get_by_role("button", name="+1 quarter").click()
    expect(desk.locator(".clock-face")).to_contain_text(re.compile("2[2-9] November|30 November|December"))
    desk.get_by_role("button", name="Stop").click()
    expect(desk.get_by_role("button", name="+1 quarter")).to_be_visible()
    stopped = line.clock.now()
    desk.wait_for_timeout(1200)
    assert (line.clock.now() - stopped).days == 0
    assert datetime(2026, 11, 21, tzinfo=UTC) < stopped < datetime(2027, 1, 20, tzinfo=UTC)


def test_every_kind_of_fault_can_be_planned_and_ended_from_the_page(desk: Page, line: Simulator) -> None:
    desk.get_by_role("tab", name="Faults").click()
    kinds = desk.get_by_label("What goes wrong").locator("option").evaluate_all("nodes => nodes.map((n) => n.value)")
    for kind in kinds:
        desk.get_by_label("What goes wrong").select_option(kind)
        desk.get_by_role("button", name="Add this fault").click()
        if kind == "outage":
            desk.locator("dialog").get_by_role("button", name="Start").click()
        expect(desk.locator(f".fault[data-kind='{kind}']")).to_be_visible()
    assert line.do(lambda platform: [fault.kind for fault in platform.faults.planned]) == kinds
    assert len(kinds) == 13
    desk.get_by_role("button", name="End: Slow answer").click()
    expect(desk.locator(".fault")).to_have_count(12)
    desk.get_by_role("button", name="Undo").last.click()
    expect(desk.locator(".fault")).to_have_count(13)
    desk.get_by_role("button", name="End all").click()
    expect(desk.get_by_text("Nothing is broken.")).to_be_visible()


def test_a_fault_strikes_the_next_calls_of_its_path_and_shows_in_the_traffic(
    desk: Page, bot: TeachableBot, malee: Person
) -> None:
    bot.answers["hello"] = [text("never seen")]
    desk.get_by_role("tab", name="Faults").click()
    desk.get_by_label("What goes wrong").select_option("error_500_before")
    desk.get_by_label("Where").fill("/v2/bot/message/reply")
    desk.get_by_label("Next calls").fill("1")
    desk.get_by_role("button", name="Add this fault").click()
    expect(desk.locator(".fault")).to_contain_text("/v2/bot/message/reply · next 1")
    phone = desk.locator(".phone").first
    phone.get_by_role("button", name="Show keyboard").click()
    phone.get_by_role("textbox").fill("hello")
    phone.get_by_role("textbox").press("Enter")
    expect(desk.get_by_text("Nothing is broken.")).to_be_visible()  # used up
    desk.get_by_role("tab", name="Traffic").click()
    expect(desk.locator(".traffic-item .status.bad")).to_have_text("500")
    expect(phone.get_by_text("never seen")).to_have_count(0)


def test_delivery_settings_are_kept_and_held_back_events_wait(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    desk.get_by_role("tab", name="Faults").click()
    desk.get_by_label("Hold events back").check()
    desk.get_by_label("Duplicates, %").fill("25")
    desk.get_by_label("Duplicates, %").press("Tab")
    desk.get_by_label("Messages a month").fill("300")
    desk.get_by_label("Messages a month").press("Tab")
    desk.get_by_role("tab", name="Traffic").click()
    expect(desk.get_by_text("Messages used this month: 0 of 300")).to_be_visible()
    assert line.do(
        lambda platform: (
            platform.settings.delivery_paused,
            platform.settings.duplicates,
            platform.settings.quota_limit,
        )
    ) == (True, 0.25, 300)
    line.say(malee, "hello")
    desk.wait_for_timeout(300)
    assert bot.events == []
    desk.get_by_role("tab", name="Faults").click()
    desk.get_by_label("Hold events back").uncheck()
    line.wait_idle()
    assert [event["type"] for event in bot.events][:1] == ["message"]


def test_traffic_shows_calls_and_webhooks_with_status_cost_and_bodies_and_can_be_filtered_saved_and_cleared(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    bot.push(malee.id, text("costs one"))
    line.say(malee, "hello")
    panel = desk.locator(".traffic-panel")
    push = panel.locator(".traffic-item", has_text="/message/push")
    expect(push.locator(".cost")).to_have_text("−1")
    expect(push.locator(".status")).to_have_text("200")
    expect(push).to_contain_text("ms")
    push.locator("summary").click()
    expect(push.get_by_text('"costs one"')).to_be_visible()
    expect(push.get_by_text("x-line-request-id")).to_be_visible()
    expect(panel.locator(".traffic-item", has_text="message · มาลี ใจดี")).to_be_visible()
    panel.get_by_role("searchbox").fill("costs one")
    expect(panel.locator(".traffic-item")).to_have_count(1)
    panel.get_by_role("searchbox").fill("")
    panel.get_by_label("Which").select_option("out")
    expect(panel.locator(".traffic-item")).to_have_count(1)
    with desk.expect_download() as download:
        panel.get_by_role("link", name="Save").click()
    saved = json.loads(download.value.path().read_text("utf-8"))
    assert {"in", "out"} == {item["direction"] for item in saved["items"]}
    for answer in ("Cancel", "Clear"):
        panel.get_by_role("button", name="Clear").click()
        desk.locator("dialog").get_by_role("button", name=answer).click()
    expect(panel.get_by_text("Nothing has happened yet.")).to_be_visible()
    assert line.traffic() == []


def test_hundreds_of_calls_in_a_moment_leave_the_page_alive(desk: Page, bot: TeachableBot, malee: Person) -> None:
    for _ in range(300):
        bot.call("GET", "/v2/bot/message/quota")
    expect(desk.locator(".traffic-item", has_text="/message/quota").first).to_be_visible()
    assert desk.locator(".traffic > li").count() <= 400
    bot.push(malee.id, text("still here"))
    expect(desk.get_by_text("still here")).to_be_visible()


@pytest.mark.parametrize("language", ["th", "en"])
def test_a_refused_step_is_said_in_a_notice(language: str, open_page: Opener, line: Simulator) -> None:
    """The control API's sentence reaches the person at the page."""
    person = line.person("Gone")
    page = open_page(language=language)
    phone = page.locator(".phone").first
    phone.get_by_role("textbox").fill("hello")
    line.do(lambda platform: platform.people.pop(person.id))
    phone.get_by_role("textbox").press("Enter")
    expect(page.locator(".toast.bad")).to_contain_text(person.id)
    expect(phone.get_by_role("textbox")).to_have_value("hello")
