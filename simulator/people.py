"""People, groups and their chats. Lean: a million people fit in memory, so a chat is a list that exists once needed."""

from __future__ import annotations

import json
from typing import Any

from simulator.clock import iso


class Entry:
    """One message in a chat. A multicast puts the same Entry into every recipient's chat.

    The message is kept as JSON text, a fraction of the size of its dict; `message` reads it each time it is asked.
    """

    __slots__ = ("_text", "at", "edited", "id", "origin", "sender", "unsent", "via")

    def __init__(
        self, id: str, origin: str, sender: str | None, at: float, message: dict[str, Any], via: str | None = None
    ) -> None:
        """`origin`: bot, user or system; `at`: seconds since 1970; `via`: how the bot sent it."""
        self.id = id
        self.origin = origin
        self.sender = sender
        self.at = at
        self.message = message
        self.via = via
        self.unsent = False
        self.edited = False

    @property
    def message(self) -> dict[str, Any]:
        """The LINE message object; a copy, so set it whole to change it."""
        return dict(json.loads(self._text))

    @message.setter
    def message(self, message: dict[str, Any]) -> None:
        self._text = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")

    def json(self) -> dict[str, Any]:
        """The entry as the page reads it."""
        return {
            "id": self.id,
            "from": self.origin,
            "sender": self.sender,
            "at": iso(self.at),
            "message": self.message,
            "unsent": self.unsent,
            "edited": self.edited,
            "via": self.via,
        }


class Person:
    """Someone with LINE on a phone. `menu` is the rich menu linked to this person alone."""

    __slots__ = (
        "blocked",
        "entries",
        "friend",
        "gone",
        "id",
        "language",
        "menu",
        "name",
        "picture",
        "read_at",
        "unread",
        "watched",
        "wrote_at",
    )

    def __init__(self, id: str, name: str, language: str, picture: str | None = None) -> None:
        self.id = id
        self.name = name
        self.language = language
        self.picture = picture
        self.friend = False
        self.blocked = False
        self.gone = False
        self.watched = False
        self.unread = 0
        self.menu: str | None = None
        self.entries: list[Entry] | None = None
        self.wrote_at: float | None = None
        self.read_at: float | None = None

    @property
    def reachable(self) -> bool:
        """A friend who neither blocked the bot nor left LINE."""
        return self.friend and not self.blocked and not self.gone

    def add(self, entry: Entry) -> None:
        """Puts the entry at the end of this person's chat."""
        if self.entries is None:
            self.entries = [entry]
        else:
            self.entries.append(entry)


class Group:
    """A group chat (id C…) or a multi-person chat (id R…). `joined`: whether the bot is in it."""

    __slots__ = ("entries", "id", "joined", "members", "name", "watched")

    def __init__(self, id: str, name: str, members: list[str]) -> None:
        self.id = id
        self.name = name
        self.members = members
        self.joined = False
        self.watched = True
        self.entries: list[Entry] | None = None

    @property
    def kind(self) -> str:
        """`group` or `room`, the word in a webhook's source."""
        return "group" if self.id.startswith("C") else "room"

    def add(self, entry: Entry) -> None:
        """Puts the entry at the end of the chat."""
        if self.entries is None:
            self.entries = []
        self.entries.append(entry)

    def json(self) -> dict[str, Any]:
        """The group as the page reads it."""
        return {"id": self.id, "name": self.name, "members": list(self.members), "joined": self.joined}
