"""`python -m jobs` as a real process in a test, its words in a file, and the engine's tables to look at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from simulator import Simulator
from tests.conftest import ROOT, TEST_KEYS
from tests.conversations.chat import CLUB, SECRET, TOKEN


@dataclass(frozen=True)
class Jobs:
    """One running process."""

    process: subprocess.Popen[bytes]
    file: Path

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it logged under this name, in order."""
        lines = [line for line in self.file.read_text().splitlines() if line.startswith("{")]
        return [entry for entry in map(json.loads, lines) if entry.get("event") == event]

    def stop(self, number: int = signal.SIGTERM, patience: float = 30) -> float:
        """Signal it and wait; the seconds it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(patience)
        return time.monotonic() - begun


@contextmanager
def jobs(database_url: str, line: Simulator, folder: Path, name: str = "jobs", **more: str) -> Iterator[Jobs]:
    """Start it; kill it afterwards if it still runs. What it shares with others is `folder` (the clock)."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SITTHI_", "FLASK_", "LINE_"))}
    environ = {
        "SITTHI_ENV": "test",
        "DATABASE_URL": database_url,
        "LINE_API_URL": line.url,
        "SITTHI_DATA_DIR": str(folder),
        "SITTHI_SECRET_KEYS": TEST_KEYS[0],
        f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": SECRET,
        f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
    }
    file = folder / f"{name}.log"
    with file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs"], cwd=ROOT, env={**inherited, **environ, **more}, stdout=log, stderr=log
        )
    try:
        yield Jobs(process, file)
    except BaseException:
        print(file.read_text()[-5000:])
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def ask(database_url: str, query: str, **values: Any) -> Any:
    """The first value of a question to the database, or the count of rows a statement changed."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.execute(query, values)
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else cursor.rowcount if cursor.description is None else None


def until(true: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """Wait until it is so; its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")
