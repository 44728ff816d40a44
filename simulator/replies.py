"""Reply tokens: single use, one minute after each delivery, dead 20 minutes after the event."""

from __future__ import annotations

from collections import OrderedDict

from simulator.clock import Clock
from simulator.ids import Ids
from simulator.settings import Settings

#: Seconds after the event at which no redelivery revives the token (Messaging API reference, reply token).
LIFE_OF_EVENT = 20 * 60


class _Token:
    __slots__ = ("chat", "delivered", "issued", "used")

    def __init__(self, chat: str, issued: float) -> None:
        self.chat = chat
        self.issued = issued
        self.delivered = issued
        self.used = False


class ReplyTokens:
    """Knows every token of the last 20 minutes."""

    def __init__(self, ids: Ids, clock: Clock, settings: Settings) -> None:
        self.ids = ids
        self.clock = clock
        self.settings = settings
        self._tokens: OrderedDict[str, _Token] = OrderedDict()

    def issue(self, chat: str) -> str:
        """A new token for a chat."""
        self._forget()
        token = self.ids.hex()
        self._tokens[token] = _Token(chat, self.clock.time())
        return token

    def delivered(self, token: str) -> None:
        """Starts the minute anew: the webhook carrying the token has just been sent."""
        if token in self._tokens:
            self._tokens[token].delivered = self.clock.time()

    def chat(self, token: str) -> str | None:
        """The chat a token still answers to, or None when it is unknown, used or too old."""
        found = self._tokens.get(token)
        now = self.clock.time()
        if found is None or found.used or now - found.issued > LIFE_OF_EVENT:
            return None
        return found.chat if now - found.delivered <= self.settings.reply_token_seconds else None

    def use(self, token: str) -> None:
        """Spends the token."""
        self._tokens[token].used = True

    def _forget(self) -> None:
        oldest_kept = self.clock.time() - LIFE_OF_EVENT
        while self._tokens:
            token, first = next(iter(self._tokens.items()))
            if first.issued >= oldest_kept:
                return
            del self._tokens[token]
