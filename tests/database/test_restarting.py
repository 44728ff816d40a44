"""D2, G6: the embedded server comes back by itself, asked by whoever finds it gone; not when it was stopped on purpose."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import requests

from database import embedded, migrate, restarting
from database.account import DatabaseError
from database.cluster import Cluster
from database.engine import make_engine
from database.restarting import Restarter
from tests.database.hands import ROOT, lives, server_pid, start, wait_for
from tests.faults.serving import Crowd, Server, serving

WITHIN = 60.0
"""Seconds in which service returns (G6)."""


@contextmanager
def bot(folder: Path) -> Iterator[Server]:
    """The bot on the embedded server of `folder`, migrated and answering."""
    engine = make_engine(embedded.ensure_running(folder))
    migrate.upgrade(engine)
    engine.dispose()
    with serving("", "http://127.0.0.1:1", folder) as server:
        wait_for(lambda: ready(server)[0] == 200)
        yield server


def ready(server: Server) -> tuple[int, list[str]]:
    """What `/readyz` says: status, reasons."""
    try:
        answer = requests.get(f"http://127.0.0.1:{server.port}/readyz", timeout=10)
        return answer.status_code, answer.json()["reasons"]
    except (requests.RequestException, ValueError):
        return 0, []


def kill(folder: Path) -> None:
    """kill -9 of the server's main process."""
    os.kill(server_pid(folder), signal.SIGKILL)


def stored(url: str) -> set[str]:
    """Every event the bot has taken."""
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute("SELECT event_id FROM turns")}


@pytest.mark.slow
def test_d2_a_killed_server_comes_back_under_webhooks_and_nothing_is_lost(folder: Path) -> None:
    """Twice: 503 meanwhile, never 200 for what is not stored, and 200 again within a minute."""
    with bot(folder) as server, Crowd(server.url) as crowd:
        for _ in range(2):
            crowd.wait_for(20)
            kill(folder)
            crowd.wait_for(20, WITHIN)
        wait_for(lambda: ready(server)[0] == 200, WITHIN)
    assert set(crowd.refused) <= {503}
    assert 503 in crowd.refused
    assert set(crowd.acknowledged) <= stored(embedded.ensure_running(folder))


@pytest.mark.slow
def test_d2_the_jobs_alone_bring_it_back(folder: Path) -> None:
    """Nobody asks the bot anything: the next ring finds the server gone."""
    engine = make_engine(embedded.ensure_running(folder))
    migrate.upgrade(engine)
    engine.dispose()
    environ = {**os.environ, "SITTHI_ENV": "test", "SITTHI_DATA_DIR": str(folder), "DATABASE_URL": ""}
    with subprocess.Popen([sys.executable, "-m", "jobs"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as jobs:
        try:
            wait_for(lambda: _workers(folder) == 1)
            kill(folder)
            wait_for(lambda: embedded.is_running(folder), WITHIN)
        finally:
            jobs.kill()


def _workers(folder: Path) -> int:
    with psycopg.connect(embedded.ensure_running(folder)) as connection:
        row = connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone()
        return int(row[0]) if row else 0


@pytest.mark.slow
@pytest.mark.parametrize("how", ["command", "pg_ctl", "signal"])
def test_d2_a_server_stopped_on_purpose_stays_stopped(folder: Path, how: str) -> None:
    """By our command, PostgreSQL's own, or a signal: webhooks do not bring it back, `/readyz` says how to. Started again, it
    is looked after as before."""
    with bot(folder) as server, Crowd(server.url) as crowd:
        crowd.wait_for(10)
        _stop(folder, how)
        wait_for(lambda: restarting.STOPPED in ready(server)[1])
        time.sleep(3)
        assert not embedded.is_running(folder)
        _database(folder, "start")
        crowd.wait_for(10, WITHIN)
        kill(folder)
        crowd.wait_for(10, WITHIN)


def _stop(folder: Path, how: str) -> None:
    pid = server_pid(folder)
    if how == "command":
        _database(folder, "stop")
    elif how == "pg_ctl":
        cluster = Cluster.of(folder)
        command = [str(cluster.programs / "pg_ctl"), "stop", "-m", "fast", "-D", str(cluster.home)]
        assert cluster.account.start(command, output=subprocess.DEVNULL).wait(60) == 0
    else:
        os.kill(pid, signal.SIGINT)
    wait_for(lambda: not lives(pid))


def _database(folder: Path, verb: str) -> None:
    environ = {**os.environ, "SITTHI_DATA_DIR": str(folder)}
    subprocess.run([sys.executable, "-m", "database", verb], cwd=ROOT, env=environ, check=True, capture_output=True)


def test_d2_a_program_that_begins_after_a_stop_starts_it(folder: Path) -> None:
    """Stopped for the night, started in the morning with the program: that is no reason to stay away."""
    start(folder)
    before = Restarter(folder)
    time.sleep(0.05)
    embedded.stop(folder)
    time.sleep(0.05)
    after = Restarter(folder)
    assert before.why_away() == restarting.STOPPED
    before.gone()
    time.sleep(1)
    assert not embedded.is_running(folder)
    assert after.why_away() == restarting.STARTING
    after.gone()
    wait_for(lambda: embedded.is_running(folder))


def test_d2_of_many_processes_one_starts_it(folder: Path, tmp_path: Path) -> None:
    """Six find it gone at the same moment: it is started once."""
    start(folder)
    began = [Restarter(folder, _Counted(tmp_path / f"{n}")) for n in range(6)]
    kill(folder)
    wait_for(lambda: not embedded.is_running(folder))
    children = [multiprocessing.get_context("fork").Process(target=_ask, args=(one, folder)) for one in began]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert embedded.is_running(folder)
    assert len(list(tmp_path.iterdir())) == 1


class _Counted:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __call__(self, folder: Path) -> None:
        self._mark.touch()
        embedded.ensure_running(folder, on_purpose=False)


def _ask(one: Restarter, folder: Path) -> None:
    one.gone()
    wait_for(lambda: embedded.is_running(folder))
    time.sleep(0.5)


def test_d2_a_server_that_never_comes_up_is_tried_ever_more_rarely(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses grow and are kept across processes; `/readyz` says that it does not start."""
    monkeypatch.setattr(restarting, "PAUSES", (0.0, 0.1, 0.2, 0.4, 5.0))
    tried: list[float] = []

    def fails(_: Path) -> None:
        tried.append(time.monotonic())
        raise DatabaseError("no room")

    start(folder)
    one = Restarter(folder, fails)
    kill(folder)
    wait_for(lambda: not embedded.is_running(folder))
    threading.Thread(target=one.gone, daemon=True).start()
    wait_for(lambda: len(tried) == 4)
    time.sleep(1.5)
    assert len(tried) == 4, "the fifth waits five seconds"
    assert one.why_away() == restarting.FAILING
    assert Restarter(folder, fails).why_away() == restarting.FAILING


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A folder on a disk of its own, which can be filled and made larger. Needs root."""
    place = Path("/tmp") / f"sitthi-disk-{os.getpid()}"
    place.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(place)], check=False
    )
    if made.returncode != 0:
        pytest.skip("a disk of its own cannot be mounted here")
    try:
        yield place
    finally:
        for lock in place.rglob("postgres.lock"):
            embedded.stop(lock.parent, "immediate")
        subprocess.run(["umount", "--lazy", str(place)], check=False)
        place.rmdir()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
@pytest.mark.parametrize("dies", [False, True], ids=["the server stays", "the server dies of it"])
def test_g6_a_full_disk_that_is_freed_and_service_returns_by_itself(dies: bool) -> None:
    """503 while there is no room, 200 within a minute of there being some; what was answered 200 is there."""
    with small_disk(400) as folder, bot(folder) as server:
        with Crowd(server.url) as crowd:
            crowd.wait_for(20)
            fill = folder / "fill"
            _fill(fill)
            wait_for(lambda: len(crowd.refused) > 5)
            if dies:
                kill(folder)
                wait_for(lambda: ready(server)[0] == 503)
                time.sleep(5)
            fill.unlink()
            crowd.wait_for(20, WITHIN)
            wait_for(lambda: ready(server)[0] == 200, WITHIN)
        assert set(crowd.refused) == {503}
        assert set(crowd.acknowledged) <= stored(embedded.ensure_running(folder))


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as full, suppress(OSError):
        while True:
            full.write(b"x" * 65536)
