"""The simulator from outside: its people, its clock, whether it is up. Plain HTTP, as any curious person would."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from demo.accounts import Somebody


class Phones:
    """The control API at one address."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ready(self) -> bool:
        """Whether the simulator answers."""
        return get(f"{self._url}/_sim/state") is not None

    def clear(self) -> None:
        """Nobody and nothing is left: people, chats, menus, a moved clock."""
        self._post("/_sim/reset", {"keep_people": False})
        self._post("/_sim/clock", {"reset": True})

    def give(self, everybody: Iterable[Somebody]) -> None:
        """A phone to each of them, in their order."""
        for one in everybody:
            self._post("/_sim/people", {"id": one.id, "name": one.name, "language": one.language})

    def limit_messages(self, a_month: int) -> None:
        """The channel's plan: so many messages a month that are not replies."""
        self._post("/_sim/settings", {"quota_limit": a_month})

    def deliver_again(self, seconds: int) -> None:
        """What the bot did not take is delivered again after so long: the setting a real channel should have, too."""
        self._post("/_sim/settings", {"redelivery": True, "redelivery_after_seconds": seconds})

    def follow(self, line_user_id: str) -> None:
        """They add the bot as a friend; the bot hears of it."""
        self._post(f"/_sim/people/{line_user_id}/follow", {})

    def set_clock(self, now: datetime) -> None:
        """Moves the simulator's clock; it tells the bot."""
        self._post("/_sim/clock", {"now": now.isoformat()})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self._url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()


def get(url: str) -> Any | None:
    """The JSON at `url`; none while nothing, or nothing good, answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None
