"""Notices: things to tell a person that can ride on the next reply, or be pushed when they cannot wait."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Notice(Base):
    """One thing to tell one person, as facts; it is worded when it is said. `key` makes telling twice impossible."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("person_id", "key"),
        CheckConstraint("state IN ('waiting', 'told', 'pushing', 'pushed', 'unknown', 'dropped')", name="state_known"),
        Index("ix_notices_waiting", "person_id", postgresql_where=text("state = 'waiting'")),
        Index("ix_notices_push_due", "push_at", postgresql_where=text("state IN ('waiting', 'pushing')")),
    )

    id: Mapped[Key]
    club: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str]
    key: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime]
    push_at: Mapped[datetime | None]
    """When to push if no reply has carried it by then; none: it waits for a reply however long."""
    expires_at: Mapped[datetime | None]
    retry_key: Mapped[UUID | None] = mapped_column(Uuid)
    body: Mapped[dict[str, Any] | None]
    """The message as first sent: a retry must be identical."""
    first_attempt_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
