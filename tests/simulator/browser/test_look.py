"""The page at 390 and 1280 px in Thai and English: everything fits, Thai is not clipped, everything has a name."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from simulator import Simulator
from simulator.people import Person
from tests.simulator.browser.bot import TeachableBot, box, flex, postback, quick, text
from tests.simulator.browser.conftest import Opener

TALL = "สิทธิ์ที่นี้ปู่ย่ากู้ปั้นน้ำใต้ฐู"
SIZES = ("xxs", "sm", "md", "xl", "3xl")

# Where Thai marks would be cut off: text in an element that hides its overflow, measured as drawn.
CLIPPED = """() => {
  const pen = document.createElement('canvas').getContext('2d');
  const bad = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join('');
    if (!/[\\u0E00-\\u0E7F]/.test(own) || !node.checkVisibility() || node.closest('noscript')) continue;
    const style = getComputedStyle(node);
    if (style.overflowY === 'visible') continue;
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const ink = pen.measureText(own);
    const lineHeight = parseFloat(style.lineHeight);
    const free = (lineHeight - ink.fontBoundingBoxAscent - ink.fontBoundingBoxDescent) / 2;
    const above = parseFloat(style.paddingTop) + free + ink.fontBoundingBoxAscent - ink.actualBoundingBoxAscent;
    const below = parseFloat(style.paddingBottom) + free + ink.fontBoundingBoxDescent - ink.actualBoundingBoxDescent;
    if (above < -0.5 || below < -0.5 || node.clientHeight < lineHeight - 1) {
      bad.push([own.slice(0, 30), node.className, above, below, node.clientHeight, lineHeight].join(' '));
    }
  }
  return bad;
}"""

# Controls a screen reader could not name, and anything wider than the page.
NAMELESS = """() => [...document.querySelectorAll('button, a, input, select, textarea, summary, iframe, [role=button]')]
  .filter((n) => n.checkVisibility()
    && !(n.getAttribute('aria-label') || n.textContent.trim() || n.labels?.length || n.title))
  .map((n) => n.outerHTML.slice(0, 120))"""
TOO_WIDE = "() => document.documentElement.scrollWidth - window.innerWidth"
OUTSIDE = """() => [...document.querySelectorAll('.page-head *, .views *, .switcher, .tools, .rail, .bar, .title-line')]
  .filter((n) => n.checkVisibility() && n.getBoundingClientRect().right > window.innerWidth + 1)
  .map((n) => n.outerHTML.slice(0, 120))"""


def converse(bot: TeachableBot, line: Simulator, person: Person) -> None:
    """Thai in every place a chat has for it."""
    lines = [{"type": "text", "text": TALL, "size": size, "wrap": False} for size in SIZES]
    button = {"type": "button", "style": "primary", "action": postback("ใช้สิทธิ์นี้ทันที", "use")}
    bot.push(
        person.id,
        text(f"{TALL}\n{TALL}"),
        flex({"type": "bubble", "body": box(*lines), "footer": box(button)}),
        text("เลือกได้เลย", quickReply=quick(postback("ปู่ย่าที่นี้", "a"), postback("ตั้งชื่อ", "b"))),
    )
    line.say(person, TALL)
    bot.push(person.id, text("อีกครั้ง", quickReply=quick(postback("ปู่ย่าที่นี้", "a"))))


@pytest.mark.parametrize("language", ["th", "en"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_view_fits_names_its_controls_and_clips_no_thai(
    width: int,
    language: str,
    open_page: Opener,
    line: Simulator,
    bot: TeachableBot,
    malee: Person,
    ben: Person,
    menus: tuple[str, str],
) -> None:
    converse(bot, line, malee)
    page = open_page(width, language)
    expect(page.locator(".phone:visible")).to_have_count(1 if width == 390 else 2)
    expect(page.locator(".phone:visible").first.get_by_text("อีกครั้ง")).to_be_visible()
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check(\"16px Sarabun\", 'ที่'))")
    if width == 390:
        buttons = page.locator(".views button")
        turns = [buttons.nth(place) for place in range(buttons.count())]
    else:
        turns = list(page.get_by_role("tab").all())
    for turn in turns:
        turn.click()
        assert page.evaluate(CLIPPED) == []
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate(OUTSIDE) == []
        assert page.evaluate(TOO_WIDE) <= 0


def test_the_clipping_check_itself_sees_clipped_thai(desk: Page) -> None:
    """A check that cannot fail proves nothing: a line too low for Thai must be found."""
    desk.evaluate(f"""() => document.body.insertAdjacentHTML('beforeend',
        '<p style="overflow:hidden; font-size: 30px; line-height: 20px">{TALL}</p>')""")
    assert len(desk.evaluate(CLIPPED)) == 1


def test_the_language_follows_the_browser_is_switched_by_a_button_and_remembered(open_page: Opener) -> None:
    page = open_page(language="th")
    expect(page.get_by_role("heading", name="เครื่องจำลอง LINE")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="LINE simulator")).to_be_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.reload()
    expect(page.get_by_role("heading", name="LINE simulator")).to_be_visible()


def test_both_languages_have_the_same_words_and_the_same_places_in_them(open_page: Opener) -> None:
    places = open_page().evaluate("""async () => {
        const [{ th }, { en }] = await Promise.all([import('/page/js/words/th.js'), import('/page/js/words/en.js')]);
        const holes = (words) => Object.entries(words).map(([k, v]) => [k, (v.match(/\\{\\w+\\}/g) || []).sort().join()]);
        return [Object.fromEntries(holes(th)), Object.fromEntries(holes(en))];
    }""")
    assert places[0] == places[1]
    assert len(places[0]) > 100


def test_on_a_narrow_page_the_switcher_brings_the_other_phone(open_page: Opener, malee: Person, ben: Person) -> None:
    page = open_page(390)
    expect(page.get_by_role("article", name="มาลี")).to_be_visible()
    page.get_by_role("tab", name="Ben").click()
    expect(page.get_by_role("article", name="Ben")).to_be_visible()
    expect(page.get_by_role("article", name="มาลี")).to_be_hidden()


def test_the_page_is_served_with_a_policy_that_allows_no_inline_script(open_page: Opener, line: Simulator) -> None:
    """Breaches of it fail every test of this folder, so all that the page does is done under it."""
    answer = open_page().goto(line.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src" not in policy
