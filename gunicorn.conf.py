"""How gunicorn runs the bot where its command line says nothing else: `gunicorn 'app:create_app()'`. Why so: docs/speed.md."""

import ctypes
import gc
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # `--chdir` may lead elsewhere: the worker is found all the same
gc.disable()  # until everything is imported: half a second of looking through what stays anyway
ARENA_MAX = -8
"""glibc's `M_ARENA_MAX`."""
if hasattr(ctypes.CDLL(None), "mallopt"):
    # Else every thread keeps free memory of its own, megabytes a worker. The interpreter runs one at a time anyway.
    ctypes.CDLL(None).mallopt(ARENA_MAX, 1)
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
"""Processes; about one per core. Any number of machines may run some: they share nothing but the database."""
worker_class = "serving.worker.Worker"
"""Slow clients cost it no thread, and each kind of request has threads of its own: `serving/lanes.py`. On gunicorn's own
`gthread` twenty slow connections stop the bot."""
threads = 8
"""Webhooks answered at once in a process; pages have others. Its connections to PostgreSQL are at most 13 for turns
and members' pages, 15 for what follows turns (replies, menus, health) and 8 for the console: allow for workers × 36."""
preload_app = True
"""Imported and checked once, before the workers: wrong settings end the start, and what is imported is shared memory.
Nothing that must not cross a fork is made before it: threads and connections come with the first webhook."""
keepalive = 75
"""Seconds a connection may rest: longer than the proxy in front keeps it, so that it is the proxy that closes."""
timeout = 30
graceful_timeout = 20
"""Seconds to finish what was begun; the outbox takes at most 8 of them to send what it holds."""


def when_ready(server: Any) -> None:
    """What was imported stays: the collector need not look through it again and again, nor touch its memory after the fork."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)
    gc.enable()


on_reload = when_ready
"""A reload (HUP) reads this file again, and with it that the collector rests."""
