"""The texts of an offer: the variables in them, the links in them, and how long LINE will find them.

A variable is `{name}`, or `{name|คุณลูกค้า}` with what to say where there is no value. Links are replaced by our own
before variables are filled: a value is never read as a template or a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

VARIABLES = ("name", "account", "tier", "stars", "missing")
"""Display name; and of the person's account with most stars: its name, tier, stars, and stars missing to the next tier."""
WIDEST = {"name": 60, "account": 100, "tier": 40, "stars": 16, "missing": 16}
"""UTF-16 units a value may take; a longer one is cut."""
LONGEST_LINK = 1000
_BRACES = re.compile(r"\{([^{}]*)\}")
_LINK = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*", re.IGNORECASE)
_TRAILING = ".,;:!?)]'"


class MissingValue(Exception):
    """A variable without a value and without a default."""

    def __init__(self, variable: str) -> None:
        super().__init__(variable)
        self.variable = variable


@dataclass(frozen=True)
class Variable:
    """One variable as written: known or not, and its default (none: there is none)."""

    name: str
    default: str | None

    @property
    def known(self) -> bool:
        """Whether it is one of ours."""
        return self.name in VARIABLES


def units(text: str) -> int:
    """UTF-16 code units: how LINE counts texts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def variables(text: str) -> list[Variable]:
    """Every variable in reading order, unknown ones included."""
    return [_variable(match[1]) for match in _BRACES.finditer(text)]


def stray_brace(text: str) -> bool:
    """Whether a brace stands alone: most likely a variable mistyped."""
    rest = _BRACES.sub("", text)
    return "{" in rest or "}" in rest


def filled(text: str, values: Mapping[str, str | None]) -> str:
    """`text` with its variables replaced. Raises `MissingValue`."""

    def said(match: re.Match[str]) -> str:
        variable = _variable(match[1])
        value = values.get(variable.name) or variable.default
        if not value:
            raise MissingValue(variable.name)
        return value

    return _BRACES.sub(said, text)


def links(text: str) -> list[str]:
    """Every web address in reading order, once each."""
    return list(dict.fromkeys(link for _, link in _links(text)))


def relinked(text: str, addresses: Mapping[str, str]) -> str:
    """`text` with each address replaced by what `addresses` names for it, where it names one."""
    out, at = [], 0
    for start, link in _links(text):
        out += [text[at:start], addresses.get(link, link)]
        at = start + len(link)
    return "".join([*out, text[at:]])


def touches_variable(text: str) -> bool:
    """Whether a variable stands inside an address: it would put a person's data into a link."""
    return any(text[start + len(link) : start + len(link) + 1] == "{" for start, link in _links(text))


def longest(text: str, link_units: int) -> int:
    """Units the text can come to: every value as wide as it gets, every link as long as ours (0: as written)."""
    size = units(_BRACES.sub("", text)) + sum(_widest(variable) for variable in variables(text))
    return size + sum(link_units - len(link) for _, link in _links(text) if link_units)


def bad_link(link: str) -> bool:
    """Whether this cannot be a link's target: not http(s), no host, a name and password in it, or too long."""
    try:
        parts = urlsplit(link)
        port = parts.port  # raises on a port that is none
    except ValueError:
        return True
    host = parts.hostname or ""
    named = re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host) is not None and ".." not in host
    plain = link.isascii() and link.isprintable() and " " not in link and "\\" not in link
    fine = parts.scheme in ("http", "https") and named and parts.username is None and port != 0
    return not (fine and plain and len(link) <= LONGEST_LINK)


def _variable(inside: str) -> Variable:
    name, bar, default = inside.partition("|")
    return Variable(name.strip(), default.strip() if bar and default.strip() else None)


def _widest(variable: Variable) -> int:
    return max(WIDEST.get(variable.name, 0), units(variable.default or ""))


def _links(text: str) -> Iterator[tuple[int, str]]:
    for match in _LINK.finditer(text):
        yield match.start(), match[0].rstrip(_TRAILING) if match[0][-1] in _TRAILING else match[0]
