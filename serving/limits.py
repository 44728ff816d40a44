"""How large a request may be, by where it goes: known before a byte of its body is read."""

from __future__ import annotations

from collections.abc import Callable

HEADERS = 16 * 1024
"""Bytes of a request's first line and headers."""
SMALL = 16 * 1024
"""Bytes of a request nobody has signed in for: a sign-in form, a PIN, a clock to set."""
WEBHOOK = 2 * 1024 * 1024
"""LINE's events. `bot.webhook.LARGEST`: the same."""
FORM = 2 * 1024 * 1024
"""A colleague's form without files: the longest offer in two languages is far below."""
UPLOAD = 100 * 1024 * 1024
"""A colleague's form with files. Each kind of file has its own, smaller limit, said at its field."""
SIGN_IN = (
    "/console/sign-in", "/console/sign-out", "/console/second-factor", "/console/new-password", "/console/language",
)  # fmt: skip
"""Forms of a sign-in, whoever sends them."""


def largest_body(path: str, content_type: str, signed_in: Callable[[], bool]) -> int:
    """Bytes the body of a request to `path` may have. `signed_in` is asked for the console's larger forms only."""
    if path.startswith("/callback/"):
        return WEBHOOK
    if not in_console(path) or path.startswith(SIGN_IN) or not signed_in():
        return SMALL
    return UPLOAD if content_type.strip().casefold().startswith("multipart/form-data") else FORM


def in_console(path: str) -> bool:
    """Whether the console answers this path."""
    return path == "/console" or path.startswith("/console/")


def bytes_text(size: int) -> str:
    """`16 kB`, `2 MB`."""
    return f"{size // 1024**2} MB" if size >= 1024**2 else f"{size // 1024} kB"
