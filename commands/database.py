"""`flask db …`: the schema."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from database import migrate

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
    """Exit 1 when migrations are missing."""
    if not migrate.is_current(current_app.extensions["sitthi"].engine):
        raise click.ClickException("migrations are missing: run flask db upgrade")
    click.echo("The schema is up to date.")
