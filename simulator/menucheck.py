"""Checks of the rich menu object."""

from __future__ import annotations

from typing import Any

from simulator.actions import check_action
from simulator.api import body_errors
from simulator.check import Check, dotted
from simulator.limits import LIMITS, within

Json = dict[str, Any]


def check_menu(body: Json, *, here_is_safe: bool = True) -> Json:
    """The rich menu object of a request, only its known properties. Raises Refusal 400 with every problem."""
    check = Check(deep=False, missing="must be specified", here_is_safe=here_is_safe)
    size = check.object(body, "size", (), required=True)
    if size is not None:
        _size(check, size)
    check.boolean(body, "selected", (), required=True)
    check.text(body, "name", (), "richmenu.name", required=True)
    check.text(body, "chatBarText", (), "richmenu.chatBarText", required=True)
    for number, area in enumerate(check.items(body, "areas", (), "richmenu.areas")):
        if isinstance(area, dict):
            _area(check, area, number, size or {})
        else:
            check.add(("areas", number), check.missing)
    if check.problems:
        raise body_errors(*((dotted(path), words) for path, words in check.problems))
    return {name: body[name] for name in ("size", "selected", "name", "chatBarText", "areas")}


def _size(check: Check, size: Json) -> None:
    width = check.number(size, "width", ("size",), required=True, limit="richmenu.width")
    height = check.number(size, "height", ("size",), required=True, limit="richmenu.height")
    if width and height and not within("richmenu.ratio", width / height):
        check.add(("size",), f"the aspect ratio (width / height) must be at least {LIMITS['richmenu.ratio'].least}")


def _area(check: Check, area: Json, number: int, size: Json) -> None:
    where = ("areas", number)
    bounds = check.object(area, "bounds", where, required=True)
    if bounds is not None:
        inside = (*where, "bounds")
        for name, least in (("x", 0), ("y", 0), ("width", 1), ("height", 1)):
            check.number(bounds, name, inside, required=True, least=least)
        for start, extent in (("x", "width"), ("y", "height")):
            first, along, most = bounds.get(start), bounds.get(extent), size.get(extent)
            if isinstance(first, int) and isinstance(along, int) and isinstance(most, int) and first + along > most:
                check.add((*inside, extent), "the area must be inside the rich menu")
    check_action(check, area, "action", where, "richmenu")
