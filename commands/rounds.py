"""`flask rounds`: run a month's round by hand, see its difference first, list what ran."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import click

from benefits import rounds
from benefits.periods import BANGKOK, month_name
from benefits.refusal import Refusal
from clubs import Club
from commands.common import Instant, Month, club_option, parts, progress_bar, ready_engine


@click.group("rounds")
def group() -> None:
    """The monthly rounds: stars computed once, tiers adjusted."""


@group.command("run")
@club_option
@click.option("--period", type=Month(), required=True, help="The month to compute, such as 2026-10.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show what would change.")
@click.option("--now", type=Instant(), help="Run as if it were this time (ISO 8601 with an offset).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; with --dry-run it lists every change.")
def run_round(club: Club, period: date, dry_run: bool, now: datetime | None, as_json: bool) -> None:
    """Compute one month. Running it again changes nothing."""
    found: list[rounds.Change] = []
    engine, when = ready_engine(), now or parts().clock.now()
    collect = found.append if as_json or dry_run else None
    try:
        with progress_bar({"accounts": " chunks"}) as progress:
            result = rounds.run(
                engine, club=club, period=period, now=when, dry_run=dry_run, progress=progress, changes=collect
            )
    except rounds.RoundAlreadyDone as done:
        _tell_done(done, as_json)
        return
    except Refusal as refusal:
        raise click.ClickException(_why(refusal)) from None
    if as_json:
        click.echo(json.dumps(_document(result, found), ensure_ascii=False))
    else:
        _tell(result, found)


@group.command("list")
@club_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_rounds(club: Club, as_json: bool) -> None:
    """Every run of the club, and the months that are due."""
    ready_engine()
    with parts().sessions() as session:
        runs = rounds.listing(session, club=club)
        due = rounds.due(session, club, parts().clock.now())
    rows = [
        {
            "period": month_name(run.period),
            "state": run.state,
            "finished_at": run.finished_at.isoformat() if run.finished_at else None,
            **{key: run.facts.get(key) for key in ("accounts", "lines", "stars")},
            "result_hash": run.result_hash,
        }
        for run in runs
    ]
    if as_json:
        click.echo(json.dumps({"runs": rows, "due": [month_name(month) for month in due]}))
        return
    for row in rows:
        figures = " ".join(f"{row[key] or 0:,} {key}" for key in ("accounts", "lines", "stars"))
        click.echo(f"{row['period']}  {row['state']:<8} {figures}  {(row['result_hash'] or '')[:12]}")
    click.echo(f"due: {', '.join(month_name(month) for month in due) or 'none'}")


def _tell_done(done: rounds.RoundAlreadyDone, as_json: bool) -> None:
    name = month_name(done.period)
    if as_json:
        click.echo(json.dumps({"period": name, "already_done": True, "result_hash": done.result_hash}))
    else:
        click.echo(
            f"The round of {name} was done on {_day(done.finished_at)}: nothing changed ({done.result_hash[:12]})."
        )


def _why(refusal: Refusal) -> str:
    """The refusal as a sentence with its remedy."""
    match refusal:
        case rounds.RoundNotDue():
            return (
                f"the round of {month_name(refusal.period)} is due on {_day(refusal.due_at)}; "
                "before that use --dry-run once the month has ended"
            )
        case rounds.LaterRoundDone():
            return (
                f"the round of {month_name(refusal.later)} came first and counted the lines of "
                f"{month_name(refusal.period)} too: there is nothing left to compute"
            )
        case rounds.EarlierRoundOpen():
            earlier = month_name(refusal.earlier)
            return f"the round of {earlier} was interrupted: finish it first with `flask rounds run --period {earlier}`"
        case rounds.NotSigned():
            return (
                f"the club file says sign_off: before the round of {month_name(refusal.period)} two persons (finance or "
                "approver) have to sign its figures in the console, under Rounds; figures that changed since are signed anew"
            )
        case rounds.LeaseHeld(until=until) if until is not None:
            return f"another process is at it; if it died, try again after {until.astimezone(BANGKOK):%H:%M:%S}"
    return f"another process took this round over ({refusal.name}); see `flask rounds list`"


def _day(when: datetime) -> str:
    return f"{when.astimezone(BANGKOK):%Y-%m-%d %H:%M} Bangkok"


def _document(result: rounds.RunResult, changes: list[rounds.Change]) -> dict[str, Any]:
    document = {**asdict(result), "period": month_name(result.period)}
    return {**document, "changes": [asdict(change) for change in changes]} if result.dry_run else document


def _tell(result: rounds.RunResult, changes: list[rounds.Change]) -> None:
    name = month_name(result.period)
    head = f"The round of {name} would come to" if result.dry_run else f"The round of {name} is done:"
    click.echo(
        f"{head} {result.stars:,} stars for {result.accounts:,} accounts "
        f"from {result.lines:,} lines of {result.counted_satang / 100:,.2f} baht without VAT."
    )
    for move in result.moves:
        click.echo(f"  {move.accounts:,} from {move.before} to {move.after}")
    if not result.moves:
        click.echo("  no tier changes")
    if result.dry_run:
        click.echo(f"Nothing was written. {len(changes):,} accounts would change; --json lists them.")
    else:
        click.echo(f"  result {result.result_hash}")
