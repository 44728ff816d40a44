"""What a mutant is, and how one lives and dies: a copy of the tree, one change, the narrowest tests that must fail."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = (".git", ".venv", "var", "node_modules", "test-artifacts", ".mypy_cache", ".ruff_cache", ".hypothesis")
PATIENCE = 120
"""Seconds a mutant's tests may take; one that hangs them is noticed, too."""
FAILED = re.compile(r"^FAILED \S*?::([^\s\[]+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """One guard less. `search` occurs once in `file` and becomes `replace`."""

    name: str
    removed: str
    """What is gone, in a few words."""
    file: str
    search: str
    replace: str
    tests: tuple[str, ...]
    """The narrowest tests that must fail, as pytest names them, without the leading `tests/`."""

    def patched(self, root: Path = ROOT) -> str:
        """The file's text with the change. Raises `ValueError` when the place is not there exactly once."""
        text = (root / self.file).read_text()
        if text.count(self.search) != 1:
            raise ValueError(f"{self.name}: {self.search!r} is {text.count(self.search)} times in {self.file}")
        return text.replace(self.search, self.replace)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: `killed`, `survived`, or `broken` when its tests could not run at all."""

    mutant: Mutant
    state: str
    by: str
    """The first test that noticed; for a broken one, the end of what pytest said."""


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """A folder with everything the tests need, to be changed at will."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    try:
        shutil.copytree(ROOT, folder / "tree", ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield folder / "tree"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judge(mutant: Mutant, tree: Path, server_url: str) -> Verdict:
    """Change the copy, run the mutant's tests on that database server, change it back."""
    file = tree / mutant.file
    whole = file.read_text()
    file.write_text(mutant.patched(tree))
    try:
        code, said = run(mutant.tests, tree, server_url)
    finally:
        file.write_text(whole)
    noticed = FAILED.search(said)
    if code == 1 and noticed:
        return Verdict(mutant, "killed", noticed.group(1))
    if code is None:
        return Verdict(mutant, "killed", f"not done after {PATIENCE} s")
    return Verdict(mutant, "survived", "") if code == 0 else Verdict(mutant, "broken", said[-1500:])


def run(tests: Sequence[str], tree: Path, server_url: str, patience: float = PATIENCE) -> tuple[int | None, str]:
    """pytest on these tests of that tree, until the first fails: (exit code, none when it took too long; what it said)."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rf", "--tb=line"]
    command += [f"tests/{test}" for test in tests]
    environment = {**os.environ, "DATABASE_URL": server_url, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=patience, check=False
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr
