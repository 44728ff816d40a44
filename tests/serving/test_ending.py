"""G10: told to end under load, the server answers everybody who got through to it, and is gone within ten seconds."""

from __future__ import annotations

import signal
import socket
import threading
import time

import pytest

from tests.conftest import Copies, psycopg_url
from tests.faults.serving import serving
from tests.serving.strangers import heard, status
from tests.serving.test_strangers import until_ready

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CLIENTS = 8


class Callers:
    """Clients that connect, ask and hear, again and again, until nobody listens any more."""

    def __init__(self, port: int, kept: bool) -> None:
        self._port, self._kept = port, kept
        self.statuses: list[int] = []
        self.broken: list[str] = []
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def done(self) -> None:
        """Wait for all of them."""
        for thread in self._threads:
            thread.join(30)

    def _call(self) -> None:
        while True:
            try:
                sock = socket.create_connection(("127.0.0.1", self._port), 10)
            except OSError:
                return
            with sock:
                while self._asked(sock) and self._kept:
                    time.sleep(0.002)

    def _asked(self, sock: socket.socket) -> bool:
        """One request; whether the connection goes on."""
        try:
            sock.sendall(REQUEST)
            answer = sock.recv(65536)
            while answer and b"}" not in answer:
                answer += sock.recv(65536)
        except OSError as error:
            self.broken.append(repr(error))
            return False
        self.statuses.append(status(answer))
        return bool(answer) and b"connection: close" not in answer.lower()


@pytest.mark.slow
@pytest.mark.parametrize("kept", [False, True], ids=["connections of their own", "kept connections"])
def test_g10_sigterm_under_load_breaks_no_connection(
    server_url: str, copies: Copies, tmp_path_factory: pytest.TempPathFactory, kept: bool
) -> None:
    """Whoever was let in is answered; a slow client, which never ends its request, keeps nobody."""
    name = copies.take()
    with serving(psycopg_url(server_url, name), "http://127.0.0.1:1", tmp_path_factory.mktemp("ending")) as server:
        until_ready(server)
        with socket.create_connection(("127.0.0.1", server.port), 10) as slow:
            slow.sendall(REQUEST[:-2])
            callers = Callers(server.port, kept)
            time.sleep(0.5)
            begun = time.monotonic()
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            callers.done()
            server.process.wait(30)
            assert time.monotonic() - begun < 10
            heard(slow, 1)
    copies.give_back(name)
    assert callers.broken == []
    assert set(callers.statuses) <= {0, 200}
    assert callers.statuses.count(0) <= (2 if kept else 0), "closed at rest, as any kept connection may be: rare"
    assert len(callers.statuses) > CLIENTS
