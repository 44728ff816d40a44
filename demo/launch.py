"""Starting the demo in the right order, waiting for what must be there, and ending all of it again."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import Engine

from benefits.vault import Vault
from clock import MovableClock, SystemClock
from clubs import load_clubs
from database import embedded, migrate
from database.engine import make_engine, make_sessions, resolve_url
from demo import doors, fresh, staff, story
from demo.children import Child, Children
from demo.over import StartOver
from demo.phones import Phones, get
from demo.plan import CLUB, ROOT, Plan
from demo.seed import load_example

PATIENCE = 90.0
"""Seconds for anything of ours to answer."""
MESSAGES = 15_000
"""A month, as a middling plan of LINE has them: so that offers show what they cost."""
REDELIVERY = 5
"""Seconds until what a busy machine was too slow to take is delivered again."""
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
        self._club = load_clubs((CLUB,), None)[CLUB]
        self._over = StartOver()
        self._own_database = False
        self._engine: Engine | None = None

    def run(self) -> None:
        """Start everything, tell where it is, and stay until told to end. Raises `DoorError`, `ChildDied` and others."""
        with _ended_by_signals(), doors.hold(self.plan.data_dir):
            doors.check_ports(self.plan)
            try:
                self._start()
                self._print(story.told(self.plan, time.monotonic() - self._begun))
                while True:
                    self._children.check()
                    if self._over.wanted(0.3):
                        self._start_over()
            except KeyboardInterrupt:
                self._print("\nending …")
            finally:
                self._end()

    def say(self, text: str) -> None:
        """A line of progress with the seconds since the start."""
        self._print(f"[{time.monotonic() - self._begun:5.1f} s] {text}")
        self._over.say(text)

    def _start(self) -> None:
        self.say(f"starting on the data in {self.plan.data_dir}")
        url = None if self.plan.settings.database_url else self._over.url  # a database of somebody's is not emptied
        self._children.start("line", self.plan.line_command(self._club.name["th"], url))
        self._engine = engine = self._prepare_database()
        self._fill(engine)

    def _start_over(self) -> None:
        """As `--fresh` does it, while the phones' page waits: jobs and bot end first, so that nothing writes meanwhile."""
        assert self._engine is not None
        self.say("starting over: the bot and the jobs end")
        self._children.stop("jobs", "menus", "bot")
        self._engine.dispose()
        fresh.forget(self.plan)
        self._phones.clear()
        self.say("database, chats, menus and clock are empty")
        migrate.upgrade(self._engine)
        self._fill(self._engine)
        self._over.done()
        self.say("started over")

    def _fill(self, engine: Engine) -> None:
        """The bot, the phones, the example data, the menus and the jobs, on a database with its tables."""
        clock = MovableClock(self.plan.data_dir / "clock.json", self.plan.settings.now)
        vault = Vault(self.plan.settings.secret_keys)
        sessions = make_sessions(engine, vault=vault)
        bot = self._children.start("bot", self.plan.bot_command())
        self._wait("the phones", self._phones.ready)
        self._phones.deliver_again(REDELIVERY)
        self._phones.limit_messages(MESSAGES)
        self._phones.give(story.phones())
        menus = self._children.start("menus", self.plan.menus_command(), lasting=False)
        first = load_example(
            engine, sessions, club=self._club, vault=vault, data_dir=self.plan.data_dir, now=clock.now(), say=self.say
        )
        staff.hire(sessions, self._club, clock.now())
        if not first:
            self.say("the example data is there already, with what was done in it")
        self._wait("the bot", lambda: _is_ready(self.plan.bot_url))
        self.say(f"the bot answers (process {bot.process.pid})")
        if abs(clock.now() - SystemClock().now()) > timedelta(seconds=1):
            self._phones.set_clock(clock.now())  # moved the time before, or by SITTHI_NOW
        self._finish(menus)
        self._children.start("jobs", self.plan.jobs_command())
        for line_user_id in story.friends(sessions, self._club, first=first):
            self._phones.follow(line_user_id)

    def _prepare_database(self) -> Engine:
        given = self.plan.settings.database_url
        self._own_database = given is None
        engine = make_engine(resolve_url(given, self.plan.data_dir))
        self.say("the database runs" + (" (DATABASE_URL)" if given else ""))
        migrate.upgrade(engine)
        self.say("its tables are up to date")
        return engine

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            self._children.check()
            if time.monotonic() > deadline:
                raise LaunchError(f"{what} did not answer within {PATIENCE:.0f} s; see {self.plan.logs}")
            time.sleep(0.1)

    def _finish(self, menus: Child) -> None:
        """Wait for the publishing of menus. Failing (too many in an hour, say) is told and no more: typing works without."""
        self._wait("LINE, asked for rich menus,", lambda: menus.process.poll() is not None)
        if menus.process.returncode == 0:
            self.say("the rich menus are published")
        else:
            self.say(f"the rich menus are not all published. The end of {menus.log}:\n{menus.tail()}")

    def _end(self) -> None:
        """End every process; the embedded database too, unless somebody else works in it."""
        with _undisturbed():
            self._children.stop()
            self._over.close()
            if self._engine is not None:
                self._engine.dispose()
            if self._own_database:
                self._end_database()
            self._print(f"ended; the data stays in {self.plan.data_dir}")

    def _end_database(self) -> None:
        folder = self.plan.data_dir
        others = _others(embedded.ensure_running(folder)) if embedded.is_running(folder) else 0
        if others:
            self._print(f"the database stays: {others} other connections are open")
        else:
            embedded.stop(folder)


def _is_ready(url: str) -> bool:
    found = get(f"{url}/readyz")
    return bool(found and found.get("ready"))


def _others(url: str) -> int:
    """Connections that are not ours; those of processes just ended are given a moment to go."""
    for _ in range(20):
        with psycopg.connect(url) as connection:
            row = connection.execute(CLIENTS).fetchone()
        others = int(row[0]) if row else 0
        if not others:
            break
        time.sleep(0.1)
    return others


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
