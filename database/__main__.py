"""`python -m database`: the embedded server from a shell.

    python -m database start | stop | status | url
    python -m database PROGRAM [ARGUMENTS]      any program of PostgreSQL on its database: psql, pg_dump, pg_restore …

It is the server of `SITTHI_DATA_DIR` (default `var`), whatever `DATABASE_URL` says.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from database import embedded


def main(arguments: list[str], data_dir: Path) -> int:
    """Does what the arguments say and returns the exit code: `status` says 0 when the server runs, 3 when it doesn't."""
    verbs: dict[str, Callable[[Path], int]] = {"start": _url, "url": _url, "stop": _stop, "status": _status}
    programs = embedded.bin_dir()
    if len(arguments) == 1 and arguments[0] in verbs:
        return verbs[arguments[0]](data_dir)
    if arguments and (programs / arguments[0]).is_file():
        return subprocess.call([str(programs / arguments[0]), *arguments[1:]], env=_environment(data_dir))
    print(__doc__, file=sys.stderr)
    return 2


def _url(data_dir: Path) -> int:
    print(embedded.ensure_running(data_dir))
    return 0


def _stop(data_dir: Path) -> int:
    embedded.stop(data_dir)
    return 0


def _status(data_dir: Path) -> int:
    running = embedded.is_running(data_dir)
    print(f"{data_dir}: {'running' if running else 'not running'}")
    return 0 if running else 3


def _environment(data_dir: Path) -> dict[str, str]:
    """The environment in which PostgreSQL's programs find the server by themselves; starts it if need be."""
    embedded.ensure_running(data_dir)
    return {**os.environ, **embedded.client_environment(data_dir)}


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], Path(os.environ.get("SITTHI_DATA_DIR") or "var").absolute()))
    except embedded.DatabaseError as refused:
        sys.exit(str(refused))
