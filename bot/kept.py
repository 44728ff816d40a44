"""Connections that stay open, on Python's `http.client`: for the call that is made for every turn, half of urllib3's cost."""

from __future__ import annotations

import http.client
import select
import time
from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

CONNECTING = 3
"""Tries to connect: then surely nothing was sent, so trying again is safe."""
REST = 30.0
"""Seconds a connection is kept unused. What lies between us and LINE forgets idle ones without a word, and a call over a
forgotten one is never heard of again."""


class Unreached(Exception):
    """No connection came about: surely nothing was sent."""


class Lost(Exception):
    """The connection broke, or nothing came in time, once something may have been sent: it may or may not have been done."""


class Kept:
    """Calls to one address. A connection that the other side closed while it rested is noticed before it is used; once
    it is used, nothing is ever sent a second time.
    """

    def __init__(self, url: str, rest: float = REST) -> None:
        self._url, self._rest = urlsplit(url), rest
        self._resting: deque[tuple[http.client.HTTPConnection, float]] = deque()
        """With the moment (monotonic) since which each is unused."""

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str], timeout: tuple[float, float]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers (their names in small letters) and body of the answer. `timeout`: seconds to connect and to
        read. Raises `Unreached` or `Lost`."""
        connection = self._standing() or self._connected(timeout)
        try:
            connection.request("POST", self._url.path.rstrip("/") + path, body, dict(headers))
            answer = connection.getresponse()
            if answer.status < 200:  # the answer itself is still to come, and would be taken for the next call's
                raise http.client.HTTPException(answer.status)
            data = answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Lost(type(error).__name__) from error
        if connection.sock is not None:
            self._resting.append((connection, time.monotonic()))
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, data

    def _standing(self) -> http.client.HTTPConnection | None:
        while self._resting:
            try:
                connection, since = self._resting.pop()
            except IndexError:  # another thread was quicker
                return None
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            fresh = time.monotonic() - since < self._rest
            if fresh and not poll.poll(0):  # something to read where nothing was asked is its end
                return connection
            connection.close()
        return None

    def _connected(self, timeout: tuple[float, float]) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=timeout[0])
        for left in reversed(range(CONNECTING)):
            try:
                connection.connect()
                connection.sock.settimeout(timeout[1])
                return connection
            except OSError as error:  # a failed handshake of TLS is one, too
                connection.close()
                if not left:
                    raise Unreached(type(error).__name__) from error
        raise AssertionError
