"""The timetable's jobs as tasks of the job engine, which lives on the same PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from jobs.timetable import TIMETABLE, Job

QUEUE = "timetable"
STALLED_SECONDS = 60

log = structlog.get_logger("jobs")


def make_engine_app(database_url: str, work: object) -> App:
    """The job engine's app with a task per job of the timetable; `work` has a method of the same name for each."""
    app = App(connector=PsycopgConnector(conninfo=database_url))
    for job in TIMETABLE:
        if job.name == "stalled":
            _add_stalled(app, job)
        else:
            _add(app, job, getattr(work, job.name))
    return app


def ring(database_url: str, jobs: tuple[Job, ...] = TIMETABLE) -> int:
    """Ask every one of `jobs` to run, unless it waits already; how many were asked. From any number of processes."""
    app = App(connector=SyncPsycopgConnector(conninfo=database_url))
    asked = 0
    with app.open():
        for job in jobs:
            try:
                app.configure_task(job.name, queue=QUEUE, queueing_lock=job.lock, lock=job.lock).defer()
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
    @app.task(name=job.name, queue=QUEUE)
    async def task() -> None:
        """Tasks whose worker died without a word are given to another."""
        for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await app.job_manager.retry_job(stalled)
            log.warning("stalled task taken up again", task=stalled.task_name)
