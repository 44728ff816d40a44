"""How requests are read: whole, before anybody answers them, within a size and a time. waitress does the reading.

A connection costs no thread until its request is complete. What is late or too large is told so and closed.
"""

# mypy: disable-error-code="has-type, misc"
# waitress says nothing of its types.

from __future__ import annotations

import copy
import socket
from contextlib import suppress
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import RequestEntityTooLarge

from serving import limits

FIRST_BYTE_SECONDS = 20
"""For a new connection to say anything."""
HEADER_SECONDS = 10
"""From a request's first byte to the end of its headers."""
BODY_SECONDS = 10
BODY_RATE = 16 * 1024
"""Bytes a second a body must come at, after so many seconds to begin with."""
LINGER_SECONDS = 2
"""How long what is still sent is thrown away after a refusal: closed at once, the sender would hear of a broken connection,
and never read why."""
READ_BYTES = 64 * 1024


class Parser(HTTPRequestParser):
    """One request as it comes. Its path decides how large it may be, as soon as the headers are there."""

    signed_in = False
    """Whether it carries a cookie we gave to somebody who had signed in."""

    def parse_header(self, header_plus: bytes) -> None:
        """waitress's reading of the headers; then the limit for the body. Raises its `ParsingError`."""
        super().parse_header(header_plus)
        if limits.in_console(self.path):
            self.signed_in = self.adj.signed_in(self.headers.get("COOKIE", ""))
        largest = limits.largest_body(self.path, self.headers.get("CONTENT_TYPE", ""), lambda: self.signed_in)
        self.adj = self.adj.up_to(largest)

    def received(self, data: bytes) -> int:
        """Takes what came; how much of it belongs to this request."""
        taken = int(super().received(data))
        if self.error is not None:
            self.expect_continue = False  # else the sender would be asked for the body it is refused for
            if isinstance(self.error, RequestEntityTooLarge):
                self.error = self.adj.refusals.large(self.path, self.adj.max_request_body_size - 1)
        return taken


class Bounds(Adjustments):
    """waitress's settings, with what a request's limit depends on."""

    def __init__(self, signed_in: Any, refusals: Any, **settings: Any) -> None:
        super().__init__(max_request_header_size=limits.HEADERS, recv_bytes=READ_BYTES, ident=None, **settings)
        self.signed_in, self.refusals = signed_in, refusals
        self._sized: dict[int, Bounds] = {}

    def up_to(self, largest: int) -> Bounds:
        """The same settings for bodies of at most `largest` bytes."""
        if largest not in self._sized:
            other = copy.copy(self)
            other.max_request_body_size = largest + 1  # waitress refuses what reaches it
            self._sized[largest] = other
        return self._sized[largest]


class Answer(WSGITask):
    """A request answered by the program. A server that is ending says so to its kept connections."""

    def build_response_header(self) -> bytes:
        """As waitress builds it; `Connection: close` when this server is about to end."""
        if self.channel.server.ending and self.version == "1.1":
            self.set_close_on_finish()
        return bytes(super().build_response_header())

    def get_environment(self) -> dict[str, Any]:
        """As waitress makes it; https where a proxy we trust says so."""
        if self.environ is None:
            environ = super().get_environment()
            trusted = self.channel.adj.trusted
            if ("*" in trusted or environ["REMOTE_ADDR"] in (*trusted, "localhost")) and (
                environ.get("HTTP_X_FORWARDED_PROTO") == "https"
            ):
                environ["wsgi.url_scheme"] = "https"
            self.environ = environ
        found: dict[str, Any] = self.environ
        return found


class Channel(HTTPChannel):
    """One connection. `last_activity`, `creation_time` and `now` are seconds of the system's clock, as waitress keeps them."""

    parser_class = Parser
    task_class = Answer
    error_task_class = ErrorTask
    begun = 0.0
    """When the request that is being read began."""
    lingering = 0.0
    """Since when what comes is thrown away; 0: it is not."""
    refused = False
    """Set when it is told that it asks too much; what it still sends is not read any more."""

    def received(self, data: bytes) -> bool:
        """Takes what came, and notes when a new request begins with it."""
        before = self.request
        if before is None:
            self.begun = self.last_activity
        taken = bool(super().received(data))
        if self.request is not None and self.request is not before:
            self.begun = self.last_activity
        return taken

    def late(self, now: float) -> bool:
        """Whether this connection has kept us waiting too long."""
        request = self.request
        if self.requests:
            return False
        if self.lingering:
            return now - self.lingering > LINGER_SECONDS
        if self.total_outbufs_len:
            return now - self.last_activity > self.adj.channel_timeout
        if request is None:
            kept = self.adj.keepalive if self.begun else FIRST_BYTE_SECONDS
            return now - self.last_activity > kept
        if not request.headers_finished:
            return now - self.begun > HEADER_SECONDS
        return now - self.begun > BODY_SECONDS + request.body_bytes_received / BODY_RATE

    def rests(self) -> bool:
        """Whether it can only be woken by a byte from outside: nothing is answered, sent or thrown away."""
        return not (
            self.requests or self.total_outbufs_len or self.will_close or self.close_when_flushed or self.lingering
        )

    def give_up(self) -> None:
        """Answer 408 to a request that does not come to its end; close what asked nothing."""
        with self.requests_lock:
            late, self.request = self.request, None
            if late is not None and not self.lingering:
                late.error, late.completed = self.adj.refusals.late, True
                self.requests.append(late)
                self.server.add_task(self)
                return
        self.leave()

    def readable(self) -> bool:
        """Also while what comes is thrown away, as far as this process has time for that."""
        return self.server.may_discard() if self.lingering else bool(super().readable())

    def writable(self) -> bool:
        """Not while only reading is left."""
        return not self.lingering and bool(super().writable())

    def handle_read(self) -> None:
        """Reads, or throws away."""
        if not self.lingering:
            super().handle_read()
            return
        with suppress(OSError):
            self.server.discarded(len(self.recv(READ_BYTES)))  # closes at the end

    def handle_close(self) -> None:
        """Closes; after a refusal only our half, until the other side has read it or `LINGER_SECONDS` are over."""
        if self.refused and not self.lingering and self.connected:
            with suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                self.lingering, self.will_close = self.last_activity, False
                return
        self.leave()

    def leave(self) -> None:
        """Closes at once."""
        super().handle_close()
