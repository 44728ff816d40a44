"""CSV that a spreadsheet reads as text and nothing else (B11, ASVS 1.2.10)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", "|", "%")
BOM = "\ufeff"
"""Without it a spreadsheet takes Thai for something else."""


def neutral(value: object) -> str:
    """The value as a cell that no spreadsheet computes: an apostrophe before what could begin a formula. NULs go.

    Numbers (int) stay numbers, negative ones too.
    """
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" \u00a0\u3000\ufeff").startswith(DANGEROUS) else text


def lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """RFC 4180 lines of neutral cells, one at a time, the first with the mark that says UTF-8."""
    first = True
    for row in rows:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerow([neutral(cell) for cell in row])
        yield (BOM if first else "") + out.getvalue()
        first = False
