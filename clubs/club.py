"""What a club is: one frozen object per club file. Values are data; what they do is in `benefits`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

Labels = Mapping[str, str]
"""A wording per language: `{"th": "ดาว", "en": "stars"}`."""


@dataclass(frozen=True)
class Tier:
    """One tier: the stars of the window it takes, what it is called, and its colour (`#rrggbb`) on cards."""

    key: str
    threshold: int
    name: Labels
    colour: str


@dataclass(frozen=True)
class Stars:
    """How charges become units: which services count, and how many whole baht make one star (LFC-1, LFC-10)."""

    unit: str
    name: Labels
    services: tuple[str, ...]
    service_names: Mapping[str, Labels]
    baht_per_star: Decimal

    @property
    def satang_per_star(self) -> int:
        """Satang for one star; the file is refused unless this is a whole number of at least 1."""
        return int(self.baht_per_star * 100)


@dataclass(frozen=True)
class Round:
    """When tiers are adjusted: each `cycle` on its `day`, over the last `window` computed periods."""

    cycle: str
    day: int
    window: int
    sign_off: bool = False
    """Whether a round waits until two persons have signed its figures in the console."""


@dataclass(frozen=True)
class NewMember:
    """Days of new-member status, and after how many days away a member that comes back is new again (LFC-25, 26)."""

    days: int
    again_after_days: int | None


@dataclass(frozen=True)
class Terms:
    """One version of the terms, per language. When two languages conflict, Thai prevails."""

    version: str
    text: Labels

    def sha256(self, language: str) -> str:
        """Hex digest of the text as shown, kept with each consent."""
        return hashlib.sha256(self.text[language].encode()).hexdigest()


@dataclass(frozen=True)
class Notices:
    """How people are told: `reply` waits for their next reply (free), `push` is sent (paid)."""

    tier_change: str
    reminder_days: int


@dataclass(frozen=True)
class Club:
    """One benefit club, as its file says."""

    key: str
    name: Labels
    languages: tuple[str, ...]
    """The first is the club's own, used until a person chooses."""
    member: str
    """`account` (an official account, with admins) or `person`."""
    colour: str
    """`#rrggbb`: of the rich menu and of the heads of cards."""
    claiming_roles: tuple[str, ...]
    barred_badges: tuple[str, ...]
    stars: Stars
    round: Round
    tiers: tuple[Tier, ...]
    """By rising threshold; the first is the entry tier."""
    new_member: NewMember
    terms: Terms
    notices: Notices
    contact: Labels
    examples: tuple[str, ...]
    """Keys of this file whose values no source states."""

    @property
    def entry_tier(self) -> Tier:
        """The tier given at joining (LFC-3)."""
        return self.tiers[0]

    def tier(self, key: str) -> Tier:
        """The tier called `key`. Raises `KeyError` when the file has none."""
        return next(tier for tier in self.tiers if tier.key == key) if self.has_tier(key) else _no_tier(key)

    def has_tier(self, key: str) -> bool:
        """Whether the file names this tier."""
        return any(tier.key == key for tier in self.tiers)

    def tier_for(self, stars: int) -> Tier:
        """The highest tier whose threshold `stars` reach."""
        return [tier for tier in self.tiers if tier.threshold <= stars][-1]

    def next_tier(self, key: str) -> Tier | None:
        """The tier above `key`; none at the top."""
        keys = [tier.key for tier in self.tiers]
        above = keys.index(key) + 1
        return self.tiers[above] if above < len(keys) else None

    def say(self, labels: Labels, language: str) -> str:
        """The wording in `language`, else in the club's first."""
        return labels.get(language) or labels[self.languages[0]]


def _no_tier(key: str) -> Tier:
    raise KeyError(key)
