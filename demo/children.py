"""The demo's processes: each in a group of its own, with a log; all ended together, and none survives its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 6.0
"""Seconds from asking processes to end until they are made to."""
TAIL = 12
_PR_SET_PDEATHSIG = 1


class ChildDied(Exception):
    """A process ended by itself; the message ends with the last lines it wrote."""


@dataclass(frozen=True)
class Child:
    """One process of the demo."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    lasting: bool
    """Whether it should never end by itself."""

    def tail(self) -> str:
        """The last lines of the log."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()[-TAIL:]
        return "\n".join(f"  | {line}" for line in lines) or "  | (it wrote nothing)"


class Children:
    """The processes started so far, in order."""

    def __init__(self, logs: Path, environment: Mapping[str, str], folder: Path) -> None:
        self._logs, self._environment, self._folder = logs, dict(environment), folder
        self._all: list[Child] = []

    def start(self, name: str, command: Sequence[str], *, lasting: bool = True) -> Child:
        """Starts a process whose output goes to `<logs>/<name>.log`; the log of the time before is kept as `.log.1`."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        child = Child(name, process, log, lasting)
        self._all.append(child)
        return child

    def check(self) -> None:
        """Raises `ChildDied` when one of them has ended that should not have."""
        for child in self._all:
            code = child.process.poll()
            if code is not None and child.lasting:
                how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
                raise ChildDied(f"{child.name} {how}. The end of {child.log}:\n{child.tail()}")

    def stop(self, *names: str) -> None:
        """Ends those of these names (none: all), the last started first asked, and waits until every process of their groups
        is gone."""
        chosen = [child for child in self._all if not names or child.name in names]
        for child in reversed(chosen):
            _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and any(_lives(child) for child in chosen):
            time.sleep(0.05)
        for child in chosen:
            _signal(child, signal.SIGKILL)
            child.process.wait()
            self._all.remove(child)


def _end_with_parent() -> None:
    """In the child before it becomes another program: the kernel asks it to end when its parent is gone, kill -9 too."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _lives(child: Child) -> bool:
    """Whether anything is left of the child's group."""
    child.process.poll()  # else what has ended stays in the group until it is asked for
    try:
        os.killpg(child.process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(child: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)
