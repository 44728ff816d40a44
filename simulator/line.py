"""The platform: all of its state in one place, and the few acts that several parts share."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator.buckets import Buckets
from simulator.clock import Clock, iso
from simulator.faults import Faults
from simulator.ids import Ids
from simulator.menus import Menus
from simulator.owner import Owner
from simulator.pages import Pages
from simulator.people import Entry, Group, Person
from simulator.quota import Quota
from simulator.replies import ReplyTokens
from simulator.retries import RetryKeys
from simulator.settings import Settings
from simulator.stream import Stream
from simulator.timers import Timers
from simulator.tokens import Tokens
from simulator.traffic import Traffic
from simulator.units import Units
from simulator.webhooks import Webhooks

if TYPE_CHECKING:
    from simulator.audiences import Audience
    from simulator.menubatch import Batch
    from simulator.narrowcast import Narrowcast

#: With more people than this, a change is published only for those whose chat somebody opened.
CROWD = 500


class Line:
    """One LINE platform with one official account. Touched only from the thread of its event loop."""

    def __init__(
        self,
        *,
        webhook: str | None,
        secret: str,
        token: str | None = None,
        bot_name: str = "Bot",
        clock: Clock | None = None,
        seed: int = 1,
        channel_id: str = "2000000000",
    ) -> None:
        """`webhook`: where events go; `token`: the only long-lived token accepted, None accepts any."""
        self.webhook = webhook
        self.secret = secret
        self.bot_name = bot_name
        self.channel_id = channel_id
        self.clock = clock or Clock()
        # Chance is asked when the bot has answered, at a moment nobody knows: it must not shift the ids.
        self.rng = random.Random(f"chance {seed}")
        self.ids = Ids(seed, self.clock)
        self.bot_id = self.ids.chat("U")
        self.settings = Settings()
        self.tokens = Tokens(token, self.ids, self.clock)
        self.stream = Stream()
        self.traffic = Traffic(self.stream)
        self.faults = Faults(self.clock, self.rng)
        self.timers = Timers(self.clock)
        self.webhooks = Webhooks(self)
        self.people: dict[str, Person] = {}
        self.groups: dict[str, Group] = {}
        self.calls_open = 0
        self.clock_url: str | None = None
        self.owner = Owner()
        self._fresh()

    def _fresh(self) -> None:
        self.menus = Menus(self.ids)
        self.quota = Quota(self.clock, self.settings)
        self.replies = ReplyTokens(self.ids, self.clock, self.settings)
        self.retries = RetryKeys(self.clock)
        self.buckets = Buckets(self.clock)
        self.units = Units(self.clock)
        self.pages = Pages(self.ids, self.clock)
        self.content: dict[str, Entry] = {}
        self.read_tokens: dict[str, tuple[str, float]] = {}
        self.link_tokens: dict[str, tuple[str, float]] = {}
        self.narrowcasts: dict[str, Narrowcast] = {}
        self.batches: dict[str, Batch] = {}
        self.deliveries: dict[str, tuple[float, int, int]] = {}
        self.audiences: dict[int, Audience] = {}

    def reset(self, *, keep_people: bool) -> None:
        """Back to an empty platform; with `keep_people` their names and friendship stay, their chats do not."""
        self._fresh()
        self.faults.clear()
        self.timers.clear()
        self.webhooks.clear()
        self.traffic.clear()
        if not keep_people:
            self.people.clear()
            self.groups.clear()
        for person in self.people.values():
            person.entries, person.menu, person.unread, person.wrote_at = None, None, 0, None
        for group in self.groups.values():
            group.entries = None

    # --- chats ---------------------------------------------------------------------------------------------------
    def entries(self, messages: list[dict[str, Any]], via: str) -> list[Entry]:
        """The bot's messages as chat entries, made once for all who receive them."""
        now = self.clock.time()
        return [Entry(self.ids.message(), "bot", None, now, message, via) for message in messages]

    def deliver(self, person: Person, entries: Iterable[Entry]) -> None:
        """Puts the bot's entries into one person's chat."""
        for entry in entries:
            person.add(entry)
            person.unread += 1
        if self.stream.watched and self.shown(person):
            for entry in entries:
                self.stream.publish("message", chat=person.id, entry=entry.json())

    def deliver_group(self, group: Group, entries: Iterable[Entry]) -> None:
        """Puts the bot's entries into a group's chat."""
        for entry in entries:
            group.add(entry)
            self.stream.publish("message", chat=group.id, entry=entry.json())

    def shown(self, person: Person) -> bool:
        """Whether watchers are told about this person."""
        return person.watched or len(self.people) <= CROWD

    # --- what watchers see ---------------------------------------------------------------------------------------
    def person_json(self, person: Person) -> dict[str, Any]:
        """The person as the page reads it, with the rich menu this person sees."""
        return {
            "id": person.id,
            "name": person.name,
            "language": person.language,
            "picture": person.picture,
            "friend": person.friend,
            "blocked": person.blocked,
            "gone": person.gone,
            "unread": person.unread,
            "menu": self.menus.shown_to(person),
        }

    def publish_person(self, person: Person) -> None:
        """Tells watchers that something about this person changed."""
        if self.stream.watched and self.shown(person):
            self.stream.publish("person", person=self.person_json(person))

    def publish_everyone(self) -> None:
        """Tells watchers about everybody they see: a default menu or an alias changed."""
        if self.stream.watched:
            for person in self.people.values():
                self.publish_person(person)

    def publish_quota(self) -> None:
        """Tells watchers the month's consumption."""
        self.stream.publish("quota", limit=self.settings.quota_limit, used=self.quota.used)

    def publish_faults(self) -> None:
        """Tells watchers which faults are planned."""
        self.stream.publish("faults", faults=[fault.json() for fault in self.faults.planned])

    def clock_json(self) -> dict[str, Any]:
        """The simulator's time."""
        return {"now": iso(self.clock.time()), "offset_seconds": self.clock.offset}
