"""The member's page of one use: what it shows, in which language, in which state, and to whom it shows nothing."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer

from benefits.use_links import page_token
from tests.factories import NOON
from tests.web.conftest import House


@pytest.mark.parametrize(
    ("redeem", "code", "seen"),
    [
        ("code", "KAFE-7Q2M", '<p class="letters">KAFE-7Q2M</p>'),
        ("code", "A-VERY-LONG-CODE-OF-THE-PARTNER", '<p class="letters long">'),
        ("barcode", "2000482910017", 'alt="บาร์โค้ด 2000482910017"'),
        ("qr", None, 'alt="QR สำหรับเปิดหน้ายืนยันของร้าน"'),
        ("link", "https://pos.example.com/three", 'href="https://pos.example.com/three"'),
    ],
)
def test_lfc_15_shows_what_the_privilege_is_redeemed_with(
    house: House, redeem: str, code: str | None, seen: str
) -> None:
    page = house.use(redeem, code=code, name_th="กาแฟฟรี", conditions_th="ทุกสาขา").page()
    assert seen in page
    for part in ("โมงเช้า คอฟฟี่", "กาแฟฟรี", "ทุกสาขา", "ร้านก๋วยเตี๋ยวเรือ", 'src="/media/pictures/', "12:15 น."):
        assert part in page


def test_a_link_that_is_no_web_address_is_text_never_a_link(house: House) -> None:
    page = house.use("link", code="javascript:alert(1)").page()
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_the_countdown_gets_the_servers_time_and_survives_reopening(house: House) -> None:
    use = house.use("qr", code_minutes=15)
    start = round(NOON.timestamp() * 1000)
    end = start + 15 * 60_000
    assert f'data-now="{start}" data-until="{end}"' in use.page()
    house.later(minutes=4)
    assert f'data-now="{start + 240_000}" data-until="{end}"' in use.page()
    state = house.client.get(f"/use/{use.token}/state")
    assert state.json == {"state": "in_use", "now": start + 240_000, "until": end}
    assert state.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "words"), [("th", "เวลาที่เหลือ"), ("en", "Time left"), (None, "เวลาที่เหลือ"), ("ru", "เวลาที่เหลือ")]
)
def test_speaks_the_readers_language_and_switches(house: House, language: str | None, words: str) -> None:
    use = house.use("qr", language=language)
    assert words in use.page()
    assert "Time left" in use.page(lang="en")
    assert 'lang="en"' in use.page(lang="en")
    assert "เวลาที่เหลือ" in use.page(lang="th")
    assert words in use.page(lang="xx")


def test_unconfirmed_the_privilege_is_kept_again_and_says_what_to_do(house: House) -> None:
    use = house.use("qr")
    house.later(minutes=15)
    page = use.page(lang="en")
    assert "the privilege is still yours" in page
    assert "Nobody confirmed the use by 12:15" in page
    assert "Claim and use" in page
    assert "countdown" not in page


def test_used_says_when_and_by_whom_and_shows_no_code(house: House) -> None:
    use = house.use("code", code="KAFE-7Q2M")
    assert "It counts as used since 12:00" in use.page(lang="en")
    house.later(minutes=15)
    page = use.page(lang="en")
    assert "Its code was shown on 12 Nov 2026 12:00" in page
    assert "KAFE-7Q2M" not in page
    confirmed = house.use("qr")
    assert confirmed.press(pin="4821").status_code == 200
    assert "Mong Chao Coffee confirmed it on 12 Nov 2026 12:15" in confirmed.page(lang="en")


def test_expired_says_until_when(house: House) -> None:
    use = house.use("qr")
    use.change(use_until=NOON + timedelta(minutes=20))
    house.later(minutes=21)
    page = use.page(lang="en")
    assert "Expired" in page
    assert "It could be used before 12 Nov 2026 12:20" in page


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("asked", "The account left the club."),
        ("deleted", "The official account was deleted."),
        ("premium", "The account became a premium account"),
        ("removed", "The account was taken out of the club."),
        ("Claimed by <mistake>", "The club&#39;s reason: Claimed by &lt;mistake&gt;"),
    ],
)
def test_void_says_why(house: House, reason: str, words: str) -> None:
    use = house.use("code", code="KAFE-7Q2M")
    use.change(state="void", void_reason=reason, voided_at=NOON)
    page = use.page(lang="en")
    assert words in page
    assert "KAFE-7Q2M" not in page


def forged(house: House, token: str) -> list[str]:
    """Tokens that must lead nowhere."""
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    other_key = URLSafeSerializer("another-key", salt="use-page")
    other_salt = URLSafeSerializer(house.vault.signing_keys, salt="else")
    signer = URLSafeSerializer(house.vault.signing_keys, salt="use-page")
    signed = [signer.dumps(thing) for thing in ([10**9, 0], ["x", 0], [1], None, {"a": 1}, [10**30, 0])]
    return [flipped, other_key.dumps([1, 0]), other_salt.dumps([1, 0]), "x", "..", "%00", "ก", "a" * 5000, *signed]


def test_c8_foreign_forged_and_outlived_tokens_get_one_and_the_same_404(house: House) -> None:
    use = house.use("qr")
    old = use.token
    house.later(minutes=16)
    use.begin()
    assert use.token != old
    client, bodies = house.client, set()
    for token in [old, *forged(house, use.token)]:
        for path in ("/use/{}", "/use/{}/state", "/partner/{}", "/media/codes/{}.png"):
            answer = client.get(path.format(token))
            assert answer.status_code == 404, (path, token)
            bodies.add(answer.text)
    # The two of them are the pages' own notice, and the bare one of addresses that are no page at all (`a/../b`).
    assert len({body for body in bodies if "pages.css" in body}) == 1
    assert len(bodies) <= 2


def test_a_claim_of_a_club_not_served_here_leads_nowhere(house: House) -> None:
    use = house.use("qr", club="other_club", begin=False)
    with house.sessions.begin() as session:
        use.change(use_started_at=NOON, code_until=NOON + timedelta(minutes=5))
        token = page_token(session, use.row())
    assert house.client.get(f"/use/{token}").status_code == 404


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "'; alert(1)//",
    "</title><svg onload=alert(1)>",
    "{t}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_b12_names_are_text_on_every_page(house: House, name: str) -> None:
    use = house.use(
        "qr",
        account=name,
        name_th=name,
        name_en=name,
        conditions_th=name,
        conditions_en=name,
        partner={"name_en": name, "name_th": name},
    )
    for page in (use.page(), use.page(lang="en"), house.client.get(f"/partner/{use.token}").text):
        shown = html.unescape(re.sub(r"<[^>]*>", "", page.split("<body", 1)[1]))
        assert name in shown
        assert page.count("<script") == page.count('<script type="module" src="/static/countdown.js')
        assert "<img src=x" not in page
        assert "<svg" not in page
