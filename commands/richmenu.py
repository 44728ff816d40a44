"""`flask richmenu publish`: the club's rich menus at LINE become what the code and the club file say."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from richmenu.drawing import PictureTooHeavy
from richmenu.drawn import draw_menus
from richmenu.job import Job, PublishError
from richmenu.lettering import CannotDraw
from richmenu.menus import MenuTooLong
from richmenu.publishing import dry_run
from richmenu.publishing import publish as publish_menus

group = AppGroup("richmenu", help="Rich menus at LINE.")


@group.command("publish")
@click.option("--club", "key", required=True, help="The club whose menus to publish.")
@click.option("--dry-run", "dry", is_flag=True, help="Say what would be done, and do nothing.")
def publish(key: str, dry: bool) -> None:
    """Draw the club's menus and bring LINE to them, changing only what differs. Running it again is always right."""
    parts = current_app.extensions["sitthi"]
    if key not in parts.clubs:
        raise click.BadParameter(f"no club is called {key!r}: use one of {', '.join(parts.clubs)}", param_hint="--club")
    club = parts.clubs[key]
    try:
        job = Job(club, draw_menus(club), parts.lines[key], parts.sessions, parts.clock.now(), click.echo)
        if dry:
            for sentence in dry_run(job).sentences():
                click.echo(sentence)
        else:
            publish_menus(job)
            click.echo(f"the menus of {key} are published")
    except (PublishError, MenuTooLong, CannotDraw, PictureTooHeavy) as error:
        raise click.ClickException(str(error)) from error
