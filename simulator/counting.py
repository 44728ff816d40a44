"""How LINE counts: UTF-16 code units by default, grapheme clusters for labels and titles, bytes for Flex JSON."""

from __future__ import annotations

import json
from typing import Any

import regex  # type: ignore[import-untyped]

_CLUSTER = regex.compile(r"\X")


def utf16(text: str) -> int:
    """UTF-16 code units: an apple emoji is 2."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """Extended grapheme clusters: what a reader takes for one character, a Thai letter with its marks is 1."""
    return len(text) if text.isascii() and "\r" not in text else len(_CLUSTER.findall(text))


def json_bytes(value: Any) -> int:
    """Bytes of the value as compact UTF-8 JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
