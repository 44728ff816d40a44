"""Collecting what is wrong with a JSON object, in LINE's words and with LINE's property paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from simulator.api import Refusal, invalid_property
from simulator.limits import LIMITS, at_most, length, within

Json = dict[str, Any]
Path = tuple[str | int, ...]

# What RFC 3986 allows in a URI; LINE wants everything else percent-encoded.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
LINK_SCHEMES = ("http", "https", "line", "tel")


def dotted(path: Path) -> str:
    """`messages[0].text`, as in errors of the request body."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def slashed(path: Path) -> str:
    """`template/columns/0/title`, as in errors inside one message."""
    return "/".join(str(part) for part in path)


class Check:
    """Problems as (path, words). `deep`: inside one message, where LINE words things differently than in a body."""

    def __init__(self, *, deep: bool, missing: str | None = None, here_is_safe: bool = True) -> None:
        """`missing`: the words for a missing property; `here_is_safe`: http to this machine passes for https."""
        self.deep = deep
        self.missing = missing or ("must be specified" if deep else "May not be empty")
        self.here_is_safe = here_is_safe
        self.problems: list[tuple[Path, str]] = []

    def add(self, path: Path, words: str) -> None:
        """One more problem."""
        self.problems.append((path, words))

    def text(
        self,
        holder: Json,
        name: str,
        path: Path,
        limit: str | None = None,
        *,
        required: bool = False,
        pattern: re.Pattern[str] | None = None,
    ) -> str | None:
        """A text property within a named limit. Returns it when it is a text."""
        value = holder.get(name)
        where = (*path, name)
        if value is None or (required and value == ""):
            if required:
                self.add(where, self.missing)
            return None
        if not isinstance(value, str):
            raise invalid_property(f"'{dotted(where)}'")
        if limit is not None and not within(limit, length(limit, value)):
            self.add(where, self._too_long(limit))
        elif pattern is not None and not pattern.fullmatch(value):
            self.add(where, "invalid property")
        return value

    def _too_long(self, limit: str) -> str:
        least, most = int(LIMITS[limit].least), int(LIMITS[limit].most or 0)
        if limit.endswith(("uri", "Uri")) and self.deep:
            return f"size must be between 0 and {most}"
        return (
            f"must not be longer than {most} characters"
            if self.deep
            else (f"Length must be between {least} and {most}")
        )

    def items(self, holder: Json, name: str, path: Path, limit: str | None, *, required: bool = True) -> list[Any]:
        """An array within a named limit. Returns what is there to look into."""
        value = holder.get(name)
        where = (*path, name)
        if value is None:
            if required:
                self.add(where, self.missing)
            return []
        if not isinstance(value, list):
            raise invalid_property(f"'{dotted(where)}'")
        if limit is not None and not within(limit, len(value)):
            least, most = int(LIMITS[limit].least), int(LIMITS[limit].most or 0)
            self.add(where, f"{'size' if self.deep else 'Size'} must be between {least} and {most}")
        return value

    def object(self, holder: Json, name: str, path: Path, *, required: bool = False) -> Json | None:
        """An object property."""
        value = holder.get(name)
        if value is None:
            if required:
                self.add((*path, name), self.missing)
            return None
        if not isinstance(value, dict):
            raise invalid_property(f"'{dotted((*path, name))}'")
        return value

    def choice(self, holder: Json, name: str, path: Path, options: Iterable[str], *, required: bool = False) -> None:
        """A property with fixed values."""
        value = holder.get(name)
        if value is None:
            if required:
                self.add((*path, name), self.missing)
        elif not isinstance(value, str):
            raise invalid_property(f"'{dotted((*path, name))}'")
        elif value not in options:
            self.add(
                (*path, name),
                "invalid property" if self.deep else f"Must be one of the following values: [{', '.join(options)}]",
            )

    def number(
        self,
        holder: Json,
        name: str,
        path: Path,
        *,
        required: bool = False,
        whole: bool = True,
        least: float | None = None,
        limit: str | None = None,
    ) -> float | None:
        """A number property; `limit` names its range."""
        value = holder.get(name)
        where = (*path, name)
        if value is None:
            if required:
                self.add(where, self.missing)
            return None
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise invalid_property(f"'{dotted(where)}'")
        if least is not None and value < least:
            self.add(where, f"must be greater than or equal to {least:g}")
        elif limit is not None and not within(limit, value):
            self.add(
                where,
                f"must be between {LIMITS[limit].least:g} and {LIMITS[limit].most:g}"
                if LIMITS[limit].most is not None
                else f"must be greater than or equal to {LIMITS[limit].least:g}",
            )
        return float(value)

    def boolean(self, holder: Json, name: str, path: Path, *, required: bool = False) -> None:
        """A true or false property."""
        value = holder.get(name)
        if value is None:
            if required:
                self.add((*path, name), self.missing)
        elif not isinstance(value, bool):
            raise invalid_property(f"'{dotted((*path, name))}'")

    def url(
        self,
        holder: Json,
        name: str,
        path: Path,
        *,
        schemes: tuple[str, ...] = ("https",),
        limit: str = "url",
        required: bool = False,
    ) -> None:
        """A percent-encoded URL of one of the schemes."""
        value = self.text(holder, name, path, required=required)
        if value is None:
            return
        where = (*path, name)
        if not within(limit, length(limit, value)):
            self.add(where, self._too_long(limit))
        elif not _URI.fullmatch(value) or _BROKEN_ESCAPE.search(value):
            self.add(where, "invalid uri")
        elif not self._good_scheme(value, schemes):
            self.add(where, "invalid uri scheme" if self.deep else "invalid uri")

    def _good_scheme(self, value: str, schemes: tuple[str, ...]) -> bool:
        try:
            parts = urlsplit(value)
            host = parts.hostname
        except ValueError:
            return False
        if parts.scheme == "http" and self.here_is_safe and host in _THIS_MACHINE:
            return True
        return parts.scheme in schemes and (parts.scheme not in ("http", "https") or bool(host))

    def unknown(self, holder: Json, path: Path, known: Iterable[str]) -> None:
        """Every property must be a known one."""
        for name in holder:
            if name not in known:
                self.add((*path, name), "unknown field")


def refuse_message(number: int, problems: list[tuple[str, str]]) -> Refusal:
    """400 `A message (messages[n]) in the request body is invalid` with (property, words)."""
    details = [{"message": words, "property": where} for where, words in problems]
    return Refusal(400, f"A message (messages[{number}]) in the request body is invalid", details)


__all__ = ["LINK_SCHEMES", "Check", "Path", "at_most", "dotted", "refuse_message", "slashed"]
