"""What stands before every route of the console: where a request comes from, who sends it, and whether she may (B5, C12)."""

from __future__ import annotations

from functools import cached_property

from flask import Request, Response, abort, current_app, redirect, request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.wrappers import Response as Answer

from benefits import signin
from web import headers
from web.console import access, errors
from web.console.page import console_of, present_roles, shown
from web.console.security import Colleague, colleague

READING = ("GET", "HEAD", "OPTIONS")
SIGN_IN = "/console/sign-in"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


def before() -> Response | Answer | None:
    """None when the request may go on. A route without an entry opens for nobody."""
    if request.method not in READING and not headers.from_own_page(console_of().settings.public_url):
        return shown("console/error.html", 403, what="foreign")
    if request.url_rule is None or request.endpoint is None:
        return None
    wanted = access.roles_of(current_app.view_functions[request.endpoint])
    if wanted == access.ANYBODY:
        return None
    found = colleague()
    if found is None:
        return redirect(SIGN_IN, 303)
    _keep_alive(found)
    if wanted == access.HALF:
        return None
    if not found.whole:
        return redirect(next_step(found), 303)
    if wanted is None or not present_roles() & wanted:
        return errors.refused()
    return None


class Asked(Request):
    """A request of the console. A NUL in its address is left out: nobody types one, and the database takes none."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """What the address asks for."""
        found = super().args.items(multi=True)
        return ImmutableMultiDict((name, text.replace("\0", "")) for name, text in found)


def typed() -> None:
    """400 for a form with a NUL in it: nobody types one, and the database takes none."""
    if any("\0" in text for _, text in request.form.items(multi=True)):
        abort(400)


def next_step(found: Colleague) -> str:
    """Where a sign-in goes on: the code of a factor she has, her own password, a factor she has to set up, the home page."""
    if found.lacks_factor and found.staff.tf_totp_secret is not None:
        return "/console/second-factor"
    if found.lacks_password:
        return "/console/new-password"
    return "/console/second-factor/new" if found.lacks_factor else "/console/"


def after(response: Response) -> Response:
    """Nobody keeps a page of the console or frames it; forms tell their origin to ourselves, so that it can be looked at."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "DENY"
    return response


def _keep_alive(found: Colleague) -> None:
    console = console_of()
    if found.row is not None and signin.touch(console.scoped(), found.row, now=console.wall()):
        console.scoped.commit()
