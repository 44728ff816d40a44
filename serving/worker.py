"""gunicorn's worker as this program is served: its process, waitress's loop in it, our bounds around both.

gunicorn starts, replaces and ends the processes and imports the program once for all of them; waitress reads requests and
writes answers in one loop a process, so that a slow client costs a connection and no thread. Measured against others in
docs/speed.md.
"""

# mypy: disable-error-code="has-type, misc"
# waitress says nothing of its types.

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.base import Worker as Base
from waitress import wasyncore
from waitress.server import TcpWSGIServer, UnixWSGIServer

from serving.about import PLACE, Serving
from serving.lanes import Lanes
from serving.loop import Loop
from serving.reading import Bounds, Channel

CONNECTIONS = 500
"""A process keeps so many open. The next takes the place of the one that has rested, or dawdled, longest."""
FILES = 4096
"""Open files a process asks the system for: connections, bodies on their way, the database."""
WRITING_SECONDS = 30
"""Without a byte taken from an answer."""
DISCARDED = 48 * 1024 * 1024
"""Bytes a second thrown away for those who are refused and go on sending: one hears why, a crowd costs no core."""
SWITCH_SECONDS = 0.001
"""After which a thread that computes lets another go on: a page that is drawn must not keep a webhook five times as long."""
TURN_SECONDS = 0.5
"""The longest the loop waits: late connections are looked for once a second."""
CLOSING_SECONDS = 2.0
"""How long an ending process still answers on connections it keeps: a request may be on its way."""


class _Bounded:
    """A waitress server whose connections are bounded."""

    channel_class = Channel
    ending = False
    left = 0

    def maintenance(self: Any, now: float) -> None:
        """Once a second: late connections are given up."""
        self.left = DISCARDED
        for channel in [channel for channel in self.active_channels.values() if channel.late(now)]:
            self._map.wake(channel._fileno)
            channel.give_up()

    def may_discard(self) -> bool:
        """Whether more may be thrown away in this second."""
        return self.left > 0

    def discarded(self, count: int) -> None:
        """So many bytes were thrown away."""
        self.left -= count

    def handle_accept(self: Any) -> None:
        """One more connection; where there are too many, in the place of another."""
        if len(self.active_channels) >= CONNECTIONS:
            resting = [channel for channel in self.active_channels.values() if not channel.requests]
            if resting:
                min(resting, key=lambda channel: channel.begun or channel.creation_time).leave()
        super().handle_accept()


class _Tcp(_Bounded, TcpWSGIServer):
    pass


class _Unix(_Bounded, UnixWSGIServer):
    pass


class Worker(Base):
    """One process."""

    servers: tuple[Any, ...] = ()

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Say which of gunicorn's settings mean nothing here."""
        for name in ("certfile", "keyfile", "accesslog"):
            if getattr(cfg, name):
                log.warning("%s has no effect: https and the access log are the proxy's", name)

    def run(self) -> None:
        """Serve until told to end, or until gunicorn's main process is gone."""
        _more_files()
        sys.setswitchinterval(SWITCH_SECONDS)
        loop = Loop()
        lanes = self._open(loop)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            loop.turn(TURN_SECONDS)
        self._end(loop)
        lanes.shutdown(1.0)

    def _open(self, loop: Loop) -> Lanes:
        about = getattr(self.wsgi, "extensions", {}).get(PLACE) or Serving()
        bounds = Bounds(
            about.signed_in, about.refusals, channel_timeout=WRITING_SECONDS, cleanup_interval=1,
            connection_limit=CONNECTIONS + 100, clear_untrusted_proxy_headers=False,
        )  # fmt: skip
        bounds.keepalive, bounds.trusted = self.cfg.keepalive, self.cfg.forwarded_allow_ips
        lanes = Lanes(self.cfg.threads, about.refusals)
        self.servers = tuple(self._server(one.sock, loop, lanes, bounds) for one in self.sockets)
        return lanes

    def _server(self, sock: Any, loop: Loop, lanes: Lanes, bounds: Bounds) -> Any:
        sock.setblocking(False)
        about = (sock.family, sock.type, sock.proto, sock.getsockname())
        kind = _Tcp if isinstance(sock.getsockname(), tuple) else _Unix
        return kind(self.wsgi, loop, True, sock, dispatcher=lanes, adj=bounds, sockinfo=about, bind_socket=False)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: end, in the loop."""
        self.alive = False
        for server in self.servers:
            server.pull_trigger()

    def _end(self, loop: Loop) -> None:
        """Answer for a moment more, closing each connection with its answer; then accept nothing, and finish what was asked."""
        for server in self.servers:
            server.ending = True
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < self.cfg.graceful_timeout:
            self.notify()
            loop.turn(0.1)
            if waited > CLOSING_SECONDS:
                self._close()
                hopeful = waited < CLOSING_SECONDS + 1
                channels = [channel for server in self.servers for channel in server.active_channels.values()]
                if not any(_works(channel, hopeful) for channel in channels):
                    break

    def _close(self) -> None:
        """Take those who wait at the port already, and close it: left there, they would hear of a broken connection."""
        for server in self.servers:
            while server.accepting:
                before = len(server.active_channels)
                server.handle_accept()
                if len(server.active_channels) == before:
                    server.accepting = False
                    wasyncore.dispatcher.close(server)


def _works(channel: Channel, hopeful: bool) -> bool:
    """Whether a request of it is being answered or its answer sent; `hopeful`: or one may be on its way."""
    coming = channel.request is not None or not channel.begun
    return bool(channel.requests or channel.total_outbufs_len or (hopeful and coming))


def _more_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        with suppress(ValueError, OSError):
            most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
