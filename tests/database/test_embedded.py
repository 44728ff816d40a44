"""The server that comes along, against what really happens to it: races, kill -9, stale files, odd folders, accounts."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import create_engine, text

from database import cluster, embedded
from database.account import DatabaseError
from tests.database.hands import (
    kill_whatever_names,
    leave_a_row,
    lives,
    one,
    server_pid,
    start,
    starter,
    wait_for,
)


def test_first_start_gives_one_url_for_psycopg_and_sqlalchemy(folder: Path) -> None:
    url = start(folder)
    assert str(one(url, "SHOW server_version")).startswith("18.")
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT current_database()")).scalar() == "sitthi"
    engine.dispose()


def test_settings_are_ours_then_the_callers(folder: Path) -> None:
    url = start(folder)
    shown = {name: one(url, f"SHOW {name}") for name in ("max_connections", "timezone", "shared_buffers", "fsync")}
    assert shown == {"max_connections": "100", "timezone": "UTC", "shared_buffers": "64MB", "fsync": "off"}
    embedded.stop(folder)
    url = embedded.ensure_running(folder)
    shown = {name: one(url, f"SHOW {name}") for name in ("shared_buffers", "fsync", "synchronous_commit")}
    assert shown == {"shared_buffers": "256MB", "fsync": "on", "synchronous_commit": "on"}


def test_nothing_listens_on_tcp_and_the_socket_is_its_accounts_alone(folder: Path) -> None:
    url = start(folder)
    assert one(url, "SHOW listen_addresses") == ""
    assert psutil.Process(server_pid(folder)).net_connections("inet") == []
    assert stat.S_IMODE(cluster.Cluster.of(folder).socket_dir.stat().st_mode) == 0o700


def test_four_processes_start_at_once_and_share_one_server(folder: Path) -> None:
    starters = [starter(folder) for _ in range(4)]
    said = [process.communicate(timeout=60)[0] for process in starters]
    assert [process.returncode for process in starters] == [0] * 4, said
    assert len(set(said)) == 1
    log = (folder / "postgres.log").read_text()
    assert log.count("starting PostgreSQL") == 1
    assert log.count("ready to accept connections") == 1
    assert one(said[0].strip(), "SELECT 1") == 1  # the starters are gone, the server is not


def test_a_second_call_finds_the_same_server_quickly(folder: Path) -> None:
    start(folder)
    before = server_pid(folder)
    begun = time.monotonic()
    start(folder)
    assert server_pid(folder) == before
    assert time.monotonic() - begun < 1


def test_kill_9_of_the_server_loses_nothing_committed(folder: Path) -> None:
    url = embedded.ensure_running(folder, {"shared_buffers": "64MB"})  # made to last: the settings of real use
    leave_a_row(url)
    os.kill(server_pid(folder), signal.SIGKILL)
    assert one(start(folder), "SELECT n FROM kept") == 42


@pytest.mark.slow
def test_kill_9_of_the_server_while_a_statement_never_ends(folder: Path) -> None:
    """A busy process of the dead server doesn't notice its death; the next start must not wait for it for ever."""
    url = start(folder)
    busy = psycopg.connect(url, autocommit=True)
    pid = busy.info.backend_pid

    def never_ends() -> None:
        with suppress(psycopg.OperationalError):
            busy.execute("DO $$ BEGIN LOOP END LOOP; END $$")

    thread = threading.Thread(target=never_ends, daemon=True)
    thread.start()
    wait_for(lambda: one(url, f"SELECT state FROM pg_stat_activity WHERE pid = {pid}") == "active")
    os.kill(server_pid(folder), signal.SIGKILL)
    assert one(start(folder), "SELECT 1") == 1
    assert not lives(pid)
    thread.join(5)


@pytest.mark.parametrize("stale_by", ["stop", "kill"])
def test_stale_pid_file_with_the_number_of_a_living_stranger(folder: Path, stale_by: str) -> None:
    start(folder)
    ours = cluster.Cluster.of(folder)
    written, pid = ours.pid_file.read_text(), server_pid(folder)
    if stale_by == "stop":
        embedded.stop(folder)
    else:
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not ours.socket_dir.joinpath(".s.PGSQL.5432").exists() or not embedded.is_running(folder))
    stranger = ours.account.start(["/bin/sleep", "60"], output=subprocess.DEVNULL)
    try:
        ours.pid_file.write_text(written.replace(str(pid), str(stranger.pid), 1))
        ours.socket_dir.joinpath(".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n")
        assert not embedded.is_running(folder)
        embedded.stop(folder)  # must not shoot the stranger
        assert one(start(folder), "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.slow
@pytest.mark.parametrize("moment", [".postgres-*", ".postgres-*/PG_VERSION", ".postgres-*/base/5", "postgres"])
@pytest.mark.parametrize("initdb_too", [False, True])
def test_killed_in_the_middle_of_the_first_start(folder: Path, moment: str, initdb_too: bool) -> None:
    process = starter(folder)
    wait_for(lambda: list(folder.glob(moment)))
    process.kill()
    process.communicate()
    if initdb_too:
        kill_whatever_names(str(folder))
    assert one(start(folder), "SELECT current_database()") == "sitthi"
    assert not list(folder.glob(".postgres-*"))


def test_a_long_path_moves_the_socket_and_nothing_else(folder: Path) -> None:
    deep = folder / ("สิทธิ์" * 6) / ("d" * 60)
    url = start(deep)
    leave_a_row(url)
    socket_dir = cluster.Cluster.of(deep).socket_dir
    assert socket_dir.parent == Path("/tmp")
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert (deep / "postgres" / "PG_VERSION").exists()
    embedded.stop(deep)
    assert one(start(deep), "SELECT n FROM kept") == 42
    embedded.stop(deep)
    socket_dir.rmdir()


@pytest.mark.slow
def test_a_folder_with_a_space_and_a_percent_sign(folder: Path) -> None:
    assert one(start(folder / "50% off & more"), "SELECT 1") == 1


@pytest.mark.slow
def test_a_data_folder_removed_under_the_server_starts_empty(folder: Path) -> None:
    data = folder / "var"
    leave_a_row(start(data))
    old = server_pid(data)
    subprocess.run(["rm", "-rf", str(data)], check=True)
    try:
        assert one(start(data), "SELECT to_regclass('kept')") is None
    finally:
        with suppress(ProcessLookupError):  # it has noticed by itself
            os.kill(old, signal.SIGKILL)


def test_stop_ends_every_process_and_twice_is_fine(folder: Path) -> None:
    embedded.stop(folder)
    url = start(folder)
    assert embedded.is_running(folder)
    processes = [server_pid(folder), *(child.pid for child in psutil.Process(server_pid(folder)).children())]
    with psycopg.connect(url):  # a client that stays does not hinder a fast stop
        embedded.stop(folder)
    assert not [pid for pid in processes if lives(pid)]
    assert not embedded.is_running(folder)
    embedded.stop(folder)


def test_the_next_start_after_stop_keeps_the_data(folder: Path) -> None:
    leave_a_row(start(folder))
    embedded.stop(folder)
    assert one(start(folder), "SELECT n FROM kept") == 42


def test_a_wrong_setting_is_told_with_the_servers_own_words(folder: Path) -> None:
    with pytest.raises(DatabaseError, match=r"did not start[\s\S]*shared_buffers"):
        embedded.ensure_running(folder, {"shared_buffers": "a lot"}, patience=10)
    assert (folder / "postgres.log").read_text().count("invalid value") == 1  # tried once, not again and again
    assert one(start(folder), "SELECT 1") == 1


def test_other_files_where_the_data_belongs_are_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "thesis.odt").write_text("dear")
    with pytest.raises(DatabaseError, match="Move them away"):
        start(folder)
    assert (folder / "postgres" / "thesis.odt").read_text() == "dear"


def test_the_log_does_not_keep_what_people_typed(folder: Path) -> None:
    """D-rules on personal data: neither a refused statement nor the row that broke a constraint reaches the log."""
    with psycopg.connect(start(folder), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (phone text UNIQUE)")
        connection.execute("INSERT INTO person VALUES ('0812345678')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('0812345678')")
    log = (folder / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "0812345678" not in log


def test_stop_while_another_process_still_makes_the_data(folder: Path) -> None:
    process = starter(folder)
    wait_for(lambda: list(folder.glob(".postgres-*")))
    embedded.stop(folder, patience=20)
    process.communicate(timeout=60)
    assert not embedded.is_running(folder)
