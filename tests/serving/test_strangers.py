"""A4: nobody outside slows the bot. The real server, a real database, LINE's own webhooks meanwhile. Times are generous."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from serving import reading
from serving.limits import SMALL, WEBHOOK
from tests.conftest import Copies, psycopg_url
from tests.conversations.chat import CLUB, SECRET
from tests.factories import line_user_id
from tests.faults.serving import Server, _english, serving
from tests.serving.strangers import SignIns, answered, heard, status, trickling

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
HALF_A_HEADER = f"POST /callback/{CLUB} HTTP/1.1\r\nHost: x\r\nX-More: ".encode()
HALF_A_BODY = f"POST /callback/{CLUB} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode()
GENEROUS = 8.0
"""Seconds: a busy machine must not look like a slow bot. One that is stopped by strangers takes longer, or for ever."""
NOWHERE = "http://127.0.0.1:1"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server(server_url: str, copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all of them."""
    name = copies.take()
    with serving(psycopg_url(server_url, name), NOWHERE, tmp_path_factory.mktemp("serving")) as running:
        until_ready(running)
        yield running
    copies.give_back(name)


def until_ready(server: Server) -> None:
    """Wait until it can serve."""
    for _ in range(600):
        try:
            if requests.get(f"http://127.0.0.1:{server.port}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError(server.log.read_text()[-3000:])


def webhook(server: Server) -> tuple[int, float]:
    """One signed event on a connection of its own: status, seconds."""
    body = json.dumps({"destination": "U" + "0" * 32, "events": [_english(line_user_id())]}).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    begun = time.monotonic()
    answer = requests.post(server.url, data=body, headers={"x-line-signature": signature}, timeout=60)
    return answer.status_code, time.monotonic() - begun


def all_answered(server: Server, count: int = 30) -> float:
    """`count` webhooks, one after another, each 200; the seconds of the slowest."""
    found = [webhook(server) for _ in range(count)]
    assert [code for code, _ in found] == [200] * count
    return max(seconds for _, seconds in found)


def test_a4_forty_sign_ins_and_twenty_slow_connections_of_each_kind_leave_the_bot_alone(server: Server) -> None:
    """Every webhook is answered; what the sign-ins ask too much is told 503 at once, and when to return."""
    with (
        trickling(server.port, HALF_A_HEADER, 20),
        trickling(server.port, HALF_A_BODY, 20),
        SignIns(server.port, 40) as people,
    ):
        time.sleep(2)
        slowest = all_answered(server)
    assert slowest < GENEROUS, slowest
    assert set(people.statuses) <= {200, 401, 503}
    assert {401, 503} <= set(people.statuses)
    assert people.retry_after == {"5"}


def test_a4_hundreds_of_idle_connections_cost_nothing(server: Server) -> None:
    """More than the server keeps: the newest take the place of the oldest, and LINE gets in."""
    with trickling(server.port, b"", 600), trickling(server.port, HALF_A_HEADER, 600):
        assert all_answered(server) < GENEROUS


def test_a4_a_header_has_a_deadline_however_steadily_it_comes(server: Server) -> None:
    """A byte every half second for ever: 408 after ten seconds, and closed."""
    begun = time.monotonic()
    answer = _slowly(server, HALF_A_HEADER)
    assert status(answer) == 408
    assert reading.HEADER_SECONDS - 1 < time.monotonic() - begun < reading.HEADER_SECONDS + 6


def test_a4_a_body_has_a_deadline_however_steadily_it_comes(server: Server) -> None:
    """As the header; what came is not handed to the bot."""
    begun = time.monotonic()
    answer = _slowly(server, HALF_A_BODY)
    assert status(answer) == 408
    assert time.monotonic() - begun < reading.BODY_SECONDS + 6


def _slowly(server: Server, beginning: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        sock.sendall(beginning)
        for _ in range(60):
            sock.settimeout(0.5)
            try:
                if part := sock.recv(65536):
                    return part + heard(sock, 5)
                return b""
            except TimeoutError:
                sock.send(b"a")
    return b""


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/console/sign-in", SMALL),
        ("/console/second-factor", SMALL),
        ("/console/imports/new", SMALL),
        ("/console/privileges/picture", SMALL),
        ("/partner/abc", SMALL),
        ("/nowhere", SMALL),
        (f"/callback/{CLUB}", WEBHOOK),
    ],
)
def test_a4_413_before_the_body_is_read(server: Server, path: str, most: int) -> None:
    """The headers alone are enough: no byte of the body is sent, and the refusal is there at once."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + FORM
    begun = time.monotonic()
    answer = answered(server.port, head + f"Content-Length: {most + 1}\r\n\r\n".encode(), 20)
    assert status(answer) == 413
    assert time.monotonic() - begun < 5
    assert (b"16 kB" if most == SMALL else b"2 MB") in answer
    exact = answered(server.port, head + f"Content-Length: {most}\r\nConnection: close\r\n\r\n".encode() + b"a" * most)
    assert status(exact) not in (0, 413)


def test_a4_413_also_to_whoever_asks_before_sending(server: Server) -> None:
    """`Expect: 100-continue`: the sender is not told to go on."""
    head = b"POST /console/sign-in HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\n\r\n"
    assert answered(server.port, head, 20).startswith(b"HTTP/1.1 413")


def test_a4_a_body_without_a_length_is_bounded_as_it_comes(server: Server) -> None:
    """Chunks for ever: refused as soon as they are too many."""
    head = b"POST /console/sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = answered(server.port, head + (b"1000\r\n" + b"a" * 4096 + b"\r\n") * 6, 20)
    assert status(answer) == 413


def test_a4_a_sender_of_95_megabytes_reads_why_it_is_refused(server: Server) -> None:
    """Sent all at once by an ordinary client: it is told 413, not that the connection broke."""
    url = f"http://127.0.0.1:{server.port}/console/sign-in"
    answer = requests.post(url, data=b"x" * 95_000_000, timeout=60)
    assert answer.status_code == 413
    assert "ไม่เกิน 16 kB" in answer.text
    assert answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a4_headers_are_bounded(server: Server) -> None:
    """431 for headers longer than 16 kB, before they end."""
    assert status(answered(server.port, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000, 20)) == 431
