"""Who answers what: turns in, replies out, and the list of routes one can read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.actions import Action
from clubs import Club
from models import Person
from models.queries import Asked
from wording import Words


@dataclass(frozen=True)
class Arrival:
    """One event as it came, inside its transaction."""

    session: Session
    club: str
    event: Mapping[str, Any]
    now: datetime


@dataclass(frozen=True)
class Turn:
    """What a handler gets: one person's event, inside its transaction, with the person's row locked."""

    session: Session
    club: Club
    person: Person
    event: Mapping[str, Any]
    now: datetime
    words: Words
    public_url: str
    agreed: bool = False
    """Whether she had agreed to the club's current terms when the turn began."""

    @property
    def language(self) -> str:
        """The language to answer in."""
        return self.words.language


@dataclass(frozen=True)
class Reply:
    """What a handler gives back. Nothing is sent before the turn is committed."""

    messages: Sequence[dict[str, Any]] = ()
    outcome: str = ""
    refused: bool = False
    matters: bool = False
    """If LINE surely refuses the reply, push it (that costs quota)."""
    attend: bool = False
    """Afterwards, outside the transaction: learn the profile, link the rich menu."""


SILENCE = Reply(outcome="nothing to say")
Handler = Callable[..., Reply]
Ahead = Callable[[Club, str, Any, datetime], Sequence[Asked]]
"""Questions from the club, the LINE user id, the action and the time."""


@dataclass(frozen=True)
class Route:
    """One action, who answers it, and what can be typed instead (`{n}` stands for a number, in order of the fields)."""

    action: type[Action]
    handler: Handler
    typed: Sequence[str] = ()
    meaning: Mapping[str, Action] = field(default_factory=dict)
    """Further phrases, each for one particular action of this kind."""
    before_consent: bool = False
    """Answered also to people who have not agreed to the terms."""
    ahead: Ahead | None = None
    """What the handler asks the database first of all, so that it is asked in the round trip that meets the person."""
    only_looks: bool = False
    """The handler writes nothing, so there is nothing to take back when it refuses: no savepoint."""
    all_or_nothing: bool = False
    """The handler writes, but when it refuses it has left nothing behind, and neither her consent nor that something
    waits to be told comes from it: no savepoint either, and what was known when she arrived still holds."""

    @property
    def as_she_arrived(self) -> bool:
        """Whether she stands afterwards as she stood before, as to consent and to notices."""
        return self.only_looks or self.all_or_nothing


@dataclass
class Routes:
    """The routes by action and by phrase. An action or phrase registered twice is refused at import."""

    routes: Sequence[Route]
    _by_action: dict[type[Action], Route] = field(init=False, default_factory=dict)
    _phrases: list[tuple[re.Pattern[str], Route, Action | None]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        for route in self.routes:
            if route.action in self._by_action:
                raise ValueError(f"{route.action.__name__} has two handlers")
            self._by_action[route.action] = route
            for phrase in route.typed:
                self._add(phrase, route, None)
            for phrase, action in route.meaning.items():
                self._add(phrase, route, action)

    def _add(self, phrase: str, route: Route, action: Action | None) -> None:
        pattern = _pattern(normal(phrase))
        if any(pattern == known for known, _, _ in self._phrases):
            raise ValueError(f"{phrase!r} is typed for two actions")
        self._phrases.append((pattern, route, action))

    def of(self, action: Action) -> Route:
        """The route of an action. Raises `KeyError` when nobody answers it (a test keeps that from happening)."""
        return self._by_action[type(action)]

    def typed(self, text: str) -> Action | None:
        """The action that typed text means; none when it means nothing to us."""
        plain = normal(text)
        for pattern, route, action in self._phrases:
            match = pattern.fullmatch(plain)
            if match is not None:
                return action or route.action(*(int(n) for n in match.groups()))
        return None


def normal(text: str) -> str:
    """Typed text without what people type differently: case, width, spaces, Thai digits, a final full stop."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    plain = plain.rstrip(".!?") or plain
    return "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in plain)


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(re.escape(phrase).replace(r"\{n\}", r"(\d{1,18})"))
