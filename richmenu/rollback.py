"""Going back when LINE refuses or does not answer before the new menus are live: the old are shown, the new deleted."""

from __future__ import annotations

from typing import NoReturn

from bot.line import LineError, Unknown
from richmenu import ledger
from richmenu.choosing import default_key
from richmenu.finishing import link_all, sweep
from richmenu.job import Job, Paused, RollbackUnfinished, RolledBack
from richmenu.making import point
from richmenu.menus import alias_of
from richmenu.plan import AtLine, survey


def roll_back(job: Job, before: AtLine, cause: Exception) -> NoReturn:
    """Aliases and default as they were, the new menus deleted. Raises `RolledBack` or `RollbackUnfinished`."""
    job.say(f"LINE refused or did not answer ({cause}): going back")
    try:
        _restore(job, before)
        at_line = survey(job.line, job.club.key)
        with job.sessions.begin() as session:
            ledger.reconcile(session, club=job.club.key, wanted={}, listed=at_line.ours, now=job.now)
        # An earlier run may have been killed before it linked people: nobody's menu is deleted under them.
        link_all(job)
        sweep(job)
    except (LineError, Unknown, Paused) as error:
        raise RollbackUnfinished(
            f"publishing failed ({cause}), and going back did not finish ({error}). Old and new menus exist side by side, "
            "each whole: run again when LINE answers"
        ) from cause
    raise RolledBack(f"nothing changed for anybody: {cause}. Mend the cause and run again") from cause


def _restore(job: Job, before: AtLine) -> None:
    """Point aliases and default at the live menus; where there was none yet, at what was there before, or at nothing."""
    rows = job.standing()
    live = {row.key: str(row.rich_menu_id) for row in rows if row.state == "live"}
    new = {row.rich_menu_id for row in rows if row.state in ("creating", "uploaded")}
    aliases = job.line.aliases()
    for alias, target in {alias_of(key): live.get(key) for key in job.wanted}.items():
        target = target or before.aliases.get(alias)
        if target and target not in new:
            point(job, alias, target, aliases)
        elif alias in aliases:
            job.line.delete_alias(alias)
    default = live.get(default_key(job.club)) or before.default
    if default and default not in new and job.line.default_menu() != default:
        job.line.set_default_menu(default)
