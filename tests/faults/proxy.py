"""A TCP proxy in front of PostgreSQL that harms the connection on purpose, above all between COMMIT and its reply.

It listens on 127.0.0.1 and passes everything to the server's Unix socket or port. What it does besides is set on its
`toxics` at any moment and holds for every connection, open ones included.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

COMMIT_SENT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
COMMIT_BOUND = b"B\x00\x00\x00\x14\x00commit\x00\x00\x00\x00\x00\x00\x01\x00\x00"
"""The same as the last of several statements of one round trip: the prepared COMMIT is bound."""
COMMIT_DONE = b"C\x00\x00\x00\x0bCOMMIT\x00"
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a reset: nothing unsent is sent."""


class Cut(Exception):
    """This connection ends here, in both directions."""


@dataclass
class Toxics:
    """What is done to the traffic. Numbers of cuts count down to zero as they are made."""

    cut_at_commit: int = 0
    """So many replies to COMMIT are swallowed: the server has committed, the client never hears of it."""
    cut_before_commit: int = 0
    """So many COMMITs never reach the server: to the client it looks the same."""
    cut_after_up: int | None = None
    """Bytes to the server that still pass, whichever connection they are of; none: no limit."""
    cut_after_down: int | None = None
    """Bytes to the client that still pass."""
    delay: float = 0.0
    """Seconds by which everything is late."""
    hang: bool = False
    """Nothing passes, and nothing is closed, until it is taken back."""


class Proxy:
    """A proxy for the PostgreSQL server of `url`, on a thread and a port of its own; `with Proxy(url) as proxy`."""

    def __init__(self, url: str) -> None:
        self._server = {key: str(value) for key, value in conninfo_to_dict(url).items()}
        self.toxics = Toxics()
        self.cuts = 0
        self._loop = asyncio.new_event_loop()
        self._ready: Future[int] = Future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._port = self._ready.result(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """The same database, by way of this proxy. Unencrypted, so that it can be read along."""
        name, who = quote(self._server["dbname"]), quote(self._server.get("user", ""))
        secret = f":{quote(self._server['password'])}" if "password" in self._server else ""
        return f"postgresql://{who}{secret}@127.0.0.1:{self._port}/{name}?sslmode=disable&gssencmode=disable"

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._end.wait()
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._server.get("host", "127.0.0.1"), self._server.get("port", "5432")
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        ends = [writer]
        try:
            from_server, to_server = await self._connect()
            ends.append(to_server)
            ways = [asyncio.create_task(way) for way in (self._up(reader, to_server), self._down(from_server, writer))]
            done, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            if any(isinstance(way.exception(), Cut) for way in done):
                self.cuts += 1
        except OSError:
            pass  # the server is away: so are we
        finally:
            for end in ends:
                end.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = b""
        while data := await reader.read(65536):
            before = passed[1 - len(COMMIT_BOUND) :]  # it may arrive in two pieces
            commits = data.endswith(COMMIT_SENT) or COMMIT_BOUND in before + data
            if self.toxics.cut_before_commit and commits:
                self.toxics.cut_before_commit -= 1
                raise Cut
            await self._pass(data, writer, "cut_after_up")
            passed = before + data

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whole messages (a letter, a length, a body), so that the reply to COMMIT is never taken for data."""
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                message = head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                if self.toxics.cut_at_commit and message == COMMIT_DONE:
                    self.toxics.cut_at_commit -= 1
                    raise Cut
                await self._pass(message, writer, "cut_after_down")

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter, limit: str) -> None:
        while self.toxics.hang:
            await asyncio.sleep(0.01)
        if self.toxics.delay:
            await asyncio.sleep(self.toxics.delay)
        left = getattr(self.toxics, limit)
        if left is not None:
            setattr(self.toxics, limit, left - len(data) if left > len(data) else None)
            if left <= len(data):
                writer.write(data[:left])
                raise Cut
        writer.write(data)
        await writer.drain()
