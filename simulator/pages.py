"""Continuation tokens: `next` of one answer is `start` of the next call, for 24 hours."""

from __future__ import annotations

from typing import Any

from simulator.api import Refusal
from simulator.clock import Clock
from simulator.ids import Ids
from simulator.limits import CONTINUATION_SECONDS


class Pages:
    """Keeps what is left of a list behind a token."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self.ids = ids
        self.clock = clock
        self._rest: dict[str, tuple[float, list[Any]]] = {}

    def cut(self, items: list[Any], size: int, start: str | None) -> tuple[list[Any], str | None]:
        """The next `size` items and the token for what follows. Raises Refusal 400 for a token unknown or too old."""
        if start:
            made, items = self._rest.get(start, (float("-inf"), []))
            if self.clock.time() - made > CONTINUATION_SECONDS:
                raise Refusal(400, "Invalid start param")
        if len(items) <= size:
            return items, None
        token = self.ids.token(43)
        self._rest[token] = (self.clock.time(), items[size:])
        return items[:size], token
