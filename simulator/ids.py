"""Identifiers as LINE shapes them, drawn from the seeded random source."""

from __future__ import annotations

import base64
import random
import re
import uuid

from simulator.clock import Clock

USER_ID = re.compile(r"U[0-9a-f]{32}")
CHAT_ID = re.compile(r"[UCR][0-9a-f]{32}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Ids:
    """Makes every kind of id. Two simulators with the same seed and calls make the same ones (times apart). Those of
    requests are drawn apart: a call that makes nothing, at whatever moment, shifts nothing."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.rng = random.Random(seed)
        self._requests = random.Random(f"requests {seed}")
        self.clock = clock
        self._message = 560_000_000_000_000_000 + self.rng.getrandbits(40)

    def hex(self) -> str:
        """32 hex digits."""
        return f"{self.rng.getrandbits(128):032x}"

    def chat(self, letter: str) -> str:
        """A user (U), group (C) or room (R) id."""
        return letter + self.hex()

    def message(self) -> str:
        """A message id: digits, growing."""
        self._message += 1 + self.rng.getrandbits(16)
        return str(self._message)

    def request(self) -> str:
        """The x-line-request-id: a UUID."""
        return str(uuid.UUID(int=self._requests.getrandbits(128), version=4))

    def event(self) -> str:
        """The webhookEventId: a ULID of the clock's time."""
        value = (int(self.clock.time() * 1000) << 80) | self.rng.getrandbits(80)
        return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))

    def token(self, length: int = 64) -> str:
        """An opaque token: quote, read, link, continuation, access token."""
        return base64.urlsafe_b64encode(self.rng.randbytes(length)).decode()[:length]
