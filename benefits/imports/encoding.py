"""Which encoding a file is in: UTF-8 or TIS-620 (cp874), found in constant memory; anything else is refused."""

from __future__ import annotations

import codecs
import re
from functools import partial
from typing import BinaryIO

BLOCK = 1 << 20
LONGEST_LINE = 1 << 16
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
STRAY_MARK = re.compile(r"(?<![\u0e01-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]")
"""A Thai vowel or tone mark with nothing under it: what another encoding looks like when it is read as Thai."""
REMEDY = "save it as CSV UTF-8 (or TIS-620) and import it again"


class FileRefused(Exception):
    """The whole file cannot be taken: nothing of it landed. The message says what to do.

    `what` names the fault in a word and `facts` its particulars, for pages that say it in another language.
    """

    def __init__(self, message: str, what: str = "other", **facts: str) -> None:
        super().__init__(message)
        self.what, self.facts = what, facts


def encoding_of(file: BinaryIO) -> str:
    """`utf-8-sig`, `utf-8` or `cp874`. Leaves the file at its start. Raises `FileRefused`.

    A UTF-8 file with a few spoiled lines is still UTF-8: those lines are rejected one by one later.
    """
    head = file.read(BLOCK)
    if head.startswith(UTF16_MARKS) or head.count(0) > len(head) // 10:
        raise FileRefused(f"the file is in UTF-16 or UTF-32; {REMEDY}", "encoding")
    marked = head.startswith(codecs.BOM_UTF8)
    file.seek(0)
    strict = _is_utf8(file)
    file.seek(0)
    if marked:
        return "utf-8-sig"
    found = "utf-8" if strict else _most_lines(file)
    file.seek(0)
    return found


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in iter(partial(file.read, BLOCK), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _most_lines(file: BinaryIO) -> str:
    """What most lines with letters beyond ASCII are in."""
    counts = {"utf-8": 0, "cp874": 0, "": 0}
    for line in iter(partial(file.readline, LONGEST_LINE), b""):
        if not line.isascii():
            counts[_line_encoding(line)] += 1
    found = max(counts, key=lambda name: counts[name])
    if not found:
        raise FileRefused(f"the file is neither in UTF-8 nor in TIS-620; {REMEDY}", "encoding")
    return found


def _line_encoding(line: bytes) -> str:
    for encoding in ("utf-8", "cp874"):
        try:
            if not STRAY_MARK.search(line.decode(encoding)) or encoding == "utf-8":
                return encoding
        except UnicodeDecodeError:
            continue
    return ""
