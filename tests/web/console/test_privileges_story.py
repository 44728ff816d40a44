"""A marketer makes a privilege with a picture and sees it as a phone shows it, at her desk and on her own phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from models import Privilege, Staff
from tests import factories
from tests.rules.importing import ACCOUNTS
from tests.web.console.desk import Desk
from web.member.assets import PACKAGES

pytestmark = pytest.mark.browser
AXE = PACKAGES / "axe-core" / "axe.min.js"
ATTACK = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
Open = Callable[[Staff, int], Any]


@pytest.fixture
def url(desk: Desk) -> Iterator[str]:
    """The console on a port of this machine."""
    with desk.served() as address:
        yield address


@pytest.fixture
def open_at(desk: Desk, chromium: Any, url: str) -> Iterator[Open]:
    """A window of that width, signed in; what its console complains of is in `page.complaints`."""
    contexts = []

    def opened(staff: Staff, width: int) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 844})
        context.add_cookies(desk.cookies(staff, url))
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on(
            "console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda fault: page.complaints.append(str(fault)))
        return page

    yield opened
    for context in contexts:
        context.close()


def phone_says(page: Any, language: str, text: str) -> None:
    """Wait until the phone of that language shows the text."""
    page.wait_for_function(
        "([language, text]) => document.querySelector(`.phone[data-language=${language}]`)"
        ".shadowRoot?.querySelector('.chat')?.textContent.includes(text)",
        arg=[language, text],
    )


def heros(page: Any) -> list[str]:
    """The pictures that the phones show."""
    found = """[...document.querySelectorAll('.phone')].map((phone) =>
        [...phone.shadowRoot.querySelectorAll('.MdImg span')].map((span) => getComputedStyle(span).backgroundImage)).flat()"""
    return list(page.evaluate(found))


def faultless(page: Any) -> None:
    """Nothing is refused by the page's policy, nothing serious is found by axe, nothing is wider than the window.

    What stands in a phone is LINE's to draw; here it is a picture of that.
    """
    assert page.complaints == []
    page.evaluate(AXE.read_text())
    serious = """async () => (await axe.run({exclude: [".phone"]}, {resultTypes: ["violations"]})).violations
        .filter((found) => ["serious", "critical"].includes(found.impact))
        .map((found) => `${found.id}: ${found.nodes.map((node) => node.target).join(" ")}`)"""
    assert page.evaluate(serious) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.complaints.clear()  # of the styles that axe itself tries out


def shot(page: Any, name: str) -> None:
    """Kept for whoever wants to look."""
    folder = Path(__file__).parent.parent.parent.parent / "test-artifacts" / "console"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"{name}.png"), full_page=True, caret="initial")


def test_a_privilege_is_made_with_its_picture(desk: Desk, url: str, open_at: Open, tmp_path: Path) -> None:
    """The phones follow each field and the picture; saved, a phone-wide window shows the same; B12: HTML is text."""
    mali = desk.hire("marketer", language="th", name="มะลิ ใจดี")
    with desk.sessions.begin() as session:
        giver = factories.partner(session, name_th="โมงเช้า คอฟฟี่", name_en="Mong Chao Coffee")
    Image.new("RGB", (2000, 1300), "#8a5a2b").save(tmp_path / "cup.jpg", quality=90)
    (tmp_path / "notes.png").write_bytes(b"not a picture")
    page = open_at(mali, 1280)
    page.goto(f"{url}/console/privileges/new")
    page.fill("#key", "story-latte")
    page.select_option("#partner_id", str(giver.id))
    page.fill("#name_th", "ลาเต้เย็น 1 แก้ว")
    page.fill("#name_en", ATTACK)
    page.fill("#conditions_th", "• ทุกสาขา\n• ไม่รวมท็อปปิ้ง")
    phone_says(page, "th", "ลาเต้เย็น")
    phone_says(page, "en", "<img src=x onerror=")
    page.set_input_files("#picture", tmp_path / "notes.png")
    page.wait_for_selector("[data-picture-fault]:not([hidden])")
    assert "JPEG" in page.inner_text("[data-picture-fault]")
    page.complaints.clear()  # the refusal itself, as the browser notes it
    page.set_input_files("#picture", tmp_path / "cup.jpg")
    page.wait_for_function("() => document.querySelector('[name=picture]').value.endsWith('.jpg')")
    kept = page.input_value("[name=picture]")
    page.wait_for_function("name => document.querySelector('.phone').dataset.messages.includes(name)", arg=kept)
    assert all(f'/media/pictures/{kept}")' in picture for picture in heros(page))
    assert page.title() != "owned"
    faultless(page)
    shot(page, "privilege-form-1280-th")
    page.click("form#privilege .foot button")
    page.wait_for_selector(".told.good")
    with desk.sessions() as session:
        row = session.scalars(select(Privilege).where(Privilege.key == "story-latte")).one()
        assert row.picture == kept
    with Image.open(desk.desk.settings.data_dir / "uploads" / kept) as picture:
        assert picture.size == (1024, 666)
    phone = open_at(mali, 390)
    phone.goto(f"{url}/console/privileges/{row.id}")
    phone_says(phone, "en", "<img src=x onerror=")
    phone.wait_for_load_state("networkidle")
    assert phone.title() != "owned"
    faultless(phone)
    shot(phone, "privilege-390-th")


PAYLOADS = (
    ATTACK,
    '"><svg onload="document.title=\'owned\'">',
    "'); background: url(https://evil.example/x)",
    "javascript:document.title='owned'",
    "data:text/html,<script>document.title='owned'</script>",
    "https://evil.example/x.png",
    "http://169.254.169.254/latest/meta-data",
    'x" style="position:fixed;inset:0" onclick="document.title=\'owned\'',
    "&lt;img src=x onerror=alert(1)&gt;",
    "</style><script>document.title='owned'</script>",
)


def hostile(payload: str) -> list[dict[str, Any]]:
    """Messages that hold the payload wherever a message can hold anything."""
    action = {"type": "uri", "label": payload, "uri": payload}
    parts = [
        {"type": "text", "text": payload, "color": payload, "size": payload, "margin": payload, "action": action},
        {"type": "button", "action": action, "color": payload, "height": payload, "style": payload},
        {"type": "image", "url": payload, "aspectRatio": payload, "backgroundColor": payload, "action": action},
        {"type": "icon", "url": payload},
        {"type": "box", "layout": "vertical", "width": payload, "backgroundColor": payload, "contents": []},
    ]
    body = {"type": "box", "layout": "vertical", "contents": parts}
    bubble = {"type": "bubble", "hero": {"type": "image", "url": payload, "size": "full"}, "body": body}
    return [
        {"type": "text", "text": payload},
        {"type": "image", "previewImageUrl": payload, "originalContentUrl": payload},
        {"type": "flex", "altText": payload, "contents": bubble},
        {"type": "flex", "altText": payload, "contents": {"type": "carousel", "contents": [bubble, bubble]}},
        {"type": payload, "altText": payload},
    ]


def test_b12_b20_the_phone_runs_and_fetches_nothing(desk: Desk, url: str, open_at: Open) -> None:
    """Whatever stands in a message, and wherever: nothing runs, no handler or address is left, no other host is asked."""
    page = open_at(desk.hire("marketer"), 1280)
    asked: list[str] = []

    def elsewhere(route: Any) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route(lambda address: not address.startswith(url), elsewhere)
    with desk.sessions.begin() as session:
        row = factories.privilege(session)
    page.goto(f"{url}/console/privileges/{row.id}")
    for payload in PAYLOADS:
        page.evaluate(
            "messages => { document.querySelector('.phone').dataset.messages = JSON.stringify(messages); }",
            hostile(payload),
        )
        page.wait_for_function("() => document.querySelector('.phone').dataset.drawn === '5'")
        left = page.evaluate(
            """() => [...document.querySelector('.phone').shadowRoot.querySelectorAll('.chat *')].filter((node) =>
                ["SCRIPT", "STYLE", "SVG", "IFRAME", "OBJECT", "LINK"].includes(node.tagName.toUpperCase())
                || [...node.attributes].some(({ name }) => name.startsWith("on") || name === "href")
                || getComputedStyle(node).position === "fixed").map((node) => node.outerHTML)"""
        )
        assert left == []
        page.evaluate(
            "() => document.querySelector('.phone').shadowRoot.querySelectorAll('.chat a').forEach((a) => a.click())"
        )
    assert page.title() != "owned"
    assert asked == []
    assert page.complaints == []


def test_pages_beside_it_read_well(desk: Desk, url: str, open_at: Open) -> None:
    """The form on a phone, partners, codes, the club's file and a file being handed in: no serious fault, nothing too wide."""
    teera = desk.hire("admin", "marketer", language="th", name="ธีระ ดีงาม")
    with desk.sessions.begin() as session:
        giver = factories.partner(session, name_th="โรงหนังเมือง", name_en="Town Cinema")
        row = factories.privilege(session, partner_id=giver.id, name_th="บัตรชมภาพยนตร์", name_en="Cinema")
        factories.privilege(session, partner_id=giver.id, pooled=True)
    paths = {
        "privileges": "privileges/",
        "privilege-change": f"privileges/{row.id}/change",
        "partner": f"partners/{giver.id}",
        "codes": "codes/",
        "club": "club/",
        "import-new": "imports/new?kind=accounts",
    }
    page = open_at(teera, 390)
    for name, path in paths.items():
        page.goto(f"{url}/console/{path}")
        page.wait_for_load_state("networkidle")
        faultless(page)
        shot(page, f"{name}-390-th")
    body = f"{ACCOUNTS}@w390,x\n".encode()
    page.set_input_files("#file", {"name": "บัญชี.csv", "mimeType": "text/csv", "buffer": body})
    page.click("form.card button")
    page.wait_for_selector("[data-waiting]")
    faultless(page)
    shot(page, "import-390-th")
