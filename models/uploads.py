"""Files that staff hand in to be imported: each waits for a worker, and tells how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Upload(Base):
    """One file handed in. The same file twice is one row for as long as the first waits or runs."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("kind IN ('accounts', 'admins', 'charges', 'privileges', 'codes')", name="kind_known"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'refused', 'failed')", name="state_known"),
        CheckConstraint("(state IN ('waiting', 'running')) = (finished_at IS NULL)", name="finished_has_time"),
        CheckConstraint("state <> 'running' OR owner IS NOT NULL", name="running_has_owner"),
        Index(
            "uq_uploads_open",
            "club",
            "kind",
            "digest",
            "complete",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_uploads_club", "club", "id"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    kind: Mapped[str]
    file_name: Mapped[str]
    place: Mapped[str]
    """Its folder's name under `uploads/imports`."""
    size: Mapped[int]
    """Bytes."""
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256 of the content."""
    complete: Mapped[bool] = mapped_column(default=False)
    """Accounts and admins: the file names every admin of the accounts it names."""
    by_staff: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    state: Mapped[str] = mapped_column(default="waiting")
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    """Which worker has it; one whose mark is no longer here writes nothing (fencing)."""
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    asked_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stage: Mapped[str | None]
    """`read` counts bytes, `land` counts lines."""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    fault: Mapped[str | None]
    """Why the whole file was not taken, in English; none: it was."""
    has_rejects: Mapped[bool] = mapped_column(default=False)
    """The list of rejected rows is still kept in its folder."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Warnings, and what the fault is called."""
