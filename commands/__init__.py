"""The `flask …` commands: thin shells that read arguments, call a rule, and say what came of it."""

from __future__ import annotations

from collections.abc import Iterable

import click
from flask import Flask
from flask.cli import FlaskGroup

from commands import database, imports, line, richmenu, rounds, staff, statement, turns
from commands.common import PLACE, CannotStart, explain

GROUPS = [
    database.group,
    imports.group,
    line.group,
    richmenu.group,
    rounds.group,
    staff.group,
    statement.export_group,
    statement.statement_command,
    turns.group,
]


def register(app: Flask) -> None:
    """Hang every command on the application."""
    for command in GROUPS:
        app.cli.add_command(command)


def looked_up() -> bool:
    """Whether the application is made by `flask …` to find one of our commands, not to be served."""
    context = click.get_current_context(silent=True)
    return context is not None and context.parent is None and isinstance(context.command, FlaskGroup)


def without_program(fault: Exception) -> Flask:
    """The commands alone, where the program cannot start: their help is there, and each says `fault` when it is to work."""
    app = Flask("sitthi", static_folder=None, template_folder=None)
    app.extensions[PLACE] = CannotStart(str(fault))
    register(app)
    return app


def _all(found: Iterable[click.Command]) -> Iterable[click.Command]:
    for command in found:
        yield command
        if isinstance(command, click.Group):
            yield from _all(command.commands.values())


for _command in _all(GROUPS):
    if _command.callback is not None:
        _command.callback = explain(_command.callback)
