"""The `flask …` commands: thin shells that read arguments, call a rule, and say what came of it."""

from __future__ import annotations

from flask import Flask

from commands import imports

GROUPS = [
    imports.group,
]


def register(app: Flask) -> None:
    """Hang every command on the application."""
    for command in GROUPS:
        app.cli.add_command(command)
