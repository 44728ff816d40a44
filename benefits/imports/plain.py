"""Lines so plainly good that PostgreSQL may read them as they stand: a narrow part of what `fields.py` takes, as bytes.

Looking at every cell in Python costs ten times what `COPY` does. One expression looks at thousands of lines at once; what
it passes, `fields.py` would pass with the same value (a test compares them), and what it does not pass says nothing:
that line is read cell by cell, and only there it is told what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

KEY = rb"[!#-+\--\[\]-~]{1,100}+"
"""ASCII without spaces, and without what CSV or `COPY` read as more than itself: quote, comma, backslash."""
AMOUNT = rb"-?[0-9]{1,10}+(?:\.[0-9]{1,2}+)?+"
MONTH = rb"20[0-9]{2}-(?:0[1-9]|1[0-2])"
DAY = (
    rb"20[0-9]{2}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    rb"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
TIME = rb"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6}+)?+)?+(?:Z|[+-]0[0-9]:00)?+"
INSTANT = DAY + rb"(?:[T ]" + TIME + rb")?+"
"""A 29th of February is left to `fields.py`."""


def optional(cell: bytes) -> bytes:
    """The same, or nothing."""
    return rb"(?:" + cell + rb")?+"


def lines(cells: Sequence[bytes]) -> re.Pattern[bytes]:
    """As many whole lines of these cells as follow one another. Nothing in it is tried twice: bad lines cost no more."""
    return re.compile(rb"(?:" + b",".join(cells) + rb"\r?\n)++")
