"""Sending events to the bot: signed, one chat's events in order, nobody waiting for a slow bot but its own next event."""

from __future__ import annotations

import asyncio
import base64
import copy
import hashlib
import hmac
import json
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import aiohttp

from simulator.errorstats import ErrorStatistics

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
#: With shuffling on, how long events gather before they leave in another order (real seconds).
GATHER = 0.05
_EVERYONE = "*"


def signature(secret: str, body: bytes) -> str:
    """The x-line-signature of a body: base64 of HMAC-SHA256 under the channel secret."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


class Outcome:
    """How one attempt ended: `reason` OK, COULD_NOT_CONNECT, REQUEST_TIMEOUT, ERROR_STATUS_CODE or UNCLASSIFIED."""

    __slots__ = ("detail", "reason", "status")

    def __init__(self, status: int, reason: str, detail: str) -> None:
        self.status = status
        self.reason = reason
        self.detail = detail

    @property
    def ok(self) -> bool:
        """Whether the bot answered 2xx in time."""
        return self.reason == "OK"


class Webhooks:
    """Queues per chat ("lanes"), each drained by its own task."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.errors = ErrorStatistics(line.clock)
        self._lanes: dict[str, deque[Json]] = {}
        self._running: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def idle(self) -> bool:
        """Nothing queued and nothing on the way, redelivered or not; what is due later does not count."""
        return not self._running and not self._lanes and not self._tasks

    def put(self, event: Json, chat: str) -> None:
        """Queues one event behind its chat's earlier ones."""
        settings = self.line.settings
        if not settings.webhook_active or not self.line.webhook:
            return
        shared = settings.shuffle or settings.events_per_body > 1
        lane = _EVERYONE if shared else chat
        self._lanes.setdefault(lane, deque()).append(event)
        self._start(lane)

    def resume(self) -> None:
        """Starts every lane that has something waiting; called when settings change."""
        for lane in list(self._lanes):
            self._start(lane)

    def _start(self, lane: str) -> None:
        if lane not in self._running and not self.line.settings.delivery_paused:
            self._running.add(lane)
            self._spawn(self._drain(lane))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, lane: str) -> None:
        queue = self._lanes[lane]
        try:
            while queue and not self.line.settings.delivery_paused:
                if self.line.settings.shuffle:
                    await asyncio.sleep(GATHER)
                    self._shuffle(queue)
                size = max(1, int(self.line.settings.events_per_body))
                await self._deliver([queue.popleft() for _ in range(min(size, len(queue)))], 0)
        finally:
            self._running.discard(lane)
            if not queue:
                self._lanes.pop(lane, None)

    def _shuffle(self, queue: deque[Json]) -> None:
        events = list(queue)
        self.line.rng.shuffle(events)
        queue.clear()
        queue.extend(events)

    async def _deliver(self, events: list[Json], times: int) -> None:
        outcome = await self.post(events)
        settings = self.line.settings
        if outcome.ok:
            if self.line.rng.random() < settings.duplicates:
                await self.post(events, note="sent twice")
        elif settings.redelivery and times < settings.redelivery_times:
            again = copy.deepcopy(events)
            for event in again:
                event["deliveryContext"]["isRedelivery"] = True
            self.line.timers.after(settings.redelivery_after_seconds, lambda: self._redeliver(again, times + 1))

    def _redeliver(self, events: list[Json], times: int) -> None:
        self._spawn(self._deliver(events, times))

    async def post(self, events: list[Json], *, url: str | None = None, note: str | None = None) -> Outcome:
        """Sends one signed body now and waits, at most the deadline. Counts a failure unless `url` is a test's."""
        for event in events:
            if "replyToken" in event:
                self.line.replies.delivered(event["replyToken"])
        body = json.dumps(
            {"destination": self.line.bot_id, "events": events}, ensure_ascii=False, separators=(",", ":")
        ).encode()
        outcome = await self.post_raw(body, signature(self.line.secret, body), url=url, note=note)
        if not outcome.ok and events:
            self.errors.add(outcome.reason, outcome.detail)
        return outcome

    async def post_raw(
        self, body: bytes, signed: str | None, *, url: str | None = None, note: str | None = None
    ) -> Outcome:
        """Sends these very bytes; `signed` is the signature header's value, None leaves the header out."""
        target = url or self.line.webhook or ""
        item = self.line.traffic.start(self.line.clock.time(), "out", "POST", target)
        item.request, item.note = body, note
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "LineBotWebhook/2.0"}
        if signed is not None:
            headers["x-line-signature"] = signed
        started = time.perf_counter()
        outcome = await self._attempt(target, body, headers, item)
        item.ms = (time.perf_counter() - started) * 1000
        item.status = outcome.status or None
        if not outcome.ok:
            item.note = "; ".join(part for part in (note, f"{outcome.reason}: {outcome.detail}") if part)
        self.line.traffic.record(item)
        return outcome

    async def _attempt(self, target: str, body: bytes, headers: dict[str, str], item: Any) -> Outcome:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=200), cookie_jar=aiohttp.DummyCookieJar()
            )
        timeout = aiohttp.ClientTimeout(total=self.line.settings.deadline_seconds)
        try:
            async with self._session.post(
                target, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                item.response = await answer.content.read(20_000)
                if 200 <= answer.status < 300:
                    return Outcome(answer.status, "OK", str(answer.status))
                return Outcome(answer.status, "ERROR_STATUS_CODE", str(answer.status))
        except TimeoutError:
            return Outcome(0, "REQUEST_TIMEOUT", "Request timeout")
        except aiohttp.InvalidURL:
            return Outcome(0, "COULD_NOT_CONNECT", "Invalid URL syntax")
        except aiohttp.ClientConnectorDNSError:
            return Outcome(0, "COULD_NOT_CONNECT", "Unknown host")
        except aiohttp.ClientConnectorError:
            return Outcome(0, "COULD_NOT_CONNECT", "Connection failed")
        except aiohttp.ServerDisconnectedError:
            return Outcome(0, "UNCLASSIFIED", "Session closed unexpectedly")
        except (aiohttp.ClientError, OSError, ValueError):
            return Outcome(0, "UNCLASSIFIED", "Unclassified webhook dispatch error")

    async def close(self) -> None:
        """Stops every delivery and closes the connections."""
        for task in list(self._tasks):
            task.cancel()
        if self._session is not None:
            await self._session.close()

    def clear(self) -> None:
        """Forgets what is queued and the statistics."""
        self._lanes = {lane: queue for lane, queue in self._lanes.items() if lane in self._running}
        for queue in self._lanes.values():
            queue.clear()
        self.errors = ErrorStatistics(self.line.clock)
