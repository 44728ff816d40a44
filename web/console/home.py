"""The first page: what needs attention in the present club. Other modules add their own points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from flask import Response
from flask_admin import expose

from web.console.access import READERS, allow
from web.console.page import Page
from wording import Words


class Point(NamedTuple):
    """One thing that needs attention: what it is in a sentence, where it is mended, and how much it presses."""

    text: str
    url: str
    tone: str = "warn"
    """`good`, `warn` or `bad`."""


POINTS: list[Callable[[Page], list[Point]]] = []
"""Asked at every opening of the home page, with the page (its `club`, `session`, `roles`, `t`, `now`). A module adds its
function when it is imported: `POINTS.append(mine)`. Return nothing for what this colleague may not see."""


class Home(Page):
    """What needs attention."""

    endpoint_name = "home"
    position = 0

    def title(self, t: Words) -> str:
        """Home."""
        return t("Home")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """The points of all modules, the pressing ones first."""
        order = {"bad": 0, "warn": 1, "good": 2}
        points = [point for ask in dict.fromkeys(POINTS) for point in ask(self)]
        return self.show("console/home.html", points=sorted(points, key=lambda point: order[point.tone]))
