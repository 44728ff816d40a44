"""What an offer says: up to five parts in the club's languages, checked before anybody is asked to approve it (E11).

`{"parts": [{"kind": "text", "th": …, "en": …}, {"kind": "image", "file": …, "alt_th": …, "alt_en": …, "link"?: …,
"ratio"?: "20:13"}, {"kind": "card", "privilege_id": n, "th"?: intro, "en"?: intro}], "languages": ["th", "en"],
"fallback"?: true}`. Without `fallback` every language of the readers must be written; with it, who reads another
language gets the first written one of the club's order.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits.offers import texts
from benefits.offers.shape import Content, addresses, named, parts_of, personal, spoken, written
from benefits.offers.values import lacking, values
from clubs import Club
from models import Privilege

__all__ = ["Fault", "addresses", "faults", "lacking", "personal", "spoken", "values", "written"]

PARTS = 5
TEXT = 5000
ALT = 1500
INTRO = 300
"""Units of the sentence over a card."""
HEAVIEST = 2_000_000
"""Bytes of one call, by LINE's limit."""
ABOUT = 3000
"""Units of a privilege's text on a card: every one may take six of the 30,000 bytes LINE gives a card."""
TOKEN = 10
"""Characters of a link's token."""
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}\.(png|jpe?g)", re.IGNORECASE)
_RATIO = re.compile(r"[1-9]\d{0,4}:[1-9]\d{0,4}")


@dataclass(frozen=True)
class Fault:
    """One thing to mend: the part (from 0; none: the whole), the field in it, what is wrong in a word, and the facts."""

    part: int | None
    field: str
    code: str
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CODES = (
    "malformed", "no_parts", "too_many_parts", "too_heavy", "no_language", "unknown_language", "missing_language",
    "unknown_kind", "empty", "too_long", "unknown_variable", "stray_brace", "variable_not_here", "variable_in_link",
    "bad_link", "no_file", "bad_ratio", "unknown_privilege", "withdrawn_privilege", "ended_privilege", "hidden_privilege",
    "values_missing",
)  # fmt: skip
"""Every `Fault.code` there is. Facts: too_many_parts `most`, `found`; too_heavy `most`; too_long `most`, `found` (UTF-16
units, variables and links as long as they can get); …_variable `variable`; bad_link `link`; …_language `language`;
…_privilege `at`; values_missing `variable`, `people`."""


def faults(
    session: Session,
    club: Club,
    content: Content,
    *,
    now: datetime,
    audience: Mapping[str, Any] | None = None,
    public_url: str = "",
    has_file: Callable[[str], bool] | None = None,
) -> list[Fault]:
    """Everything to mend, in reading order; empty: it may be asked for (E11).

    `audience` tells which languages are read; with `public_url` the length of our links is counted in; `has_file` says
    whether a picture of this name was uploaded.
    """
    parts = content.get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return [Fault(None, "parts", "malformed")]
    found = [*_whole(club, content, audience or {})]
    link_units = len(public_url) + len("/o/") + TOKEN if public_url else 0
    for n, part in enumerate(parts):
        check = {"text": _text, "image": _image, "card": _card}.get(str(part.get("kind")))
        if check is None:
            found.append(Fault(n, "kind", "unknown_kind"))
            continue
        look = _Look(session, club, spoken(club, content), now, link_units, has_file)
        found += [Fault(n, fault.field, fault.code, fault.facts) for fault in check(look, part)]
    return found


@dataclass(frozen=True)
class _Look:
    session: Session
    club: Club
    languages: Sequence[str]
    now: datetime
    link_units: int
    has_file: Callable[[str], bool] | None


def _whole(club: Club, content: Content, audience: Mapping[str, Any]) -> Iterator[Fault]:
    parts, languages = parts_of(content), spoken(club, content)
    if not parts:
        yield Fault(None, "parts", "no_parts")
    if len(parts) > PARTS:
        yield Fault(None, "parts", "too_many_parts", {"most": PARTS, "found": len(parts)})
    if len(json.dumps(content, default=str)) > HEAVIEST:
        yield Fault(None, "parts", "too_heavy", {"most": HEAVIEST})
    for language in named(content):
        if language not in club.languages:
            yield Fault(None, "languages", "unknown_language", {"language": language})
    if not languages:
        yield Fault(None, "languages", "no_language")
    elif not content.get("fallback"):
        for language in audience.get("languages") or club.languages:
            if language not in languages:
                yield Fault(None, "languages", "missing_language", {"language": language})


def _text(look: _Look, part: Mapping[str, Any]) -> Iterator[Fault]:
    for language in look.languages:
        said = part.get(language)
        if not isinstance(said, str) or not said.strip():
            yield Fault(None, language, "empty", {"language": language})
        else:
            yield from _said(look, language, said, TEXT)


def _said(look: _Look, name: str, said: str, most: int) -> Iterator[Fault]:
    size = texts.longest(said, look.link_units)
    if size > most:
        yield Fault(None, name, "too_long", {"most": most, "found": size})
    for variable in texts.variables(said):
        if not variable.known:
            yield Fault(None, name, "unknown_variable", {"variable": variable.name})
    if texts.stray_brace(said):
        yield Fault(None, name, "stray_brace")
    if texts.touches_variable(said):
        yield Fault(None, name, "variable_in_link")
    for link in texts.links(said):
        if texts.bad_link(link):
            yield Fault(None, name, "bad_link", {"link": link[:80]})


def _image(look: _Look, part: Mapping[str, Any]) -> Iterator[Fault]:
    file = part.get("file")
    if not isinstance(file, str) or not _FILE.fullmatch(file) or (look.has_file and not look.has_file(file)):
        yield Fault(None, "file", "no_file")
    if part.get("ratio") is not None and not _ratio(part["ratio"]):
        yield Fault(None, "ratio", "bad_ratio")
    if part.get("link") and (not isinstance(part["link"], str) or texts.bad_link(part["link"])):
        yield Fault(None, "link", "bad_link", {"link": str(part["link"])[:80]})
    for language in look.languages:
        name, alt = f"alt_{language}", part.get(f"alt_{language}")
        if not isinstance(alt, str) or not alt.strip():
            yield Fault(None, name, "empty", {"language": language})
        elif texts.units(alt) > ALT:
            yield Fault(None, name, "too_long", {"most": ALT, "found": texts.units(alt)})
        elif texts.variables(alt):
            yield Fault(None, name, "variable_not_here", {"variable": texts.variables(alt)[0].name})


def _card(look: _Look, part: Mapping[str, Any]) -> Iterator[Fault]:
    number = part.get("privilege_id")
    asked = select(Privilege).where(Privilege.id == number, Privilege.club == look.club.key)
    whole = isinstance(number, int) and not isinstance(number, bool) and 0 < number < 2**63
    privilege = look.session.scalars(asked).one_or_none() if whole else None
    if privilege is None:
        yield Fault(None, "privilege_id", "unknown_privilege")
        return
    if privilege.withdrawn_at is not None:
        yield Fault(None, "privilege_id", "withdrawn_privilege", {"at": privilege.withdrawn_at})
    ends = [end for end in (privilege.visible_to, privilege.claim_to) if end is not None and end <= look.now]
    if ends:
        yield Fault(None, "privilege_id", "ended_privilege", {"at": min(ends)})
    if privilege.visible_from is not None and privilege.visible_from > look.now:
        yield Fault(None, "privilege_id", "hidden_privilege", {"at": privilege.visible_from})
    about = max(texts.units(privilege.about_th), texts.units(privilege.about_en))
    if about > ABOUT:
        yield Fault(None, "privilege_id", "too_long", {"most": ABOUT, "found": about})
    for language in look.languages:
        said = part.get(language)
        if isinstance(said, str) and said.strip():
            yield from _said(look, language, said, INTRO)
            for link in texts.links(said):
                yield Fault(None, language, "bad_link", {"link": link[:80]})


def _ratio(ratio: object) -> bool:
    """Width to height; LINE takes heights up to three times the width."""
    if not isinstance(ratio, str) or not _RATIO.fullmatch(ratio):
        return False
    width, height = (int(side) for side in ratio.split(":"))
    return height <= 3 * width
