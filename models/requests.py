"""What one colleague asks and another decides: no money, stars or used claims change on one person's word."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class StaffRequest(Base):
    """One deed that needs a second person. `subject` is (kind, id) as in the journal; `facts` say what exactly is asked."""

    __tablename__ = "staff_requests"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'granted', 'refused', 'withdrawn')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_has_time"),
        CheckConstraint("state = 'open' OR decided_by IS NOT NULL", name="decided_by_somebody"),
        CheckConstraint("state NOT IN ('granted', 'refused') OR decided_by <> asked_by", name="second_person"),
        Index(
            "uq_staff_requests_open",
            "club",
            "kind",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_staff_requests_subject", "club", "subject_kind", "subject_id"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    kind: Mapped[str]
    """The deed, in a word: `undo_use`, …"""
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Ids and numbers, as in the journal: never personal data or codes."""
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """Who granted or refused it: never who asked. Who asked may only withdraw it."""
    decided_at: Mapped[datetime | None]
    decided_reason: Mapped[str | None]
