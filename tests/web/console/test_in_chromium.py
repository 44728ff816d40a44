"""In a real browser: what people typed is text everywhere (B12), no page has a serious accessibility fault, nothing is
wider than a phone, and a colleague comes in with her second factor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from passlib.totp import TOTP
from sqlalchemy.orm import Session

import models
from benefits.vault import Vault
from models.staff import ROLES
from tests.factories import NOON, administers, member, partner, person, privilege
from tests.web.console.conftest import database
from tests.web.console.desk import CLUB, PASSWORD, Desk, make_desk
from tests.web.console.rows import made
from tests.web.console.test_access import FREE, IDS, PART, Route, routes
from web.member.assets import PACKAGES

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = (PACKAGES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
WATCH = """
window.__ran = []; window.__blocked = [];
window.boom = (what) => window.__ran.push(what);
window.alert = window.boom;
addEventListener('securitypolicyviolation', (event) => window.__blocked.push(event.violatedDirective + ' ' + event.blockedURI));
"""
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']}"
WHERE = "{include: [['html']], exclude: [['.phone'], ['tbody tr:nth-child(n+6)'], ['option:nth-child(n+6)']]}"
"""Not inside the drawn phone: what it shows is LINE's drawing of a card. Of rows that are all alike, the first."""
PAYLOADS = (
    "<script>boom(1)</script>",
    "<img src=x onerror=boom(2)>",
    "<svg onload=boom(3)>",
    "<svg/onload=boom(4)//",
    '"><script>boom(5)</script>',
    "'><img src=x onerror=boom(6)>",
    '" onmouseover=boom(7) x="',
    "' autofocus onfocus=boom(8) '",
    "javascript:boom(9)",
    "<a href=javascript:boom(10)>x</a>",
    "<iframe srcdoc='<script>parent.boom(11)</script>'>",
    "<math><mtext></mtext><script>boom(12)</script></math>",
    "</title><script>boom(13)</script>",
    "</textarea><script>boom(14)</script>",
    "</script><script>boom(15)</script>",
    "<body onload=boom(16)>",
    "<details open ontoggle=boom(17)>x</details>",
    "<input autofocus onfocus=boom(18)>",
    "<video><source onerror=boom(19)></video>",
    "<object data=javascript:boom(20)>",
    "<embed src=javascript:boom(21)>",
    "<form action=javascript:boom(22)><button>x</button></form>",
    "<meta http-equiv=refresh content='0;url=javascript:boom(23)'>",
    "<style>@import 'javascript:boom(24)'</style>",
    "<base href=//evil.test/>",
    "{{ 7*7 }}{% raw %}boom(26){% endraw %}",
    "${boom(27)}",
    "<!--<img src=--><img src=x onerror=boom(28)>",
    "&lt;script&gt;boom(29)&lt;/script&gt;",
    "\u202e<script>boom(30)</script>",
)


AXED = re.compile(r"/console/($|team|me|budget|club|views|codes|imports)")
"""Pages that no browser test of their own looks at with axe."""


def serious(page: Any) -> list[tuple[str, ...]]:
    """What axe finds serious on the present page: rule, element, what to mend."""
    page.evaluate(AXE)
    found = page.evaluate(f"axe.run({WHERE}, {RULES})")["violations"]
    return [
        (each["id"], each["nodes"][0]["html"][:160], each["nodes"][0]["failureSummary"][:200])
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.fixture(scope="module")
def desk(server_url: str, template: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A console full of hostile text."""
    with database(server_url, template) as url:
        desk = make_desk(url, tmp_path_factory.mktemp("browser"), vault)
        with desk.sessions.begin() as session:
            plant(session, vault)
        yield desk
        desk.sessions.kw["bind"].dispose()


def plant(session: Session, vault: Vault) -> None:
    """Each payload as a display name, an account's name, a partner's, a privilege's text, and what somebody wrote in the chat."""
    for n, bad in enumerate(PAYLOADS):
        who = person(session)
        who.display_name = vault.seal(bad, f"people.display_name:{who.id}")
        shop = member(session, who, name=bad)
        if n % 3 == 0:
            administers(session, person(session), shop, role="operator")
        giver = partner(session, name_th=bad, name_en=bad)
        texts = {"name_th": bad, "name_en": bad, "conditions_th": bad, "conditions_en": bad}
        gift = privilege(session, partner_id=giver.id, **texts)
        made(
            session, models.Claim, CLUB, privilege_id=gift.id, member_id=shop.id, person_id=who.id, holder=f"m{shop.id}"
        )
        event = {"type": "message", "message": {"type": "text", "text": bad}}
        made(session, models.TurnRow, CLUB, event_id=f"e{n}", state="parked", event=event, error=bad, received_at=NOON)


def pages(desk: Desk) -> Iterator[str]:
    """Every page there is, with a planted row where it names one. Files for download are not pages."""
    with desk.sessions.begin() as session:
        for route in routes(desk):
            if route.method == "GET" and not re.search(
                r"\.(csv|json|png)$|sign-in|second-factor|new-password", route.rule.rule
            ):
                found = filled(session, route)
                if found is not None:
                    yield found


def filled(session: Session, route: Route) -> str | None:
    """The route's address for the last planted row; None where nothing was planted."""
    page, values = getattr(route.view, "__self__", None), dict(FREE)
    for part in route.owned:
        model, key = IDS[part](page)
        row = session.query(model).order_by(getattr(model, key).desc()).first()
        if row is None:
            return None
        values[part] = str(getattr(row, key))
    return PART.sub(lambda match: values[match[1]], route.rule.rule)


def test_b12_hostile_text_is_text_and_every_page_can_be_used_by_everybody(desk: Desk, chromium: Any) -> None:
    """B12: 30 payloads wherever people may write: nothing runs, and the policy has nothing to block. On the house's
    own pages axe finds no serious fault, and on a phone nothing is wider than the phone."""
    staff = desk.hire(*ROLES, name=PAYLOADS[1], language="en")
    faults: dict[Any, None] = {}
    with desk.served() as url:
        for width in (1280, 390):
            context = chromium.new_context(viewport={"width": width, "height": 844})
            context.add_init_script(WATCH)
            context.add_cookies(desk.cookies(staff, url))
            page = context.new_page()
            for where in dict.fromkeys(pages(desk)):
                if width < 1000 and re.search(r"/\d", where):
                    continue  # a record's pages have browser tests of their own, on phones too
                answer = page.goto(url + where)
                if answer.status != 200:
                    continue
                assert page.evaluate("[window.__ran, window.__blocked]") == [[], []], (where, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (where, width)
                if width > 1000 and AXED.match(where):
                    faults.update({(where, *fault): None for fault in serious(page)})
            context.close()
    assert faults == {}


def test_c18_coming_in_with_password_and_phone(desk: Desk, chromium: Any) -> None:
    """C18 as a person does it, each page sound for axe: sign in, scan, type the code, keep the recovery codes, work, sign out."""
    staff = desk.hire("approver", language="en")
    with desk.served() as url:
        context = chromium.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        page.goto(f"{url}/console/")
        assert serious(page) == []
        page.get_by_role("button", name="English").click()
        page.get_by_label("E-mail").fill(staff.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/second-factor/new")
        assert page.locator("img.qr").evaluate("(image) => image.naturalWidth") > 100
        assert serious(page) == []
        key = re.sub("[ -]", "", page.locator("code").inner_text())
        page.get_by_label("The six digits").fill(TOTP(key=key).generate(desk.clock.now()).token)
        page.get_by_role("button", name="Continue").click()
        assert page.locator(".codes li").count() == 10
        assert serious(page) == []
        page.get_by_role("link", name="I have kept them").click()
        page.wait_for_url("**/console/")
        page.locator(".me summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.goto(f"{url}/console/me/")
        page.wait_for_url("**/sign-in")
        context.close()
