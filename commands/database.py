"""`flask db …`: the schema."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from database import migrate, restored

group = AppGroup("db", help="The database's schema.")


@group.command("upgrade")
def upgrade() -> None:
    """Bring the schema up to date; running it again changes nothing."""
    engine = current_app.extensions["sitthi"].engine
    if migrate.is_current(engine):
        click.echo("The schema is up to date.")
        return
    migrate.upgrade(engine)
    click.echo("The schema is up to date now.")


@group.command("check")
def check() -> None:
    """Exit 1 when migrations, rows or triggers are missing, or rows point nowhere. Ask after every restore."""
    engine = current_app.extensions["sitthi"].engine
    if not migrate.is_current(engine):
        raise click.ClickException("migrations are missing: run flask db upgrade")
    found = list(restored.faults(engine))
    if found:
        raise click.ClickException("\n".join([*found, "restore the whole dump into an empty database"]))
    click.echo("The schema is up to date, and everything is there.")
