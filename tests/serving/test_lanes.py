"""Which threads answer what, how large a request may be, and who counts as signed in. No server."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask

from app import create_app
from serving import lanes, limits
from serving.refusals import Refusals
from settings import read_settings
from tests.conversations.chat import CLUB
from web import console


@pytest.mark.parametrize(
    ("method", "path", "signed_in", "lane"),
    [
        ("POST", f"/callback/{CLUB}", False, lanes.WEBHOOK),
        ("GET", f"/callback/{CLUB}", False, lanes.WEBHOOK),
        ("GET", "/healthz", False, lanes.HEALTH),
        ("GET", "/readyz", False, lanes.HEALTH),
        ("GET", "/partner/abc", False, lanes.PAGES),
        ("POST", "/partner/abc", False, lanes.PIN),
        ("GET", "/media/pictures/coffee.jpg", False, lanes.PAGES),
        ("GET", "/o/abc", False, lanes.PAGES),
        ("GET", "/consolex", True, lanes.PAGES),
        ("GET", "/console", False, lanes.STRANGERS),
        ("GET", "/console/sign-in", False, lanes.STRANGERS),
        ("POST", "/console/sign-in", False, lanes.SIGN_IN),
        ("POST", "/console/sign-in", True, lanes.SIGN_IN),
        ("POST", "/console/second-factor", True, lanes.SIGN_IN),
        ("GET", "/console/accounts/export.csv", True, lanes.CONSOLE),
        ("POST", "/console/imports/new", False, lanes.STRANGERS),
        ("POST", "/console/imports/new", True, lanes.CONSOLE),
    ],
)
def test_a4_each_kind_of_request_has_threads_of_its_own(
    method: str, path: str, signed_in: bool, lane: lanes.Lane
) -> None:
    """What strangers can ask for never waits, or makes wait, in the lane of LINE's events or of colleagues at work."""
    assert lanes.lane_of(method, path, signed_in) == lane


@pytest.mark.parametrize(
    ("path", "kind", "signed_in", "most"),
    [
        (f"/callback/{CLUB}", "application/json", False, limits.WEBHOOK),
        ("/console/imports/new", "multipart/form-data; boundary=x", True, limits.UPLOAD),
        ("/console/imports/new", "Multipart/Form-Data; boundary=x", True, limits.UPLOAD),
        ("/console/imports/new", "multipart/form-data; boundary=x", False, limits.SMALL),
        ("/console/offers/1/write", "application/x-www-form-urlencoded", True, limits.FORM),
        ("/console/sign-in", "multipart/form-data; boundary=x", True, limits.SMALL),
        ("/partner/abc", "multipart/form-data; boundary=x", True, limits.SMALL),
    ],
)
def test_a4_each_route_has_its_own_limit(path: str, kind: str, signed_in: bool, most: int) -> None:
    """Files are for those who have signed in; nobody else sends more than a form."""
    assert limits.largest_body(path, kind, lambda: signed_in) == most


def test_a4_the_webhook_takes_as_much_here_as_in_the_bot() -> None:
    """Two rooms that may not import each other name the same number."""
    from bot.webhook import LARGEST

    assert limits.WEBHOOK == LARGEST


@pytest.fixture
def console_app() -> Flask:
    """The console's application; its database is never asked."""
    environ = {"SITTHI_ENV": "test", "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    found: Flask = create_app(read_settings(environ, (CLUB,))).extensions["console"]
    return found


def test_a4_a_cookie_of_a_sign_in_is_known_by_its_signature(console_app: Flask) -> None:
    """Ours with a token counts; ours without, another key's, a changed one and none do not."""
    signer = console_app.session_interface.get_signing_serializer(console_app)  # type: ignore[attr-defined]
    name = console_app.config["SESSION_COOKIE_NAME"]
    good = f"a=b; {name}={signer.dumps({'token': 'x' * 43})}; c=d"
    assert console.signed_in(console_app, good)
    assert not console.signed_in(console_app, f"{name}={signer.dumps({'csrf_token': 'x'})}")
    assert not console.signed_in(console_app, good.replace(f"{name}=", f"{name}=x"))
    assert not console.signed_in(console_app, f"{name}=nonsense")
    assert not console.signed_in(console_app, "")


def test_a4_a_refusal_says_what_where_and_when_to_return() -> None:
    """A line for programs, a page for people, each made once."""
    found = Refusals(lambda what, staff, size: f"<p>{what} {staff} {size}</p>", {"X-Kind": "ours"})
    status, headers, body = found.busy("/console/sign-in").to_response()
    assert status == "503 Service Unavailable"
    assert ("Retry-After", "5") in headers
    assert ("X-Kind", "ours") in headers
    assert body == b"<p>busy True </p>"
    assert found.busy("/console/sign-in") is found.busy("/console/me")
    assert found.busy(f"/callback/{CLUB}").to_response()[2] == b"too many at once, try again\n"
    assert found.large("/partner/x", limits.SMALL).to_response()[2] == b"<p>large False 16 kB</p>"


class _Request:
    """As much of a request as a lane looks at."""

    error = None
    signed_in = False

    def __init__(self, command: str, path: str) -> None:
        self.command, self.path = command, path


class _Channel:
    """A connection with one request, answered when it is let go on."""

    refused = False

    def __init__(self, command: str, path: str, until: threading.Event) -> None:
        self.requests, self._until, self.answered = [_Request(command, path)], until, threading.Event()

    def service(self) -> None:
        """The work."""
        if self.requests[0].error is None:
            self._until.wait(10)
        self.answered.set()


def test_a4_what_strangers_ask_for_gives_way_while_the_bot_is_at_work() -> None:
    """With nearly all of its threads busy, passwords and PINs are refused, members' pages are not; afterwards they go on."""
    go_on = threading.Event()
    found = lanes.Lanes(4, Refusals())
    hooks = [_Channel("POST", f"/callback/{CLUB}", go_on) for _ in range(3)]
    try:
        for hook in hooks:
            found.add_task(hook)
        for method, path, refused in (
            ("POST", "/console/sign-in", True),
            ("POST", "/partner/abc", True),
            ("GET", "/console/sign-in", True),
            ("GET", "/partner/abc", False),
            ("GET", "/readyz", False),
        ):
            one = _Channel(method, path, go_on)
            found.add_task(one)
            assert one.refused is refused, path
        go_on.set()
        assert all(hook.answered.wait(10) for hook in hooks)
        later = _Channel("POST", "/console/sign-in", go_on)
        for _ in range(100):
            later = _Channel("POST", "/console/sign-in", go_on)
            found.add_task(later)
            if not later.refused:
                break
            time.sleep(0.05)
        assert not later.refused
    finally:
        go_on.set()
        found.shutdown(1)


def test_a4_a_full_queue_is_refused_at_once() -> None:
    """One is judged, eight wait, the tenth is told 503; the other lanes do not notice."""
    go_on = threading.Event()
    found = lanes.Lanes(4, Refusals())
    try:
        people = [_Channel("POST", "/console/sign-in", go_on) for _ in range(12)]
        for one in people:
            found.add_task(one)
            time.sleep(0.01)
        assert [one.refused for one in people].count(False) == lanes.SIGN_IN.threads + lanes.SIGN_IN.waiting
        page = _Channel("GET", "/use/abc", go_on)
        found.add_task(page)
        assert not page.refused
    finally:
        go_on.set()
        found.shutdown(1)
