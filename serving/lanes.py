"""Lanes: each kind of request has threads of its own and may wait only so long a queue, so that no kind stops another.

What finds its queue full is refused at once with 503; what is refused anyway is said by a thread that does nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from logging import getLogger
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from serving.limits import in_console
from serving.refusals import Refusals


@dataclass(frozen=True)
class Lane:
    """A kind of request: how many are answered at once in a process, and how many may wait for that."""

    name: str
    threads: int
    waiting: int


WEBHOOK = Lane("webhook", 8, 256)
"""LINE's events. Its threads are gunicorn's `threads`."""
HEALTH = Lane("health", 1, 128)
PAGES = Lane("pages", 2, 64)
"""Pages of a use, partners' pages, pictures, links of offers."""
PIN = Lane("pin", 1, 8)
"""A partner's PIN: argon2."""
SIGN_IN = Lane("sign-in", 1, 8)
"""A password or second factor: argon2, tens of milliseconds of every core and 64 MB a time."""
STRANGERS = Lane("strangers", 1, 16)
"""The console for whoever has not signed in: the sign-in page."""
CONSOLE = Lane("console", 4, 32)
LANES = (WEBHOOK, HEALTH, PAGES, PIN, SIGN_IN, STRANGERS, CONSOLE)
GIVE_WAY = frozenset({SIGN_IN.name, PIN.name, STRANGERS.name})
"""Refused while the webhook's threads are nearly all at work, too: what strangers may ask for costs processor time, which no
queue bounds."""
HASHING = ("/console/sign-in", "/console/second-factor", "/console/new-password")


def lane_of(method: str, path: str, signed_in: bool) -> Lane:
    """Where a request belongs. `signed_in`: its cookie is one we gave to somebody who had signed in."""
    if path.startswith("/callback/"):
        return WEBHOOK
    if path in ("/healthz", "/readyz", "/metrics"):
        return HEALTH
    if method == "POST" and path.startswith("/partner/"):
        return PIN
    if not in_console(path):
        return PAGES
    if method == "POST" and path.startswith(HASHING):
        return SIGN_IN
    return CONSOLE if signed_in else STRANGERS


class Pool(ThreadedTaskDispatcher):
    """The threads of one lane, and those that wait for them."""

    queue_logger = getLogger("waitress.queue.silent")
    queue_logger.disabled = True  # a queue is what a lane is for

    def __init__(self, lane: Lane) -> None:
        super().__init__()
        self._most = lane.waiting
        self.set_thread_count(lane.threads)

    def admits(self) -> bool:
        """Whether one more may wait."""
        return len(self.queue) < self._most

    def crowded(self) -> bool:
        """Whether nearly all of its threads are at work."""
        return 4 * (self.active_count + len(self.queue)) >= 3 * len(self.threads)


class Lanes:
    """waitress's dispatcher: one `Pool` a lane, one more thread for refusals."""

    def __init__(self, threads: int, refusals: Refusals) -> None:
        """`threads`: those of the webhook's lane."""
        counted = [Lane(lane.name, threads, lane.waiting) if lane is WEBHOOK else lane for lane in LANES]
        self._pools = {lane.name: Pool(lane) for lane in counted}
        self._refusing = Pool(Lane("refusing", 1, 0))
        self._refusals = refusals

    def add_task(self, channel: Any) -> None:
        """Have the channel's next request answered, or refused."""
        request = channel.requests[0]
        if request.error is None:
            name = lane_of(request.command, request.path, request.signed_in).name
            crowded = name in GIVE_WAY and self._pools[WEBHOOK.name].crowded()
            if not crowded and self._pools[name].admits():
                self._pools[name].add_task(channel)
                return
            request.error = self._refusals.busy(request.path)
        channel.refused = True
        self._refusing.add_task(channel)

    def shutdown(self, seconds: float = 5) -> None:
        """End every thread; what still waits is not answered."""
        for pool in (*self._pools.values(), self._refusing):
            pool.shutdown(timeout=seconds / len(self._pools))
