"""LINE's ordinary call, answered before Flask looks at it: a tenth of what a turn costs was Flask's."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from bot.webhook import LARGEST, Doors, answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PLACE = "/callback/"


def door(doors: Doors, otherwise: WSGIApplication) -> WSGIApplication:
    """`otherwise` (Flask), but a POST of a known, bearable length to a club's address is answered here, by the same
    `answer` as the blueprint's. Whatever is not quite that, mistakes included, stays with the blueprint.
    """

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, length = environ.get("PATH_INFO", ""), environ.get("CONTENT_LENGTH") or ""
        club = path.removeprefix(PLACE)
        known = environ["REQUEST_METHOD"] == "POST" and path.startswith(PLACE) and club in doors.channels
        if not (known and length.isdecimal() and len(length) < 10 and int(length) <= LARGEST):
            return otherwise(environ, start_response)
        body = environ["wsgi.input"].read(int(length))
        said, status = answer(doors, club, body, environ.get("HTTP_X_LINE_SIGNATURE"))
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(said))),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [said.encode()]

    return application
