"""What is said to those who are not answered: too many at once (503), too large (413), too slow (408). A page for people,
a line for programs; made once, so that saying it costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from waitress.utilities import Error

from serving.limits import bytes_text, in_console

RETRY_SECONDS = 5
PLAIN = {"busy": "too many at once, try again\n", "large": "larger than {size}\n", "late": "it came too slowly\n"}
Page = Callable[[str, bool, str], str]
"""The page about `busy`, `large` or `late`: (what, of the console, size) → HTML."""


class Said(Error):
    """A refusal in words of ours, in the place of waitress's own."""

    def __init__(self, code: int, reason: str, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.code, self.reason, self._headers, self._body = code, reason, headers, body

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status, headers and body, as waitress's `ErrorTask` asks for them."""
        return f"{self.code} {self.reason}", list(self._headers), self._body


class Refusals:
    """The refusals of one program."""

    def __init__(self, page: Page | None = None, headers: Mapping[str, str] | None = None) -> None:
        """`page`: none, and people read the same line as programs. `headers` are on each."""
        self._page, self._headers = page, tuple((headers or {}).items())
        self._kept: dict[tuple[str, str, str], Said] = {}
        self.late = self._said("late", 408, "Request Timeout", "")

    def busy(self, path: str) -> Said:
        """503, and when to come back."""
        return self._said("busy", 503, "Service Unavailable", path)

    def large(self, path: str, most: int) -> Said:
        """413, and how much it may be."""
        return self._said("large", 413, "Content Too Large", path, bytes_text(most))

    def _said(self, what: str, code: int, reason: str, path: str, size: str = "") -> Said:
        reader = "program" if not path or path.startswith("/callback/") or self._page is None else "member"
        key = (what, "staff" if in_console(path) and reader == "member" else reader, size)
        if key not in self._kept:
            text = PLAIN[what].format(size=size)
            if self._page is not None and reader != "program":
                text = self._page(what, key[1] == "staff", size)
            kind = "text/plain" if key[1] == "program" else "text/html"
            again = [("Retry-After", str(RETRY_SECONDS))] if code == 503 else []
            headers = [*self._headers, ("Content-Type", f"{kind}; charset=utf-8"), *again]
            self._kept[key] = Said(code, reason, headers, text.encode())
        return self._kept[key]
