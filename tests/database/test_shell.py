"""`python -m database`, as docs/database.md tells operators to use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from database import embedded
from tests.database.hands import ROOT, leave_a_row, start


def test_psql_command_works(folder: Path) -> None:
    start(folder)
    done = subprocess.run([*embedded.psql_command(folder), "-Atc", "SELECT 6*7"], capture_output=True, text=True)
    assert done.stdout == "42\n"


def shell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "database", *arguments]
    environ = {**os.environ, "SITTHI_DATA_DIR": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)


def test_the_shell_backs_up_and_restores(folder: Path) -> None:
    """The commands of docs/database.md: dump here, restore into another data folder."""
    leave_a_row(start(folder / "one"))
    start(folder / "two")
    dump = str(folder / "kept.dump")
    assert shell(folder / "one", "pg_dump", "--format=custom", f"--file={dump}").returncode == 0
    done = shell(folder / "two", "pg_restore", "--dbname=sitthi", "--exit-on-error", "--single-transaction", dump)
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(folder / "two", "psql", "-Atc", "SELECT n FROM kept").stdout == "42\n"


def test_the_shell_starts_stops_and_says_how_it_is(folder: Path) -> None:
    assert shell(folder, "status").returncode == 3
    assert shell(folder, "start").stdout == shell(folder, "url").stdout != ""
    assert shell(folder, "status").returncode == 0
    assert shell(folder, "stop").returncode == 0
    assert shell(folder, "status").returncode == 3
    assert "python -m database" in shell(folder, "dance").stderr
