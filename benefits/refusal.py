"""The root of every refusal: a rule says no, by name, with facts and no wording."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A rule said no. Subclasses live beside their rule and carry facts as attributes; `rule` is the id in docs/rules.md."""

    rule: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """What the trace calls it, e.g. `AlreadyClaimed LFC-22`."""
        return f"{type(self).__name__} {self.rule}".strip()
