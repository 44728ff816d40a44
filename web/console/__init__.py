"""The console at `/console`: an application of its own beside the bot's, so that neither's cookies or limits touch the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, Request, current_app, request
from flask_admin import Admin
from flask_admin.theme import Theme
from werkzeug.test import create_environ

from serving import limits
from web import headers
from web.console import errors, gate, second_factor, security, signing_in
from web.console.desk import Console, LineTrouble
from web.console.home import Home
from web.console.page import csrf_field, role_names
from web.member.assets import asset

__all__ = ["Console", "LineTrouble", "make", "mount", "signed_in"]

MODULES = [
    "accounts",
    "people",
    "admins",
    "claims",
    "charges",
    "parked",
    "jobs",
    "rounds",
    "corrections",
    "journal",
    "budget",
    "offers",
    "privileges",
    "partners",
    "codes",
    "imports",
    "clubs",
    "me",
    "staff",
]
"""The records, each a module of this package with `views(console) -> list[Page]`."""


def make(console: Console, signing_keys: list[str]) -> Flask:
    """The console's application. `signing_keys`: newest first."""
    app = Flask("console", static_folder=None, template_folder=str(Path(__file__).parent.parent / "templates"))
    app.config.update(MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024, MAX_FORM_PARTS=5000)
    app.extensions["console"] = console
    app.jinja_env.globals.update(asset=asset, csrf=csrf_field, role_names=role_names)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.request_class = gate.Asked
    app.before_request(_sized)
    app.before_request(gate.before)
    security.protect(app, console, signing_keys)
    signing_in.add_to(app)
    second_factor.add_to(app)
    theme = Theme(folder="none", base_template="console/base.html")
    admin = Admin(app, name="Sitthi", url="/console", index_view=Home(console, url="/console"), theme=theme)
    for name in MODULES:
        for page in import_module(f"web.console.{name}").views(console):
            admin.add_view(page)
    errors.add_to(app)
    app.before_request(gate.typed)
    app.after_request(gate.after)
    headers.protect(app, console.settings)
    app.teardown_appcontext(lambda _: console.scoped.remove())
    return app


def _sized() -> None:
    """The server in front has counted already; where another serves us, this is the limit."""
    cookies = request.headers.get("Cookie", "")
    request.max_content_length = limits.largest_body(
        request.path, request.content_type or "", lambda: signed_in(current_app, cookies)
    )


def mount(outer: Flask, inner: Flask) -> None:
    """What begins with `/console` is the console's; the rest stays the bot's."""
    bot = outer.wsgi_app
    outer.extensions["console"] = inner

    def fork(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        here = path == "/console" or path.startswith("/console/")
        answer: Iterable[bytes] = (inner.wsgi_app if here else bot)(environ, start_response)
        return answer

    outer.wsgi_app = fork  # type: ignore[method-assign]  # how Flask says an application is to be wrapped


def signed_in(console: Flask, cookies: str) -> bool:
    """Whether a `Cookie` header holds a session of ours that somebody signed in for, ended since or not: the signature says so,
    the database is not asked. It opens nothing."""
    if console.config["SESSION_COOKIE_NAME"] not in cookies:
        return False
    asked = Request(create_environ(headers={"Cookie": cookies}))
    session = console.session_interface.open_session(console, asked)
    return session is not None and isinstance(session.get("token"), str)
