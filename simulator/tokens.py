"""Channel access tokens: which are good now, and which were issued here."""

from __future__ import annotations

from simulator.api import Call, Refusal
from simulator.clock import Clock
from simulator.ids import Ids

_MISSING = "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'"
INVALID = "Authentication failed. Confirm that the access token in the authorization header is valid."
#: What LINE answers for a long-lived token's remaining seconds: about a century.
_FOREVER = 3_138_007_490


class Tokens:
    """The configured token, and those issued while running with their end (seconds since 1970)."""

    def __init__(self, configured: str | None, ids: Ids, clock: Clock) -> None:
        self.configured = configured
        self.ids = ids
        self.clock = clock
        self._ends: dict[str, float] = {}
        self._short_lived: list[str] = []

    def check(self, call: Call) -> None:
        """Raises Refusal 401 in LINE's words unless the call carries a valid token."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, _MISSING)
        if not self.valid(token):
            raise Refusal(401, INVALID)

    def valid(self, token: str) -> bool:
        """Whether a token is good now."""
        if token in self._ends:
            return self.clock.time() < self._ends[token]
        return self.configured is None or token == self.configured

    def issue(self, seconds: float, *, short_lived: bool = False) -> str:
        """A new token with a life in seconds."""
        token = self.ids.token(120)
        self._ends[token] = self.clock.time() + seconds
        if short_lived:
            self._short_lived.append(token)
        return token

    def keep(self, most: int) -> None:
        """Ends the oldest short-lived tokens until at most `most` are alive."""
        alive = [token for token in self._short_lived if self.valid(token)]
        for token in alive[: max(0, len(alive) - most)]:
            self.revoke(token)
        self._short_lived = alive[-most:] if most else []

    def seconds_left(self, token: str) -> int | None:
        """Whole seconds a valid token still has; None when it is not valid."""
        if not self.valid(token):
            return None
        return int(self._ends[token] - self.clock.time()) if token in self._ends else _FOREVER

    def revoke(self, token: str) -> None:
        """Ends a token now."""
        self._ends[token] = float("-inf")
