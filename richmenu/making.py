"""The first half of publishing: new menus beside the old ones, then aliases and default move to them."""

from __future__ import annotations

from bot.line import LineError, TooMany
from models import PublishedMenu
from richmenu import ledger
from richmenu.choosing import default_key
from richmenu.drawn import Drawn
from richmenu.job import Job, Paused
from richmenu.menus import alias_of
from richmenu.plan import AtLine


def make(job: Job, new: tuple[Drawn, ...]) -> None:
    """Every new menu at LINE, with its picture. All are validated before the first is made.

    Raises `Paused` at the hourly limit, `LineError` or `Unknown` when LINE refuses or does not answer.
    """
    for menu in new:
        job.line.validate_menu(menu.json)
    for n, menu in enumerate(new):
        _prepare(job, menu, len(new) - n)
        job.say(f"made {menu.key} ({n + 1} of {len(new)})")


def switch(job: Job, at_line: AtLine) -> None:
    """Aliases and the default point at the new menus, those that do not already. Raises `LineError` or `Unknown`."""
    ready = [row for row in job.standing() if row.state in ("uploaded", "live")]
    ids = {row.key: str(row.rich_menu_id) for row in ready if job.wanted.get(row.key) == row.digest}
    for key, menu_id in ids.items():
        point(job, alias_of(key), menu_id, at_line.aliases)
    default = ids[default_key(job.club)]
    if at_line.default != default:
        job.line.set_default_menu(default)


def point(job: Job, alias: str, menu_id: str, aliases: dict[str, str]) -> None:
    """Make an alias name this menu, if it does not; `aliases` is what LINE has."""
    if alias not in aliases:
        job.line.create_alias(alias, menu_id)
    elif aliases[alias] != menu_id:
        job.line.update_alias(alias, menu_id)


def _prepare(job: Job, menu: Drawn, left: int) -> None:
    """One new menu with its picture; each step is in the ledger before the next begins."""
    row_id, found = _row_of(job, menu, left)
    if found is None:
        found = _create(job, row_id, menu)
        job.line.upload_menu_image(found, menu.picture, menu.content_type)
    else:
        _upload_again(job, found, menu)
    job.note(row_id, state="uploaded")


def _row_of(job: Job, menu: Drawn, left: int) -> tuple[int, str | None]:
    """The ledger's row for a menu: the one an earlier run left, with its id at LINE, or a new one without."""
    with job.sessions.begin() as session:
        for row in ledger.standing(session, job.club.key):
            if (row.key, row.digest, row.state) == (menu.key, menu.digest, "creating"):
                return row.id, row.rich_menu_id
        job.check_room(session, "create", left)
        made = PublishedMenu(
            club=job.club.key, key=menu.key, digest=menu.digest, state="creating", created_at=job.now, deleted_at=None
        )
        session.add(made)
        session.flush()
        return made.id, None


def _create(job: Job, row_id: int, menu: Drawn) -> str:
    try:
        found = job.line.create_menu(menu.json)
    except TooMany as error:
        # Somebody else spends this channel's creations too; what is made so far stays and is used next time.
        raise Paused(f"LINE makes no more menus for now ({error})", job.now + ledger.HOUR) from error
    job.note(row_id, rich_menu_id=found)
    return found


def _upload_again(job: Job, menu_id: str, menu: Drawn) -> None:
    """The picture of a menu an earlier run left. LINE takes a picture once: refusing means that it has it.

    Were it refused for another reason, LINE would refuse to show the menu in the next step, and we would go back.
    """
    try:
        job.line.upload_menu_image(menu_id, menu.picture, menu.content_type)
    except LineError as error:
        if error.status != 400:
            raise
