"""The program as operators run it, gunicorn with two processes, and a crowd that sends it signed webhooks meanwhile."""

from __future__ import annotations

import base64
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.conftest import ROOT, TEST_KEYS
from tests.conversations.chat import CLUB, SECRET, TOKEN
from tests.factories import line_user_id


@dataclass
class Server:
    """One gunicorn, which can be killed and started again at the same address."""

    environ: dict[str, str]
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where LINE sends events."""
        return f"http://127.0.0.1:{self.port}/callback/{CLUB}"

    def start(self) -> None:
        """Start it in a process group of its own."""
        options = ["--workers", "2", "--threads", "4", "--no-control-socket"]
        command = [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{self.port}", "app:create_app()"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )

    def workers(self) -> list[int]:
        """The processes that answer, as far as they live."""
        assert self.process is not None
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def kill_workers(self) -> int:
        """kill −9 every worker; the master starts others. How many there were."""
        killed = self.workers()
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        return len(killed)

    def kill(self) -> None:
        """kill −9 master and workers at once: its own process group, and no other."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(database_url: str, line_url: str, folder: Path) -> Iterator[Server]:
    """A running server; nothing of it is left afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SITTHI_", "FLASK_", "LINE_"))}
    environ = {
        **kept,
        "SITTHI_ENV": "test",
        "DATABASE_URL": database_url,
        "LINE_API_URL": line_url,
        "SITTHI_DATA_DIR": str(folder),
        "SITTHI_SECRET_KEYS": TEST_KEYS[0],
        f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": SECRET,
        f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
    }
    server = Server(environ, folder / "gunicorn.log", port)
    server.start()
    try:
        yield server
    except BaseException:
        print(server.log.read_text()[-6000:])
        raise
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@dataclass
class Crowd:
    """Threads that send events, each from a person of its own, again and again until it is answered 200, as LINE does."""

    url: str
    threads: int = 4
    acknowledged: dict[str, str] = field(default_factory=dict)
    """`webhookEventId` → user, of every event that was answered 200."""
    refused: list[int] = field(default_factory=list)
    """Every other status that was heard."""
    sent: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Crowd:
        self._running = [threading.Thread(target=self._send, daemon=True) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._running:
            thread.join(30)

    def wait_for(self, more: int, seconds: float = 120) -> None:
        """Until so many more events were answered 200."""
        wanted, end = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            if time.monotonic() > end:
                raise AssertionError(
                    f"{len(self.acknowledged)} of {wanted} answered within {seconds} s: {self.refused[-9:]}"
                )
            time.sleep(0.002)

    def _send(self) -> None:
        while not self._stop.is_set():
            user = line_user_id()
            body = json.dumps({"destination": "U" + "0" * 32, "events": [_english(user)]}).encode()
            signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
            with self._lock:
                self.sent += 1
            while not self._stop.is_set() and not self._taken(body, signature, user):
                time.sleep(0.05)

    def _taken(self, body: bytes, signature: str, user: str) -> bool:
        try:
            answer = requests.post(self.url, data=body, headers={"x-line-signature": signature}, timeout=10)
        except requests.RequestException:
            return False
        if answer.status_code != 200:
            self.refused.append(answer.status_code)
            return False
        self.acknowledged[f"01{user[-24:]}"] = user
        return True


def _english(user: str) -> dict[str, Any]:
    """She writes “english”: a turn whose effect, her language and its journal note, can be counted."""
    return {
        "type": "message",
        "mode": "active",
        "timestamp": 1794000000000,
        "source": {"type": "user", "userId": user},
        "webhookEventId": f"01{user[-24:]}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": user[1:],
        "message": {"id": user[-18:], "type": "text", "text": "english", "quoteToken": "q"},
    }
