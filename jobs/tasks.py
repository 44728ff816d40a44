"""The timetable's jobs as tasks of the job engine, which lives on the same PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from jobs.timetable import TIMETABLE, Job

QUEUE = "timetable"
STALLED_SECONDS = 30
"""Without a sign of life; a worker gives one every ten seconds."""
CONNECTION_TIMEOUT = 10
"""Seconds to wait for a connection. The engine's pool tries again ever more rarely where PostgreSQL was away; a worker that
ends and begins anew is sooner back than the pool's own half a minute (F12)."""

log = structlog.get_logger("jobs")


def make_engine_app(database_url: str, work: object) -> App:
    """The job engine's app with a task per job of the timetable; `work` has a method of the same name for each."""
    app = App(connector=PsycopgConnector(conninfo=database_url, timeout=CONNECTION_TIMEOUT))
    for job in TIMETABLE:
        if job.name == "stalled":
            _add_stalled(app, job)
        else:
            _add(app, job, getattr(work, job.name))
    return app


def ring(database_url: str, jobs: tuple[Job, ...] = TIMETABLE) -> int:
    """Ask every one of `jobs` to run, unless it waits already; how many were asked. From any number of processes."""
    app = App(connector=SyncPsycopgConnector(conninfo=database_url, min_size=1, max_size=1, timeout=CONNECTION_TIMEOUT))
    asked = 0
    with app.open():
        for job in jobs:
            try:
                app.configure_task(**_asking(job)).defer()
                asked += 1
            except AlreadyEnqueued:
                continue
    return asked


def _add(app: App, job: Job, do: Callable[[], object]) -> None:
    @app.task(name=job.name, queue=QUEUE)
    def task() -> None:
        done = do()
        if done:
            log.info("job done", job=job.name, count=done)


def _add_stalled(app: App, job: Job) -> None:
    """Tasks whose worker died without a word are ended, which frees their lock, and asked for anew.

    Putting the same task back would fail whenever the next one of its kind waits already, and there is always one.
    """

    @app.task(name=job.name, queue=QUEUE)
    async def task() -> None:
        for dead in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            with suppress(ConnectorException):  # another worker was quicker
                await app.job_manager.finish_job(dead, Status.ABORTED, delete_job=False)
                log.warning("stalled task taken up again", job=dead.task_name)
            known = next((known for known in TIMETABLE if known.name == dead.task_name), None)
            with suppress(AlreadyEnqueued):
                if known is not None:
                    await app.configure_task(**_asking(known)).defer_async()


def _asking(job: Job) -> dict[str, Any]:
    return {"name": job.name, "queue": QUEUE, "queueing_lock": job.name, "lock": job.lock}
