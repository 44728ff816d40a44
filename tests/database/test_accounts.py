"""Which account of the machine runs the embedded server, and what happens where it may not go."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from database import account, cluster, embedded
from database.account import Account, DatabaseError
from tests.database.hands import leave_a_row, one, server_pid, start

NOBODY = 65534


def as_nobody(work: Callable[[], object]) -> object:
    """What `work` returns in a process of an account that is not root; an exception comes back as its text."""
    if os.geteuid() != 0:
        return work()
    context = multiprocessing.get_context("fork")  # not a new Python: that account may not reach this one's
    receive, send = context.Pipe(duplex=False)

    def change_and_work() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            send.send(work())
        except DatabaseError as refused:
            send.send(f"refused: {refused}")

    process = context.Process(target=change_and_work)
    process.start()
    send.close()
    try:
        return receive.recv()
    finally:
        process.join(30)


def programs_everyone_reaches() -> bool:
    return os.geteuid() != 0 or Account(NOBODY, NOBODY, switch=True).reaches(embedded.bin_dir() / "postgres")


for_everyone = pytest.mark.skipif(not programs_everyone_reaches(), reason="the project lies where only root may go")


@for_everyone
def test_a_normal_user_starts_uses_and_stops_it(folder: Path) -> None:
    data = folder / "var"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)

    def whole_life() -> object:
        url = start(data)
        running = embedded.is_running(data)
        embedded.stop(data)
        return url, running, embedded.is_running(data)

    assert as_nobody(whole_life) == (cluster.Cluster.of(data).url, True, False)
    if os.geteuid() == 0:
        assert (data / "postgres").stat().st_uid == NOBODY
        assert one(start(data), "SELECT 1") == 1  # and root may start it again, as its owner


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what happens to root")


@as_root
def test_root_hands_the_server_to_an_account_that_is_not_root(folder: Path) -> None:
    start(folder)
    assert psutil.Process(server_pid(folder)).uids().effective != 0
    assert (folder / "postgres").stat().st_uid == psutil.Process(server_pid(folder)).uids().effective


@as_root
def test_root_takes_the_owner_of_the_data_folder(folder: Path) -> None:
    data = folder / "var"
    data.mkdir()
    os.chown(data, 1234, NOBODY)
    with suppress(DatabaseError):  # an account without a name can't make a database, but is the one tried
        start(data)
    assert account.choose(data) == Account(1234, NOBODY, switch=True)


@as_root
def test_roots_folder_that_nobody_may_enter_gets_its_data_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "REACHABLE_HOME", folder / "reachable")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    data = closed / "var"
    leave_a_row(start(data))
    assert (data / "postgres").is_symlink()
    assert (data / "postgres").resolve().is_relative_to(folder / "reachable")
    embedded.stop(data)
    assert one(start(data), "SELECT n FROM kept") == 42
    assert len(list((folder / "reachable").glob("data-*"))) == 1


@pytest.mark.slow
@as_root
def test_programs_that_nobody_may_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "REACHABLE_HOME", folder / "reachable")
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    package = embedded.bin_dir().parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        subprocess.run(["cp", "-a", str(part), str(closed)], check=True)
    monkeypatch.setattr(cluster, "bin_dir", lambda: closed / package.name / "pginstall18" / "bin")
    for data in (folder / "one", folder / "two"):
        assert one(start(data), "SELECT 1") == 1
    assert [path.name.startswith("programs-") for path in (folder / "reachable").iterdir()] == [True]


@as_root
def test_data_out_of_the_servers_reach_is_told_with_the_remedy(folder: Path) -> None:
    data = folder / "closed" / "var"
    leave_a_row(start(data))
    embedded.stop(data)
    data.parent.chmod(0o700)
    with pytest.raises(DatabaseError, match="may not enter"):
        start(data)
    data.parent.chmod(0o755)
    owner = (data / "postgres").stat().st_uid
    subprocess.run(["chown", "-R", "0", str(data / "postgres")], check=True)
    with pytest.raises(DatabaseError, match=f"chown -R {owner} "):
        start(data)
    subprocess.run(["chown", "-R", str(owner), str(data / "postgres")], check=True)
    assert one(start(data), "SELECT n FROM kept") == 42


@as_root
@for_everyone
def test_somebody_elses_data_folder_is_refused_in_words(folder: Path) -> None:
    start(folder)
    assert "belongs to another account" in str(as_nobody(lambda: start(folder)))
