"""`python -m jobs`: the clock that rings and the worker that does, in one process; run as many as you like."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app import CANT_START, EXIT, Parts, make_parts
from jobs.tasks import QUEUE, make_engine_app, ring
from jobs.timetable import TIMETABLE, Job
from jobs.wiring import make_work

LONGEST_PAUSE = 30.0
GRACE = 5.0
"""Seconds that running tasks have to finish when we are told to stop."""
PATIENCE = 8.0
"""Seconds after which we end whatever still runs: every task may be killed at any moment and is taken up again."""

log = structlog.get_logger("jobs")


def main() -> int:
    """Run until told to stop; a database that goes away is waited for."""
    try:
        parts = make_parts()
    except CANT_START as fault:
        print(fault, file=sys.stderr)
        return EXIT
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _stop(stop))
    scheduler = _scheduler(parts)
    scheduler.start()
    log.info("jobs started", jobs=[job.name for job in TIMETABLE])
    try:
        _work_until(stop, parts)
    finally:
        scheduler.shutdown(wait=False)
        parts.outbox.close(1.0)
    return 0


def _stop(stop: threading.Event) -> None:
    """Stop soon; a task that hangs in a call must not keep the process."""
    if not stop.is_set():
        stop.set()
        timer = threading.Timer(PATIENCE, os._exit, [0])
        timer.daemon = True
        timer.start()


def _scheduler(parts: Parts) -> BackgroundScheduler:
    """Rings each job at start and then every so often; late rings are rung, missed ones once."""
    scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None})
    for job in TIMETABLE:
        scheduler.add_job(_ring, IntervalTrigger(seconds=job.every), args=[parts, job], id=job.name)
        scheduler.add_job(_ring, args=[parts, job], id=f"{job.name} at start")
    return scheduler


def _ring(parts: Parts, job: Job) -> None:
    try:
        ring(parts.database_url, (job,))
    except Exception as error:  # the next ring asks again
        parts.database_gone()
        log.warning("could not ring", job=job.name, error=type(error).__name__)


def _work_until(stop: threading.Event, parts: Parts) -> None:
    """The worker ends when PostgreSQL goes away: start it again, more patiently each time."""
    pause = 1.0
    while not stop.is_set():
        begun = time.monotonic()
        try:
            asyncio.run(_worker(stop, parts))
        except Exception as error:
            parts.database_gone()
            log.warning("worker ended; starting again", seconds=pause, error=type(error).__name__)
        if time.monotonic() - begun > 2 * LONGEST_PAUSE:
            pause = 1.0  # it worked well for a while: this is another trouble
        stop.wait(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


async def _worker(stop: threading.Event, parts: Parts) -> None:
    app = make_engine_app(parts.database_url, make_work(parts))
    async with app.open_async():
        working = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=3,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE,
                fetch_job_polling_interval=5,
            )
        )
        waiting = asyncio.create_task(asyncio.to_thread(_wait, stop, working))
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        if not stop.is_set() and working.done() and not working.cancelled() and working.exception():
            raise working.exception()  # type: ignore[misc]


def _wait(stop: threading.Event, working: asyncio.Task[None]) -> None:
    while not stop.wait(0.2):
        if working.done():
            return


if __name__ == "__main__":
    sys.exit(main())
