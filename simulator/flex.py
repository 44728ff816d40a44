"""Checks of Flex containers and components. Property paths are JSON pointers inside `contents`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.actions import check_action
from simulator.check import Check, Path
from simulator.counting import sent_bytes
from simulator.flexvalues import COMMON, KINDS, check_values
from simulator.limits import within

Json = dict[str, Any]
_SIZES = ("nano", "micro", "deca", "hecto", "kilo", "mega", "giga")
_VIDEO_SIZES = ("kilo", "mega", "giga")
_BLOCKS = ("header", "hero", "body", "footer")
_BUBBLE = ("type", "size", "direction", "styles", "action", *_BLOCKS)
_IN_BOX = ("box", "button", "image", "text", "separator", "filler")
_IN_BASELINE = ("icon", "text", "filler")
#: How deep boxes may sit in one another before Python gives up; far deeper than any phone draws.
_DEEPEST = 60


def check_flex(check: Check, contents: Any) -> None:
    """The `contents` of a Flex message."""
    if not isinstance(contents, dict):
        check.add((), check.missing)
    elif contents.get("type") == "bubble":
        _bubble(check, contents, (), alone=True)
        _weigh(check, contents, "flex.bubble")
    elif contents.get("type") == "carousel":
        _carousel(check, contents)
    else:
        check.add(("type",), "invalid property")
    if not within("flex.animated", _animated(contents)):
        check.add((), "the number of animated images must be 10 or less")


def _weigh(check: Check, container: Json, limit: str) -> None:
    if not within(limit, sent_bytes(container)):
        check.add((), "Too large flex message")


def _carousel(check: Check, carousel: Json) -> None:
    check.unknown(carousel, (), ("type", "contents"))
    bubbles = check.items(carousel, "contents", (), "flex.carousel.bubbles")
    widths = set()
    for number, bubble in enumerate(bubbles):
        if not isinstance(bubble, dict) or bubble.get("type") != "bubble":
            check.add(("contents", number), "invalid property")
            continue
        _bubble(check, bubble, ("contents", number), alone=False)
        _weigh(check, bubble, "flex.bubble")
        widths.add(bubble.get("size", "mega"))
    if len(widths) > 1:
        check.add(("contents",), "all bubbles in a carousel must have the same size")
    _weigh(check, carousel, "flex.carousel")


def _bubble(check: Check, bubble: Json, path: Path, *, alone: bool) -> None:
    check.unknown(bubble, path, _BUBBLE)
    check.choice(bubble, "size", path, _SIZES)
    check.choice(bubble, "direction", path, ("ltr", "rtl"))
    if not any(bubble.get(block) is not None for block in _BLOCKS):
        check.add(path, "At least one block must be specified")
    for block in _BLOCKS:
        allowed = ("box", "image", "video") if block == "hero" else ("box",)
        if bubble.get(block) is not None:
            _component(check, bubble[block], (*path, block), allowed, 1)
    if (
        isinstance(bubble.get("hero"), dict)
        and bubble["hero"].get("type") == "video"
        and (not alone or bubble.get("size", "mega") not in _VIDEO_SIZES)
    ):
        check.add((*path, "hero"), "invalid property")
    check_action(check, bubble, "action", path, "flex", required=False)
    _styles(check, bubble, path)


def _styles(check: Check, bubble: Json, path: Path) -> None:
    styles = check.object(bubble, "styles", path)
    if styles is None:
        return
    check.unknown(styles, (*path, "styles"), _BLOCKS)
    for block in _BLOCKS:
        style = check.object(styles, block, (*path, "styles"))
        if style is not None:
            where = (*path, "styles", block)
            check.unknown(style, where, ("backgroundColor", "separator", "separatorColor"))
            check_values(check, style, where, ("backgroundColor", "separator", "separatorColor"))


def _component(check: Check, item: Any, path: Path, allowed: tuple[str, ...], depth: int) -> None:
    kind = item.get("type") if isinstance(item, dict) else None
    if kind not in allowed or depth > _DEEPEST:
        check.add(path, "invalid property")
        return
    check.unknown(item, path, ("type", *KINDS[kind], *COMMON.get(kind, ())))
    check_values(check, item, path, (*KINDS[kind], *COMMON.get(kind, ())))
    _SPECIAL[kind](check, item, path, depth)


def _box(check: Check, box: Json, path: Path, depth: int) -> None:
    check.choice(box, "layout", path, ("horizontal", "vertical", "baseline"), required=True)
    allowed = _IN_BASELINE if box.get("layout") == "baseline" else _IN_BOX
    for number, item in enumerate(check.items(box, "contents", path, None)):
        _component(check, item, (*path, "contents", number), allowed, depth + 1)
    check_action(check, box, "action", path, "flex", required=False)
    background = check.object(box, "background", path)
    if background is not None:
        where = (*path, "background")
        check.choice(background, "type", where, ("linearGradient",), required=True)
        for name in ("angle", "startColor", "endColor"):
            check.text(background, name, where, required=True)
        check_values(check, background, where, ("angle", "startColor", "endColor", "centerColor", "centerPosition"))


def _button(check: Check, button: Json, path: Path, depth: int) -> None:
    check_action(check, button, "action", path, "flex.button")


def _image(check: Check, image: Json, path: Path, depth: int) -> None:
    check.url(image, "url", path, required=True)
    check_action(check, image, "action", path, "flex", required=False)


def _video(check: Check, video: Json, path: Path, depth: int) -> None:
    check.url(video, "url", path, required=True)
    check.url(video, "previewUrl", path, required=True)
    if video.get("altContent") is None:
        check.add((*path, "altContent"), check.missing)
    else:
        _component(check, video["altContent"], (*path, "altContent"), ("box", "image"), depth + 1)
    action = check.object(video, "action", path)
    if action is not None and action.get("type") != "uri":
        check.add((*path, "action"), "invalid property")
    check_action(check, video, "action", path, "flex", required=False)


def _icon(check: Check, icon: Json, path: Path, depth: int) -> None:
    check.url(icon, "url", path, required=True)


def _text(check: Check, text: Json, path: Path, depth: int) -> None:
    spans = text.get("contents")
    if spans:
        for number, span in enumerate(check.items(text, "contents", path, None)):
            _component(check, span, (*path, "contents", number), ("span",), depth + 1)
    else:
        check.text(text, "text", path, required=True)
    check_action(check, text, "action", path, "flex", required=False)


def _span(check: Check, span: Json, path: Path, depth: int) -> None:
    check.text(span, "text", path, required=True)


def _plain(check: Check, item: Json, path: Path, depth: int) -> None:
    """Separator and filler have nothing of their own."""


_SPECIAL: dict[str, Callable[[Check, Json, Path, int], None]] = {
    "box": _box,
    "button": _button,
    "image": _image,
    "video": _video,
    "icon": _icon,
    "text": _text,
    "span": _span,
    "separator": _plain,
    "filler": _plain,
}


def _animated(value: Any) -> int:
    """Images with `animated` true anywhere below."""
    if isinstance(value, dict):
        own = value.get("type") == "image" and value.get("animated") is True
        return own + sum(_animated(item) for item in value.values())
    return sum(_animated(item) for item in value) if isinstance(value, list) else 0
