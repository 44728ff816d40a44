"""What the tests of the embedded server do again and again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg

from database import embedded
from tests.temporary_server import FAST

ROOT = Path(__file__).parents[2]
START = (
    "import sys, pathlib; from database.embedded import ensure_running; "
    f"print(ensure_running(pathlib.Path(sys.argv[1]), {FAST!r}))"
)


def start(folder: Path) -> str:
    """The URL of a server of `folder` that is quick, not durable."""
    return embedded.ensure_running(folder, FAST)


def starter(folder: Path) -> subprocess.Popen[str]:
    """Another process that starts the server of `folder` and prints its URL."""
    command = [sys.executable, "-c", START, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def server_pid(folder: Path) -> int:
    """The server's process."""
    return int((folder / "postgres" / "postmaster.pid").read_text().split()[0])


def kill_whatever_names(folder: str) -> None:
    """Kills every process whose command line has `folder` in it."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(folder in word for word in process.cmdline()):
                process.kill()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Waits until `condition` holds; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


def one(url: str, query: str) -> object:
    """The one value a query gives."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def lives(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def leave_a_row(url: str) -> None:
    """Commits a row that must be there later: `SELECT n FROM kept` is 42."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
