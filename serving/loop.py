"""The loop around waitress's connections: what rests costs nothing, however much of it there is.

waitress's own loop asks every connection at every turn whether it wants to read or write: with hundreds of idle ones that is
most of a core. Here only those are asked with which something goes on; the others wait in the kernel (epoll) for a byte.
"""

from __future__ import annotations

import select
from contextlib import suppress
from typing import Any

from waitress import wasyncore

MANY_EVENTS = 256


class Loop(dict[int, Any]):
    """waitress's map of connections by file descriptor; `turn` waits for what happens and has it dealt with."""

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._asked: dict[int, int] = {}
        """What each is waited for, as the kernel was told."""
        self._awake: set[int] = set()

    def __setitem__(self, fd: int, thing: Any) -> None:
        """A new connection, port or trigger."""
        super().__setitem__(fd, thing)
        self._awake.add(fd)

    def __delitem__(self, fd: int) -> None:
        """It is gone."""
        super().__delitem__(fd)
        self._awake.discard(fd)
        if self._asked.pop(fd, None) is not None:
            with suppress(OSError):  # closed already: then the kernel has forgotten it
                self._epoll.unregister(fd)

    def wake(self, fd: int | None) -> None:
        """Something was done to a connection other than by what came on it."""
        if fd is not None and fd in self:
            self._awake.add(fd)

    def turn(self, seconds: float) -> None:
        """Wait so long for something to happen, and deal with it."""
        for fd in list(self._awake):
            self._ask(fd)
        with suppress(InterruptedError):
            for fd, flags in self._epoll.poll(seconds, MANY_EVENTS):
                thing = self.get(fd)
                if thing is not None:
                    self._awake.add(fd)
                    wasyncore.readwrite(thing, flags)

    def _ask(self, fd: int) -> None:
        thing = self.get(fd)
        if thing is None:
            self._awake.discard(fd)
            return
        wanted = select.EPOLLIN if thing.readable() else 0
        if thing.writable() and not thing.accepting:
            wanted |= select.EPOLLOUT
        known = self._asked.get(fd)
        if known is None:
            self._epoll.register(fd, wanted)
        elif known != wanted:
            self._epoll.modify(fd, wanted)
        self._asked[fd] = wanted
        # A thread may have finished since it was asked what it wants: it sleeps only where it is waited for with what it needs.
        if wanted == select.EPOLLIN and getattr(thing, "rests", lambda: False)():
            self._awake.discard(fd)
