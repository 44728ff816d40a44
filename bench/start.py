"""`start`: from starting the process to the first webhook answered, and what a worker weighs when it has worked."""

from __future__ import annotations

import http.client
import json
import sys
import time
from contextlib import ExitStack
from statistics import median

import psutil

from bench.children import environment, free_port, gunicorn, running, wait_for
from bench.figure import Figure, repetitions, spread
from bench.ground import Ground, ground
from bench.load import request_of
from bench.webhook import Side, body_of, ours_at, press

REPETITIONS = 5
PATIENCE = 60.0


def run(n: int) -> Figure:
    """`n` webhooks before a worker is weighed."""
    with ExitStack() as stack:
        place = stack.enter_context(ground())
        line = free_port()
        log = place.folder / "line.log"
        wait_for(line, stack.enter_context(running([sys.executable, "-m", "bench.line_end", str(line)], log, {})), log)
        side = ours_at(place, free_port())
        seconds: list[float] = []
        weights: list[tuple[float, float]] = []
        for _ in range(repetitions(REPETITIONS)):
            _once(place, line, side, n, seconds, weights)
    return Figure(
        "start", "from process start to the first webhook answered", median(seconds), "s", None, None, None, n,
        notes=[
            f"{spread(seconds)} s, with the settings of gunicorn.conf.py and a database that runs",
            f"the heaviest worker after {n} webhooks: {median(rss for rss, _ in weights):.0f} MB resident, of which "
            f"{median(own for _, own in weights):.0f} MB are its own and the rest is shared with the others",
        ],
    )  # fmt: skip


def _once(
    place: Ground, line: int, side: Side, n: int, seconds: list[float], weights: list[tuple[float, float]]
) -> None:
    settings = environment(place, line)
    command = gunicorn("app:create_app()", side.port)
    begun = time.monotonic()
    with running(command, place.folder / "start.log", settings) as process:
        while not _answered(side):
            if time.monotonic() - begun > PATIENCE or process.poll() is not None:
                raise RuntimeError(f"no answer:\n{(place.folder / 'start.log').read_text()[-2000:]}")
            time.sleep(0.005)
        seconds.append(time.monotonic() - begun)
        press(line, side, n)
        workers = psutil.Process(process.pid).children()
        rss, own = max((memory.rss, memory.uss) for memory in (worker.memory_full_info() for worker in workers))
        weights.append((rss / 1e6, own / 1e6))


def _answered(side: Side) -> bool:
    request = request_of(side.port, side.path, side.secret, json.dumps(body_of(side.events[0])).encode())
    connection = http.client.HTTPConnection("127.0.0.1", side.port, timeout=10)
    try:
        connection.connect()
        connection.sock.sendall(request)
        return connection.sock.recv(15).split()[1:2] == [b"200"]
    except OSError:
        return False
    finally:
        connection.close()
