"""How LINE counts: UTF-16 code units by default, grapheme clusters for labels and titles, bytes for Flex JSON."""

from __future__ import annotations

import json
from typing import Any

import regex

_CLUSTER = regex.compile(r"\X")


def utf16(text: str) -> int:
    """UTF-16 code units: an apple emoji is 2."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """Extended grapheme clusters: what a reader takes for one character; a Thai letter with its marks is 1."""
    return len(text) if text.isascii() and "\r" not in text else len(_CLUSTER.findall(text))


def sent_bytes(value: Any) -> int:
    r"""Bytes of the value as LINE's own SDKs send it: JSON with \uXXXX for everything that is not ASCII.

    LINE does not say whether it weighs a bubble before or after escaping; this is the stricter reading.
    """
    return len(json.dumps(value, separators=(",", ":")))
