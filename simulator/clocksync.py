"""Telling the bot that the simulator's clock moved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from simulator.line import Line

_PATIENCE = aiohttp.ClientTimeout(total=5)


class ClockSync:
    """Posts {"now", "offset_seconds"} to the bot's clock endpoint, when there is one."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def moved(self) -> None:
        """The clock was moved: runs what is due, tells the watchers and the bot. A failure is only recorded."""
        line = self.line
        await self._tell()
        line.timers.run()
        line.stream.publish("clock", **line.clock_json())

    async def _tell(self) -> None:
        if not self.line.clock_url:
            return
        body = self.line.clock_json()
        item = self.line.traffic.start(self.line.clock.time(), "out", "POST", self.line.clock_url)
        item.note = "clock"
        started = time.perf_counter()
        try:
            async with (
                aiohttp.ClientSession(timeout=_PATIENCE) as session,
                session.post(self.line.clock_url, json=body) as answer,
            ):
                item.status = answer.status
                item.response = await answer.content.read(2000)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            item.note = f"clock: {type(error).__name__}"
        item.request = str(body).encode()
        item.ms = (time.perf_counter() - started) * 1000
        self.line.traffic.record(item)
