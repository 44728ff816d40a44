"""The processes a bench starts: servers on ports of this machine, ended with it."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.ground import CLUB, Ground

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
_PR_SET_PDEATHSIG = 1
SECRET = secrets.token_hex(16)
TOKEN = secrets.token_hex(32)
WORKERS = ("--workers", "2", "--threads", "8")


def end_with_parent() -> None:
    """In a child before it becomes another program: the kernel asks it to end when the bench is gone, kill -9 too."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _surroundings() -> dict[str, str]:
    """Ours, but Python keeps the bytecode it compiled, as it does wherever a server is started twice."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, that is ended with all it started."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**_surroundings(), **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):  # ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def gunicorn(application: str, port: int, *options: str) -> list[str]:
    """The command line of the web server; `options` come on top of gunicorn.conf.py."""
    bind = ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    return [sys.executable, "-m", "gunicorn", *options, *bind, application]


def environment(ground: Ground, line_port: int) -> dict[str, str]:
    """Settings of production, the LINE platform's address aside."""
    return {
        "SITTHI_ENV": "production",
        "DATABASE_URL": ground.url,
        "SITTHI_DATA_DIR": str(ground.folder / "data"),
        "SITTHI_CLUBS": CLUB,
        "LINE_API_URL": f"http://127.0.0.1:{line_port}",
        "SITTHI_PUBLIC_URL": "https://club.example",
        "SITTHI_SECRET_KEYS": secrets.token_urlsafe(32),
        f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": SECRET,
        f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
    }


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until somebody listens there. Raises `RuntimeError` with the log's end when the process dies, or it takes too long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"{process.args!r} does not listen:\n{log.read_text(errors='replace')[-2000:]}")
