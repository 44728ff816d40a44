"""The second try of a test that failed while the machine stood still: only then, and only one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

HOOK = "from tests.standstill import pytest_runtest_protocol\n"
PAUSED = """
    again = subprocess.Popen(["sh", "-c", f"sleep 1.5; kill -CONT {os.getpid()}"])
    os.kill(os.getpid(), signal.SIGSTOP)
    again.wait()
"""
CASE = """
import os, signal, subprocess
tries = []

def test_it(tmp_path):
    tries.append(tmp_path){pause}
    assert len(tries) > {failures}
"""


@pytest.mark.parametrize(
    ("pause", "failures", "said"),
    [
        (PAUSED, 0, "1 passed"),
        (PAUSED, 1, "1 passed"),
        (PAUSED, 2, "1 failed"),
        ("", 1, "1 failed"),
    ],
    ids=["a pause that harms nobody", "fails in a pause", "fails again", "fails without a pause"],
)
def test_a_failure_in_a_pause_is_tried_once_more(tmp_path: Path, pause: str, failures: int, said: str) -> None:
    """Every process of the machine stands still at once when it is paused; here it is the test's own."""
    (tmp_path / "conftest.py").write_text(HOOK)
    (tmp_path / "test_case.py").write_text(CASE.format(pause=pause, failures=failures))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
        str(tmp_path),
    ]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert said in run.stdout.splitlines()[-1], run.stdout
