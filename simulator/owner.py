"""Whoever started the simulator beside a bot of theirs: their links on the page, and starting everything over, not LINE alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_PATIENCE = aiohttp.ClientTimeout(total=5)
_TELLS = {"X-Start-Over": "yes"}
"""No page of a browser may send this to another address without being asked first: the owner can insist on it."""


@dataclass(frozen=True)
class Owner:
    """`start_over_url`: POST there begins it, GET tells {"state", "said"}; none: the page clears LINE alone."""

    start_over_url: str | None = None
    links: tuple[tuple[str, str], ...] = ()
    """(name, address) of pages to offer beside the phones."""

    def json(self) -> Json:
        """As the page reads it."""
        return {"start_over": bool(self.start_over_url), "links": [{"name": n, "url": u} for n, u in self.links]}


def link(text: str) -> tuple[str, str]:
    """`NAME=ADDRESS` of the command line. Raises `ValueError`."""
    name, equals, url = text.partition("=")
    if not (name and equals and url.startswith(("http://", "https://"))):
        raise ValueError(f"{text!r}: write NAME=ADDRESS, such as Console=http://127.0.0.1:8000/console/")
    return name, url


async def _begin(line: Line, request: web.Request, body: Json) -> Json:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ValueError("Start over from the simulator's own page.")
    return await _asked(line, "POST")


async def _progress(line: Line, request: web.Request, body: Json) -> Json:
    return await _asked(line, "GET")


async def _asked(line: Line, method: str) -> Json:
    url = line.owner.start_over_url
    if url is None:
        raise ValueError("Nobody here starts over: this simulator was started by itself. POST /_sim/reset clears it.")
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE) as session,
            session.request(method, url, headers=_TELLS) as answer,
        ):
            found: Json = await answer.json()
            return found
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise ValueError(f"Whoever started the simulator does not answer: {type(error).__name__}.") from error


ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/_sim/start-over", _begin),
    ("GET", "/_sim/start-over", _progress),
)
