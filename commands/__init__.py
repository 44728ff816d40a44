"""The `flask …` commands: thin shells that read arguments, call a rule, and say what came of it."""

from __future__ import annotations

from flask import Flask

from commands import database, imports, line, richmenu, rounds, staff, statement, turns

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
