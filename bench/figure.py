"""What a bench comes to: one figure beside its peer's, with the machine it was taken on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

FEWER = False
"""One repetition instead of several: to try a bench, not to measure."""


@dataclass(frozen=True)
class Figure:
    """One result. `ratio` is ours over the peer's: above 1 is better for rates, below 1 for times."""

    bench: str
    metric: str
    value: float
    unit: str
    peer: str | None
    peer_value: float | None
    ratio: float | None
    n: int
    notes: Sequence[str] = ()
    """What else was seen, one sentence each."""
    broken: Sequence[str] = ()
    """Promises that did not hold in this run: a figure with any of them is worth nothing."""
    machine: str = field(default_factory=lambda: machine())

    def line(self) -> str:
        """The one line of JSON."""
        values = {key: value for key, value in asdict(self).items() if key not in ("notes", "broken")}
        return json.dumps({key: _rounded(value) for key, value in values.items()}, ensure_ascii=False)

    def sentence(self) -> str:
        """The same for a reader."""
        said = f"{self.bench}: {self.value:,.4g} {self.unit} ({self.metric}, n = {self.n:,})"
        if self.peer_value is not None:
            said += f"; {self.peer}: {self.peer_value:,.4g} {self.unit}; ratio {self.ratio:.2f}"
        return "\n".join([f"{said}. {self.machine}", *(f"  {note}" for note in self.notes)])


def compared(ours: Sequence[float], peers: Sequence[float]) -> tuple[float, float, float]:
    """The medians of repetitions, and the first over the second."""
    mine, theirs = median(ours), median(peers)
    return mine, theirs, mine / theirs


def alternating(
    rounds: int, ours: Callable[[int], float], peers: Callable[[int], float]
) -> tuple[list[float], list[float]]:
    """Both `rounds` times in turn, each first every other time, so that neither has the warmer machine."""
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(repetitions(rounds)):
        steps = [(mine, ours), (theirs, peers)]
        for found, measure in steps if number % 2 else reversed(steps):
            found.append(measure(number))
    return mine, theirs


def repetitions(wanted: int) -> int:
    """How often to repeat."""
    return 1 if FEWER else wanted


def spread(values: Sequence[float]) -> str:
    """The repetitions behind a median, smallest first."""
    return ", ".join(f"{value:,.4g}" for value in sorted(values))


def machine() -> str:
    """Cores, processor, memory and versions, in a few words; and how busy the machine was already."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores {_processor()}, {pages / 2**30:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def _rounded(value: object) -> object:
    return float(f"{value:.4g}") if isinstance(value, float) else value
