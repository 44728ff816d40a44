"""The second half of publishing: people are linked again, then what nobody is shown any more is deleted."""

from __future__ import annotations

from bot.line import LineError, Unknown
from richmenu.job import Job, Unfinished
from richmenu.linking import count_behind, relink
from richmenu.menus import alias_of
from richmenu.plan import AtLine

ROUNDS = 3
"""Times those who are behind are looked up: somebody's turn may hold their row."""


def finish(job: Job, at_line: AtLine) -> None:
    """Link, drop aliases, delete. Raises `Unfinished` or `Paused`: the new menus are live all the same."""
    try:
        link_all(job)
        _drop_aliases(job, at_line)
        sweep(job)
    except (LineError, Unknown) as error:
        raise Unfinished(
            f"the new menus are live, but LINE did not let us finish ({error}): run again to link everybody "
            "and delete the old menus"
        ) from error


def link_all(job: Job) -> None:
    """Everybody who is behind is linked. Raises `LineError` or `Unknown`."""
    for _ in range(ROUNDS):
        done = relink(job.sessions, job.line, club=job.club.key, say=job.say)
        with job.sessions() as session:
            if count_behind(session, job.club.key) <= done.refused:
                break
    if done.refused:
        job.say(f"{done.refused} people could not be linked and see the default menu")


def sweep(job: Job) -> None:
    """Delete retired menus at LINE, as many as the hour allows. Raises `Paused`, `LineError` or `Unknown`."""
    rows = [row for row in job.standing() if row.state == "retired"]
    for n, row in enumerate(rows):
        with job.sessions() as session:
            job.check_room(session, "delete", len(rows) - n)
        job.line.delete_menu(str(row.rich_menu_id))
        job.note(row.id, deleted_at=job.now)
        job.say(f"deleted an old {row.key}")


def _drop_aliases(job: Job, at_line: AtLine) -> None:
    """Aliases of menus the club no longer has."""
    gone = {alias_of(row.key) for row in job.standing() if row.key not in job.wanted}
    for alias in sorted(gone & set(at_line.aliases)):
        job.line.delete_alias(alias)
