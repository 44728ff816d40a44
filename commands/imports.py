"""`flask import …`: take a CSV file into a club. Exit code 0 only when every row landed or was already there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from benefits.imports import FileRefused, ImportResult, accounts, admins, charges, codes, privileges
from clubs import Club
from commands.common import club_option, parts, progress_bar, ready_engine

UNITS = {"read": "B", "land": " lines"}


@click.group("import")
def group() -> None:
    """Take accounts, admins, charges, privileges or codes from a CSV file.

    UTF-8 or TIS-620, comma-separated, with a header. Bad rows go to FILE.rejects.csv with line and reason; the rest
    lands. Running the same file again changes nothing.
    """


_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
_complete = click.option(
    "--complete", is_flag=True, help="The file names every admin of the accounts it names: others lose their role."
)


@group.command("accounts")
@_file
@club_option
@_complete
def import_accounts(file: Path, club: Club, complete: bool) -> None:
    """Accounts and their admins, one row per admin: account_id,name,badge,package,admin_user_id,role."""
    _run(partial(accounts.load, complete=complete), file, club)


@group.command("admins")
@_file
@club_option
@_complete
def import_admins(file: Path, club: Club, complete: bool) -> None:
    """Who acts for accounts that are here: account_id,admin_user_id,role."""
    _run(partial(admins.load, complete=complete), file, club)


@group.command("charges")
@_file
@club_option
def import_charges(file: Path, club: Club) -> None:
    """Invoice lines, and payments: invoice_no,account_id,service,net_amount,vat_amount,service_month,paid_at."""
    _run(charges.load, file, club)


@group.command("privileges")
@_file
@club_option
def import_privileges(file: Path, club: Club) -> None:
    """Privileges and their partners; the columns are in docs/imports.md."""
    _run(partial(privileges.load, vault=parts().vault), file, club)


@group.command("codes")
@_file
@club_option
def import_codes(file: Path, club: Club) -> None:
    """Codes for the pools of privileges: privilege_id,code."""
    _run(partial(codes.load, vault=parts().vault), file, club)


def _run(load: Callable[..., ImportResult], file: Path, club: Club) -> None:
    engine = ready_engine()
    try:
        with progress_bar(UNITS) as progress:
            result = load(engine, club=club, file=file, now=parts().clock.now(), progress=progress)
    except FileRefused as refused:
        raise click.ClickException(f"{file}: {refused}. Nothing was imported.") from None
    except OSError as fault:
        raise click.ClickException(f"{file}: {fault.strerror or fault}. Nothing was imported.") from None
    _tell(file, result)


def _tell(file: Path, result: ImportResult) -> None:
    click.echo(
        f"{file.name}: {result.rows} rows: {result.landed} landed, {result.unchanged} already here, "
        f"{result.rejected} rejected"
    )
    for warning in result.warnings:
        click.echo(f"note: {warning}", err=True)
    if not result.clean:
        click.echo(f"The rejected rows are in {result.rejects}: mend them there and import that file.", err=True)
        raise SystemExit(1)
