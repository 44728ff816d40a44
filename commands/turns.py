"""`flask turns …`: events that could not be handled, and trying them again."""

from __future__ import annotations

import click
from flask.cli import AppGroup
from sqlalchemy import select

from bot.webhook import try_again
from clubs import Club
from commands.common import club_option, parts
from models import TurnRow

group = AppGroup("turns", help="Events of LINE and what became of them.")


@group.command("parked")
@club_option
def parked(club: Club) -> None:
    """Events that failed, with the reason; the newest last. Content and people are not shown."""
    with parts().sessions() as session:
        found = select(TurnRow).where(TurnRow.club == club.key, TurnRow.state == "parked").order_by(TurnRow.received_at)
        rows = session.scalars(found).all()
    for row in rows:
        why = (row.error or "no reason kept").splitlines()[0]
        click.echo(
            f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC  {row.kind:<12} {row.event_id}  tried {row.attempts}×  {why}"
        )
    click.echo(f"{len(rows)} parked." + (" Try one again with: flask turns retry EVENT_ID" if rows else ""))


@group.command("retry")
@club_option
@click.argument("event_id")
def retry(club: Club, event_id: str) -> None:
    """Handle one parked event again, now. Nothing is said to the person: the reply token is long dead."""
    if not try_again(parts().doors, club.key, event_id):
        raise click.ClickException("not handled: it is not parked, or failed again (flask turns parked tells why)")
    click.echo("handled.")
