"""`flask statement` and `flask export standings`: why a number is what it is, and everybody's numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from benefits import standings
from benefits.periods import BANGKOK, month_name
from benefits.statement import Line, Statement, statement
from clubs import Club
from commands.common import Month, club_option, parts, ready_engine
from models import Member

WHY = {
    "counted": "counted",
    "paid_late": "counted here, of {month}: paid late (LFC-9)",
    "later": "counts in {round}: paid late (LFC-9)",
    "ahead": "paid ahead, counts in {round}",
    "waiting": "paid; the round of {round} takes it",
    "unpaid": "unpaid: 0 (LFC-5)",
    "service": "this service earns no stars (LFC-1)",
    "premium": "premium account (LFC-4)",
    "deleted": "deleted account",
}


@click.command("statement")
@club_option
@click.option("--member", "member_id", required=True, help="The account's id, such as @noodlebar.")
@click.option("--period", type=Month(), help="The month; default: the last one computed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; money in satang.")
def statement_command(club: Club, member_id: str, period: date | None, as_json: bool) -> None:
    """Why an account has its stars: every line, counted or not and why."""
    ready_engine()
    with parts().sessions() as session:
        query = select(Member).where(Member.club == club.key, Member.external_id == member_id)
        member = session.scalars(query).first()
        if member is None:
            raise click.ClickException(f"{member_id!r} is not an account of {club.key}: import accounts first")
        found = statement(session, club=club, member=member, period=period, now=parts().clock.now())
    if as_json:
        click.echo(json.dumps(_document(found), ensure_ascii=False))
    else:
        _tell(found)


@click.group("export")
def export_group() -> None:
    """Write figures to CSV files."""


@export_group.command("standings")
@club_option
@click.option("--period", type=Month(), required=True, help="The month, such as 2026-10.")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export_standings(club: Club, period: date, file: Path) -> None:
    """Stars, total and tier of every account after a month's round: member_id,stars,total_stars,tier."""
    ready_engine()
    try:
        with parts().sessions() as session:
            rows = standings.export(session, club=club, period=period, file=file)
    except standings.RoundNotDone:
        name = month_name(period)
        raise click.ClickException(
            f"the round of {name} has not run: `flask rounds run --club {club.key} --period {name}` first"
        ) from None
    except OSError as fault:
        raise click.ClickException(f"{file}: {fault.strerror or fault}") from None
    click.echo(f"{rows} accounts written to {file}")


def _document(found: Statement) -> dict[str, Any]:
    """Dates of months as 2026-10, days and times as ISO 8601."""
    document = asdict(found)
    document["period"] = month_name(found.period)
    for line in document["lines"]:
        line["service_month"] = month_name(line["service_month"])
        line["round"] = month_name(line["round"]) if line["round"] else None
    for line in document["corrections"]:
        line["period"], line["round"] = month_name(line["period"]), month_name(line["round"])
    return {key: _plain(value) for key, value in document.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _tell(found: Statement) -> None:
    state = "computed" if found.computed else "not computed yet: as it stands now"
    click.echo(f"{found.name} ({found.member}), {month_name(found.period)}, {state}")
    for line in found.lines:
        click.echo(f"  {line.invoice_no:<16} {line.service:<20} {month_name(line.service_month)} {_baht(line.net_satang):>14}"
                   f"  paid {_paid(line):<10}  {_told(line)}")  # fmt: skip
    click.echo(f"  sum of the lines counted{_baht(found.counted_satang):>47}")
    if found.brought_satang:
        click.echo(f"  brought from the round before{_baht(found.brought_satang):>42}")
    click.echo(f"  rounded down once, left out{_baht(found.rounded_off_satang):>44}")
    if found.carried_satang:
        click.echo(f"  carried to the next round{_baht(found.carried_satang):>46}")
    click.echo(f"Stars of the month: {found.stars:,}")
    for each in found.corrections:
        click.echo(
            f"  corrected by {each.stars:+,}, of {month_name(each.period)}, counts in {month_name(each.round)}: {each.reason}"
        )
    if found.unpaid_stars:
        click.echo(f"Paying what is unpaid would bring {found.unpaid_stars:,} more.")
    towards = f"; {found.missing:,} to {found.next_tier}" if found.next_tier else ""
    click.echo(f"Stars in all: {found.total:,}, tier {found.tier or 'none: not in the club'}{towards}; "
               f"next adjustment {found.next_adjustment}")  # fmt: skip


def _told(line: Line) -> str:
    month = month_name(line.round) if line.round else ""
    told = WHY[line.why].format(round=month, month=month_name(line.service_month))
    if line.would_bring is not None:
        told += f"; paid now it would bring {line.would_bring:,}, shown from {line.shows_on}"
    return told


def _paid(line: Line) -> str:
    return f"{line.paid_at.astimezone(BANGKOK):%Y-%m-%d}" if line.paid_at else "-"


def _baht(satang: int) -> str:
    sign, (whole, rest) = "-" if satang < 0 else "", divmod(abs(satang), 100)
    return f"{sign}{whole:,}.{rest:02d}"
