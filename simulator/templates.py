"""Checks of template messages and imagemaps."""

from __future__ import annotations

import re
from typing import Any

from simulator.actions import check_action, check_action_at
from simulator.check import LINK_SCHEMES, Check, Path

Json = dict[str, Any]
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_TYPES = ("buttons", "confirm", "carousel", "image_carousel")


def check_template(check: Check, message: Json) -> None:
    """The `template` of a template message (paths inside the message)."""
    template = check.object(message, "template", (), required=True)
    if template is None:
        return
    check.choice(template, "type", ("template",), _TYPES, required=True)
    kind = template.get("type")
    if kind in _CHECKS:
        _CHECKS[str(kind)](check, template)


def _picture(check: Check, holder: Json, path: Path) -> None:
    check.url(holder, "thumbnailImageUrl", path)
    check.text(holder, "imageBackgroundColor", path, pattern=_COLOUR)


def _ratio(check: Check, template: Json) -> None:
    check.choice(template, "imageAspectRatio", ("template",), ("rectangle", "square"))
    check.choice(template, "imageSize", ("template",), ("cover", "contain"))


def _block(check: Check, holder: Json, path: Path, kind: str) -> int:
    """Title, text and actions of buttons or of a column. Returns how many actions it has."""
    _picture(check, holder, path)
    check.text(holder, "title", path, f"{kind}.title")
    short = holder.get("title") is not None or holder.get("thumbnailImageUrl") is not None
    check.text(holder, "text", path, f"{kind}.text.short" if short else f"{kind}.text", required=True)
    check_action(check, holder, "defaultAction", path, "image_carousel", required=False)
    actions = check.items(holder, "actions", path, f"{kind}.actions")
    for number, action in enumerate(actions):
        check_action_at(check, action, (*path, "actions", number), "template")
    return len(actions)


def _buttons(check: Check, template: Json) -> None:
    _ratio(check, template)
    _block(check, template, ("template",), "buttons")


def _confirm(check: Check, template: Json) -> None:
    check.text(template, "text", ("template",), "confirm.text", required=True)
    for number, action in enumerate(check.items(template, "actions", ("template",), "confirm.actions")):
        check_action_at(check, action, ("template", "actions", number), "template")


def _carousel(check: Check, template: Json) -> None:
    _ratio(check, template)
    columns = check.items(template, "columns", ("template",), "carousel.columns")
    shapes = set()
    for number, column in enumerate(columns):
        where: Path = ("template", "columns", number)
        if not isinstance(column, dict):
            check.add(where, check.missing)
            continue
        count = _block(check, column, where, "carousel")
        shapes.add((count, column.get("title") is None, column.get("thumbnailImageUrl") is None))
    if len({count for count, _, _ in shapes}) > 1:
        check.add(("template", "columns"), "the number of actions in columns must be the same")
    elif len(shapes) > 1:
        check.add(("template", "columns"), "title and thumbnailImageUrl must be used in all columns or in none")


def _image_carousel(check: Check, template: Json) -> None:
    for number, column in enumerate(check.items(template, "columns", ("template",), "image_carousel.columns")):
        where: Path = ("template", "columns", number)
        if not isinstance(column, dict):
            check.add(where, check.missing)
            continue
        check.url(column, "imageUrl", where, required=True)
        check_action(check, column, "action", where, "image_carousel")


_CHECKS = {"buttons": _buttons, "confirm": _confirm, "carousel": _carousel, "image_carousel": _image_carousel}


def check_imagemap(check: Check, message: Json, path: Path) -> None:
    """An imagemap message (paths in the request body)."""
    check.url(message, "baseUrl", path, required=True)
    base = check.object(message, "baseSize", path, required=True)
    if base is not None:
        check.number(base, "width", (*path, "baseSize"), required=True, limit="imagemap.width")
        check.number(base, "height", (*path, "baseSize"), required=True, least=1)
    video = check.object(message, "video", path)
    if video is not None:
        _imagemap_video(check, video, (*path, "video"))
    for number, action in enumerate(check.items(message, "actions", path, "imagemap.actions")):
        where = (*path, "actions", number)
        if isinstance(action, dict):
            _imagemap_action(check, action, where)
        else:
            check.add(where, check.missing)


def _imagemap_action(check: Check, action: Json, path: Path) -> None:
    check.choice(action, "type", path, ("uri", "message", "clipboard"), required=True)
    check.text(action, "label", path, "imagemap.label")
    if action.get("type") == "uri":
        check.url(action, "linkUri", path, schemes=LINK_SCHEMES, limit="imagemap.linkUri", required=True)
    elif action.get("type") == "message":
        check.text(action, "text", path, "imagemap.text", required=True)
    elif action.get("type") == "clipboard":
        check.text(action, "clipboardText", path, "imagemap.clipboardText", required=True)
    _area(check, action, path)


def _area(check: Check, holder: Json, path: Path) -> None:
    area = check.object(holder, "area", path, required=True)
    if area is not None:
        for name, least in (("x", 0), ("y", 0), ("width", 1), ("height", 1)):
            check.number(area, name, (*path, "area"), required=True, least=least)


def _imagemap_video(check: Check, video: Json, path: Path) -> None:
    check.url(video, "originalContentUrl", path, required=True)
    check.url(video, "previewImageUrl", path, required=True)
    _area(check, video, path)
    link = check.object(video, "externalLink", path)
    if link is not None:
        where = (*path, "externalLink")
        check.url(link, "linkUri", where, schemes=LINK_SCHEMES, limit="imagemap.linkUri", required=True)
        check.text(link, "label", where, "imagemap.video.label", required=True)
