"""Where a form may come from (C12), what every answer tells the browser (C13), what none of them shows (C17), and the
start (C16)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import app as application
from benefits.vault import Vault
from models import Staff
from models.staff import ROLES
from tests.temporary_server import temporary_server
from tests.test_settings import GOOD
from tests.web.console.desk import PASSWORD, Desk, Hand, make_desk
from tests.web.console.test_access import FREE, PART, routes
from tests.web.console.test_signing_in import send, sign_in
from web.console import example

EVIL = "https://club.example.evil.test"
CLUB_URL = "https://club.example"


@pytest.fixture(scope="module")
def production(console_database: str, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The console as the public gets it, though on the tests' database, which is fast because it may lose data."""
    keys = {**GOOD, "SITTHI_OTHER_CLUB_CHANNEL_SECRET": GOOD["SITTHI_FAMILY_CLUB_CHANNEL_SECRET"]}
    keys["SITTHI_OTHER_CLUB_CHANNEL_TOKEN"] = GOOD["SITTHI_FAMILY_CLUB_CHANNEL_TOKEN"]
    folder = Path(tmp_path_factory.mktemp("production"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("database.durability.demand", lambda url: None)
        desk = make_desk(console_database, folder, vault, SITTHI_ENV="production", **keys)
    yield desk
    desk.sessions.kw["bind"].dispose()


def plain(rule: str) -> str:
    """An address of the rule, whoever's row it names."""
    return PART.sub(lambda match: FREE.get(match[1], "1"), rule)


def test_h3_a_nul_in_a_form_is_refused_in_an_address_left_out_and_no_error(desk: Desk) -> None:
    """H3, C17: the database takes no NUL, and nobody types one: refused on every route that changes, before and after signing
    in; left out of what an address asks for."""
    stranger = desk.staff(*ROLES)
    address = "/console/sign-in"
    assert send(desk.client(), address, email="nok\0@club.example", password="x").status_code == 400
    for route in routes(desk):
        where = plain(route.rule.rule)
        if route.method != "GET":
            fields = {"csrf_token": stranger.token(), "note": "a\0b"}
            assert stranger.client.post(where, data=fields).status_code == 400, where
    for asked in ("parked/?reason=a%00b", "people/export.csv?seen=%00", "charges/?q=%00", "offers/testers?q=a%00"):
        assert stranger.client.get(f"/console/{asked}").status_code == 200, asked


def test_c12_no_form_of_another_site_does_anything(desk: Desk) -> None:
    """C12: without a token, from another origin, from none, as text/plain, by GET: refused on every route that changes."""
    hand = desk.staff(*ROLES)
    ours, changing = {"csrf_token": hand.token()}, 0
    for route in routes(desk):
        where = plain(route.rule.rule)
        if route.method == "GET":
            continue
        changing += 1
        assert hand.client.post(where).status_code == 400, where
        for headers in ({"Origin": EVIL}, {"Sec-Fetch-Site": "cross-site"}):
            assert hand.client.post(where, data=ours, headers=headers).status_code == 403, (where, headers)
        text = {"data": json.dumps(ours), "content_type": "text/plain"}
        assert hand.client.post(where, **text).status_code == 400, where
    assert changing > 10


def test_c12_origins_and_bodies_that_are_nearly_right(desk: Desk) -> None:
    """C12: no origin, an opaque one, a sister site's; JSON, a token in the address, other methods."""
    hand, where = desk.staff(*ROLES), "/console/me/sign-out-elsewhere"
    ours = {"csrf_token": hand.token()}
    for headers in ({"Origin": "null"}, {"Origin": ""}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
        assert hand.client.post(where, data=ours, headers=headers).status_code == 403, headers
    assert hand.client.post(where, json=ours).status_code == 400
    assert hand.client.post(f"{where}?csrf_token={ours['csrf_token']}").status_code == 400
    for method in ("PUT", "PATCH", "DELETE"):
        assert hand.client.open(where, method=method).status_code in (400, 405)
    assert hand.client.post(where, data=ours).status_code == 303, "the right one goes through"


def test_c12_a_route_that_changes_is_not_there_for_get(desk: Desk) -> None:
    """C12: what only POST may do answers 405 or 404 to a GET; the sign-out of a picture's address signs nobody out."""
    hand = desk.staff(*ROLES)
    getting = {route.rule.rule for route in routes(desk) if route.method == "GET"}
    for route in routes(desk):
        if route.method == "POST" and route.rule.rule not in getting:
            assert hand.get(plain(route.rule.rule)).status_code in (404, 405), route.rule.rule
    assert hand.get("/console/").status_code == 200


def test_c12_another_sessions_token_is_not_taken(desk: Desk) -> None:
    ann, boy = desk.staff("viewer"), desk.staff("viewer")
    ann.token()
    answer = ann.client.post("/console/sign-out", data={"csrf_token": other_token(boy)})
    assert answer.status_code == 400


def other_token(hand: Hand) -> str:
    """A token of a session whose secret is another."""
    page = hand.get("/console/me/").text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def test_c13_every_answer_of_the_console_has_its_headers(production: Desk) -> None:
    """C13: pages, redirects, errors and files; with a session and without."""
    hand = production.staff(*ROLES)
    answers: list[tuple[str, Any]] = []
    for route in routes(production):
        if route.method == "GET":
            where = plain(route.rule.rule)
            answers += [(where, production.client().get(where, base_url=CLUB_URL)), (where, secure(hand, where))]
    for where in ("/console/nowhere", "/console/.git/config", "/console/static/", "/console/../app.py"):
        answers.append((where, secure(hand, where)))
    answers.append(("POST", production.client().post("/console/sign-in", base_url=CLUB_URL)))
    assert {200, 303, 404} <= {answer.status_code for _, answer in answers}
    for where, answer in answers:
        said = answer.headers
        assert answer.status_code < 500, where
        assert said["X-Content-Type-Options"] == "nosniff", where
        assert said["X-Frame-Options"] == "DENY", where
        assert said["Cache-Control"] == "no-store", where
        assert said["Referrer-Policy"] == "same-origin", where
        assert said["Strict-Transport-Security"].startswith("max-age=31536000"), where
        assert said["Cross-Origin-Opener-Policy"] == "same-origin", where
        policy = said["Content-Security-Policy"]
        for part in (
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "object-src 'none'",
        ):
            assert part in policy, (where, part)
        assert "unsafe" not in policy, where
        assert "Traceback" not in answer.text, where


def secure(hand: Hand, where: str) -> Any:
    """A page over https, as production's cookies want it."""
    return hand.client.get(where, base_url=CLUB_URL)


def test_c13_cookies_of_production(production: Desk) -> None:
    """C13: `__Host-`, Secure, HttpOnly, SameSite, the whole site's path, no domain; for the session and for the device."""
    staff, client = production.hire("viewer"), production.client()
    client.environ_base["HTTP_ORIGIN"] = CLUB_URL
    page = client.get("/console/sign-in", base_url=CLUB_URL).text
    fields = {
        "csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0],
        "email": staff.email,
        "password": PASSWORD,
    }
    answer = client.post("/console/sign-in", data=fields, base_url=CLUB_URL)
    assert answer.status_code == 303, answer.text
    cookies = answer.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-console", "__Host-device"}
    for cookie in cookies:
        parts = [part.strip() for part in cookie.split(";")]
        assert {"Secure", "HttpOnly", "Path=/"} <= set(parts)
        assert any(part in ("SameSite=Lax", "SameSite=Strict") for part in parts)
        assert not any(part.startswith("Domain") for part in parts)
    assert client.get("/console/", base_url=CLUB_URL).status_code == 200


def test_c16_the_demos_colleagues_are_nobody_in_production(production: Desk) -> None:
    """C16: a database that a demo filled, in production: its well-known sign-ins open nothing, and no page shows them."""
    with production.console.app_context():
        from web.console.security import password_hash

        hashed = password_hash(example.PASSWORD)
    staff = production.hire("viewer")
    with production.sessions.begin() as session:
        session.get_one(Staff, staff.id).password = hashed
    client = production.client()
    client.environ_base["HTTP_ORIGIN"] = CLUB_URL
    page = client.get("/console/sign-in", base_url=CLUB_URL).text
    assert example.PASSWORD not in page
    assert "example.com" not in page
    fields = {
        "csrf_token": page.split('name="csrf_token" value="')[1].split('"')[0],
        "email": staff.email,
        "password": example.PASSWORD,
    }
    assert client.post("/console/sign-in", data=fields, base_url=CLUB_URL).status_code == 401


def test_c16_no_start_in_production_on_a_database_that_may_lose_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """C16: a server with fsync = off: production says so and does not start; a test does."""
    with temporary_server() as url:
        environ = {**GOOD, "DATABASE_URL": url, "SITTHI_DATA_DIR": str(tmp_path), "SITTHI_CLUBS": "family_club"}
        for key, value in environ.items():
            monkeypatch.setenv(key, value)
        monkeypatch.delenv("SITTHI_ENV", raising=False)
        with pytest.raises(SystemExit) as ended:
            application.create_app()
        assert ended.value.code == application.EXIT
        assert "fsync and full_page_writes = off" in capsys.readouterr().err
        monkeypatch.setenv("SITTHI_ENV", "test")
        assert application.create_app().name == "sitthi"


def test_c16_there_is_nobody_until_somebody_is_added(database_url: str, vault: Vault, tmp_path: Path) -> None:
    """C16: an empty table of staff opens for nobody; no address and password of ours is in it."""
    desk = make_desk(database_url, tmp_path, vault)
    client = desk.client()
    for email, password in (("admin", "admin"), ("admin@example.com", example.PASSWORD), ("", "")):
        assert sign_in(client, Staff(email=email), password).status_code == 401
    desk.sessions.kw["bind"].dispose()


def test_c17_what_is_typed_cannot_write_lines_into_the_log(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """C17, 16.4.1: nor does an e-mail address get there at all."""
    forged = 'x@club.example\n{"event": "forged", "level": "info"}'
    assert send(desk.client(), "/console/sign-in", email=forged, password="x").status_code == 401
    desk.staff("viewer").get("/console/people/%0A%7B%22event%22%3A%22forged%22%7D")
    said = capsys.readouterr()
    assert not [line for line in (said.out + said.err).splitlines() if line.startswith('{"event": "forged"')]
    assert "x@club.example" not in said.out + said.err


def test_c17_nothing_of_the_machinery_shows(desk: Desk) -> None:
    """C17: Flask-Admin's own files and forms, listings, versions: none is there."""
    hand = desk.staff(*ROLES)
    for where in (
        "/console/static/",
        "/console/static/bootstrap/bootstrap4/css/bootstrap.min.css",
        "/admin/",
        "/console/team/action/",
        "/console/team/ajax/lookup/",
        "/login",
        "/console/login",
        "/static/",
        "/static/console/",
    ):
        assert hand.get(where).status_code in (404, 405), where
    assert "Server" not in hand.get("/console/").headers


def test_c17_an_error_inside_is_a_calm_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = desk.staff("viewer")

    def broken(*_: Any) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr("web.console.home.Home.title", broken)
    answer = hand.get("/console/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "เกิดข้อผิดพลาดในระบบ" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_open_redirects_lead_home(desk: Desk) -> None:
    """B20: where a form sends back to is a page of ours, whatever is typed."""
    hand = desk.staff("viewer")
    for back in (
        "https://evil.test/",
        "//evil.test/",
        "/console//evil.test",
        "/console/\\evil.test",
        "javascript:alert(1)",
        "/use/x",
    ):
        answer = hand.post("/console/language", {"language": "th", "back": back})
        assert answer.headers["Location"] == "/console/", back
    assert (
        hand.post("/console/language", {"language": "en", "back": "/console/me/?q=1"}).headers["Location"]
        == "/console/me/?q=1"
    )


def test_the_bot_beside_it_keeps_its_own_ways(desk: Desk) -> None:
    """The console's cookies, limits and checks do not touch the bot: no cookie on its answers, its own limit of bytes."""
    answer = desk.client().get("/healthz")
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert desk.client().get("/consoles").status_code == 404
