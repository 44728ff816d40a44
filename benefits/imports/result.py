"""What an import answers, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str, int, int], None]
"""`progress(stage, done, total)`: stage `read` counts bytes, `land` counts lines of the file."""


@dataclass(frozen=True)
class ImportResult:
    """What became of a file's rows: each landed (something changed), was already there, or was rejected."""

    kind: str
    rows: int
    landed: int
    unchanged: int
    rejected: int
    rejects: Path | None
    """The file that lists the rejected rows by line and reason; none: there are none."""
    warnings: tuple[str, ...] = ()
    import_id: int | None = None

    @property
    def clean(self) -> bool:
        """Whether every row landed or was already there."""
        return self.rejected == 0


def silent(stage: str, done: int, total: int) -> None:
    """Tells nobody."""
