"""What stands before several web hosts: takes a connection, hands it to the first host that takes it in half a second."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Sequence

PATIENCE = 0.5


class Balancer:
    """A TCP balancer in a thread. It knows nothing of HTTP: an answer that never comes is LINE's to notice."""

    def __init__(self, address: str, port: int, backends: Sequence[tuple[str, int]]) -> None:
        self.address, self.port, self.backends = address, port, list(backends)
        self.handed: dict[str, int] = dict.fromkeys((host for host, _ in backends), 0)
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="balancer", daemon=True)
        self._ready = threading.Event()

    def start(self) -> None:
        """Open the port."""
        self._thread.start()
        if not self._ready.wait(10):
            raise OSError(f"{self.address}:{self.port} can't be opened")

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._take, self.address, self.port, backlog=1024)
        self._ready.set()
        await server.serve_forever()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            found = await self._backend()
            if found is None:
                return
            there, back = found
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        finally:
            writer.close()

    async def _backend(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        for n in range(len(self.backends)):
            host, port = self.backends[(self._turn + n) % len(self.backends)]
            with contextlib.suppress(OSError, TimeoutError):
                found = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
                self.handed[host] += 1
                return found
        return None


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            target.write(chunk)
            await target.drain()
    with contextlib.suppress(OSError, RuntimeError):
        target.close()
