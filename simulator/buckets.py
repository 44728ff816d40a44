"""LINE's rate limits: a token bucket per endpoint, refilled on the simulator's clock."""

from __future__ import annotations

from simulator.clock import Clock
from simulator.limits import rate_of


class Buckets:
    """One bucket per endpoint; it starts full and holds as many calls as its window allows."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, endpoint: str) -> bool:
        """Whether one more call fits now; takes its token."""
        calls, seconds = rate_of(endpoint)
        now = self.clock.time()
        level, then = self._buckets.get(endpoint, (float(calls), now))
        level = min(float(calls), level + max(0.0, now - then) * calls / seconds)
        enough = level >= 1.0
        self._buckets[endpoint] = (level - 1.0 if enough else level, now)
        return enough
