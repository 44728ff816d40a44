"""Texts, cards and quick replies as LINE JSON. LINE's limits are enforced here, where messages are built.

LINE counts most texts in UTF-16 units and labels in grapheme clusters; Python's `len` counts neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import regex

from bot.actions import Action

Json = dict[str, Any]

TEXT = 5000
ALT_TEXT = 1500
LABEL = 20
FLEX_LABEL = 40
DISPLAY_TEXT = 300
QUICK_REPLIES = 13
BUBBLES = 12
BUBBLE_BYTES = 30_000
CAROUSEL_BYTES = 50_000
URI = 1000
CLIPBOARD = 1000
PER_REPLY = 5
_CLUSTER = regex.compile(r"\X")


class LimitExceeded(ValueError):
    """A message that LINE would refuse; the card must be built smaller."""


def units(text: str) -> int:
    """UTF-16 code units: how LINE counts texts and alt texts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def graphemes(text: str) -> int:
    """Grapheme clusters: how LINE counts labels, display texts and chat bar texts."""
    return len(_CLUSTER.findall(text))


def fit(text: str, limit: int, count: Callable[[str], int] = graphemes) -> str:
    """`text`, or as much of it as fits with an ellipsis; never cut inside a cluster."""
    # Most texts are short enough without counting: no character is more than one cluster, or two units.
    if len(text) * (1 if count is graphemes else 2) <= limit or count(text) <= limit:
        return text
    kept = ""
    for cluster in _CLUSTER.findall(text):
        if count(kept + cluster) > limit - 1:
            break
        kept += cluster
    return kept.rstrip() + "…"


def text(body: str, quick: Sequence[Json] = ()) -> Json:
    """A text message of at most 5,000 units, with quick replies."""
    if not body:
        raise LimitExceeded("a text message may not be empty")
    return with_quick({"type": "text", "text": fit(body, TEXT, units)}, quick)


def with_quick(message: Json, quick: Sequence[Json]) -> Json:
    """`message` with quick replies: they show under the last message of a reply, on phones only."""
    if len(quick) > QUICK_REPLIES:
        raise LimitExceeded(f"{len(quick)} quick replies, LINE shows {QUICK_REPLIES}")
    if not quick:
        return message
    items = [{"type": "action", "action": {**action, "label": fit(action["label"], LABEL)}} for action in quick]
    return {**message, "quickReply": {"items": items}}


def press(label: str, action: Action, say: str | None = None) -> Json:
    """A postback action; `say` is what the chat shows the person said (default: the label)."""
    return {
        "type": "postback",
        "label": fit(label, FLEX_LABEL),
        "data": action.pack(),
        "displayText": fit(say or label, DISPLAY_TEXT),
    }


def open_page(label: str, url: str) -> Json:
    """A link action. Raises `LimitExceeded` past LINE's 1,000 characters."""
    if units(url) > URI:
        raise LimitExceeded(f"a link of {units(url)} characters, LINE takes {URI}")
    return {"type": "uri", "label": fit(label, FLEX_LABEL), "uri": url}


def copy_text(label: str, content: str) -> Json:
    """A clipboard action, for codes. Raises `LimitExceeded` for nothing, and past LINE's 1,000 characters."""
    if not 1 <= units(content) <= CLIPBOARD:
        raise LimitExceeded(f"a text of {units(content)} characters to copy, LINE takes 1 to {CLIPBOARD}")
    return {"type": "clipboard", "label": fit(label, FLEX_LABEL), "clipboardText": content}


def card(alt: str, bubble: Json, quick: Sequence[Json] = ()) -> Json:
    """One bubble as a message; `alt` says what the card says, for notifications and readers."""
    _weigh(bubble, BUBBLE_BYTES, "bubble")
    return with_quick(_flex(alt, bubble), quick)


def cards(alt: str, bubbles: Sequence[Json], quick: Sequence[Json] = ()) -> Json:
    """Bubbles that swipe: at most 12, all of one size, 50 KB together. One alone is a plain card."""
    if len(bubbles) == 1:
        return card(alt, bubbles[0], quick)
    if not 1 <= len(bubbles) <= BUBBLES:
        raise LimitExceeded(f"{len(bubbles)} bubbles, LINE takes 1 to {BUBBLES}")
    for bubble in bubbles:
        _weigh(bubble, BUBBLE_BYTES, "bubble")
    carousel = {"type": "carousel", "contents": list(bubbles)}
    _weigh(carousel, CAROUSEL_BYTES, "carousel")
    return with_quick(_flex(alt, carousel), quick)


def _flex(alt: str, contents: Json) -> Json:
    if not alt.strip():
        raise LimitExceeded("a card may not be without alt text")
    return {"type": "flex", "altText": fit(alt, ALT_TEXT, units), "contents": contents}


def weight(contents: Json) -> int:
    """Bytes of the JSON as the SDK sends it (non-ASCII escaped): LINE does not say which it counts, this is the larger."""
    return len(json.dumps(contents))


def _weigh(contents: Json, limit: int, kind: str) -> None:
    size = weight(contents)
    if size > limit:
        raise LimitExceeded(f"a {kind} of {size} bytes, LINE takes {limit}")
