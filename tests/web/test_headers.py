"""What every response says to browsers (C13), on every route there is, and what none of them shows (C17)."""

from __future__ import annotations

import re

import pytest
from flask import Flask, abort

from settings import Settings
from tests.web.conftest import House
from web import headers
from web.member.assets import FOLDER

WEB = FOLDER.parent


def addresses(house: House) -> list[str]:
    """One address for every GET route, with a token of a running use, and some that lead nowhere."""
    values = {"token": house.use("qr").token, "name": "pages.css", "weight": "Regular"}
    rules = [rule for rule in house.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    found = [re.sub(r"<(?:\w+:)?(\w+)>", lambda match: values[match[1]], rule.rule) for rule in rules]
    return [*found, "/nowhere", "/.git/config", "/static/", "/use/forged", "/static/../app.py"]


@pytest.mark.parametrize("which", ["house", "production"])
def test_c13_every_route_answers_with_its_security_headers(request: pytest.FixtureRequest, which: str) -> None:
    house: House = request.getfixturevalue(which)
    for address in addresses(house):
        for method in ("get", "post"):
            answer = getattr(house.client, method)(address)
            assert answer.status_code < 500, address
            said = answer.headers
            assert said["X-Content-Type-Options"] == "nosniff", address
            assert said["Referrer-Policy"] in ("no-referrer", "same-origin"), address
            assert "Cache-Control" in said
            policy = said["Content-Security-Policy"]
            for part in (
                "default-src 'none'",
                "script-src 'self';",
                "style-src 'self';",
                "base-uri 'none'",
                "form-action 'self'",
            ):
                assert part in policy
            assert "unsafe" not in policy
            assert "Set-Cookie" not in said
            assert ("Strict-Transport-Security" in said) == (which == "production")


def test_c13_framed_by_nobody_in_production_and_by_this_machine_in_the_demo(house: House, production: House) -> None:
    shown = house.client.get("/healthz").headers["Content-Security-Policy"]
    assert shown.endswith("frame-ancestors 'self' http://127.0.0.1:* http://localhost:*")
    public = production.client.get("/healthz").headers
    assert public["Content-Security-Policy"].endswith("frame-ancestors 'self'")
    assert public["X-Frame-Options"] == "SAMEORIGIN"


def test_c13_pages_of_a_claim_are_kept_by_nobody_and_tell_no_other_site_where_they_were(house: House) -> None:
    token = house.use("qr").token
    for address, policy in (("use", "no-referrer"), ("partner", "same-origin")):
        said = house.client.get(f"/{address}/{token}").headers
        assert (said["Cache-Control"], said["Referrer-Policy"]) == ("no-store", policy)


def test_c17_an_error_shows_no_trace_and_has_the_headers_too(settings: Settings) -> None:
    app = Flask("broken", static_folder=None)
    headers.protect(app, settings)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the secret reason")

    @app.get("/gone")
    def gone() -> str:
        abort(410)

    for address, status in (("/broken", 500), ("/gone", 410)):
        answer = app.test_client().get(address)
        assert answer.status_code == status
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_c17_the_demos_clock_is_not_there_in_production(production: House) -> None:
    assert production.client.post("/_demo/clock", json={"now": "2030-01-01T00:00:00Z"}).status_code == 404


def test_no_page_asks_another_site_for_anything() -> None:
    ours = (*WEB.rglob("*.html"), *WEB.rglob("*.css"), *WEB.rglob("*.js"))
    for file in (file for file in ours if "node_modules" not in file.parts):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", text), file
        assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text), file


def test_style_and_type_are_served_and_kept(house: House) -> None:
    page = house.use("qr").page()
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = house.client.get(address)
        assert answer.status_code == 200
        assert "max-age=31536000" in answer.headers["Cache-Control"]
    for address in re.findall(r'url\("(/static/fonts/[^"]+)"\)', (FOLDER / "pages.css").read_text(encoding="utf-8")):
        font = house.client.get(address)
        assert (font.status_code, font.content_type) == (200, "font/ttf")
