"""Reading a CSV file record by record in constant memory: a bad line is told by its number, and the rest goes on.

A quote that is never closed would swallow the rest of the file. So a record over several lines is taken only when it
closes soon and has the header's number of columns; else its first line alone is bad, and reading goes on at the next.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benefits.imports.encoding import LONGEST_LINE, FileRefused, encoding_of

MOST_LINES = 60
BLOCK = 1 << 16
IGNORED = ("line", "reason")
"""Columns a reject file has in front: so a mended reject file can be imported as it is."""
GUARDED = re.compile(r"'(?=[\s\u00a0\u3000\ufeff]*[=+\-@|%\t\r\n＝＋－＠])")
"""The apostrophe that a downloaded list of rejects has before what a spreadsheet would compute (B11)."""


class Record(NamedTuple):
    """One record: where it begins, its cells (stripped, in the header's order), or why it cannot be read."""

    line: int
    cells: list[str]
    fault: str | None = None


class Run(NamedTuple):
    """Lines that need no looking at, as they stand in the file: the number of the first, and all of them."""

    line: int
    text: bytes


class CsvFile:
    """One CSV file whose header was checked. Iterate over `records()`, as often as needed."""

    def __init__(self, path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Raises `FileRefused` (encoding, header), `OSError`."""
        self.path = path
        self.size = os.path.getsize(path)
        self.position = 0
        with path.open("rb") as file:
            self.encoding = encoding_of(file)
            first = next(self._records(_Lines(self, file), None), None)
        if first is None:
            columns = ",".join(required)
            raise FileRefused(f"the file is empty; its first line must be {columns}", "empty", expected=columns)
        if first.fault:
            raise FileRefused(f"the header cannot be read: {first.fault}", "header", expected=",".join(required))
        self.header = [name.casefold() for name in first.cells]
        _check_header(self.header, required, optional)

    def records(self) -> Iterator[Record]:
        """Every record after the header. `position` tells how many bytes were read."""
        return (piece for piece in self.pieces() if isinstance(piece, Record))

    def pieces(self, plain: re.Pattern[bytes] | None = None) -> Iterator[Record | Run]:
        """The same, but lines that `plain` takes come as they are, many at once."""
        self.position = 0
        guarded = set(IGNORED) <= set(self.header)
        with io.BufferedReader(io.FileIO(self.path), BLOCK) as file:
            lines = _Lines(self, file)
            records = self._records(lines, len(self.header))
            next(records)
            while (piece := (plain and lines.run(plain)) or next(records, None)) is not None:
                if guarded and isinstance(piece, Record):
                    piece = piece._replace(cells=[_bare(cell) for cell in piece.cells])
                yield piece

    def _records(self, lines: _Lines, width: int | None) -> Iterator[Record]:
        while (taken := lines.take()) is not None:
            number, text, fault = taken
            if fault:
                yield Record(number, _loose(text), fault)
            elif not text.strip(", \t\r\n"):
                continue
            elif '"' in text:
                yield _quoted(number, text, lines, width)
            else:
                cells = [cell.strip() for cell in text.split(",")]
                yield Record(number, cells, _width_fault(len(cells), width))


class _Lines:
    """Physical lines with their numbers; lines looked at ahead can be put back."""

    def __init__(self, owner: CsvFile, file: io.BufferedReader[Any]) -> None:
        self._owner, self._file = owner, file
        self._encoding = "utf-8" if owner.encoding == "utf-8-sig" else owner.encoding
        self._number = 0
        self._ahead: deque[tuple[int, str, str | None]] = deque()

    def take(self) -> tuple[int, str, str | None] | None:
        """(number, text with its line end, fault); none at the end."""
        return self._ahead.popleft() if self._ahead else self._read()

    def peek(self, index: int) -> tuple[int, str, str | None] | None:
        """The line `index` ahead, without taking it."""
        while len(self._ahead) <= index:
            line = self._read()
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[index]

    def run(self, plain: re.Pattern[bytes]) -> Run | None:
        """The lines that come next as far as `plain` takes them and they are in memory; none when the next one is odd."""
        found = None if self._ahead else plain.match(self._file.peek())
        if found is None:
            return None
        first, text = self._number + 1, self._file.read(found.end())
        self._number += text.count(b"\n")
        self._owner.position += len(text)
        return Run(first, text)

    def _read(self) -> tuple[int, str, str | None] | None:
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            return None
        self._number += 1
        self._owner.position += len(raw)
        if self._number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            self._skip_line()
            return self._number, "", f"the line is longer than {LONGEST_LINE} bytes; is a line end missing?"
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError as fault:
            told = f"byte {fault.start + 1} of the line is not {_named(self._encoding)}; type the text again"
            return self._number, raw.decode(self._encoding, "backslashreplace"), told
        if "\0" in text:
            return self._number, text.replace("\0", "\\0"), "the line holds a NUL byte; type it again"
        return self._number, text, None

    def _skip_line(self) -> None:
        while (more := self._file.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
            self._owner.position += len(more)


def _quoted(number: int, text: str, lines: _Lines, width: int | None) -> Record:
    """A record that holds quotes, over as many lines as it takes."""
    whole, ahead = text, 0
    while whole.count('"') % 2 and ahead < MOST_LINES:
        line = lines.peek(ahead)
        if line is None or line[2]:
            break
        whole, ahead = whole + line[1], ahead + 1
    unclosed = 'a quote (") is never closed; close it, or double it inside a text'
    if whole.count('"') % 2:
        return Record(number, _loose(text), unclosed)
    try:
        cells = [cell.strip() for cell in next(csv.reader(io.StringIO(whole, newline=""), strict=True))]
    except (csv.Error, StopIteration):
        return Record(number, _loose(text), unclosed if ahead else 'a quote (") stands inside a cell; double it there')
    fault = _width_fault(len(cells), width)
    if fault and ahead:
        return Record(number, _loose(text), unclosed)
    for _ in range(ahead):
        lines.take()
    return Record(number, cells, fault)


def _bare(cell: str) -> str:
    return cell[1:] if GUARDED.match(cell) else cell


def _loose(text: str) -> list[str]:
    """The cells of a line that cannot be read properly, as well as they can be shown."""
    return text.rstrip("\r\n").split(",")


def _width_fault(found: int, width: int | None) -> str | None:
    if width is None or found == width:
        return None
    return f"the line has {found} columns and the header has {width}; put a text that holds a comma in quotes"


def _check_header(header: list[str], required: Sequence[str], optional: Sequence[str]) -> None:
    columns = ",".join(required)
    expected = f"the first line must be {columns}"

    def refused(told: str, what: str, *names: str) -> FileRefused:
        return FileRefused(told, what, columns=", ".join(names), expected=columns, optional=", ".join(optional))

    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        told = f"the columns are not separated by commas; save the file as comma-separated; {expected}"
        raise refused(told, "separator")
    missing = [name for name in required if name not in header]
    if missing:
        raise refused(f"the column {missing[0]!r} is missing; {expected}", "missing", *missing)
    unknown = [name for name in header if name not in (*required, *optional, *IGNORED)]
    if unknown:
        more = f"; it may also have {', '.join(optional)}" if optional else ""
        raise refused(f"the column {unknown[0]!r} is not known; {expected}{more}", "unknown", *unknown)
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise refused(f"the column {twice[0]!r} is there twice; remove one", "twice", *dict.fromkeys(twice))


def _named(encoding: str) -> str:
    return "TIS-620" if encoding == "cp874" else "UTF-8"
