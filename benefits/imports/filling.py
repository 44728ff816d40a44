"""Filling the temporary table `stage` from a file: plain lines by `COPY` as they stand, the others parsed one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from operator import itemgetter
from typing import Any

import psycopg
from psycopg import Copy

from benefits.imports import plain
from benefits.imports.fields import BadCell
from benefits.imports.kinds import Kind
from benefits.imports.reading import CsvFile, Record
from benefits.imports.result import Progress

WAITING = 5_000
"""Parsed rows kept in memory until they are written."""
TELL_EVERY = 1 << 20


class Filling:
    """One file on its way into `stage`, over one connection, which carries one `COPY` at a time."""

    def __init__(self, connection: psycopg.Connection, kind: Kind, source: CsvFile, progress: Progress) -> None:
        self._cursor, self._kind, self._source, self._progress = connection.cursor(), kind, source, progress
        # The columns `line` and `reason` of a mended list of rejects are for `reading` to drop.
        self._by_copy = sorted(kind.plain) == sorted(source.header)
        pattern = plain.lines([kind.plain[name] for name in source.header]) if self._by_copy else None
        self._pieces = source.pieces(pattern)
        self._cells = _cells(kind, source.header)
        self._sent = self._rows = self._told = 0
        self._over = False

    def fill(self) -> int:
        """Stream all of the file, in constant memory; how many rows it has."""
        columns = ", ".join(("line", "reason", *(name for name, _ in self._kind.columns)))
        while not self._over:
            with self._plain_copy() as copy:
                parsed = self._take(copy)
            with self._cursor.copy(f"COPY stage ({columns}) FROM STDIN") as copy:
                for row in parsed:
                    copy.write_row(row)
        self._progress("read", self._source.size, self._source.size)
        return self._rows

    def _plain_copy(self) -> Any:
        """`stage` numbers these rows itself: so every line before them is sent too, an odd one as a line of empty cells."""
        if not self._by_copy:
            return nullcontext()
        return self._cursor.copy(
            f"COPY stage ({', '.join(self._source.header)}) FROM STDIN (DELIMITER ',', NULL '') "
            f"WHERE {self._kind.required[0]} IS NOT NULL"
        )

    def _take(self, copy: Copy) -> list[Sequence[Any]]:
        """Send plain lines until many others wait or the file ends; those others, parsed."""
        waiting: list[Sequence[Any]] = []
        empty = b"," * (len(self._source.header) - 1) + b"\n"
        for piece in self._pieces:
            if isinstance(piece, Record):
                waiting.append(self._parsed(piece))
                self._rows += 1
            else:
                text = piece.text.replace(b"\r\n", b"\n")
                copy.write(empty * (piece.line - 1 - self._sent) + text)
                lines = text.count(b"\n")
                self._sent = piece.line - 1 + lines
                self._rows += lines
            self._tell()
            if len(waiting) == WAITING:
                return waiting
        self._over = True
        return waiting

    def _parsed(self, record: Record) -> Sequence[Any]:
        fault = record.fault
        if fault is None:
            try:
                return (record.line, None, *self._kind.parse(self._cells(record.cells)))
            except BadCell as bad:
                fault = str(bad)
        return (record.line, fault, *(None for _ in self._kind.columns))

    def _tell(self) -> None:
        if self._source.position - self._told >= TELL_EVERY:
            self._told = self._source.position
            self._progress("read", self._source.position, self._source.size)


def _cells(kind: Kind, header: list[str]) -> Callable[[list[str]], Any]:
    """How a row's cells are handed to `parse`: in order (fast) or, with optional columns, by name."""
    if kind.optional:
        return lambda cells: dict(zip(header, cells, strict=True))
    return itemgetter(*(header.index(name) for name in kind.required))
