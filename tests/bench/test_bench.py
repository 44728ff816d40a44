"""Every bench runs to its end on a tiny size, keeps its promises there, and prints the one line of JSON. No figure is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench.__main__ import BENCHES
from bench.figure import Figure, alternating, compared

ROOT = Path(__file__).parent.parent.parent
KEYS = ["bench", "metric", "value", "unit", "peer", "peer_value", "ratio", "n", "machine"]
TINY = {"webhook": 40, "claims": 128, "month": 200, "import": 1_000, "start": 5, "offer": 1_200, "outsiders": 40}


CODE = """
import sys
from bench import __main__ as it, claims, figure
figure.FEWER = True
claims.PROCESSES, claims.THREADS = 2, claims.RIVALS // 2
sys.exit(it.main(sys.argv[1:]))
"""
"""Each side once instead of several times in turn; the 64 rivals in two processes: starting one takes longer than its claims."""


ANYWHERE = ("month", "import")
"""Benches that try no server of their own: a database on the tests' server does. The other benches' settings are production's."""


def bench(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """`python -m bench …` as a person runs it, but with less of everything."""
    command = [sys.executable, "-c", CODE, *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, timeout=280)


@pytest.mark.slow
@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_prints_one_line_of_json(name: str, server_url: str) -> None:
    """Nothing lost, nothing granted too much, the sums equal; then the nine keys."""
    done = bench(name, "--n", str(TINY[name]), "--json", **({"DATABASE_URL": server_url} if name in ANYWHERE else {}))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    said: dict[str, Any] = json.loads(lines[0])
    assert list(said) == KEYS
    assert said["bench"] == name
    assert said["n"] == TINY[name]
    assert said["value"] > 0
    if said["peer"] is not None:
        assert said["ratio"] == pytest.approx(said["value"] / said["peer_value"], rel=0.01)


@pytest.mark.slow
def test_a_bench_that_is_ended_leaves_nothing_behind() -> None:
    """Asked to end in the middle: its server and its folder go with it."""
    command = [sys.executable, "-m", "bench", "month", "--n", "1000000"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        mine = f"sitthi-bench-{process.pid}-*"
        until = time.monotonic() + 30
        while not list(Path("/tmp").glob(f"{mine}/postgres-socket/.s.*")) and time.monotonic() < until:
            time.sleep(0.05)
        assert list(Path("/tmp").glob(mine))
        process.terminate()
    assert list(Path("/tmp").glob(mine)) == []


@pytest.mark.slow
def test_what_a_bench_that_was_killed_left_is_gone() -> None:
    """kill -9 in the middle: its servers end by themselves; its database and folder, with the next bench."""
    command = [sys.executable, "-m", "bench", "outsiders", "--n", "400"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        mine = f"sitthi-bench-{process.pid}-*"
        until = time.monotonic() + 100
        while not list(Path("/tmp").glob(f"{mine}/ours.log")) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.kill()
    _, living = psutil.wait_procs([one for one in children if "postgres" not in one.name()], timeout=40)
    assert living == []
    bench("month", "--n", "100")
    assert list(Path("/tmp").glob(mine)) == []


def test_without_a_name_the_list() -> None:
    """Each with its aim."""
    listed = subprocess.run([sys.executable, "-m", "bench"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(BENCHES)
    assert "ratio ≥ 1.0" in listed.stdout


def test_sides_take_turns_and_the_median_counts() -> None:
    """Whoever went second goes first the next time; one slow repetition changes nothing."""
    order: list[str] = []

    def side(name: str, values: list[float]) -> Any:
        def measure(number: int) -> float:
            order.append(name)
            return values[number]

        return measure

    ours, peers = alternating(3, side("ours", [2.0, 90.0, 4.0]), side("peer", [2.0, 2.0, 1.0]))
    assert order == ["peer", "ours", "ours", "peer", "peer", "ours"]
    assert compared(ours, peers) == (4.0, 2.0, 2.0)


def test_a_broken_promise_is_an_exit_code_and_not_a_figure(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """What was lost or granted too much is told, and the command fails."""
    from bench import __main__ as commands

    figure = Figure("webhook", "m", 1.0, "1/s", None, None, None, 1, broken=["3 replies lost"])
    monkeypatch.setitem(commands.BENCHES, "webhook", commands.Bench(lambda n: figure, 1, "", ""))
    assert commands.main(["webhook", "--json"]) == 1
    said = capsys.readouterr()
    assert json.loads(said.out)["value"] == 1.0
    assert "3 replies lost" in said.err


@pytest.mark.slow
def test_presses_are_answered_as_they_should_and_each_has_its_time() -> None:
    """Every kind of press, and none for nothing."""
    command = [sys.executable, "-m", "bench.presses", "--n", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    presses = {name: spent for name, spent in said.items() if name not in ("bench", "unit", "n", "machine")}
    assert len(presses) == 11
    assert all(spent > 0 for spent in presses.values())
