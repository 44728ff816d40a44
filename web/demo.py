"""The demo's clock over HTTP: read it, move it. Registered outside production only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, jsonify, request

from clock import MovableClock


def pages(clock: MovableClock, moved: Callable[[], object] = lambda: None) -> Blueprint:
    """`GET /_demo/clock` tells the demo's present instant; `POST {"now": ISO 8601 with an offset}` moves it there.

    `moved` is called afterwards: the jobs are rung at once, so that nobody waits a minute for the 2nd to be noticed.
    """
    blueprint = Blueprint("demo", __name__, url_prefix="/_demo")

    @blueprint.get("/clock")
    def tell() -> Response:
        return jsonify(now=clock.now().isoformat())

    @blueprint.post("/clock")
    def move() -> tuple[Response, int]:
        try:
            clock.move_to(_instant(request.get_json(silent=True)))
        except (ValueError, OverflowError) as fault:
            return jsonify(error=str(fault)), 400
        moved()
        return jsonify(now=clock.now().isoformat()), 200

    return blueprint


def _instant(body: object) -> datetime:
    text = body.get("now") if isinstance(body, dict) else None
    if not isinstance(text, str):
        raise ValueError('send {"now": "2026-11-02T09:00:00+07:00"}')
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time without a zone: add an offset, such as +07:00")
    if not 2000 <= when.year <= 2200:
        raise ValueError("choose a year from 2000 to 2200")
    return when
