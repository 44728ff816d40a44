"""A conversation, as a test reads it: a person on a phone of the simulator, what they tap and type, and what is said.

Everything between is real: signed webhooks over HTTP, the program's own server, PostgreSQL, the SDK answering.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app import Parts, create_app
from models import TurnRow
from settings import ChannelSettings, Settings
from simulator import Simulator
from simulator.line import Line
from simulator.people import Person
from tests.conftest import TEST_KEYS

SECRET = "test-secret-0123456789abcdef0123"
TOKEN = "test-token-0123456789abcdef01234"
CLUB = "family_club"


@dataclass
class StandingClock:
    """A clock that stands still until the test moves it."""

    at: datetime

    def now(self) -> datetime:
        """The moment the test set."""
        return self.at


@dataclass(frozen=True)
class Said:
    """What the bot said in answer: its messages as LINE JSON."""

    messages: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """Everything a reader would see, in order: texts, cards' words, button labels."""
        return "\n".join(line for message in self.messages for line in _lines(message))

    @property
    def alt(self) -> str:
        """The alt texts: what notifications show."""
        return "\n".join(m.get("altText", m.get("text", "")) for m in self.messages)

    @property
    def buttons(self) -> dict[str, dict[str, Any]]:
        """Every action by its label; of several with one label, the first."""
        found: dict[str, dict[str, Any]] = {}
        for action in _actions(self.messages):
            found.setdefault(action.get("label", ""), action)
        return found

    def __contains__(self, part: str) -> bool:
        return part in self.text

    def __bool__(self) -> bool:
        return bool(self.messages)


@dataclass
class Chat:
    """One person's phone."""

    world: World
    phone: Person
    last: Said = field(default_factory=lambda: Said([]))

    @property
    def user_id(self) -> str:
        """The LINE user id."""
        return self.phone.id

    def follows(self) -> Said:
        """Adds the account, or unblocks it."""
        return self._hear(lambda: self.world.line.follow(self.phone))

    def says(self, text: str) -> Said:
        """Types a text."""
        return self._hear(lambda: self.world.line.say(self.phone, text))

    def sends(self, message: dict[str, Any]) -> Said:
        """Sends a sticker, picture, place …"""
        return self._hear(lambda: self.world.line.say(self.phone, message))

    def taps(self, label: str) -> Said:
        """Taps a button of the last answer, or an area of the rich menu, by its label (or its start)."""
        return self.presses(self._find(label))

    def presses(self, action: dict[str, Any]) -> Said:
        """Taps something with this action: an old button, or a forged one."""
        return self._hear(lambda: self.world.line.tap(self.phone, action))

    def presses_data(self, data: str) -> Said:
        """Taps a button with this postback data."""
        return self.presses({"type": "postback", "label": "x", "data": data})

    def _find(self, label: str) -> dict[str, Any]:
        menu = self.world.line.menu(self.phone) or {}
        actions = [*_actions(self.last.messages), *(area["action"] for area in menu.get("areas", []))]
        exact = [action for action in actions if action.get("label") == label]
        starting = [action for action in actions if action.get("label", "").startswith(label)]
        if not exact and not starting:
            raise AssertionError(
                f"nothing says {label!r}; there are {[a.get('label') for a in actions]}\n{self.last.text}"
            )
        return (exact or starting)[0]

    def _hear(self, act: Any) -> Said:
        before = len(self.world.line.chat(self.phone))
        act()
        self.world.settle()
        entries = self.world.line.chat(self.phone)[before:]
        said = Said([entry.message for entry in entries if entry.origin == "bot"])
        if said:
            self.last = said
        return said


@dataclass
class World:
    """One running program and one LINE platform."""

    parts: Parts
    line: Simulator
    clock: StandingClock
    url: str

    def phone(self, name: str, language: str = "th", user_id: str | None = None, friend: bool = False) -> Chat:
        """A person with LINE."""
        return Chat(self, self.line.person(name, language, user_id, friend))

    def move_to(self, when: datetime) -> None:
        """Make it another time, for the program and for LINE."""
        self.clock.at = when
        self.line.move_to(when)

    def settle(self, timeout: float = 60.0) -> None:
        """Wait until every webhook is answered, every reply sent and its outcome written down."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.line.do(_is_quiet) and self._nothing_open():
                return
            time.sleep(0.005)
        raise TimeoutError("the program did not settle")

    def _nothing_open(self) -> bool:
        with self.parts.sessions() as session:
            still_open = select(TurnRow).where(TurnRow.reply_state.in_(("new", "retrying"))).exists()
            return not session.scalar(select(still_open)) and self.parts.outbox.idle


@contextmanager
def unhurried() -> Iterator[None]:
    """Turns of what is made meanwhile may take longer than LINE waits: a machine that stands still for a moment in the
    middle of a test is no fault of ours. Where that limit itself is tried (D2), this is left out."""
    with mock.patch("app.WEB_STATEMENT_MS", 20_000):
        yield


@contextmanager
def world(database_url: str, folder: Path, now: datetime, **more: Any) -> Iterator[World]:
    """The program on its own server, and a LINE platform that calls it for `club` (another than the shipped one: by
    its key, with `clubs_dir`, the folder of its file). `punctual`: with the limits that LINE's two seconds set."""
    clock = StandingClock(now)
    club = more.get("club", CLUB)
    with Simulator(secret=SECRET, token=TOKEN, clock=now) as line:
        settings = Settings(
            env="test",
            database_url=database_url,
            data_dir=folder,
            clubs=(club,),
            clubs_dir=more.get("clubs_dir"),
            line_api_url=line.url,
            line_data_url=line.url,
            public_url="https://club.example",
            secret_keys=TEST_KEYS,
            channels={club: ChannelSettings((SECRET,), TOKEN)},
            now=None,
        )
        limits = nullcontext() if more.get("punctual") else unhurried()
        with limits, mock.patch("app.console.make", return_value=Flask("console")):
            # Nobody opens the console here, and building its pages takes as long as a conversation.
            app = create_app(settings, clock=clock)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        # A busy machine may take longer than LINE's two seconds; what a timeout does is tested elsewhere.
        line.set(deadline_seconds=60)
        line.do(lambda platform: setattr(platform, "webhook", f"{url}/callback/{club}"))
        parts: Parts = app.extensions["sitthi"]
        try:
            yield World(parts, line, clock, url)
        finally:
            parts.outbox.close()
            server.shutdown()
            server.server_close()
            parts.engine.dispose()
            parts.web_sessions.kw["bind"].dispose()


def _is_quiet(line: Line) -> bool:
    due = line.settings.redelivery and len(line.timers)
    return line.webhooks.idle and not due and not line.calls_open


def _lines(thing: Any) -> Iterator[str]:
    """Texts of a message in reading order."""
    if isinstance(thing, list):
        for part in thing:
            yield from _lines(part)
    elif isinstance(thing, dict):
        if thing.get("type") == "text" and isinstance(thing.get("text"), str):
            yield thing["text"]
        if isinstance(thing.get("action"), dict) and thing["action"].get("label"):
            yield thing["action"]["label"]
        for key in ("header", "hero", "body", "footer", "contents", "quickReply", "items"):
            yield from _lines(thing.get(key))


def _actions(thing: Any) -> Iterator[dict[str, Any]]:
    if isinstance(thing, list):
        for part in thing:
            yield from _actions(part)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            if key in ("action", "defaultAction") and isinstance(value, dict) and "type" in value:
                yield value
            else:
                yield from _actions(value)


def dump(said: Said) -> str:
    """The JSON, for a failing test's message."""
    return json.dumps(said.messages, ensure_ascii=False, indent=1)
