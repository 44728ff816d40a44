"""A real PostgreSQL server for tests: made in about a second, gone afterwards, without the waits that make data last."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from database import embedded

FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}
PREFIX = "sitthi-test-"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder under /tmp with a short path that every account may enter (pytest's own is closed to others).

    Named after our process: what a killed test run left is stopped and removed by the next one.
    """
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        _remove(folder)


@contextmanager
def temporary_server() -> Iterator[str]:
    """The `postgresql://` URL of an empty database `sitthi` on a server of its own."""
    with temporary_folder() as folder:
        yield embedded.ensure_running(folder, FAST)


def _remove(folder: Path) -> None:
    for lock in folder.rglob("postgres.lock"):
        embedded.stop(lock.parent, "immediate")
    shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):
            owner = int(folder.name.split("-")[2])
            if folder.stat().st_uid == os.geteuid() and not _alive(owner):
                _remove(folder)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
