"""What is said when something cannot be shown: calm, in her language, and noted where it matters."""

from __future__ import annotations

import structlog
from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from benefits.journal import note
from web.console.page import console_of, present_club, present_staff, shown
from wording import words

log = structlog.get_logger("console")
AWAY = (OperationalError, InterfaceError, PoolTimeout)


def add_to(app: Flask) -> None:
    """The pages of errors. None shows more than that it happened."""
    app.register_error_handler(CSRFError, lambda _: shown("console/error.html", 400, what="stale"))
    app.register_error_handler(400, lambda _: shown("console/error.html", 400, what="stale"))
    app.register_error_handler(403, lambda _: refused())
    app.register_error_handler(404, lambda _: missing())
    app.register_error_handler(405, lambda _: shown("console/error.html", 405, what="gone"))
    app.register_error_handler(413, lambda _: shown("console/error.html", 413, what="large"))
    app.register_error_handler(500, lambda _: bare(500))
    for away in AWAY:
        app.register_error_handler(away, lambda _: bare(503))


def refused() -> Response:
    """403, and a line in the journal: who wanted to open what (16.3.2)."""
    staff, club = present_staff(), present_club()
    if staff is not None:
        key = club.key if club else next(iter(console_of().clubs))
        with console_of().sessions.begin() as session:
            note(
                session,
                club=key,
                at=console_of().now(),
                action="refused",
                subject=("staff", staff.id),
                actor=("staff", staff.id),
                method=request.method,
                route=request.url_rule.rule if request.url_rule else "",
            )
    return shown("console/error.html", 403, what="refused")


def missing() -> Response:
    """404, for what is not there and for what is another club's: the same page."""
    staff = present_staff()
    if staff is not None:
        route = request.url_rule.rule if request.url_rule else ""
        log.info("console 404", staff=staff.id, route=route, args=request.view_args)
    return shown("console/error.html", 404, what="gone")


def bare(status: int) -> Response:
    """A page that asks the database for nothing, in both languages: it may be the database that is away."""
    what = "away" if status == 503 else "broken"
    page = current_app.jinja_env.get_template(
        "console/bare.html"
    )  # not render_template: that would ask who is signed in
    return Response(page.render(what=what, voices=[words("th"), words("en")]), status)
