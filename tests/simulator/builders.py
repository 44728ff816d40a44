"""For every line of the limits table: a request of that amount. The walk in test_limits.py tries limit and limit + 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Build = Callable[[int], Json]
URL = "https://example.com/"


def text(**more: Any) -> Json:
    """A text message."""
    return {"type": "text", "text": "สวัสดี", **more}


def _url(amount: int) -> str:
    return URL + "a" * (amount - len(URL))


def _say(action: Json) -> Json:
    return {
        "type": "template",
        "altText": "t",
        "template": {
            "type": "confirm",
            "text": "t",
            "actions": [action, {"type": "message", "label": "l", "text": "t"}],
        },
    }


def _buttons(**more: Any) -> Json:
    return {
        "type": "template",
        "altText": "t",
        "template": {"type": "buttons", "text": "t", "actions": [_action()], **more},
    }


def _action(**more: Any) -> Json:
    return {"type": "message", "label": "l", "text": "t", **more}


def _columns(*columns: Json) -> Json:
    return {"type": "template", "altText": "t", "template": {"type": "carousel", "columns": list(columns)}}


def _column(**more: Any) -> Json:
    return {"text": "t", "actions": [_action()], **more}


def _pictures(amount: int, label: str = "l") -> Json:
    column = {"imageUrl": URL, "action": _action(label=label)}
    return {"type": "template", "altText": "t", "template": {"type": "image_carousel", "columns": [column] * amount}}


def _imagemap(actions: list[Json] | None = None, **more: Any) -> Json:
    area = {"x": 0, "y": 0, "width": 10, "height": 10}
    found = [{"type": "message", "text": "t", "area": area}] if actions is None else actions
    return {
        "type": "imagemap",
        "altText": "t",
        "baseUrl": URL,
        "baseSize": {"width": 1040, "height": 10},
        "actions": found,
        **more,
    }


def _map_action(**more: Any) -> Json:
    return _imagemap([{"area": {"x": 0, "y": 0, "width": 10, "height": 10}, **more}])


def _map_video(amount: int) -> Json:
    video = {
        "originalContentUrl": URL,
        "previewImageUrl": URL,
        "area": {"x": 0, "y": 0, "width": 1, "height": 1},
        "externalLink": {"linkUri": URL, "label": "l" * amount},
    }
    return _imagemap(video=video)


def bubble(*contents: Json, **more: Any) -> Json:
    """A Flex bubble with these components in its body."""
    return {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": list(contents)}, **more}


def flex(container: Json) -> Json:
    """A Flex message."""
    return {"type": "flex", "altText": "t", "contents": container}


def _heavy(amount: int) -> Json:
    """A bubble whose JSON has exactly so many bytes."""
    empty = len(json.dumps(bubble({"type": "text", "text": ""}), separators=(",", ":")))
    return bubble({"type": "text", "text": "x" * (amount - empty)})


def _heavy_carousel(amount: int) -> Json:
    """A carousel of two bubbles of exactly so many bytes together."""
    shell = len(json.dumps({"type": "carousel", "contents": []}, separators=(",", ":"))) + 1
    first = 20_000
    return {"type": "carousel", "contents": [_heavy(first), _heavy(amount - shell - first)]}


def _ratio(amount: int) -> Json:
    return flex(bubble({"type": "image", "url": URL, "aspectRatio": f"{amount}:1"}))


def _emojis(amount: int) -> Json:
    emojis = [{"index": i, "productId": "5ac1bfd5040ab15980c9b435", "emojiId": "001"} for i in range(amount)]
    return {"type": "text", "text": "$" * amount, "emojis": emojis}


def _v2(amount: int, item: Json) -> Json:
    keys = [f"k{i}" for i in range(amount)]
    return {"type": "textV2", "text": "".join(f"{{{key}}}" for key in keys), "substitution": dict.fromkeys(keys, item)}


_EMOJI = {"type": "emoji", "productId": "5ac1bfd5040ab15980c9b435", "emojiId": "001"}
_ALL = {"type": "mention", "mentionee": {"type": "all"}}


def _substitutions(amount: int) -> Json:
    """So many keys; emoji and mentions may each be 20, the rest stay unused kinds LINE does not count."""
    keys = {f"k{i}": _EMOJI if i < 20 else _ALL for i in range(min(amount, 40))}
    return {"type": "textV2", "text": "t", "substitution": keys}


def _quick(amount: int, label: str = "l") -> Json:
    return text(quickReply={"items": [{"type": "action", "action": _action(label=label)}] * amount})


#: One message per named limit; `x` is one UTF-16 unit, `ผู้` three code points and one grapheme.
MESSAGES: dict[str, Build] = {
    "text.text": lambda n: text(text="x" * n),
    "text.emojis": _emojis,
    "textV2.text": lambda n: {"type": "textV2", "text": "x" * n},
    "textV2.key": lambda n: {"type": "textV2", "text": f"{{{'k' * n}}}", "substitution": {"k" * n: _EMOJI}},
    "textV2.emojis": lambda n: _v2(n, _EMOJI),
    "textV2.mentions": lambda n: _v2(n, _ALL),
    "altText": lambda n: {**_buttons(), "altText": "x" * n},
    "sender.name": lambda n: text(sender={"name": "x" * n}),
    "url": lambda n: {"type": "image", "originalContentUrl": _url(n), "previewImageUrl": URL},
    "video.trackingId": lambda n: {
        "type": "video",
        "originalContentUrl": URL,
        "previewImageUrl": URL,
        "trackingId": "t" * n,
    },
    "location.title": lambda n: {"type": "location", "title": "x" * n, "address": "a", "latitude": 1, "longitude": 1},
    "location.address": lambda n: {"type": "location", "title": "t", "address": "x" * n, "latitude": 1, "longitude": 1},
    "coupon.deliveryTag": lambda n: {"type": "coupon", "couponId": "c", "deliveryTag": "t" * n},
    "quickReply.items": _quick,
    "imagemap.actions": lambda n: _imagemap(
        [{"type": "message", "text": "t", "area": {"x": 0, "y": 0, "width": 1, "height": 1}}] * n
    ),
    "imagemap.width": lambda n: _imagemap(baseSize={"width": n, "height": 10}),
    "imagemap.label": lambda n: _map_action(type="message", text="t", label="ผู้" * n),
    "imagemap.linkUri": lambda n: _map_action(type="uri", linkUri=_url(n)),
    "imagemap.text": lambda n: _map_action(type="message", text="ผู้" * n),
    "imagemap.clipboardText": lambda n: _map_action(type="clipboard", clipboardText="x" * n),
    "imagemap.video.label": _map_video,
    "buttons.title": lambda n: _buttons(title="ผู้" * n),
    "buttons.text": lambda n: _buttons(text="ผู้" * n),
    "buttons.text.short": lambda n: _buttons(text="ผู้" * n, title="t"),
    "buttons.actions": lambda n: _buttons(actions=[_action()] * n),
    "confirm.text": lambda n: {
        "type": "template",
        "altText": "t",
        "template": {"type": "confirm", "text": "ผู้" * n, "actions": [_action()] * 2},
    },
    "confirm.actions": lambda n: {
        "type": "template",
        "altText": "t",
        "template": {"type": "confirm", "text": "t", "actions": [_action()] * n},
    },
    "carousel.columns": lambda n: _columns(*[_column()] * n),
    "carousel.title": lambda n: _columns(_column(title="ผู้" * n)),
    "carousel.text": lambda n: _columns(_column(text="ผู้" * n)),
    "carousel.text.short": lambda n: _columns(_column(text="ผู้" * n, thumbnailImageUrl=URL)),
    "carousel.actions": lambda n: _columns(_column(actions=[_action()] * n)),
    "image_carousel.columns": _pictures,
    "flex.bubble": lambda n: flex(_heavy(n)),
    "flex.carousel": lambda n: flex(_heavy_carousel(n)),
    "flex.carousel.bubbles": lambda n: flex({"type": "carousel", "contents": [bubble()] * n}),
    "flex.animated": lambda n: flex(bubble(*[{"type": "image", "url": URL, "animated": True}] * n)),
    "flex.ratio": _ratio,
    "action.label.image_carousel": lambda n: _pictures(1, "ผู้" * n),
    "action.label.template": lambda n: _say(_action(label="ผู้" * n)),
    "action.label.quickReply": lambda n: _quick(1, "ผู้" * n),
    "action.label.flex": lambda n: flex(bubble({"type": "button", "action": _action(label="ผู้" * n)})),
    "action.data": lambda n: _say({"type": "postback", "label": "l", "data": "x" * n}),
    "action.displayText": lambda n: _say({"type": "postback", "label": "l", "data": "d", "displayText": "ผู้" * n}),
    "action.fillInText": lambda n: _say(
        {"type": "postback", "label": "l", "data": "d", "inputOption": "openKeyboard", "fillInText": "ผู้" * n}
    ),
    "action.text": lambda n: _say(_action(text="ผู้" * n)),
    "action.uri": lambda n: _say({"type": "uri", "label": "l", "uri": _url(n)}),
    "action.clipboardText": lambda n: _say({"type": "clipboard", "label": "l", "clipboardText": "x" * n}),
}

#: One rich menu object per named limit.
MENUS: dict[str, Build] = {
    "richmenu.name": lambda n: {"name": "ผู้" * n},
    "richmenu.chatBarText": lambda n: {"chatBarText": "ผู้" * n},
    "richmenu.areas": lambda n: {
        "areas": [{"bounds": {"x": 0, "y": 0, "width": 1, "height": 1}, "action": {"type": "message", "text": "t"}}] * n
    },
    "richmenu.width": lambda n: {"size": {"width": n, "height": 300}, "areas": []},
    "richmenu.height": lambda n: {"size": {"width": 1000, "height": n}, "areas": []},
    "action.label.richmenu": lambda n: {
        "areas": [
            {
                "bounds": {"x": 0, "y": 0, "width": 1, "height": 1},
                "action": {"type": "message", "text": "t", "label": "ผู้" * n},
            }
        ]
    },
}
