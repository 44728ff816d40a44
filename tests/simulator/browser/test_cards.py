"""Flex messages and templates: every action reaches the bot, nothing in a card is taken for markup."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, box, flex, postback

Json = dict[str, Any]


def words(text: str, **more: Any) -> Json:
    """A Flex text."""
    return {"type": "text", "text": text, **more}


def button(label: str, data: str, **more: Any) -> Json:
    """A Flex button with a postback."""
    return {"type": "button", "action": postback(label, data), **more}


def card(page: Page, bot: TeachableBot, person: Person, message: Json) -> Locator:
    """Pushes a message to a person whose phone lies first; answers its row."""
    bot.push(person.id, message)
    row = page.locator(".phone").first.locator(".row.bot").last
    expect(row).to_be_visible()
    return row


def test_a_button_in_a_box_in_a_box_runs_its_own_action_only_and_each_box_its_own(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    inner = box(
        words("inner words"), button("press", "button"), action=postback("inner box", "inner"), paddingAll="20px"
    )
    outer = box(words("outer words"), inner, action=postback("outer box", "outer"), paddingAll="20px")
    row = card(desk, bot, malee, flex({"type": "bubble", "body": outer}))
    row.get_by_role("button", name="press").click()
    row.get_by_text("inner words").click()
    row.get_by_text("outer words").click()
    line.wait_idle()
    assert [found["data"] for found in bot.postbacks()] == ["button", "inner", "outer"]


def test_every_kind_of_component_that_may_carry_an_action_does(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    image = {"type": "image", "url": f"{line.url}/page/icon.svg".replace("http:", "https:"), "size": "full"}
    spans = words("", contents=[{"type": "span", "text": "two "}, {"type": "span", "text": "spans"}])
    del spans["text"]
    body = box(
        words("plain", action=postback("a text", "text")),
        spans | {"action": postback("the spans", "spans")},
        box({"type": "image", "url": image["url"], "action": postback("a picture", "image")}, layout="horizontal"),
    )
    row = card(
        desk,
        bot,
        malee,
        flex(
            {
                "type": "bubble",
                "hero": image | {"action": postback("hero", "hero")},
                "body": body,
                "footer": box(button("foot", "foot"), action=postback("the foot", "footbox"), paddingAll="20px"),
            }
        ),
    )
    for name in ("hero", "a text", "the spans", "a picture", "foot"):
        row.get_by_role("button", name=name, exact=True).click()
    row.get_by_role("group", name="the foot").click(position={"x": 4, "y": 4})
    line.wait_idle()
    assert [found["data"] for found in bot.postbacks()] == ["hero", "text", "spans", "image", "foot", "footbox"]


def test_markup_in_texts_labels_and_addresses_stays_text(desk: Page, bot: TeachableBot, malee: Person) -> None:
    evil = "<img src=x onerror='window.hit=1'>\"><script>window.hit=1</script>&amp;"
    label = "<b>'\"x</b>"
    address = "https://127.0.0.1:9/a.png');window.hit=1;//"
    body = box(words(evil, wrap=True), {"type": "image", "url": address}, button(label, "ok"))
    row = card(desk, bot, malee, flex({"type": "bubble", "body": body}, alt=evil))
    expect(row.get_by_text(evil)).to_be_visible()
    expect(row.get_by_role("button", name=label)).to_be_visible()
    assert desk.evaluate("window.hit") is None
    assert row.locator("script, [onclick], [onerror], .flex img").count() == 0


def test_line_spacing_is_added_between_lines_and_a_box_keeps_its_width(
    desk: Page, bot: TeachableBot, malee: Person
) -> None:
    """Two places where the drawing library differs from LINE."""
    body = box(
        words("one\ntwo", wrap=True, lineSpacing="10px", size="md"),
        box(
            box(words("x"), width="40px", height="40px", backgroundColor="#ff0000"),
            box(words("rest")),
            layout="horizontal",
        ),
    )
    row = card(desk, bot, malee, flex({"type": "bubble", "body": body}))
    height = row.get_by_text("one").evaluate("node => parseFloat(getComputedStyle(node).lineHeight)")
    assert 30 < height < 40
    square = row.locator("[style*='rgb(255, 0, 0)'], [style*='#ff0000']").bounding_box()
    assert square is not None
    assert square["width"] == pytest.approx(40, abs=0.5)


def test_a_carousel_moves_on_by_its_button_and_its_last_card_can_be_pressed(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    bubbles = [
        {"type": "bubble", "size": "kilo", "body": box(words(f"card {n}"), button(f"take {n}", f"take-{n}"))}
        for n in range(1, 6)
    ]
    row = card(desk, bot, malee, flex({"type": "carousel", "contents": bubbles}))
    slider = row.locator(".LySlider")
    expect(row.get_by_role("button", name="Previous cards")).to_be_hidden()
    row.get_by_role("button", name="More cards").click()
    expect(row.get_by_role("button", name="Previous cards")).to_be_visible()
    assert slider.evaluate("node => node.scrollLeft") > 50
    row.get_by_role("button", name="take 5").click()
    line.wait_idle()
    assert bot.postbacks() == [{"data": "take-5"}]


def templates() -> dict[str, Json]:
    """One of each template, its actions numbered 1 to 4."""
    one, two, three, four = (postback(f"go {n}", str(n)) for n in range(1, 5))
    picture = "https://127.0.0.1:9/p.png"
    return {
        "buttons": {"type": "buttons", "title": "Title", "text": "Words", "actions": [one, two, three, four]},
        "confirm": {"type": "confirm", "text": "Sure?", "actions": [one, two]},
        "carousel": {
            "type": "carousel",
            "columns": [
                {"title": "A", "text": "a", "actions": [one, two]},
                {"title": "B", "text": "b", "actions": [three, four]},
            ],
        },
        "image_carousel": {
            "type": "image_carousel",
            "columns": [{"imageUrl": picture, "action": one}, {"imageUrl": picture, "action": two}],
        },
    }


@pytest.mark.parametrize(("kind", "count"), [("buttons", 4), ("confirm", 2), ("carousel", 4), ("image_carousel", 2)])
def test_every_button_of_a_template_reaches_the_bot(
    kind: str, count: int, desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    row = card(desk, bot, malee, {"type": "template", "altText": kind, "template": templates()[kind]})
    expect(row.get_by_role("group", name=kind)).to_be_visible()
    for number in range(1, count + 1):
        row.get_by_role("button", name=f"go {number}").click()
    line.wait_idle()
    assert [found["data"] for found in bot.postbacks()] == [str(number) for number in range(1, count + 1)]


def test_an_imagemap_has_its_areas_in_percent_and_they_work(
    desk: Page, bot: TeachableBot, malee: Person, line: Simulator
) -> None:
    area = {"x": 520, "y": 260, "width": 520, "height": 260}
    row = card(
        desk,
        bot,
        malee,
        {
            "type": "imagemap",
            "baseUrl": "https://127.0.0.1:9/map",
            "altText": "a map",
            "baseSize": {"width": 1040, "height": 520},
            "actions": [{"type": "message", "text": "corner", "area": area}],
        },
    )
    whole, part = row.locator(".imagemap").bounding_box(), row.get_by_role("button", name="corner").bounding_box()
    assert whole is not None
    assert part is not None
    assert part["x"] - whole["x"] == pytest.approx(whole["width"] / 2, abs=1)
    assert part["width"] == pytest.approx(whole["width"] / 2, abs=1)
    assert part["height"] == pytest.approx(whole["height"] / 2, abs=1)
    row.get_by_role("button", name="corner").click()
    expect(desk.locator(".phone").first.locator(".row.own").get_by_text("corner")).to_be_visible()
