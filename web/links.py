"""/o/<token>: links of offers. They lead to the stored target alone, are counted, and say nothing of who opens them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import clicks
from web.member.assets import asset
from wording import words

PREVIEWS = re.compile(
    r"facebookexternalhit|line-poker|linespider|linepreview|\bbot\b|(google|bing|yandex|apple|twitter|telegram|slack"
    r"|discord|linkedin|ads|ahrefs|semrush)bot|crawler|spider|\bpreview|slurp|^curl/|^wget/|^python-|^go-http",
    re.IGNORECASE,
)
"""Programs that fetch a page to draw a preview or to look around. A person's LINE says `Line/14.1` and is not one."""


def pages(sessions: sessionmaker[Session], now: Callable[[], datetime]) -> Blueprint:
    """The blueprint. An opening is counted once answered; when it cannot be written down, the person goes on all the same."""
    blueprint = Blueprint("links", __name__, template_folder="templates")

    @blueprint.get("/o/<token>")
    def open_link(token: str) -> Response:
        target = _target(sessions, token, now(), counted=_is_person())
        if target is None:
            voices = [words("th"), words("en")]
            return make_response(render_template("links/gone.html", voices=voices, asset=asset), 404)
        answer = make_response(redirect(target, 302))
        answer.headers["Cache-Control"] = "no-store"  # a kept redirect would not be counted again
        return answer

    @blueprint.errorhandler(SQLAlchemyError)
    def away(_: SQLAlchemyError) -> Response:
        voices = [words("th"), words("en")]
        return make_response(render_template("member/notice.html", what="away", voices=voices, asset=asset), 503)

    return blueprint


def _target(sessions: sessionmaker[Session], token: str, now: datetime, counted: bool) -> str | None:
    try:
        with sessions.begin() as session:
            return clicks.clicked(session, token=token, now=now, counted=counted)
    except SQLAlchemyError:
        with sessions() as session:
            return clicks.clicked(session, token=token, now=now, counted=False)


def _is_person() -> bool:
    """Whether this looks like somebody opening the link: no HEAD, no prefetch, no program that draws previews."""
    headers = request.headers
    fetched = f"{headers.get('Purpose', '')} {headers.get('Sec-Purpose', '')} {headers.get('X-Moz', '')}"
    agent = headers.get("User-Agent", "")
    return request.method == "GET" and "prefetch" not in fetched and bool(agent) and not PREVIEWS.search(agent)
