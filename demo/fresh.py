"""Starting over: the demo's data is deleted, and nothing else in its folder."""

from __future__ import annotations

import shutil

import psycopg

from database import embedded
from database.cluster import NAME
from demo import doors
from demo.plan import Plan
from demo.seed import PICTURES


class FreshError(Exception):
    """Starting over would delete what is not the demo's."""


def start_over(plan: Plan) -> None:
    """Delete the demo's database, files and clock. Raises `FreshError`, `DoorError` when the demo runs."""
    if plan.environ.get("DATABASE_URL"):
        raise FreshError(
            "DATABASE_URL names a database of yours: it is not deleted. Empty it yourself, or unset DATABASE_URL."
        )
    with doors.hold(plan.data_dir):
        forget(plan)
        shutil.rmtree(plan.logs, ignore_errors=True)


def forget(plan: Plan) -> None:
    """Empty the demo's embedded database, and delete its files and its clock. Whoever is connected is disconnected."""
    _drop(embedded.ensure_running(plan.data_dir))
    for picture in PICTURES.glob("*.jpg"):
        (plan.data_dir / "uploads" / picture.name).unlink(missing_ok=True)
    shutil.rmtree(plan.data_dir / "example", ignore_errors=True)
    (plan.data_dir / "clock.json").unlink(missing_ok=True)


def _drop(url: str) -> None:
    """The database is made anew and empty; whoever is connected to it is disconnected."""
    with psycopg.connect(url.replace(f"/{NAME}?", "/postgres?"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
