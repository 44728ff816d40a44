"""Checks of action objects; what is allowed depends on where the action sits."""

from __future__ import annotations

import re
from typing import Any

from simulator.check import LINK_SCHEMES, Check, Path

Json = dict[str, Any]
_EVERYWHERE = ("postback", "message", "uri", "datetimepicker", "clipboard")
_QUICK_ONLY = ("camera", "cameraRoll", "location")
_INPUT = ("closeRichMenu", "openRichMenu", "openKeyboard", "openVoice")
_ALIAS = re.compile(r"[a-z0-9_-]{1,32}")
_DATE = r"(?:19\d\d|20\d\d|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
_PICKED = {"date": re.compile(_DATE), "time": re.compile(_TIME), "datetime": re.compile(f"{_DATE}[Tt]{_TIME}")}
#: Places where a label must be given (REF specifications of the label).
_LABELLED = ("template", "quickReply", "flex.button")


def check_action(check: Check, holder: Json, name: str, path: Path, place: str, *, required: bool = True) -> None:
    """The action `holder[name]`. `place`: template, image_carousel, richmenu, quickReply, flex or flex.button."""
    action = check.object(holder, name, path, required=required)
    if action is not None:
        check_action_at(check, action, (*path, name), place)


def check_action_at(check: Check, action: Any, path: Path, place: str) -> None:
    """One action object at a path."""
    if not isinstance(action, dict):
        check.add(path, check.missing)
        return
    allowed = _EVERYWHERE + (_QUICK_ONLY if place == "quickReply" else ())
    allowed += ("richmenuswitch",) if place == "richmenu" else ()
    kind = action.get("type")
    check.choice(action, "type", path, allowed, required=True)
    if kind not in allowed:
        return
    limit = f"action.label.{place.split('.')[0]}"
    check.text(action, "label", path, limit, required=place in _LABELLED or kind in _QUICK_ONLY)
    if kind in _CHECKS:
        _CHECKS[kind](check, action, path)


def _postback(check: Check, action: Json, path: Path) -> None:
    check.text(action, "data", path, "action.data", required=True)
    check.text(action, "displayText", path, "action.displayText")
    check.text(action, "text", path, "action.text")
    if action.get("displayText") is not None and action.get("text") is not None:
        check.add((*path, "text"), "text and displayText can't be used together")
    check.choice(action, "inputOption", path, _INPUT)
    check.text(action, "fillInText", path, "action.fillInText")
    if action.get("fillInText") is not None and action.get("inputOption") != "openKeyboard":
        check.add((*path, "fillInText"), "fillInText can be used only when inputOption is openKeyboard")


def _message(check: Check, action: Json, path: Path) -> None:
    check.text(action, "text", path, "action.text", required=True)


def _uri(check: Check, action: Json, path: Path) -> None:
    check.url(action, "uri", path, schemes=LINK_SCHEMES, limit="action.uri", required=True)
    other = check.object(action, "altUri", path)
    if other is not None:
        check.url(other, "desktop", (*path, "altUri"), schemes=LINK_SCHEMES, limit="action.uri")


def _picker(check: Check, action: Json, path: Path) -> None:
    check.text(action, "data", path, "action.data", required=True)
    check.choice(action, "mode", path, _PICKED, required=True)
    pattern = _PICKED.get(str(action.get("mode")))
    for name in ("initial", "min", "max"):
        check.text(action, name, path, pattern=pattern)
    least, most = action.get("min"), action.get("max")
    if isinstance(least, str) and isinstance(most, str) and least.upper() >= most.upper():
        check.add((*path, "max"), "must be greater than min")


def _switch(check: Check, action: Json, path: Path) -> None:
    check.text(action, "richMenuAliasId", path, required=True, pattern=_ALIAS)
    check.text(action, "data", path, "action.data", required=True)


def _clipboard(check: Check, action: Json, path: Path) -> None:
    check.text(action, "clipboardText", path, "action.clipboardText", required=True)


_CHECKS = {
    "postback": _postback,
    "message": _message,
    "uri": _uri,
    "datetimepicker": _picker,
    "richmenuswitch": _switch,
    "clipboard": _clipboard,
}
