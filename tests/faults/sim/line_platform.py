"""LINE as a history uses it: phones act, events wait to be posted by the history itself, accepted messages are noted."""

from __future__ import annotations

import base64
import contextlib
import hmac
import http.client
import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from simulator import Simulator, phones
from simulator.acts import Impossible
from simulator.line import Line
from simulator.people import Person
from tests.conversations.chat import CLUB, SECRET, TOKEN, _actions
from tests.faults.sim.invariants import Delivered
from tests.faults.sim.scene import PHONES, user_id

FAIR = ("Invalid reply token", "Failed to send messages")
"""Refusals that say nothing against what was sent."""
Event = dict[str, Any]


class Platform:
    """One simulator for many histories. It delivers no event by itself: the history decides how each arrives."""

    def __init__(self, now: datetime) -> None:
        self.simulator = Simulator(secret=SECRET, token=TOKEN, clock=now).start()
        self.url = self.simulator.url
        self.people: list[Person] = []
        self.delivered = Delivered()
        self._caught: list[Event] = []

    def begin(self, now: datetime) -> None:
        """An empty platform with the scene's phones, nobody a friend yet."""
        self.delivered = Delivered()

        def reset(line: Line) -> list[Person]:
            line.reset(keep_people=False)
            line.rng.seed(1)
            line.ids.rng.seed(1)
            line.clock.set(now)
            # People press buttons as quickly as they like here; rates are not what is tried.
            line.settings.change({"rate_limits": False})
            line.webhook = "http://history.invalid"
            line.webhooks.put = lambda event, chat: self._caught.append(event)  # type: ignore[method-assign]
            self._note_accepted(line)
            return [phones.add_person(line, name, "th", user_id(n)) for n, name in enumerate(PHONES)]

        self.people = self.simulator.do(reset)

    def act(self, deed: Callable[[Line], Any], seconds: float = 1.0) -> list[Event]:
        """Somebody does something, a moment later than the last; the events it made. Nothing when it cannot be done."""

        def do(line: Line) -> list[Event]:
            line.clock.advance(seconds)
            with contextlib.suppress(Impossible):
                deed(line)
            caught, self._caught = self._caught, []
            return caught

        return self.simulator.do(do)

    def revive(self, events: list[Event]) -> None:
        """These events are on their way: their reply tokens live for a minute from now."""

        def start(line: Line) -> None:
            for event in events:
                if "replyToken" in event:
                    line.replies.delivered(event["replyToken"])

        self.simulator.do(start)

    def buttons(self, phone: int) -> list[dict[str, Any]]:
        """Every action the bot ever showed this person, oldest first."""
        entries = self.simulator.chat(self.people[phone])
        return list(_actions([entry.message for entry in entries if entry.origin == "bot"]))

    def refused_content(self) -> list[str]:
        """What LINE refused because of what it said: the program must never send such a thing."""

        def look(line: Line) -> list[str]:
            refused = [item.json() for item in line.traffic.items if item.direction == "in" and item.status == 400]
            line.traffic.clear()
            told = [f"{item['path']}: {item['response']}, asked {str(item['request'])[:600]}" for item in refused]
            return [text for text in told if not any(fair in text for fair in FAIR)]

        return self.simulator.do(look)

    def _note_accepted(self, line: Line) -> None:
        use, accept, delivered = line.replies.use, line.retries.accept, self.delivered

        def used(token: str) -> None:
            delivered.tokens[token] += 1
            use(token)

        def accepted(key: str | None, *more: Any) -> None:
            delivered.keys[str(key)] += 1
            accept(key, *more)

        setattr(line.replies, "use", used)  # noqa: B010 (mypy: methods are not assigned)
        setattr(line.retries, "accept", accepted)  # noqa: B010 (the same)


class _Quiet(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log(self, *_: Any, **__: Any) -> None:
        """Says nothing."""


class Door:
    """A port that stays while the programs behind it come and go."""

    def __init__(self) -> None:
        self.app: Any = None
        self._server = make_server("127.0.0.1", 0, self._call, threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    def _call(self, environ: Any, start: Any) -> Any:
        return self.app(environ, start)

    def post(self, events: list[Event], destination: str) -> int:
        """One signed webhook; the status, or 0 when the program died before answering."""
        body = json.dumps({"destination": destination, "events": events}).encode()
        return self.post_raw(body)

    def post_raw(self, body: bytes, path: str = f"/callback/{CLUB}") -> int:
        """These very bytes, signed."""
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self._server.server_port, timeout=90)
        try:
            connection.request("POST", path, body, {"x-line-signature": signature, "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (http.client.HTTPException, ConnectionError):
            return 0
        finally:
            connection.close()

    def close(self) -> None:
        """The port closes."""
        self._server.shutdown()
        self._server.server_close()
