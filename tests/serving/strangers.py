"""Clients that ask too much, and a server under them."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests


def answered(port: int, raw: bytes, seconds: float = 30) -> bytes:
    """What is answered to these bytes, until the connection is closed or `seconds` are over."""
    with socket.create_connection(("127.0.0.1", port), seconds) as sock:
        sock.sendall(raw)
        return heard(sock, seconds)


def heard(sock: socket.socket, seconds: float = 30) -> bytes:
    """Everything that comes on `sock` until it is closed or `seconds` are over."""
    sock.settimeout(seconds)
    found = b""
    with suppress(OSError):
        while part := sock.recv(65536):
            found += part
    return found


def status(answer: bytes) -> int:
    """The status of an answer; 0 when there is none."""
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.") else 0


@contextmanager
def trickling(port: int, beginning: bytes, count: int) -> Iterator[None]:
    """`count` connections that sent `beginning` and go on with a byte every half second."""
    socks = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(count)]
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.5):
            for sock in socks:
                with suppress(OSError):
                    sock.send(b"a")

    for sock in socks:
        sock.sendall(beginning)
    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for sock in socks:
            sock.close()


class SignIns:
    """People who try passwords, again and again, each on a connection of their own; what they were answered."""

    def __init__(self, port: int, count: int) -> None:
        self._url, self._stop = f"http://127.0.0.1:{port}/console/sign-in", threading.Event()
        self.statuses: list[int] = []
        self.retry_after: set[str | None] = set()
        self._threads = [threading.Thread(target=self._try, args=(n,), daemon=True) for n in range(count)]

    def __enter__(self) -> SignIns:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _try(self, number: int) -> None:
        session, tries = requests.Session(), 0
        while not self._stop.is_set():
            tries += 1
            form = {"email": f"somebody{number}-{tries}@example.com", "password": "wrong password, all of them"}
            try:
                page = session.get(self._url, timeout=30)
                answer = self._sent(session, page, form) if page.ok else page
            except requests.RequestException:
                continue
            self.statuses.append(answer.status_code)
            if answer.status_code == 503:
                self.retry_after.add(answer.headers.get("Retry-After"))
                time.sleep(0.2)

    def _sent(self, session: requests.Session, page: requests.Response, form: dict[str, str]) -> requests.Response:
        form["csrf_token"] = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return session.post(self._url, form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
