"""What a button may say: typed payloads, packed into LINE's 300 characters of postback data.

Buttons may be years old: codes are never reused, fields are only appended, and pressing one twice is safe.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, get_type_hints
from urllib.parse import quote, unquote

LONGEST = 300
REGISTRY: dict[str, type[Action]] = {}


class StaleButton(Exception):
    """Data no button of ours carries today: too old, or forged. Answered kindly, with the way on."""


@dataclass(frozen=True)
class Action:
    """One thing a button can say. Subclasses are frozen dataclasses of ints and strings, with a code of two letters."""

    code: ClassVar[str] = ""

    def __init_subclass__(cls, code: str, **more: Any) -> None:
        super().__init_subclass__(**more)
        if code in REGISTRY:
            raise TypeError(f"{cls.__name__} and {REGISTRY[code].__name__} share the code {code!r}")
        cls.code = code
        REGISTRY[code] = cls

    def pack(self) -> str:
        """The postback data. Raises `ValueError` past LINE's 300 characters."""
        values = (getattr(self, field.name) for field in dataclasses.fields(self))
        data = ":".join([self.code, *(quote(str(value), safe="") for value in values)])
        if len(data) > LONGEST:
            raise ValueError(f"{type(self).__name__} packs into {len(data)} characters, LINE takes {LONGEST}")
        return data


def unpack(data: str) -> Action:
    """The action a button's data means. Raises `StaleButton`."""
    code, *parts = data.split(":")
    kind = REGISTRY.get(code)
    if kind is None or len(data) > LONGEST:
        raise StaleButton(code[:8])
    kinds, required = _shape(code)
    if not required <= len(parts) <= len(kinds):
        raise StaleButton(code)
    try:
        return kind(*map(_read, kinds, parts))
    except ValueError:
        raise StaleButton(code) from None


@cache
def _shape(code: str) -> tuple[list[type], int]:
    """The types of an action's fields, and how many of them every button has."""
    hints, fields = get_type_hints(REGISTRY[code]), dataclasses.fields(REGISTRY[code])
    return [hints[field.name] for field in fields], sum(field.default is dataclasses.MISSING for field in fields)


def _read(kind: type, part: str) -> int | str:
    if kind is not int:
        said = unquote(part)
        if not said.isprintable():  # no button of ours says control characters, and the database takes no NUL
            raise ValueError(part)
        return said
    if not (part.isascii() and part.isdigit() and len(part) < 19):
        raise ValueError(part)
    return int(part)


@dataclass(frozen=True)
class ShowPrivileges(Action, code="pv"):
    """*My privileges*: the catalogue with what each account may claim."""

    page: int = 0


@dataclass(frozen=True)
class ShowPrivilege(Action, code="pr"):
    """One privilege: conditions, and each account's standing."""

    privilege: int


@dataclass(frozen=True)
class StartClaim(Action, code="cl"):
    """*Claim* pressed: choose the account (LFC-13)."""

    privilege: int


@dataclass(frozen=True)
class ClaimFor(Action, code="ca"):
    """The account is chosen: here the claim is decided."""

    privilege: int
    member: int
    slot: int = 0
    """Which of the account's claims this button makes (0: not said): pressed again it never claims another."""


@dataclass(frozen=True)
class UseLater(Action, code="ul"):
    """*Use later*: it stays under My info (LFC-14)."""

    claim: int


@dataclass(frozen=True)
class AskUse(Action, code="un"):
    """*Use now*: asks once more."""

    claim: int


@dataclass(frozen=True)
class Use(Action, code="uc"):
    """Yes, use it: shows the code and starts the countdown. Pressed again it shows the same."""

    claim: int


@dataclass(frozen=True)
class ShowClaim(Action, code="sc"):
    """One claim as it stands."""

    claim: int


@dataclass(frozen=True)
class MyInfo(Action, code="mi"):
    """*My info*: counts of claims, and the way to each list."""


@dataclass(frozen=True)
class ShowClaims(Action, code="cu"):
    """*Claim and use*: the claims of one state: `kept`, `in_use`, `used`, `expired` or `void`."""

    state: str = "kept"
    page: int = 0


@dataclass(frozen=True)
class ShowAccounts(Action, code="oa"):
    """*Official accounts*: tier, stars and progress of each (LFC-16)."""

    page: int = 0


@dataclass(frozen=True)
class Explain(Action, code="wy"):
    """*Why this number*: the statement of one account and month (`2026-10`; empty: the latest)."""

    member: int
    month: str = ""


@dataclass(frozen=True)
class ExplainMonths(Action, code="wm"):
    """The months an account has statements for."""

    member: int


@dataclass(frozen=True)
class ShowTerms(Action, code="co"):
    """The consent page."""


@dataclass(frozen=True)
class Agree(Action, code="ag"):
    """**ตกลง** on the consent page, to this version of the terms (LFC-24)."""

    version: str


@dataclass(frozen=True)
class Decline(Action, code="no"):
    """Not now: nothing is stored (KE-3 by analogy)."""


@dataclass(frozen=True)
class Help(Action, code="he"):
    """Help: what to tap, what to type, whom to ask."""


@dataclass(frozen=True)
class AskLanguage(Action, code="la"):
    """Choose the language."""


@dataclass(frozen=True)
class SetLanguage(Action, code="ls"):
    """Speak this language from now on."""

    language: str


@dataclass(frozen=True)
class Leave(Action, code="le"):
    """Leaving the club: which account?"""


@dataclass(frozen=True)
class AskLeave(Action, code="lc"):
    """Leave with this account? Asks once, and says what is lost."""

    member: int


@dataclass(frozen=True)
class LeaveNow(Action, code="lx"):
    """Yes, this account leaves."""

    member: int


@dataclass(frozen=True)
class SwitchTab(Action, code="tb"):
    """A rich-menu tab was tapped; LINE has switched it already."""

    tab: str


@dataclass(frozen=True)
class Offers(Action, code="of"):
    """Marketing messages on or off: `on`, `off`."""

    wanted: str


@dataclass(frozen=True)
class ConnectChat(Action, code="cc"):
    """A colleague types the code the console showed her: this chat is hers from now on."""

    number: int


@dataclass(frozen=True)
class ShowAsked(Action, code="ap"):
    """Offers that wait for approval, for an approver."""


@dataclass(frozen=True)
class ShowOffer(Action, code="ao"):
    """One offer as an approver sees it: what is sent, to how many, what it costs."""

    offer: int


@dataclass(frozen=True)
class ApproveOffer(Action, code="ay"):
    """*Approve*, of the version she saw: another one is not approved by it."""

    offer: int
    version: int


@dataclass(frozen=True)
class RejectOffer(Action, code="an"):
    """*Send back*, of the version she saw; `why` is the number of a reason (0: asks for one)."""

    offer: int
    version: int
    why: int = 0


@dataclass(frozen=True)
class StopOffer(Action, code="as"):
    """Stop an offer that was approved or is being sent."""

    offer: int
