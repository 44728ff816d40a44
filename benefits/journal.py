"""Writing the journal: who did what, when and why. Ids and numbers only, never personal data or codes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models import JournalEntry
from models.queries import Query, Values, ask, table_of

_NOTE = Query(
    insert(table_of(JournalEntry)),
    keys=("club", "at", "actor_kind", "actor", "action", "subject_kind", "subject_id", "facts"),
)


def note(
    session: Session,
    *,
    club: str,
    at: datetime,
    action: str,
    subject: tuple[str, int | None],
    actor: tuple[str, object] = ("system", None),
    **facts: Any,
) -> None:
    """Append one deed in the caller's transaction: `subject` is (kind, id), `actor` is (kind, id)."""
    ask(session, noting(club=club, at=at, action=action, subject=subject, actor=actor, **facts))


def noting(
    *,
    club: str,
    at: datetime,
    action: str,
    subject: tuple[str, int | None],
    actor: tuple[str, object] = ("system", None),
    **facts: Any,
) -> tuple[Query, Values]:
    """What `note` sends, to be sent with others."""
    entry = {
        "club": club,
        "at": at,
        "actor_kind": actor[0],
        "actor": None if actor[1] is None else str(actor[1]),
        "action": action,
        "subject_kind": subject[0],
        "subject_id": subject[1],
        "facts": facts,
    }
    return _NOTE, entry
