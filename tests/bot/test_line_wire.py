"""LINE's calls as they go over the wire: which headers they carry (D14), and connections that were closed meanwhile."""

from __future__ import annotations

import inspect
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.kept import CONNECTING, Kept
from bot.line import Line, NotSent, Unknown

HELLO = [{"type": "text", "text": "hello"}]


class Listener(ThreadingHTTPServer):
    """Keeps what its handlers write down."""

    calls: list[tuple[str, str, str | None]]


class Recorder(BaseHTTPRequestHandler):
    """Writes down each call's method, path and retry key; answers what every call of ours can read."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        """Answers any call."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.calls.append((self.command, self.path, self.headers.get("X-Line-Retry-Key")))
        body = b'{"richMenuId": "r", "richmenus": [], "aliases": [], "totalUsage": 0, "type": "none", "endpoint": "x"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Closing(Recorder):
    """Closes each connection after its answer without having said so: the caller believes that it may be used again."""

    def handle_one_request(self) -> None:
        """One call, and no more."""
        super().handle_one_request()
        self.close_connection = True


class Opening(Recorder):
    """Writes down each new connection, too."""

    def setup(self) -> None:
        """A connection has come."""
        super().setup()
        self.server.calls.append(("opened", "", None))


@contextmanager
def listening(kind: type[Recorder]) -> Iterator[tuple[Line, list[tuple[str, str, str | None]]]]:
    """Our calls to such a server, and what it has written down."""
    with Listener(("127.0.0.1", 0), kind) as server:
        calls: list[tuple[str, str, str | None]] = []
        server.calls = calls
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Line("t" * 32, url, url), calls
        server.shutdown()


def _call_everything(line: Line) -> None:
    line.reply("token", HELLO)
    line.validate_reply(HELLO)
    for ask in (line.profile, line.delete_menu, line.set_default_menu, line.delete_alias):
        ask("x")
    for question in (line.bot_info, line.time, line.quota, line.webhook, line.test_webhook, line.menus):
        question()
    line.default_menu()
    line.aliases()
    line.set_webhook("https://club.example")
    line.create_menu({})
    line.validate_menu({})
    line.upload_menu_image("x", b"png", "image/png")
    for pair in (line.create_alias, line.update_alias, line.link_menu):
        pair("x", "y")
    line.link_menu_bulk(["x"], "y")
    line.show_loading("x", 5)
    line.validate_multicast(HELLO)
    line.unit_figures("offer_1", date(2026, 11, 1), date(2026, 11, 2))


def test_d14_only_what_is_pushed_carries_a_retry_key() -> None:
    """D14: on reply and everywhere else LINE answers 400 to one; every method is tried, so a new one is, too."""
    ours = {name for name in vars(Line) if not name.startswith("_") and callable(getattr(Line, name))}
    ours -= {"push", "multicast"}
    assert {name for name in ours if f"line.{name}" not in inspect.getsource(_call_everything)} == set()
    key = uuid.uuid4()
    with listening(Recorder) as (line, calls):
        _call_everything(line)
        assert len(calls) > 20
        assert {retry_key for _, _, retry_key in calls} == {None}
        line.push("U", HELLO, key)
        assert calls[-1] == ("POST", "/v2/bot/message/push", str(key))
        line.multicast(["U"], HELLO, key, "offer_1")
        assert calls[-1] == ("POST", "/v2/bot/message/multicast", str(key))


def test_a_connection_that_line_closed_meanwhile_is_made_anew() -> None:
    """An idle connection closed by the other side costs no reply: that is noticed before it is used."""
    with listening(Closing) as (line, calls):
        for _ in range(5):
            line.reply("token", HELLO)
            time.sleep(0.05)  # the end of the connection takes a moment to arrive, as it does from LINE
        assert len(calls) == 5


def test_a_connection_that_rested_too_long_is_not_used_again() -> None:
    """A connection that was forgotten on the way swallows a reply, and a reply is never said twice (D9)."""
    for rest, opened in ((30.0, 1), (0.0, 3)):
        with listening(Opening) as (line, calls):
            kept = Kept(line.api_url, rest)
            assert [kept.post("/v2/bot/message/reply", b"{}", {}, (1, 1))[0] for _ in range(3)] == [200, 200, 200]
            assert [command for command, _, _ in calls].count("opened") == opened


def line_at(server: socket.socket) -> Line:
    """Our calls to whoever listens there."""
    url = f"http://127.0.0.1:{server.getsockname()[1]}"
    return Line("t" * 32, url, url)


def whole(peer: socket.socket) -> bytes:
    """One call to its end."""
    got = b""
    while not got.endswith(b"]}"):
        got += peer.recv(65536)
    return got


def test_d9_a_connection_that_ends_while_it_is_used_is_unknown_and_nothing_is_said_twice() -> None:
    """Its end was not to be seen before the reply left: LINE may have read it, so nobody says it again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = line_at(server)
        said: list[bytes] = []

        def answer_once_and_hang_up_at_the_second() -> None:
            peer, _ = server.accept()
            with peer:
                said.append(whole(peer))
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                said.append(whole(peer))

        hanging_up = threading.Thread(target=answer_once_and_hang_up_at_the_second)
        hanging_up.start()
        line.reply("first", HELLO)
        with pytest.raises(Unknown):
            line.reply("second", HELLO)
        hanging_up.join(5)
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert len(said) == 2


def test_d12_a_failed_handshake_sent_nothing() -> None:
    """D12: TLS did not come about, so LINE surely read no reply: it is tried again, not given up as unknown."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        read: list[bytes] = []

        def speak_no_tls() -> None:
            for _ in range(CONNECTING):
                peer, _ = server.accept()
                with peer:
                    read.append(peer.recv(65536))
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        speaking = threading.Thread(target=speak_no_tls)
        speaking.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(NotSent):
            Line("t" * 32, url, url).reply("token", HELLO)
        speaking.join(5)
    assert len(read) == CONNECTING
    assert not any(b"token" in said for said in read)


def test_d9_a_word_ahead_of_the_answer_is_not_the_answer() -> None:
    """D9: an answer of the 100s says nothing of the reply, and the real one must not be taken for the next reply's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = line_at(server)

        def hint_and_refuse() -> None:
            for _ in range(2):
                peer, _ = server.accept()
                with peer:
                    whole(peer)
                    peer.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}")

        hinting = threading.Thread(target=hint_and_refuse)
        hinting.start()
        for token in ("first", "second"):
            with pytest.raises(Unknown):
                line.reply(token, HELLO)
        hinting.join(5)


@pytest.mark.parametrize("status", [b"302 Found\r\nLocation: /elsewhere", b"200 OK"])
def test_d9_an_answer_that_is_not_lines_is_unknown(status: bytes) -> None:
    """Somebody between us and LINE answered: whether LINE ever heard it, nobody knows; and nobody is followed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = line_at(server)

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                whole(peer)
                peer.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(Unknown):
            line.reply("token", HELLO)
        answering.join(5)
