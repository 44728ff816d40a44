"""X-Line-Retry-Key: an accepted key answers 409 for 24 hours."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from typing import Any

from simulator.api import Call, Refusal
from simulator.clock import Clock
from simulator.limits import RETRY_KEY_SECONDS


class RetryKeys:
    """Remembers accepted keys with the id of their request and what was sent."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._accepted: OrderedDict[str, tuple[float, str, list[dict[str, Any]] | None]] = OrderedDict()

    def check(self, call: Call) -> str | None:
        """The call's key, None without one. Raises Refusal 400 for no UUID, 409 for an accepted key."""
        key = call.headers.get("X-Line-Retry-Key")
        if key is None:
            return None
        try:
            key = str(uuid.UUID(key))
        except ValueError:
            raise Refusal(400, "Invalid retry key") from None
        self._forget()
        if key in self._accepted:
            _, request_id, sent = self._accepted[key]
            body: dict[str, Any] = {"message": "The retry key is already accepted"}
            if sent is not None:
                body["sentMessages"] = sent
            raise Refusal(409, None, headers={"x-line-accepted-request-id": request_id}, body=body)
        return key

    def accept(self, key: str | None, call: Call, sent: list[dict[str, Any]] | None = None) -> None:
        """Remembers that the call with this key was accepted; `sent` only for pushes."""
        if key is not None:
            self._accepted[key] = (self.clock.time(), call.request_id, sent)

    def _forget(self) -> None:
        while self._accepted:
            key, (at, _, _) = next(iter(self._accepted.items()))
            if self.clock.time() - at < RETRY_KEY_SECONDS:
                return
            del self._accepted[key]
