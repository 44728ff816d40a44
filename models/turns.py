"""Turns: inbox, outbox and trace of one webhook event in one row."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class TurnRow(Base):
    """One event of LINE, what became of it, and the reply it caused."""

    __tablename__ = "turns"
    __table_args__ = (
        CheckConstraint("state IN ('done', 'refused', 'ignored', 'standby', 'parked')", name="state_known"),
        CheckConstraint(
            "reply_state IN ('none', 'new', 'retrying', 'sent', 'refused', 'unknown', 'pushing', 'pushed', 'late')",
            name="reply_state_known",
        ),
        Index(
            "ix_turns_reply_open", "received_at", postgresql_where=text("reply_state IN ('new', 'retrying', 'pushing')")
        ),
        Index("ix_turns_parked", "received_at", postgresql_where=text("state = 'parked'")),
        Index("ix_turns_received_at", "received_at"),
        Index("ix_turns_message_id", "club", "message_id", postgresql_where=text("message_id IS NOT NULL")),
    )

    club: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    """`webhookEventId`, or `sha256:…` of the raw event where LINE gave none."""
    line_user_id: Mapped[str | None]
    message_id: Mapped[str | None]
    kind: Mapped[str]
    event: Mapped[Any] = mapped_column(JSONB)
    event_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    state: Mapped[str]
    outcome: Mapped[str | None]
    """What was answered, in a word: the handler's name, or the refusal's and its rule id."""
    error: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=1)
    reply: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    reply_token: Mapped[str | None]
    reply_state: Mapped[str] = mapped_column(default="none")
    matters: Mapped[bool] = mapped_column(default=False)
    """If the reply is surely refused, push it (it costs quota)."""
    retry_key: Mapped[UUID | None] = mapped_column(Uuid)
    first_attempt_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    retry_asked_at: Mapped[datetime | None]
    """Of a parked turn: staff asked that it be handled again; the next look of the job does so."""
    seen_at: Mapped[datetime | None]
    """Of a parked turn: staff has seen it and wants no more of it; who did is in the journal."""
