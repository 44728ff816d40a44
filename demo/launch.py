"""Starting the demo in the right order, waiting for what must be there, and ending all of it again."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from clubs import Club, load_clubs
from database import embedded, migrate
from database.engine import make_engine, resolve_url
from demo import doors, story
from demo.children import Child, ChildDied, Children
from demo.phones import Phones, get
from demo.plan import CLUB, ROOT, Plan

if TYPE_CHECKING:
    from app import Parts

PATIENCE = 90.0
"""Seconds for anything of ours to answer."""
CLIENTS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


class LaunchError(Exception):
    """The demo could not start, or could not go on."""


class Launcher:
    """One demo from its start to its end."""

    def __init__(self, plan: Plan, say: Callable[[str], None] = print) -> None:
        self.plan, self._print = plan, say
        self._begun = time.monotonic()
        self._children = Children(plan.logs, plan.environment(), ROOT)
        self._phones = Phones(plan.line_url)
        self._database: str | None = None

    def run(self) -> None:
        """Start everything, tell where it is, and stay until told to end. Raises `DoorError`, `ChildDied` and others."""
        with _ended_by_signals(), doors.hold(self.plan.data_dir):
            doors.check_ports(self.plan)
            try:
                self._start()
                self._print(story.told(self.plan, time.monotonic() - self._begun))
                while True:
                    self._children.check()
                    time.sleep(0.3)
            except KeyboardInterrupt:
                self._print("\nending …")
            finally:
                self._end()

    def say(self, text: str) -> None:
        """A line of progress with the seconds since the start."""
        self._print(f"[{time.monotonic() - self._begun:5.1f} s] {text}")

    def _start(self) -> None:
        club = load_clubs((CLUB,), None)[CLUB]
        self.say(f"starting on the data in {self.plan.data_dir}")
        self._children.start("line", self.plan.line_command(club.name["th"]))
        self._prepare_database()
        bot = self._children.start("bot", self.plan.bot_command())
        parts, first = self._load(club)
        self._wait("the phones", self._phones.ready)
        self._phones.give(story.phones(parts.sessions, club))
        menus = self._children.start("menus", self.plan.menus_command())
        self._wait("the bot", lambda: _is_ready(self.plan.bot_url))
        self.say(f"the bot answers (process {bot.process.pid})")
        self._phones.set_clock(parts.clock.now())
        self._finish(menus, "the rich menus are published")
        self._children.start("jobs", self.plan.jobs_command())
        for line_user_id in story.friends() if first else ():
            self._phones.follow(line_user_id)
        parts.engine.dispose()

    def _prepare_database(self) -> None:
        self._database = self.plan.environ.get("DATABASE_URL") or None
        url = resolve_url(self._database, self.plan.data_dir)
        self.say("the database runs" + (" (DATABASE_URL)" if self._database else ""))
        engine = make_engine(url)
        migrate.upgrade(engine)
        engine.dispose()
        self.say("its tables are up to date")

    def _load(self, club: Club) -> tuple[Parts, bool]:
        """The example data, if this database has none yet; and the parts it was loaded with."""
        parts = _parts(self.plan)
        from demo.seed import load_example

        first = load_example(parts, club, self.say)
        if not first:
            self.say("the example data is there already, with what was done in it")
        return parts, first

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            self._children.check()
            if time.monotonic() > deadline:
                raise LaunchError(f"{what} did not answer within {PATIENCE:.0f} s; see {self.plan.logs}")
            time.sleep(0.1)

    def _finish(self, child: Child, done: str) -> None:
        """Wait for a process that ends by itself."""
        code = child.process.wait(PATIENCE)
        if code != 0:
            raise ChildDied(f"{child.name} ended with code {code}. The end of {child.log}:\n{child.tail()}")
        self._children.forget(child)
        self.say(done)

    def _end(self) -> None:
        """End every process; the embedded database too, unless somebody else works in it."""
        with _undisturbed():
            self._children.stop()
            if self._database is None and embedded.is_running(self.plan.data_dir):
                others = _clients(embedded.ensure_running(self.plan.data_dir))
                if others:
                    self._print(f"the database stays: {others} other connections are open")
                else:
                    embedded.stop(self.plan.data_dir)
            self._print(f"ended; the data stays in {self.plan.data_dir}")


def _parts(plan: Plan) -> Parts:
    """The program's parts in this process, under the demo's settings; what they log would only blur the progress."""
    import logging

    import structlog

    from app import make_parts
    from settings import read_settings

    parts = make_parts(read_settings(plan.environment(), (CLUB,)))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    return parts


def _is_ready(url: str) -> bool:
    found = get(f"{url}/readyz")
    return bool(found and found.get("ready"))


def _clients(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(CLIENTS).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Being told to end (`kill`, a terminal closed) is like Ctrl-C."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    # A shell that starts us in the background makes us deaf to Ctrl-C; whoever sends it means it.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


@contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave half of it running."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.stdout.flush()
