"""The journal: who did what, when and why. Append-only, kept so by a trigger."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class JournalEntry(Base):
    """One deed. `facts` holds ids and numbers, never personal data or codes."""

    __tablename__ = "journal"
    __table_args__ = (
        CheckConstraint("actor_kind IN ('person', 'partner', 'staff', 'system')", name="actor_known"),
        Index("ix_journal_subject", "club", "subject_kind", "subject_id"),
        Index("ix_journal_at", "at"),
        Index("ix_journal_staff", "actor", "at", postgresql_where=text("actor_kind = 'staff'")),
    )

    id: Mapped[Key]
    club: Mapped[str]
    at: Mapped[datetime]
    actor_kind: Mapped[str]
    actor: Mapped[str | None]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
