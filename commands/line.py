"""`flask line check`: asks LINE, the settings and the database, and says line by line what to do about the rest."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import AppGroup

from bot.line import LineError, Unknown
from commands.checking import Finding, findings

group = AppGroup("line", help="The channel at LINE.")
MARKS = {"good": ("✓", "green"), "look": ("!", "yellow"), "bad": ("✗", "red")}


@group.command("check")
@click.option("--club", "key", default=None, help="One club; without it, all.")
def check(key: str | None) -> None:
    """Exit 1 when something must be mended before members can be served."""
    parts = current_app.extensions["sitthi"]
    if key is not None and key not in parts.clubs:
        raise click.BadParameter(f"no club is called {key!r}: use one of {', '.join(parts.clubs)}", param_hint="--club")
    worst = False
    for club in [key] if key else list(parts.clubs):
        click.secho(club, bold=True)
        for finding in findings(parts, club):
            _say(finding)
            worst = worst or finding.state == "bad"
    if worst:
        raise SystemExit(1)


@group.command("webhook")
@click.option("--club", "key", required=True, help="The club whose webhook address LINE shall know.")
def webhook(key: str) -> None:
    """Tell LINE our address: SITTHI_PUBLIC_URL/callback/CLUB. It is in force within a minute."""
    parts = current_app.extensions["sitthi"]
    if key not in parts.clubs:
        raise click.BadParameter(f"no club is called {key!r}: use one of {', '.join(parts.clubs)}", param_hint="--club")
    url = f"{parts.settings.public_url}/callback/{key}"
    try:
        parts.lines[key].set_webhook(url)
    except (LineError, Unknown) as error:
        raise click.ClickException(f"LINE did not take the address: {error}; see flask line check") from error
    click.echo(f"LINE sends the events of {key} to {url}; check with flask line check")


def _say(finding: Finding) -> None:
    mark, colour = MARKS[finding.state]
    click.secho(f"  {mark} {finding.what}", fg=colour)
    if finding.remedy:
        click.echo(f"      {finding.remedy}")
