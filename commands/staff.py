"""`flask staff …`: colleagues of the console from the command line; the first administrator comes in this way (C16)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.orm import Session

from benefits import staff as colleagues
from benefits import staff_confirmations
from benefits.staff import StaffRefusal, roles_in
from clubs import Club
from commands.common import club_option, parts, ready_engine
from models import Staff
from models.staff import ROLES
from web.console.security import normal_password, password_hash
from wording import BANGKOK

group = AppGroup("staff", help="Colleagues who work in the console.")
ROLE = click.Choice(ROLES)
WHY = {
    "email": "that is no e-mail address",
    "name": "give a --name of 1 to 80 characters",
    "taken": "somebody with this address works here already; change roles with: flask staff roles",
    "role": f"give at least one --role of: {', '.join(ROLES)}",
    "last_admin": "then {club} would have no administrator who can sign in; make another one first: "
    "flask staff add EMAIL --name … --role admin --club {club}, or flask staff roles EMAIL --role admin --club {club}",
}


@group.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As colleagues see it.")
@click.option("--role", "roles", type=ROLE, multiple=True, required=True, help="May be given several times.")
@click.option("--ask", is_flag=True, help="Type the password here instead of having one made for once.")
@club_option
def add(email: str, name: str, roles: tuple[str, ...], ask: bool, club: Club) -> None:
    """A new colleague. Without --ask a password for once is printed: they choose their own with it, within three days."""
    password = _asked() if ask else colleagues.new_password()
    with _changing() as session:
        row = colleagues.add(
            session, email=email, name=name, password=_hashed(password), club=club.key, roles=roles,
            now=parts().clock.now(), one_time=not ask,
        )  # fmt: skip
    click.echo(f"{row.name} is {', '.join(sorted(roles))} of {club.key}.")
    _say_where(None if ask else password)
    _say_what_waits(row)


@group.command("roles")
@click.argument("email")
@click.option(
    "--role", "roles", type=ROLE, multiple=True, help="May be given several times; none: they leave the club."
)
@club_option
def roles(email: str, roles: tuple[str, ...], club: Club) -> None:
    """Their roles in the club are exactly those named; they sign in anew."""
    with _changing() as session:
        row = _found(session, email)
        actor = ("system", None)
        colleagues.set_roles(session, row, club=club.key, roles=roles, now=parts().clock.now(), actor=actor)
    click.echo(f"{row.name} is {', '.join(sorted(roles)) or 'nothing'} of {club.key}.")
    _say_what_waits(row)


@group.command("list")
@club_option
def list_(club: Club) -> None:
    """Who works here, as what."""
    ready_engine()
    with parts().sessions() as session:
        rows = [row for row in session.scalars(select(Staff).order_by(Staff.id)) if roles_in(row, club.key)]
    for row in rows:
        state = "" if row.active else "  disabled"
        click.echo(f"{row.email:<32} {row.name:<24} {', '.join(sorted(roles_in(row, club.key)))}{state}")
    click.echo(
        f"{len(rows)} of {club.key}." + ("" if rows else " Add the first: flask staff add EMAIL --name … --role admin")
    )


@group.command("disable")
@click.argument("email")
@club_option
def disable(email: str, club: Club) -> None:
    """They can no longer sign in, and are signed out everywhere, in every process, at once."""
    with _changing() as session:
        row = _found(session, email)
        colleagues.disable(session, row, club=club.key, now=parts().clock.now(), actor=("system", None))
    click.echo(f"{row.name} is disabled.")


@group.command("enable")
@click.argument("email")
@club_option
def enable(email: str, club: Club) -> None:
    """They can sign in again, with the roles they had."""
    with _changing() as session:
        row = _found(session, email)
        colleagues.enable(session, row, club=club.key, now=parts().clock.now(), actor=("system", None))
    click.echo(f"{row.name} can sign in again.")
    _say_what_waits(row)


@group.command("reset")
@click.argument("email")
@click.option("--ask", is_flag=True, help="Type the password for once here instead of having one made.")
@club_option
def reset(email: str, ask: bool, club: Club) -> None:
    """For who lost password or phone: a password for once, a second factor to set up anew, signed out everywhere."""
    password = _asked() if ask else colleagues.new_password()
    with _changing() as session:
        row = _found(session, email)
        now, hashed = parts().clock.now(), _hashed(password)
        colleagues.reset(session, row, club=club.key, password=hashed, now=now, actor=("system", None))
    click.echo(f"{row.name} chooses a new password.")
    _say_where(None if ask else password)
    _say_what_waits(row)


def _found(session: Session, email: str) -> Staff:
    row = colleagues.staff_of(session, email)
    if row is None:
        raise click.ClickException("nobody with this address works here; see: flask staff list")
    return row


@contextmanager
def _changing() -> Iterator[Session]:
    ready_engine()
    try:
        with parts().sessions.begin() as session:
            yield session
    except StaffRefusal as refusal:
        raise click.ClickException(WHY[refusal.why].format(club=refusal.club)) from None


def _asked() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with current_app.extensions["console"].app_context():
        normal = normal_password(password)
    if normal is None:
        raise click.ClickException("use 12 to 128 characters, and not the same few over and over")
    return normal


def _hashed(password: str) -> str:
    with current_app.extensions["console"].app_context():
        return password_hash(password)


def _say_what_waits(row: Staff) -> None:
    """Until when approvals wait for this colleague, and who can end it."""
    with parts().sessions() as session:
        found = staff_confirmations.waiting(session, staff_id=row.id, now=parts().clock.now())
    if found:
        click.echo(
            "Approvals, and whatever else needs a second person, wait for them until "
            f"{found[-1].until.astimezone(BANGKOK):%Y-%m-%d %H:%M} (Bangkok), or until an administrator confirms this in the "
            "console. Every administrator is told."
        )


def _say_where(password: str | None) -> None:
    if password is not None:
        click.echo(f"Password for once, good for three days: {password}")
    click.echo(f"Sign in at {parts().settings.public_url}/console/")
