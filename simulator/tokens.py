"""Channel access tokens: which are good, and issuing them."""

from __future__ import annotations

from simulator.api import Call, Refusal
from simulator.clock import Clock
from simulator.ids import Ids

_MISSING = "Authorization header required. Must follow the scheme, 'Authorization: Bearer <ACCESS TOKEN>'"
_INVALID = "Authentication failed. Confirm that the access token in the authorization header is valid."


class Tokens:
    """The configured token, and those issued while running with their end."""

    def __init__(self, configured: str | None, ids: Ids, clock: Clock) -> None:
        self.configured = configured
        self.ids = ids
        self.clock = clock
        self._issued: dict[str, float] = {}

    def check(self, call: Call) -> None:
        """Raises Refusal 401 in LINE's words unless the call carries a valid token."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, _MISSING)
        if not self.valid(token):
            raise Refusal(401, _INVALID)

    def valid(self, token: str) -> bool:
        """Whether a token is good now."""
        if token in self._issued:
            return self.clock.time() < self._issued[token]
        return self.configured is None or token == self.configured

    def issue(self, seconds: float) -> str:
        """A new token with a life in seconds."""
        token = self.ids.token(120)
        self._issued[token] = self.clock.time() + seconds
        return token

    def seconds_left(self, token: str) -> int | None:
        """Whole seconds a valid token still has; a configured one never ends. None when it is not valid."""
        if not self.valid(token):
            return None
        return int(self._issued[token] - self.clock.time()) if token in self._issued else 3_138_007_490

    def revoke(self, token: str) -> None:
        """Ends a token now."""
        self._issued[token] = float("-inf")
