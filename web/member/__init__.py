"""Pages of claims: the member's (`/use/…`), the partner's (`/partner/…`), and the pictures both need (`/media/…`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from clubs import Club
from settings import Settings
from web.member import assets, media, partner, use
from web.member.desk import Desk
from wording import words


def pages(
    sessions: sessionmaker[Session], clubs: Mapping[str, Club], settings: Settings, now: Callable[[], datetime]
) -> Blueprint:
    """The blueprint of every page a claim has. Sessions must carry the vault; `now` tells UTC."""
    blueprint = Blueprint("member", __name__, template_folder="../templates")
    desk = Desk(sessions, clubs, settings, now)
    for part in (use, partner, media):
        part.add_to(blueprint, desk)
    assets.add_to(blueprint)
    blueprint.add_app_template_global(assets.asset, "asset")
    blueprint.register_error_handler(404, lambda _: _notice("gone", 404))
    blueprint.register_error_handler(403, lambda _: _notice("foreign", 403))
    for away in (OperationalError, InterfaceError, PoolTimeout):
        blueprint.register_error_handler(away, lambda _: _notice("away", 503))
    return blueprint


def _notice(what: str, status: int) -> Response:
    """A page that knows nobody's language: it says the same in Thai and in English, whatever the cause."""
    body = render_template("member/notice.html", what=what, voices=[words("th"), words("en")])
    return make_response(body, status)
