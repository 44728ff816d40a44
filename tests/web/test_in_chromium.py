"""The pages in a real browser: the countdown, the QR on a screen, the PIN, hostile names, small and wide screens."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.web.conftest import PIN, House, Use
from web.member.assets import FOLDER

pytestmark = pytest.mark.browser
SHOTS = Path(__file__).parents[2] / "test-artifacts" / "web"
WRONG_CLOCK = """
const Real = Date, skew = %d;
globalThis.Date = class extends Real {
  constructor(...a) { a.length ? super(...a) : super(Real.now() + skew); }
  static now() { return Real.now() + skew; }
};
"""
HOURS = 3_600_000
LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def seconds_left(page: Any) -> int:
    """What the countdown shows now."""
    expect(page.locator(".left")).to_have_text(re.compile(r"^[0-9:]+$"))
    parts = [int(part) for part in page.text_content(".left").split(":")]
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def truth(use: Use) -> float:
    """Seconds left by the server."""
    until = use.row().code_until
    assert until is not None
    return (until - use.house.now()).total_seconds()


def address(use: Use, kind: str = "use", language: str = "en") -> str:
    return f"{use.house.settings.public_url}/{kind}/{use.token}?lang={language}"


@pytest.mark.parametrize("skew", [2 * HOURS, -2 * HOURS])
def test_the_countdown_tells_the_servers_time_on_a_phone_two_hours_wrong(
    served: House, phone: Callable[..., Any], skew: int
) -> None:
    use = served.use("qr")
    page = phone(timezone_id="America/New_York")
    page.add_init_script(WRONG_CLOCK % skew)
    page.goto(address(use))
    assert (
        abs(
            page.evaluate("Date.now()") / 1000
            - skew / 1000
            - page.evaluate("performance.timeOrigin + performance.now()") / 1000
        )
        < 5
    )
    assert abs(seconds_left(page) - truth(use)) < 2.5
    first = seconds_left(page)
    page.wait_for_timeout(1500)
    assert 1 <= first - seconds_left(page) <= 3
    assert "12:15" in page.text_content(".time")


def test_the_countdown_survives_reopening_and_sleeping_in_the_background(
    served: House, phone: Callable[..., Any]
) -> None:
    use = served.use("qr")
    page = phone()
    page.goto(address(use))
    served.later(minutes=4)
    page.goto("about:blank")
    page.goto(address(use))
    assert abs(seconds_left(page) - truth(use)) < 2.5
    assert 640 < truth(use) < 660
    # Time the page could not measure, as when the phone slept: asked again when someone looks.
    served.later(minutes=5)
    page.evaluate(LOOK_AGAIN)
    expect(page.locator(".left")).to_have_text(re.compile(r"^0[56]:"))
    assert abs(seconds_left(page) - truth(use)) < 2.5


def test_screen_readers_hear_the_minutes_only(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("qr")
    page = phone()
    page.goto(address(use))
    status = page.get_by_role("status")
    assert status.text_content() == "15 minutes left"
    assert status.get_attribute("aria-live") == "polite"
    assert page.get_attribute(".left", "aria-live") == "off"
    changes = (
        "new Promise(done => { let n = 0; new MutationObserver(() => n++).observe(document.querySelector('[role=status]'),\
 {childList: true, characterData: true, subtree: true}); setTimeout(() => done(n), 2200); })"
    )
    assert page.evaluate(changes) == 0
    served.later(minutes=14)
    page.evaluate(LOOK_AGAIN)
    expect(status).to_have_text("1 minute left")
    assert "ending" in page.get_attribute(".time", "class")


def test_at_the_end_the_page_says_that_the_privilege_is_still_hers(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("qr", language="th")
    served.later(minutes=14, seconds=57)
    page = phone()
    page.goto(address(use, language="th"))
    page.wait_for_selector("text=หมดเวลาแล้ว แต่สิทธิ์ยังเป็นของคุณ")
    assert page.locator("img[src*=codes]").count() == 0
    assert "รับและใช้สิทธิ์" in page.text_content("main")


def test_at_the_end_without_network_the_code_is_hidden_all_the_same(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("code", code="KAFE-7Q2M")
    served.later(minutes=14, seconds=53)
    page = phone()
    page.goto(address(use))
    assert page.is_visible("text=KAFE-7Q2M")
    page.context.set_offline(True)
    page.wait_for_selector("text=The time is over")
    assert not page.is_visible("text=KAFE-7Q2M")


def test_from_the_qr_on_one_screen_to_the_pin_on_another_and_back(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("qr")
    hers, staff = phone(device_scale_factor=2), phone(is_mobile=True, has_touch=True)
    hers.goto(address(use))
    screen = Image.open(io.BytesIO(hers.screenshot())).convert("L")
    (found,) = zxingcpp.read_barcodes(screen)
    assert found.text == f"{served.settings.public_url}/partner/{use.token}"
    staff.goto(found.text + "?lang=en")
    staff.get_by_label("The partner's PIN").fill("1234")
    staff.get_by_role("button", name="Confirm the use").click()
    staff.wait_for_selector("text=4 tries left")
    staff.get_by_label("The partner's PIN").fill(PIN)
    staff.keyboard.press("Enter")
    staff.wait_for_selector("text=Confirmed at 12:0")
    assert use.row().state == "used"
    # Her page asks by itself.
    hers.wait_for_selector("text=Mong Chao Coffee confirmed it")
    staff.click("text=Confirmed by mistake?")
    staff.get_by_label("The customer changed their mind").check()
    staff.get_by_label("The partner's PIN").fill(PIN)
    staff.get_by_role("button", name="Undo the use").click()
    staff.wait_for_selector("text=The use was taken back")
    assert use.row().state == "kept"


HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(2)><svg onload=alert(3)>'{{7*7}}</title>"


def test_b12_hostile_names_run_nothing_and_the_policy_has_nothing_to_refuse(
    served: House, phone: Callable[..., Any]
) -> None:
    named: dict[str, Any] = {"name_th": HOSTILE, "name_en": HOSTILE}
    use = served.use("code", code=HOSTILE, account=HOSTILE, conditions_en=HOSTILE, partner=named, **named)
    page, said = phone(), list[str]()
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    for kind in ("use", "partner"):
        page.goto(address(use, kind), wait_until="networkidle")
        assert page.get_by_role("heading", level=1).text_content() == HOSTILE
    assert said == []


def test_c13_an_injected_script_would_not_run(served: House, phone: Callable[..., Any]) -> None:
    page, refused = phone(), list[str]()
    page.on("console", lambda message: refused.append(message.text))
    page.goto(address(served.use("qr")))
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    page.evaluate(
        "{ const s = document.createElement('script'); s.textContent = 'window.ran = 2'; document.body.append(s); }"
    )
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in refused)


def stranger(port_page: str) -> Iterator[str]:
    app = Flask("neighbour", static_folder=None)
    app.add_url_rule("/", view_func=lambda: port_page)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_in_the_demo_a_neighbour_on_this_machine_may_frame_the_pages(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("qr")
    neighbour = stranger(f'<iframe src="{address(use, "partner")}" width="400" height="800"></iframe>')
    page = phone(width=900)
    page.goto(next(neighbour))
    frame = page.frame_locator("iframe")
    frame.get_by_label("The partner's PIN").fill(PIN)
    frame.get_by_role("button", name="Confirm the use").click()
    frame.get_by_text("Confirmed at").wait_for()
    next(neighbour, None)


LONG: dict[str, Any] = {
    "name_th": "ส่วนลดพิเศษสำหรับสมาชิกที่เปิดร้านใหม่" * 4,
    "name_en": "Anextraordinarilylongnamewithoutasinglespace" * 3,
}


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_page_fits_small_and_wide_screens(served: House, phone: Callable[..., Any], language: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    shown = {
        "qr": served.use("qr", undo_minutes=30),
        "barcode": served.use("barcode", code="2000482910017"),
        "long": served.use("code", code="A-VERY-LONG-CODE-" * 3, account="ชื่อบัญชียาวมาก" * 6, partner=LONG, **LONG),
    }
    page = phone()
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for name, use in shown.items():
            for kind in ("use", "partner"):
                page.goto(address(use, kind, language))
                page.evaluate("document.fonts.ready.then(() => true)")
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, kind, width)
                assert page.evaluate("document.fonts.check('16px Sarabun')")
                page.screenshot(path=SHOTS / f"{kind}-{name}-{language}-{width}.png", full_page=True)


def test_every_field_has_a_label_and_every_target_a_fingers_size(served: House, phone: Callable[..., Any]) -> None:
    use = served.use("qr")
    page = phone()
    page.goto(address(use, "partner"))
    page.get_by_label("The partner's PIN").fill(PIN)
    page.keyboard.press("Enter")
    page.click("text=Confirmed by mistake?")
    unlabelled = "[...document.querySelectorAll('input')].filter(field => !field.labels.length).length"
    assert page.evaluate(unlabelled) == 0
    targets = "[...document.querySelectorAll('button, .choice, input.pin, input.text')]"
    assert page.evaluate(f"{targets}.filter(e => e.getBoundingClientRect().height < 44).length") == 0
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def luminance(colour: str) -> float:
    full = colour if len(colour) == 7 else "#" + "".join(char * 2 for char in colour[1:])
    parts = [int(full[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("ink", "paper"),
        ("ink", "ground"),
        ("soft", "paper"),
        ("soft", "ground"),
        ("green-deep", "green-pale"),
        ("paper", "green"),
        ("warn", "warn-pale"),
        ("bad", "bad-pale"),
        ("ink", "bad-pale"),
    ],
)
def test_words_stand_out_from_their_ground(ink: str, paper: str) -> None:
    style = (FOLDER / "pages.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", style))
    dark, light = sorted((luminance(colours[ink]), luminance(colours[paper])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(
    ("language", "told"), [("th", "ลองใหม่ได้อีกครั้งใน 30 วินาที"), ("en", "You can try again in 30 seconds.")]
)
def test_a7_a_pause_is_told_and_counted_down_and_then_the_form_is_back(
    served: House, phone: Callable[..., Any], language: str, told: str, width: int
) -> None:
    """A7: five wrong PINs typed on the partner's own phone: no form that could only refuse, how long, and no tap needed."""
    use = served.use("qr", code_minutes=60)
    page = phone(width=width)
    page.goto(address(use, "partner", language))
    for _ in range(5):
        page.locator("#pin").fill("000000")
        page.locator("button[value=confirm]").click()
    expect(page.get_by_role("alert")).to_contain_text(told)
    expect(page.locator("#pin")).to_have_count(0)
    expect(page.locator(".pause .clock")).to_have_text(re.compile(r"^0:(30|2\d)$"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"partner-pause-{language}-{width}.png", full_page=True)
    served.later(seconds=28)
    page.evaluate(LOOK_AGAIN)
    expect(page.locator("#pin")).to_be_visible(timeout=10_000)
    page.locator("#pin").fill(PIN)
    page.locator("button[value=confirm]").click()
    expect(page.get_by_role("status")).to_contain_text("ยืนยันแล้วเมื่อ" if language == "th" else "Confirmed at")
