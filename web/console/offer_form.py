"""What a marketer types about an offer, read into content as `benefits.offers.content` keeps it, and moved about by button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from benefits.offers.content import PARTS
from wording import BANGKOK

FIELDS: Mapping[str, tuple[str, ...]] = {
    "text": ("th", "en"),
    "image": ("file", "ratio", "alt_th", "alt_en", "link"),
    "card": ("privilege_id", "th", "en"),
}
"""The fields of each kind of part."""
LONGEST = 20_000
"""Characters of one field that are kept at all: far more than anything that could be sent."""


def typed_parts(form: MultiDict[str, str]) -> list[dict[str, Any]]:
    """The parts of a posted form, in its order, just as they were typed; line ends as LINE has them."""
    parts: list[dict[str, Any]] = []
    while (kind := form.get(f"part-{len(parts)}-kind", "")) in FIELDS and len(parts) < PARTS:
        at = f"part-{len(parts)}-"
        part: dict[str, Any] = {"kind": kind}
        for field in FIELDS[kind]:
            part[field] = form.get(at + field, "").replace("\r\n", "\n").strip()[:LONGEST]
        parts.append(part)
    return parts


def content_of(parts: Sequence[Mapping[str, Any]], languages: Sequence[str], fallback: bool) -> dict[str, Any]:
    """Content as it is kept: only the fields that say something, and numbers as numbers."""
    found: dict[str, Any] = {"parts": [_kept(part) for part in parts], "languages": list(languages)}
    return {**found, "fallback": True} if fallback else found


def _kept(part: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"kind": part["kind"]}
    for field in FIELDS[part["kind"]]:
        value = str(part.get(field, ""))
        if field == "privilege_id":
            kept[field] = int(value) if value.isdecimal() and len(value) < 19 else None
        elif value or part["kind"] == "text":
            kept[field] = value
    return kept


def shown_parts(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts of kept content as a form shows them: every field there, empty where nothing was said."""
    return [
        {"kind": part["kind"], **{field: _shown(part.get(field)) for field in FIELDS[part["kind"]]}}
        for part in content.get("parts", ())
        if part.get("kind") in FIELDS
    ]


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def rearranged(parts: Sequence[dict[str, Any]], deed: str) -> list[dict[str, Any]] | None:
    """The parts after a button of the form: `add-text`, `up-2`, `down-0`, `remove-1`. None: the button is another's."""
    verb, _, which = deed.partition("-")
    found = list(parts)
    if verb == "add" and which in FIELDS:
        return found if len(found) >= PARTS else [*found, _empty(which)]
    if verb not in ("up", "down", "remove") or not which.isdecimal() or int(which) >= len(found):
        return None
    n = int(which)
    part = found.pop(n)
    if verb != "remove":
        found.insert(max(n - 1, 0) if verb == "up" else n + 1, part)
    return found


def _empty(kind: str) -> dict[str, Any]:
    return {"kind": kind, **dict.fromkeys(FIELDS[kind], "")}


def bangkok(typed: str) -> datetime | None:
    """A `datetime-local` field read as Bangkok time (E10). None for an empty one. Raises `ValueError`."""
    if not typed.strip():
        return None
    when = datetime.fromisoformat(typed.strip())
    if when.tzinfo is not None:
        raise ValueError("a time of day in Bangkok carries no zone")
    if not 2000 <= when.year <= 2200:
        raise ValueError("the year is out of reach")
    return when.replace(tzinfo=BANGKOK)


def local(when: datetime | None) -> str:
    """An instant as a `datetime-local` field shows it, in Bangkok time; empty for none."""
    return "" if when is None else when.astimezone(BANGKOK).strftime("%Y-%m-%dT%H:%M")


def number(typed: str, least: int, most: int) -> int | None:
    """A whole number from `least` to `most`, commas allowed; None for an empty field. Raises `ValueError`."""
    plain = typed.replace(",", "").strip()
    if not plain:
        return None
    if not plain.isdecimal() or not plain.isascii() or len(plain) > 12 or not least <= int(plain) <= most:
        raise ValueError(f"not a whole number from {least} to {most}")
    return int(plain)
