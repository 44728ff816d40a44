"""Rich menus: their store, aliases, default, and which one a person sees."""

from __future__ import annotations

from typing import Any

from simulator.ids import Ids
from simulator.people import Person

Json = dict[str, Any]


class Menu:
    """One rich menu as it was created; its image may be set once."""

    __slots__ = ("content_type", "id", "image", "spec")

    def __init__(self, id: str, spec: Json) -> None:
        self.id = id
        self.spec = spec
        self.image: bytes | None = None
        self.content_type = ""

    def json(self) -> Json:
        """LINE's rich menu response object."""
        return {"richMenuId": self.id, **self.spec}


class Menus:
    """All menus and aliases of the channel. `default` is the default menu's id."""

    def __init__(self, ids: Ids) -> None:
        self.ids = ids
        self.all: dict[str, Menu] = {}
        self.aliases: dict[str, str] = {}
        self.default: str | None = None

    def add(self, spec: Json) -> Menu:
        """Stores a valid menu object."""
        menu = Menu(f"richmenu-{self.ids.hex()}", spec)
        self.all[menu.id] = menu
        return menu

    def remove(self, id: str) -> None:
        """Deletes a menu; links and the default that pointed to it point to nothing."""
        del self.all[id]
        if self.default == id:
            self.default = None

    def linked_to(self, person: Person) -> Menu | None:
        """The menu linked to this person alone, if it still exists."""
        return self.all.get(person.menu) if person.menu else None

    def shown_to(self, person: Person) -> Json | None:
        """What the person sees, as the page reads it: the person's own menu, else the default."""
        menu = self.linked_to(person) or (self.all.get(self.default) if self.default else None)
        if menu is None or person.blocked:
            return None
        return {**menu.json(), "image": f"/_sim/richmenus/{menu.id}/image"}
