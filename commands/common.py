"""What every command needs: the program's parts, the club named, a progress bar, errors in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

import click
import psycopg
from flask import current_app, has_app_context
from flask.cli import ScriptInfo
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from benefits.periods import parse_month
from clubs import Club
from database import migrate
from database.account import DatabaseError
from database.unreachable import unreachable
from models.pipeline import Unanswered

PLACE = "sitthi"
"""The key of the program's parts in `app.extensions`."""
Does = TypeVar("Does", bound=Callable[..., Any])


class Refused(click.ClickException):
    """Why a command cannot work, told without a word in front; the exit code is the program's own for not starting."""

    exit_code = 3

    def show(self, file: Any = None) -> None:
        """On stderr, as it is."""
        click.echo(self.format_message(), err=True)


class CannotStart:
    """In the place of the program's parts: whatever is asked of them, it says why there are none."""

    def __init__(self, why: str) -> None:
        self.__dict__["why"] = why

    def __getattr__(self, name: str) -> Any:
        raise Refused(self.__dict__["why"])


def explain(do: Does) -> Does:
    """`do`, but a database that cannot be reached is a sentence and no traceback."""

    @wraps(do)
    def command(*arguments: Any, **values: Any) -> Any:
        try:
            return do(*arguments, **values)
        except DatabaseError as fault:
            raise Refused(str(fault)) from None
        except (OperationalError, psycopg.OperationalError) as error:
            cause = error.orig if isinstance(error, OperationalError) else error
            if getattr(cause, "sqlstate", None) is not None or isinstance(cause, Unanswered):
                raise  # a statement failed, on a connection that was there
            raise Refused(str(unreachable(cause or error, parts().settings.database_url))) from None

    return cast(Does, command)


def parts() -> Any:
    """The parts of the application the command runs in (`app.Parts`), also while options are still being read."""
    found = current_app if has_app_context() else click.get_current_context().ensure_object(ScriptInfo).load_app()
    return found.extensions[PLACE]


def ready_engine() -> Engine:
    """The engine of a database whose tables are there. Raises `ClickException` with the remedy."""
    engine: Engine = parts().engine
    if not migrate.is_current(engine):
        raise click.ClickException("the database has not the tables of this version: run `flask db upgrade` first")
    return engine


def _club(context: click.Context, option: click.Parameter, name: str | None) -> Club:
    clubs: dict[str, Club] = parts().clubs
    if name is None and len(clubs) == 1:
        return next(iter(clubs.values()))
    if name is None:
        raise click.BadParameter(f"say which: {', '.join(clubs)}")
    if name not in clubs:
        raise click.BadParameter(f"{name!r} is not a club of this installation; there are: {', '.join(clubs)}")
    return clubs[name]


club_option = click.option(
    "--club",
    callback=_club,
    metavar="CLUB",
    help="The club's key, such as family_club; may be left out when there is one.",
)


class Month(click.ParamType):
    """A period written as 2026-10."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The first day of the month. Fails with the way to write one."""
        try:
            month = parse_month(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)
        if month.year > 2400:
            self.fail(f"{value!r} is a year of the Buddhist era: write {month.year - 543}-{month:%m}", param, ctx)
        return month


class Instant(click.ParamType):
    """A time written as ISO 8601 with an offset."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The aware time. Fails with the way to write one."""
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            when = None
        if when is None or when.tzinfo is None:
            self.fail(f"{value!r}: write it with an offset, such as 2026-11-02T09:00:00+07:00", param, ctx)
        return when


@contextmanager
def progress_bar(units: dict[str, str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr per stage; `units` names what each stage counts (`B` for bytes)."""
    from tqdm import tqdm  # the web processes know all commands, and draw no bar

    bars: dict[str, tqdm[Any]] = {}

    def tell(stage: str, done: int, total: int) -> None:
        if stage not in bars:
            for bar in bars.values():
                bar.close()
            unit = units.get(stage, "")
            bars[stage] = tqdm(desc=stage, total=total, unit=unit, unit_scale=True, file=sys.stderr, mininterval=0.5)
        bars[stage].update(done - bars[stage].n)

    try:
        yield tell
    finally:
        for bar in bars.values():
            bar.close()
