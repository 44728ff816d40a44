"""Checks of message objects, one function per type; Flex, templates and imagemaps have files of their own."""

from __future__ import annotations

import re
from typing import Any

from simulator.actions import check_action
from simulator.check import Check, Path
from simulator.limits import within

Json = dict[str, Any]
_DIGITS = re.compile(r"\d+")
_TRACKING = re.compile(r"[A-Za-z0-9\-.=,+*()%$&;:@{}!?<>\[\]]+")
_TAG = re.compile(r"[A-Za-z0-9_]{1,30}")
_KEY = re.compile(r"[0-9A-Za-z_]+")
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_USER = re.compile(r"U[0-9a-f]{32}")


def text(check: Check, message: Json, path: Path) -> None:
    """Text with LINE emojis at `$` placeholders; positions are UTF-16 units."""
    found = check.text(message, "text", path, "text.text", required=True)
    check.text(message, "quoteToken", path)
    units = (found or "").encode("utf-16-le", "surrogatepass")
    for number, emoji in enumerate(check.items(message, "emojis", path, "text.emojis", required=False)):
        where = (*path, "emojis", number)
        if not isinstance(emoji, dict):
            check.add(where, check.missing)
            continue
        index = check.number(emoji, "index", where, required=True, least=0)
        if index is not None and units[int(index) * 2 : int(index) * 2 + 2] != b"$\x00":
            check.add((*where, "index"), "invalid property")
        check.text(emoji, "productId", where, required=True)
        check.text(emoji, "emojiId", where, required=True)


def text_v2(check: Check, message: Json, path: Path) -> None:
    """Text with `{key}` replaced by mentions and emojis."""
    found = check.text(message, "text", path, "textV2.text", required=True)
    check.text(message, "quoteToken", path)
    substitution = check.object(message, "substitution", path) or {}
    if not within("textV2.substitution", len(substitution)):
        check.add((*path, "substitution"), "Size must be between 0 and 100")
    kinds = []
    for key, item in substitution.items():
        where = (*path, "substitution", key)
        if not _KEY.fullmatch(key) or not within("textV2.key", len(key)):
            check.add(where, "invalid key")
        if not isinstance(item, dict):
            check.add(where, check.missing)
            continue
        kinds.append(item.get("type"))
        _substitute(check, item, where)
    for kind, limit in (("mention", "textV2.mentions"), ("emoji", "textV2.emojis")):
        if not within(limit, kinds.count(kind)):
            check.add((*path, "substitution"), f"Up to 20 {kind} objects can be specified")
    _placeholders(check, found or "", substitution, (*path, "text"))


def _substitute(check: Check, item: Json, path: Path) -> None:
    check.choice(item, "type", path, ("mention", "emoji"), required=True)
    if item.get("type") == "emoji":
        check.text(item, "productId", path, required=True)
        check.text(item, "emojiId", path, required=True)
    elif item.get("type") == "mention":
        who = check.object(item, "mentionee", path, required=True)
        if who is not None:
            check.choice(who, "type", (*path, "mentionee"), ("user", "all"), required=True)
            if who.get("type") == "user":
                check.text(who, "userId", (*path, "mentionee"), required=True, pattern=_USER)


def _placeholders(check: Check, text: str, substitution: Json, path: Path) -> None:
    for match in _PLACEHOLDER.finditer(text):
        if match[0] in ("{{", "}}"):
            continue
        if match[1] is None:
            check.add(path, "'{' and '}' must be used in pairs")
            return
        if match[1] not in substitution:
            check.add(path, f"no substitution for {{{match[1]}}}")
            return


def sticker(check: Check, message: Json, path: Path) -> None:
    """A sticker; which ones exist is not checked."""
    check.text(message, "packageId", path, required=True, pattern=_DIGITS)
    check.text(message, "stickerId", path, required=True, pattern=_DIGITS)
    check.text(message, "quoteToken", path)


def image(check: Check, message: Json, path: Path) -> None:
    """An image by https URL."""
    check.url(message, "originalContentUrl", path, required=True)
    check.url(message, "previewImageUrl", path, required=True)


def video(check: Check, message: Json, path: Path) -> None:
    """A video by https URL."""
    image(check, message, path)
    check.text(message, "trackingId", path, "video.trackingId", pattern=_TRACKING)


def audio(check: Check, message: Json, path: Path) -> None:
    """An audio by https URL; duration in milliseconds."""
    check.url(message, "originalContentUrl", path, required=True)
    check.number(message, "duration", path, required=True, least=1)


def location(check: Check, message: Json, path: Path) -> None:
    """A place on the map."""
    check.text(message, "title", path, "location.title", required=True)
    check.text(message, "address", path, "location.address", required=True)
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = check.number(message, name, path, required=True, whole=False)
        if value is not None and abs(value) > most:
            check.add((*path, name), f"must be between -{most} and {most}")


def coupon(check: Check, message: Json, path: Path) -> None:
    """A coupon; whether it exists is not checked."""
    check.text(message, "couponId", path, required=True)
    check.text(message, "deliveryTag", path, pattern=_TAG)


def sender(check: Check, message: Json, path: Path) -> None:
    """Icon and name shown instead of the account's."""
    found = check.object(message, "sender", path)
    if found is None:
        return
    where = (*path, "sender")
    name = check.text(found, "name", where, "sender.name")
    if name is not None and "LINE" in name.upper().split():
        check.add((*where, "name"), "Must not contain prohibited words")
    check.url(found, "iconUrl", where)


def quick_reply(check: Check, message: Json) -> None:
    """Up to 13 buttons under the last message (paths inside the message)."""
    found = check.object(message, "quickReply", ())
    if found is None:
        return
    for number, item in enumerate(check.items(found, "items", ("quickReply",), "quickReply.items")):
        where: Path = ("quickReply", "items", number)
        if not isinstance(item, dict):
            check.add(where, check.missing)
            continue
        check.choice(item, "type", where, ("action",), required=True)
        check.url(item, "imageUrl", where)
        check_action(check, item, "action", where, "quickReply")


def alt_text(check: Check, message: Json, path: Path) -> None:
    """What notifications and the chat list show."""
    check.text(message, "altText", path, "altText", required=True)


__all__ = [
    "alt_text",
    "audio",
    "coupon",
    "image",
    "location",
    "quick_reply",
    "sender",
    "sticker",
    "text",
    "text_v2",
    "video",
]
