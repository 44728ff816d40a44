"""What watchers are told as it happens: one queue per open event stream, dropped rather than allowed to slow anyone."""

from __future__ import annotations

import asyncio
from typing import Any

_BACKLOG = 2000


class Stream:
    """Publishes to every open page. A page that stopped reading is cut off and loads everything again."""

    def __init__(self) -> None:
        self.readers: set[asyncio.Queue[dict[str, Any] | None]] = set()

    @property
    def watched(self) -> bool:
        """Whether anybody listens; saves building what nobody reads."""
        return bool(self.readers)

    def publish(self, kind: str, **fields: Any) -> None:
        """Tells every reader `{"kind": kind, ...}`."""
        if not self.readers:
            return
        item = {"kind": kind, **fields}
        for queue in list(self.readers):
            if queue.qsize() >= _BACKLOG:
                self.readers.discard(queue)
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(None)
            else:
                queue.put_nowait(item)

    def open(self) -> asyncio.Queue[dict[str, Any] | None]:
        """A new reader's queue; `None` in it means: close."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.readers.add(queue)
        return queue

    def close(self, queue: asyncio.Queue[dict[str, Any] | None]) -> None:
        """Forgets a reader."""
        self.readers.discard(queue)

    def close_all(self) -> None:
        """Ends every stream."""
        for queue in list(self.readers):
            queue.put_nowait(None)
        self.readers.clear()
