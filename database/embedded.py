"""The PostgreSQL server that comes along: started when first needed, shared by every process of the machine.

One data folder has at most one server. What makes that true is a lock on `postgres.lock` in the data folder: whoever
starts the server takes it and hands it down to the server, which holds it until its last process has gone. So a
lock that is free means that nothing runs, whatever `postmaster.pid` says; a lock that is taken means wait and ask.
The kernel frees it at `kill -9` too.

The server listens on a unix socket in a folder of its own account (mode 0700), never on TCP. Whoever may enter that
folder needs no password.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from database.account import DatabaseError
from database.cluster import NAME, PORT, Cluster, bin_dir

__all__ = [
    "DatabaseError", "bin_dir", "client_environment", "clock", "ensure_running", "is_running", "lives", "psql_command",
    "stop", "stopped_since",
]  # fmt: skip

# Given at every start. Terse and without statements: the log must not hold what people typed.
FIXED_SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
PATIENCE = 120.0  # seconds for a start or a stop, crash recovery included
ORPHANS_MAY_LINGER = 3.0  # seconds between a server's death and our ending what it left behind
ORPHANS_ARE_OLDER = 10.0  # seconds: a server on its way is named by its pid file long before
LOG_MAX = 10_000_000  # bytes; a longer log is put aside at the next start
_started: dict[Path, subprocess.Popen[bytes]] = {}  # so that a server of ours that ended does not stay a zombie


def ensure_running(
    data_dir: Path,
    settings: Mapping[str, str] | None = None,
    *,
    patience: float = PATIENCE,
    on_purpose: bool = True,
) -> str:
    """Starts the server of `data_dir` unless it runs, and returns the `postgresql://` URL of its database `sitthi`.

    Any number of processes may call this at once. `settings` are PostgreSQL's, for this start only (a server that runs
    already keeps its own). `on_purpose`: this takes a stop on purpose back. The server outlives the caller. Raises
    DatabaseError, with the end of the server's log, when it can't start or takes more than `patience` seconds.
    """
    cluster = Cluster.of(data_dir)
    if on_purpose:
        cluster.stopped.unlink(missing_ok=True)
    begun = time.monotonic()
    server = None
    while time.monotonic() - begun < patience:
        lock = _take_lock(cluster) if server is None else None  # a server that dies at once is tried once
        if lock is not None:
            try:
                server = _start(cluster, lock, dict(settings or {}))
            finally:
                os.close(lock)  # never unlocked: the server shares this very lock
        if _answers(cluster):
            return cluster.url
        if server is not None and server.poll() is not None:
            raise DatabaseError(
                f"{cluster.home} did not start (it ended with {server.returncode}).{_log_tail(cluster)}"
            )
        # Having started one ourselves we held the lock, so there are no orphans, only ours on its way.
        if server is None and time.monotonic() - begun > ORPHANS_MAY_LINGER:
            _end_orphans(cluster)
        time.sleep(0.02)
    raise DatabaseError(f"The database in {cluster.home} is not ready after {patience:.0f} s.{_log_tail(cluster)}")


def is_running(data_dir: Path) -> bool:
    """Whether the server of `data_dir` runs and takes connections. Starts nothing, makes nothing."""
    if not (data_dir / "postgres.lock").exists():
        return False
    return _answers(Cluster.of(data_dir))


def stop(data_dir: Path, mode: str = "fast", *, patience: float = PATIENCE) -> None:
    """Stops the server of `data_dir` and waits until its last process is gone; nothing to do when none runs.

    `smart` waits for clients to leave, `fast` disconnects them, `immediate` leaves recovery to the next start.
    Raises DatabaseError when it still runs after `patience` seconds.
    """
    how = STOP_SIGNALS[mode]
    if not (data_dir / "postgres.lock").exists():
        return
    cluster = Cluster.of(data_dir)
    with suppress(OSError):  # a full disk: then the server's own word has to do
        cluster.stopped.touch()
    told = None
    begun = time.monotonic()
    while time.monotonic() - begun < patience:
        lock = _take_lock(cluster)
        if lock is not None:
            os.close(lock)
            _reap(cluster)
            return
        server = _server_pid(cluster)
        if server is None:
            _end_orphans(cluster)
        elif server != told:  # once: a second signal would hurry it
            os.kill(server, how)
            told = server
        time.sleep(0.05)
    raise DatabaseError(f"The database in {cluster.home} still runs after {patience:.0f} s.{_log_tail(cluster)}")


def lives(data_dir: Path) -> bool:
    """Whether the server's own process is there, whatever it is doing: answering, recovering, shutting down."""
    return _server_pid(Cluster.of(data_dir)) is not None


def stopped_since(data_dir: Path, moment: float) -> bool:
    """Whether somebody stopped the server of `data_dir` on purpose after `moment` (seconds of `clock`): by `stop`, or so that
    it ended cleanly. A server that was killed, or ran out of disk, has written no such thing."""
    cluster = Cluster.of(data_dir)
    if _written(cluster.stopped) > moment:
        return True
    return _written(cluster.control) > moment and _server_pid(cluster) is None and _ended_cleanly(cluster)


def clock() -> float:
    """Seconds of the system's clock, as files carry them."""
    return time.time()


def psql_command(data_dir: Path) -> list[str]:
    """The command line of PostgreSQL's own shell on the database of `data_dir`."""
    cluster = Cluster.of(data_dir)
    return [str(cluster.programs / "psql"), cluster.url]


def client_environment(data_dir: Path) -> dict[str, str]:
    """The variables by which psql, pg_dump and their kin find the database of `data_dir` by themselves."""
    cluster = Cluster.of(data_dir)
    return {"PGHOST": str(cluster.socket_dir), "PGPORT": PORT, "PGUSER": NAME, "PGDATABASE": NAME}


def _take_lock(cluster: Cluster) -> int | None:
    """The open lock, or None while somebody else holds it. Raises DatabaseError when it isn't ours to open."""
    try:
        lock = os.open(cluster.lock, os.O_RDWR | os.O_CREAT, 0o600)
    except PermissionError as reason:
        raise DatabaseError(
            f"{cluster.data_dir} belongs to another account. Start as its owner or as root, "
            "or set SITTHI_DATA_DIR to a folder of yours."
        ) from reason
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _start(cluster: Cluster, lock: int, settings: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts the server with the lock in its hands, and does not wait for it. Raises DatabaseError."""
    _reap(cluster)
    cluster.make_data(lock, settings)
    _clear_stale(cluster)
    chosen = {**settings, **FIXED_SETTINGS, "unix_socket_directories": str(cluster.socket_dir)}
    command = [str(cluster.programs / "postgres"), "-D", str(cluster.home)]
    for key, value in chosen.items():
        command += ["-c", f"{key}={value}"]
    if cluster.log.exists() and cluster.log.stat().st_size > LOG_MAX:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    with cluster.log.open("ab") as log:
        cluster.log.chmod(0o600)
        server = cluster.account.start(command, output=log, fds=[lock])
    _started[cluster.home] = server
    return server


def _clear_stale(cluster: Cluster) -> None:
    """Removes what a killed server left. The lock is ours, so nothing of it runs, whoever has its number now."""
    cluster.pid_file.unlink(missing_ok=True)
    folder = cluster.socket_dir
    folder.mkdir(exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), cluster.account.uid):
        raise DatabaseError(f"{folder} belongs to somebody else. Remove it and start again.")
    cluster.account.give(folder)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (folder / name).unlink(missing_ok=True)


def _answers(cluster: Cluster) -> bool:
    """Whether the server takes connections now (also when all of them are in use)."""
    if not os.path.exists(cluster.socket_dir / f".s.PGSQL.{PORT}"):  # Path.exists() raises where we may not look
        return False
    command = [str(cluster.programs / "pg_isready"), "-q", "-h", str(cluster.socket_dir), "-p", PORT, "-t", "5"]
    command += ["-U", NAME, "-d", NAME]  # else it knocks as root, and the log complains
    return subprocess.run(command, check=False, env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL).returncode == 0


def _server_pid(cluster: Cluster) -> int | None:
    """The server's process, when `postmaster.pid` names one that really works in this data."""
    with suppress(OSError, ValueError, IndexError):
        pid = int(cluster.pid_file.read_text().split()[0])
        if pid in _processes(cluster):
            return pid
    return None


def _written(file: Path) -> float:
    """When the file was last written; 0 when it is not there."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _ended_cleanly(cluster: Cluster) -> bool:
    """Whether the data say that their server shut down: what a crash leaves says that it runs."""
    command = [str(cluster.programs / "pg_controldata"), "-D", str(cluster.home)]
    told = subprocess.run(command, check=False, env={"LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True)
    return b"Database cluster state:               shut down\n" in told.stdout


def _processes(cluster: Cluster) -> Iterator[int]:
    """Every process whose working folder is this data: the server and what it forked. Needs /proc."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").samefile(cluster.home):
                yield int(process.name)


def _end_orphans(cluster: Cluster) -> None:
    """Ends the processes a killed server left behind: busy ones don't notice, and keep the next from starting.

    Only those of some age: a server that another process has just started has not written its `postmaster.pid` yet.
    """
    if _server_pid(cluster) is None:
        for orphan in _processes(cluster):
            with suppress(OSError):
                if _age(orphan) > ORPHANS_ARE_OLDER:
                    os.kill(orphan, signal.SIGKILL)


def _age(pid: int) -> float:
    """Seconds since the process began. Raises OSError when it is gone."""
    began = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - began


def _reap(cluster: Cluster) -> None:
    ended = _started.get(cluster.home)
    if ended is not None:
        with suppress(subprocess.TimeoutExpired):  # its folder was removed under it: it notices within a minute
            ended.wait(1)


def _log_tail(cluster: Cluster) -> str:
    try:
        lines = cluster.log.read_text(errors="replace").splitlines()[-15:]
    except OSError:
        return f" Its log {cluster.log} can't be read."
    return f" The end of {cluster.log}:\n" + "\n".join(lines)
