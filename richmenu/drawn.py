"""A club's menus ready to publish: LINE's JSON, the picture, and a digest of both by which versions are told apart."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from clubs import Club
from richmenu.drawing import CONTENT_TYPE, draw
from richmenu.menus import menu_json, menus_of

DIGITS = 16


@dataclass(frozen=True)
class Drawn:
    """One menu as it should be at LINE."""

    key: str
    json: dict[str, Any]
    picture: bytes
    digest: str
    content_type: str = CONTENT_TYPE


def draw_menus(club: Club) -> tuple[Drawn, ...]:
    """Every menu of the club, drawn. Raises `MenuTooLong`, `CannotDraw` or `PictureTooHeavy`, naming the menu or text."""
    return tuple(
        make_drawn(club.key, menu.key, menu_json(menu, ""), draw(menu, club.colour).png) for menu in menus_of(club)
    )


def make_drawn(club: str, key: str, menu: dict[str, Any], picture: bytes) -> Drawn:
    """A menu with the name that lets us know it again at LINE: `sitthi/<club>/<key>@<digest>`."""
    content = json.dumps({**menu, "name": ""}, sort_keys=True, ensure_ascii=False).encode()
    digest = hashlib.sha256(content + b"\\0" + picture).hexdigest()[:DIGITS]
    return Drawn(key, {**menu, "name": f"{prefix(club)}{key}@{digest}"}, picture, digest)


def prefix(club: str) -> str:
    """How the names of the club's menus at LINE begin; menus called otherwise are not ours and are left alone."""
    return f"sitthi/{club}/"
