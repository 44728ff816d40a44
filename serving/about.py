"""What an application says of itself to the processes that serve it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from serving.refusals import Refusals

PLACE = "serving"
"""The key of `Serving` in a Flask application's `extensions`."""


@dataclass(frozen=True)
class Serving:
    """Without one, nobody is signed in and refusals are plain lines."""

    signed_in: Callable[[str], bool] = lambda cookies: False
    """Whether a `Cookie` header is one of somebody who had signed in; no database is asked."""
    refusals: Refusals = field(default_factory=Refusals)
