"""Rich menu aliases: the names that tabs switch between."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.api import Answer, Call, Refusal, Route, body_errors
from simulator.limits import LIMITS, at_most
from simulator.richmenus import checked_menu_id

if TYPE_CHECKING:
    from simulator.line import Line

_ALIAS = re.compile(r"[a-z0-9_-]+")
_UNKNOWN = "richmenu alias not found"


def _checked_alias(alias: object) -> str:
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias) or not at_most("richmenu.alias", len(alias)):
        raise body_errors(("richMenuAliasId", "invalid richMenuAliasId"))
    return alias


def _ready_menu(line: Line, call: Call) -> str:
    id = checked_menu_id(call.json())
    menu = line.menus.all.get(id)
    if menu is None or menu.image is None:
        raise Refusal(400, "richmenu not found")
    return id


def create(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/alias"""
    alias = _checked_alias(call.json().get("richMenuAliasId"))
    menu = _ready_menu(line, call)
    if alias in line.menus.aliases:
        raise Refusal(400, "conflict richmenu alias id")
    if not at_most("channel.aliases", len(line.menus.aliases) + 1):
        raise Refusal(
            400, f"The maximum number of rich menu aliases ({LIMITS['channel.aliases'].most}) has been reached"
        )
    line.menus.aliases[alias] = menu
    return Answer()


def _existing(line: Line, call: Call) -> str:
    alias = _checked_alias(call.params["richMenuAliasId"])
    if alias not in line.menus.aliases:
        raise Refusal(404, _UNKNOWN)
    return alias


def update(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/alias/{richMenuAliasId}"""
    alias = _existing(line, call)
    line.menus.aliases[alias] = _ready_menu(line, call)
    return Answer()


def get(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/alias/{richMenuAliasId}"""
    alias = _existing(line, call)
    return Answer({"richMenuAliasId": alias, "richMenuId": line.menus.aliases[alias]})


def delete(line: Line, call: Call) -> Answer:
    """DELETE /v2/bot/richmenu/alias/{richMenuAliasId}"""
    del line.menus.aliases[_existing(line, call)]
    return Answer()


def list_all(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/alias/list"""
    pairs = line.menus.aliases.items()
    return Answer({"aliases": [{"richMenuAliasId": alias, "richMenuId": menu} for alias, menu in pairs]})


ROUTES = (
    Route("POST", "/v2/bot/richmenu/alias", create),
    Route("GET", "/v2/bot/richmenu/alias/list", list_all),
    Route("POST", "/v2/bot/richmenu/alias/{richMenuAliasId}", update),
    Route("GET", "/v2/bot/richmenu/alias/{richMenuAliasId}", get),
    Route("DELETE", "/v2/bot/richmenu/alias/{richMenuAliasId}", delete),
)
