"""The record of every call and webhook: time, status, bodies and what it cost. A ring: old items fall off."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

from simulator.clock import iso
from simulator.stream import Stream

#: How many items are kept, how much of a body is kept (bytes) and shown (characters).
KEPT = 20_000
KEPT_BYTES = 40_000
SHOWN = 20_000


class Item:
    """One exchange. Bodies stay as they came and are read as JSON only when shown."""

    __slots__ = (
        "at",
        "direction",
        "method",
        "ms",
        "n",
        "note",
        "path",
        "quota",
        "request",
        "request_id",
        "response",
        "status",
    )

    def __init__(self, n: int, at: float, direction: str, method: str, path: str) -> None:
        """`direction`: in (the bot called LINE) or out (a webhook went to the bot); `at`: seconds since 1970."""
        self.n = n
        self.at = at
        self.direction = direction
        self.method = method
        self.path = path
        self.status: int | None = None
        self.ms = 0.0
        self.request: bytes = b""
        self.response: Any = b""
        self.quota = 0
        self.request_id: str | None = None
        self.note: str | None = None

    def json(self) -> dict[str, Any]:
        """The item as the page and tests read it."""
        return {
            "n": self.n,
            "at": iso(self.at),
            "direction": self.direction,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "ms": round(self.ms, 1),
            "request": shown(self.request),
            "response": shown(self.response),
            "quota": self.quota,
            "request_id": self.request_id,
            "note": self.note,
        }


def kept(body: bytes) -> bytes:
    """What is remembered of a body: its beginning, or for what is no text, its size."""
    if b"\0" in body[:1024]:
        return f"({len(body)} bytes)".encode()
    return body[:KEPT_BYTES]


def shown(body: Any) -> Any:
    """A body for display: JSON where it is JSON, else text, cut at 20 kB."""
    if not isinstance(body, bytes):
        return body
    if not body:
        return None
    text = body.decode("utf-8", "replace")
    if len(text) > SHOWN:
        return text[:SHOWN] + "…"
    try:
        return json.loads(text)
    except ValueError:
        return text


class Traffic:
    """Keeps and publishes items."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.items: deque[Item] = deque(maxlen=KEPT)
        self.count = 0

    def start(self, at: float, direction: str, method: str, path: str) -> Item:
        """A new item, not yet recorded; it gets its number when it is."""
        return Item(0, at, direction, method, path)

    def record(self, item: Item) -> None:
        """Keeps a finished item and tells the watchers."""
        self.count += 1
        item.n = self.count
        item.request = kept(item.request)
        self.items.append(item)
        if self.stream.watched:
            self.stream.publish("traffic", item=item.json())

    def after(self, n: int) -> Iterator[Item]:
        """Items with a higher number, in order of recording."""
        return (item for item in list(self.items) if item.n > n)

    def clear(self) -> None:
        """Forgets all items; numbers go on."""
        self.items.clear()
