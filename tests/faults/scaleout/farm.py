"""What runs on the hosts: PostgreSQL on one, gunicorn on two, `python -m jobs` on two; each can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from database import embedded
from database.cluster import Cluster
from tests.conftest import ROOT, TEST_KEYS
from tests.conversations.chat import CLUB, SECRET, TOKEN
from tests.faults.scaleout.network import Host

WEB_PORT = 8000
START_DATABASE = (
    "import sys, pathlib; from database import embedded; embedded.FIXED_SETTINGS.pop('listen_addresses'); "
    "embedded.ensure_running(pathlib.Path(sys.argv[1]), {'listen_addresses': '*', 'shared_buffers': '128MB'})"
)


def start_database(host: Host, folder: Path) -> str:
    """PostgreSQL on this host, data made to last, open to the switch; its URL as the other hosts reach it."""
    command = host.command([sys.executable, "-c", START_DATABASE, str(folder)])
    subprocess.run(command, cwd=ROOT, check=True, timeout=120)
    cluster = Cluster.of(folder)
    with (cluster.home / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {host.address.rsplit('.', 1)[0]}.0/24 trust\n")
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
    return f"postgresql://sitthi@{host.address}:5432/sitthi"


def stop_database(folder: Path) -> None:
    """End it."""
    embedded.stop(folder, "immediate")


@dataclass
class Part:
    """One program on one host."""

    host: Host
    words: list[str]
    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)
    lives: int = 0

    def start(self) -> None:
        """Start it, again if need be."""
        self.process = self.host.start(self.words, self.environ, self.log, ROOT)
        self.lives += 1

    def kill(self) -> None:
        """kill −9 it and its workers."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def web(host: Host, database_url: str, line_url: str, folder: Path) -> Part:
    """The bot as operators run it: gunicorn with two workers."""
    bind = f"{host.address}:{WEB_PORT}"
    options = ["--workers", "2", "--threads", "8", "--no-control-socket", "--bind", bind]
    words = [sys.executable, "-m", "gunicorn", *options, "app:create_app()"]
    return Part(host, words, _environ(database_url, line_url, folder), folder / f"{host.name}.log")


def job(host: Host, database_url: str, line_url: str, folder: Path) -> Part:
    """Scheduler and worker."""
    words = [sys.executable, "-m", "jobs"]
    return Part(host, words, _environ(database_url, line_url, folder), folder / f"{host.name}.log")


def until(what: str, ask: Callable[[], object], seconds: float = 90.0) -> None:
    """Wait until `ask()` says yes. Raises TimeoutError naming `what`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ask():
                return
        except (OSError, psycopg.Error):
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{what}: not within {seconds:.0f} s")


def _environ(database_url: str, line_url: str, folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SITTHI_", "FLASK_", "LINE_"))}
    return {
        **kept,
        "SITTHI_ENV": "test",
        "DATABASE_URL": database_url,
        "LINE_API_URL": line_url,
        "SITTHI_DATA_DIR": str(folder),  # shared, as uploads are; the demo clock lies there too
        "SITTHI_SECRET_KEYS": TEST_KEYS[0],
        f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": SECRET,
        f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
    }
