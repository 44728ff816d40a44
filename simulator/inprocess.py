"""The simulator inside a test: its own thread and event loop, the same port and API, and methods for the test."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from aiohttp import web

from simulator import acts, groups, phones, taps
from simulator.clock import Clock, next_second_of_month
from simulator.clocksync import ClockSync
from simulator.line import Line
from simulator.owner import Owner
from simulator.people import Entry, Group, Person
from simulator.server import make_app

Result = TypeVar("Result")
Json = dict[str, Any]


class Simulator:
    """A running LINE platform. Every method is safe to call from the test's thread.

    `url` is the base for api and api-data paths alike; `line` is the platform itself, to be touched only inside `do`.
    """

    def __init__(
        self,
        webhook: str | None = None,
        secret: str = "secret",
        *,
        token: str | None = None,
        bot_name: str = "Bot",
        clock: Clock | datetime | None = None,
        clock_url: str | None = None,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        channel_id: str = "2000000000",
        owner: Owner | None = None,
    ) -> None:
        """`clock`: a Clock, or an aware moment at which time stands still; port 0 takes a free one."""
        made = Clock(frozen=clock) if isinstance(clock, datetime) else clock
        self.line = Line(
            webhook=webhook, secret=secret, token=token, bot_name=bot_name, clock=made, seed=seed, channel_id=channel_id
        )
        self.line.clock_url = clock_url
        self.line.owner = owner or Owner()
        self.clock = self.line.clock
        self.host, self.port = host, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._ready: Future[int] = Future()
        self._stop = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Simulator:
        """Starts the thread; returns once the port is open."""
        self._thread.start()
        self.port = self._ready.result(timeout=10)
        return self

    def stop(self) -> None:
        """Closes the port and ends the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=10)

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)
            raise
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(make_app(self.line), access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port, backlog=1024)
        await site.start()
        self._ready.set_result(runner.addresses[0][1])
        await self._stop.wait()
        await runner.cleanup()

    def do(self, act: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Runs `act(line, ...)` in the simulator's thread and returns its result."""

        async def run() -> Result:
            return act(self.line, *args, **kwargs)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=60)

    # --- people --------------------------------------------------------------------------------------------------
    def person(self, name: str, language: str = "th", id: str | None = None, friend: bool = False) -> Person:
        """A new person; with `friend` one already, without an event."""
        return self.do(phones.add_person, name, language, id, friend=friend)

    def group(self, name: str, members: list[Person], *, joined: bool = True) -> Group:
        """A new group; with `joined` the bot is invited at once (`join`)."""

        def make(line: Line) -> Group:
            group = groups.add_group(line, name, [person.id for person in members])
            if joined:
                groups.join(line, group)
            return group

        return self.do(make)

    def follow(self, person: Person) -> None:
        """Adds the bot as a friend (or unblocks it)."""
        self.do(acts.follow, person)

    def block(self, person: Person) -> None:
        """Blocks the bot."""
        self.do(acts.block, person)

    def unblock(self, person: Person) -> None:
        """Unblocks the bot."""
        self.do(acts.unblock, person)

    def vanish(self, person: Person) -> None:
        """The person leaves LINE: nothing arrives any more, and no event says so."""
        self.do(lambda line: setattr(person, "gone", True))

    def say(self, person: Person, message: str | Json, group: Group | None = None) -> Entry:
        """Writes a text, or sends a LINE message object."""
        found = {"type": "text", "text": message} if isinstance(message, str) else message
        return self.do(acts.say, person, found, group)

    def tap(self, person: Person, action: Json, params: Json | None = None, group: Group | None = None) -> None:
        """Taps something with this action."""
        self.do(taps.tap, person, action, params, group)

    def unsend(self, person: Person, entry: Entry) -> None:
        """Takes a message back."""
        self.do(acts.unsend, person, entry.id)

    def edit(self, person: Person, entry: Entry, text: str) -> None:
        """Changes a text in a group."""
        self.do(acts.edit, person, entry.id, text)

    def menu(self, person: Person) -> Json | None:
        """The rich menu this person sees."""
        return self.do(lambda line: line.menus.shown_to(person))

    def chat(self, chat: Person | Group) -> list[Entry]:
        """Everything in a chat, oldest first."""
        return self.do(lambda line: list(chat.entries or []))

    def said(self, chat: Person | Group, since: Entry | None = None) -> list[Json]:
        """The bot's messages in a chat, only those after `since` when given."""
        entries = self.chat(chat)
        if since is not None and since in entries:
            entries = entries[entries.index(since) + 1 :]
        return [entry.message for entry in entries if entry.origin == "bot"]

    # --- waiting and looking -------------------------------------------------------------------------------------
    def wait_idle(self, timeout: float = 10.0, quiet: float = 0.2) -> None:
        """Waits until no webhook is under way and no call came for `quiet` real seconds. Raises TimeoutError."""
        end = time.monotonic() + timeout
        count, since = -1, time.monotonic()
        while time.monotonic() < end:
            busy, now_count = self.do(lambda line: (not line.webhooks.idle or line.calls_open, line.traffic.count))
            if busy or now_count != count:
                count, since = now_count, time.monotonic()
            elif time.monotonic() - since >= quiet:
                return
            time.sleep(0.01)
        raise TimeoutError(f"the simulator was not idle within {timeout} s")

    def traffic(self, direction: str | None = None) -> list[Json]:
        """What went in and out, oldest first; `direction` in or out."""
        items = self.do(lambda line: list(line.traffic.items))
        return [item.json() for item in items if direction in (None, item.direction)]

    def calls(self, path: str, method: str | None = None) -> list[Json]:
        """The bot's calls whose path starts with `path`."""
        return [
            item for item in self.traffic("in") if item["path"].startswith(path) and method in (None, item["method"])
        ]

    def events(self, kind: str | None = None) -> list[Json]:
        """The events of every webhook that was sent, redeliveries included."""
        bodies = [item["request"] for item in self.traffic("out") if isinstance(item["request"], dict)]
        found = [event for body in bodies for event in body.get("events", [])]
        return [event for event in found if kind in (None, event.get("type"))]

    def save(self, path: str | Path) -> None:
        """Writes the traffic as JSON."""
        Path(path).write_text(json.dumps({"items": self.traffic()}, ensure_ascii=False, indent=1), "utf-8")

    # --- faults, settings, clock ---------------------------------------------------------------------------------
    def fault(self, kind: str, **values: Any) -> str:
        """Plans a fault; `path`, `method`, `times`, `probability`, `seconds`, `status`. Returns its id."""
        return self.do(lambda line: line.faults.add({"kind": kind, **values}).id)

    def clear_faults(self) -> None:
        """Takes all faults back."""
        self.do(lambda line: line.faults.clear())

    def set(self, **settings: Any) -> None:
        """Changes settings by name."""

        def change(line: Line) -> None:
            line.settings.change(settings)
            line.webhooks.resume()

        self.do(change)

    def advance(self, seconds: float) -> None:
        """Moves the clock and runs what became due."""
        self._move(lambda line: line.clock.advance(seconds))

    def move_to(self, moment: datetime) -> None:
        """Makes it `moment`."""
        self._move(lambda line: line.clock.set(moment))

    def the_second(self) -> None:
        """Makes it the next 2nd of a month, 09:00 in Bangkok."""
        self._move(lambda line: line.clock.set(next_second_of_month(line.clock.now())))

    def _move(self, change: Callable[[Line], None]) -> None:
        async def move(line: Line) -> None:
            change(line)
            await ClockSync(line).moved()

        asyncio.run_coroutine_threadsafe(move(self.line), self._loop).result(timeout=60)
