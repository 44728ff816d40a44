"""Pages for those whom the server refuses before the program is asked: too many at once, too large, too slow."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from web import headers
from wording import words

HEADERS = {**headers.ALWAYS, "Content-Security-Policy": headers.POLICY.format(framers=headers.HOME)}


def pages(console: Flask) -> Callable[[str, bool, str], str]:
    """(what, whether it is the console's, size) → HTML in both languages, for `busy`, `large` and `late`."""

    def page(what: str, staff: bool, size: str) -> str:
        template = console.jinja_env.get_template("refused.html")
        return template.render(what=what, staff=staff, size=size, voices=[words("th"), words("en")])

    return page
