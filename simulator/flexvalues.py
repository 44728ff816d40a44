"""Which properties each Flex component has, and what their values may look like."""

from __future__ import annotations

import re
from typing import Any

from simulator.api import invalid_property
from simulator.check import Check, Path, dotted
from simulator.limits import within

Json = dict[str, Any]
_COLOUR = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})")
_PIXELS = r"-?\d+(?:\.\d+)?px"
_LENGTH = re.compile(rf"{_PIXELS}|-?\d+(?:\.\d+)?%")
_STEPS = "none|xs|sm|md|lg|xl|xxl"
_GAP = re.compile(rf"{_STEPS}|{_PIXELS}")
_PADDING = re.compile(rf"{_STEPS}|{_PIXELS}|\d+(?:\.\d+)?%")
_SIZE = re.compile(rf"xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl|{_PIXELS}")
_IMAGE_SIZE = re.compile(rf"xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl|full|{_PIXELS}|\d+(?:\.\d+)?%")
_RATIO = re.compile(r"(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)")

_PATTERNS = {
    "backgroundColor": _COLOUR,
    "borderColor": _COLOUR,
    "color": _COLOUR,
    "separatorColor": _COLOUR,
    "startColor": _COLOUR,
    "endColor": _COLOUR,
    "centerColor": _COLOUR,
    "borderWidth": re.compile(rf"none|light|normal|medium|semi-bold|bold|{_PIXELS}"),
    "cornerRadius": _GAP,
    "width": _LENGTH,
    "maxWidth": _LENGTH,
    "maxHeight": _LENGTH,
    "spacing": _GAP,
    "margin": _GAP,
    "paddingAll": _PADDING,
    "paddingTop": _PADDING,
    "paddingBottom": _PADDING,
    "paddingStart": _PADDING,
    "paddingEnd": _PADDING,
    "offsetTop": _PADDING,
    "offsetBottom": _PADDING,
    "offsetStart": _PADDING,
    "offsetEnd": _PADDING,
    "angle": re.compile(r"(?:[0-2]?\d?\d|3[0-5]\d)(?:\.\d+)?deg"),
    "centerPosition": re.compile(r"(?:\d{1,2}(?:\.\d+)?|100(?:\.0+)?)%"),
    "lineSpacing": re.compile(r"\d+(?:\.\d+)?px"),
}
_CHOICES = {
    "position": ("relative", "absolute"),
    "style": ("primary", "secondary", "link"),
    "gravity": ("top", "bottom", "center"),
    "align": ("start", "end", "center"),
    "adjustMode": ("shrink-to-fit",),
    "aspectMode": ("cover", "fit"),
    "weight": ("regular", "bold"),
    "decoration": ("none", "underline", "line-through"),
    "justifyContent": ("center", "flex-start", "flex-end", "space-between", "space-around", "space-evenly"),
    "alignItems": ("center", "flex-start", "flex-end"),
}
_BOOLEANS = ("separator", "scaling", "wrap", "animated")
_NUMBERS = ("flex", "maxLines")
_PLACED = ("position", "offsetTop", "offsetBottom", "offsetStart", "offsetEnd")

#: The properties of each component besides `type` and those in COMMON.
KINDS: dict[str, tuple[str, ...]] = {
    "box": (
        "layout",
        "contents",
        "backgroundColor",
        "borderColor",
        "borderWidth",
        "cornerRadius",
        "width",
        "maxWidth",
        "height",
        "maxHeight",
        "flex",
        "spacing",
        "margin",
        "paddingAll",
        "paddingTop",
        "paddingBottom",
        "paddingStart",
        "paddingEnd",
        "action",
        "justifyContent",
        "alignItems",
        "background",
    ),
    "button": ("action", "flex", "margin", "height", "style", "color", "gravity", "adjustMode", "scaling"),
    "image": (
        "url",
        "flex",
        "margin",
        "align",
        "gravity",
        "size",
        "aspectRatio",
        "aspectMode",
        "backgroundColor",
        "action",
        "animated",
    ),
    "video": ("url", "previewUrl", "altContent", "aspectRatio", "action"),
    "icon": ("url", "margin", "size", "scaling", "aspectRatio"),
    "text": (
        "text",
        "contents",
        "adjustMode",
        "flex",
        "margin",
        "size",
        "scaling",
        "align",
        "gravity",
        "wrap",
        "lineSpacing",
        "maxLines",
        "weight",
        "color",
        "action",
        "style",
        "decoration",
    ),
    "span": ("text", "color", "size", "weight", "style", "decoration"),
    "separator": ("margin", "color"),
    "filler": ("flex",),
}
COMMON: dict[str, tuple[str, ...]] = dict.fromkeys(("box", "button", "image", "icon", "text"), _PLACED)


def check_values(check: Check, item: Json, path: Path, names: tuple[str, ...]) -> None:
    """The plain values among `names` of a component or style."""
    kind = item.get("type")
    for name in names:
        value = item.get(name)
        if value is None:
            continue
        if name in _BOOLEANS:
            check.boolean(item, name, path)
        elif name in _NUMBERS:
            check.number(item, name, path, least=0)
        elif name == "aspectRatio":
            _ratio(check, item, path)
        elif name in _CHOICES or name in _PATTERNS or name in ("height", "size"):
            _word(check, item, name, path, kind)


def _word(check: Check, item: Json, name: str, path: Path, kind: Any) -> None:
    value = item[name]
    if not isinstance(value, str):
        raise invalid_property(f"'{dotted((*path, name))}'")
    if name == "height":
        good = value in ("sm", "md") if kind == "button" else bool(_LENGTH.fullmatch(value))
    elif name == "size":
        good = bool((_IMAGE_SIZE if kind == "image" else _SIZE).fullmatch(value))
    elif name == "style" and kind in ("text", "span"):
        good = value in ("normal", "italic")
    elif name in _CHOICES:
        good = value in _CHOICES[name]
    else:
        good = bool(_PATTERNS[name].fullmatch(value))
    if not good:
        check.add((*path, name), "invalid property")


def _ratio(check: Check, item: Json, path: Path) -> None:
    match = _RATIO.fullmatch(str(item["aspectRatio"]))
    width, height = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if not within("flex.ratio", width) or not within("flex.ratio", height) or height > 3 * width:
        check.add((*path, "aspectRatio"), "invalid property")
