"""The demo's processes: all ended together, one that dies is reported, none survives its parent. Real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from demo.children import Child, ChildDied, Children
from demo.plan import ROOT

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"])
print("ready", flush=True)
time.sleep(99)
"""


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    """Children whose logs are in a folder of this test."""
    found = Children(tmp_path, os.environ, ROOT)
    yield found
    found.stop()


def _until(true: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _says(child: Child, text: str) -> Callable[[], bool]:
    return lambda: text in child.log.read_text()


def test_a_process_that_dies_is_reported_with_its_last_lines(children: Children) -> None:
    """Its name, how it ended, where its log is, and what it said last."""
    code = "import sys; print('first\\n' * 50 + 'the last word'); sys.exit(3)"
    child = children.start("bot", [sys.executable, "-c", code])
    child.process.wait(10)
    with pytest.raises(ChildDied) as died:
        children.check()
    assert "bot ended with code 3" in str(died.value)
    assert str(child.log) in str(died.value)
    assert str(died.value).endswith("| the last word")
    assert str(died.value).count("first") < 20


def test_a_process_killed_is_told_apart(children: Children) -> None:
    """The signal's name says more than its number."""
    child = children.start("jobs", ["sleep", "99"])
    child.process.kill()
    child.process.wait(10)
    with pytest.raises(ChildDied, match="jobs was ended by SIGKILL"):
        children.check()


def test_stop_leaves_nothing_of_a_process_that_will_not_end(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked first, then made to; what it started itself ends too."""
    monkeypatch.setattr("demo.children.PATIENCE", 0.5)
    child = children.start("line", [sys.executable, "-c", STUBBORN])
    _until(_says(child, "ready"))
    family = [child.process.pid, *(one.pid for one in psutil.Process(child.process.pid).children())]
    assert len(family) == 2
    children.check()
    children.stop()
    _until(lambda: not any(_runs(pid) for pid in family))


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    """`kill -9` of the launcher leaves no port taken."""
    code = f"""
import os, sys, time
from pathlib import Path
from demo.children import Children
child = Children(Path({str(tmp_path)!r}), os.environ, Path({str(ROOT)!r})).start("bot", ["sleep", "99"])
print(child.process.pid, flush=True)
time.sleep(99)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert _runs(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    parent.stdout.close()
    _until(lambda: not _runs(pid))


def test_the_log_of_the_time_before_is_kept(children: Children, tmp_path: Path) -> None:
    """Whoever starts again after a failure can still read why it failed."""
    for text in ("one", "two"):
        children.start("bot", ["echo", text]).process.wait(10)
    assert (tmp_path / "bot.log").read_text() == "two\n"
    assert (tmp_path / "bot.log.1").read_text() == "one\n"


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
