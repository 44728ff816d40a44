"""gunicorn's configuration: the collector, which rests while everything is imported, works in every worker, and the worker's
threads share one heap (G11)."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.conftest import ROOT

APP = """
import ctypes, gc, os
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p

def heaps():
    file = ctypes.c_void_p(libc.fopen(b"heaps.xml", b"w"))
    libc.malloc_info(0, file)
    libc.fclose(file)
    return open("heaps.xml").read().count("<heap ")

def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{os.getpid()} {gc.isenabled()} {heaps()}".encode()]
"""


def asked(port: int) -> tuple[str, str, str]:
    """Which worker answered, whether its collector works, and how many heaps its threads allocate from."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        worker, collects, heaps = answer.read().decode().split()
    return worker, collects, heaps


def test_g11_every_worker_collects_and_has_one_heap_also_after_a_reload(tmp_path: Path) -> None:
    """G11: HUP reads the configuration again; workers that began then would keep every cycle of objects for ever. Nor
    do a worker's threads keep free memory apart from each other."""
    (tmp_path / "little.py").write_text(APP)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, door = server.getsockname()[1], server.fileno()
        line = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "--log-level", "error"]
        line += ["-w", "1", "--bind", f"fd://{door}", "--chdir", str(tmp_path), "little:app"]
        with subprocess.Popen(line, pass_fds=[door], cwd=tmp_path) as gunicorn:
            try:
                before, *kept = asked(port)
                assert kept == ["True", "1"]
                gunicorn.send_signal(signal.SIGHUP)
                until = time.monotonic() + 20
                while (found := asked(port))[0] == before and time.monotonic() < until:
                    pass
                assert found[0] != before
                assert found[1:] == ("True", "1")
            finally:
                gunicorn.terminate()
