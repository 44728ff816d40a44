"""Things due later on the simulator's clock: redeliveries, narrowcasts, rich menu batches."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from simulator.clock import Clock


class Timers:
    """A heap of (due, job). Somebody must call `run` now and then, and after every move of the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        """Runs `job` once `seconds` have passed on the simulator's clock."""
        self._order += 1
        heapq.heappush(self._heap, (self.clock.time() + seconds, self._order, job))

    def run(self) -> None:
        """Runs what is due, in order of its time."""
        while self._heap and self._heap[0][0] <= self.clock.time():
            heapq.heappop(self._heap)[2]()

    def clear(self) -> None:
        """Forgets all jobs."""
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._heap)
