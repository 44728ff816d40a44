"""Corrections of the ledger that two persons make: one row per deed, one line per account, entries once it is granted."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Correction(Base):
    """One correction of one account or of many. Its request (`staff_requests`, subject `correction`) says who and why."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint("scope IN ('account', 'file', 'tier', 'reversal')", name="scope_known"),
        CheckConstraint("state IN ('asked', 'posted', 'refused', 'withdrawn')", name="state_known"),
        CheckConstraint("(scope = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names_one"),
        CheckConstraint("(state = 'posted') = (posted_at IS NOT NULL)", name="posted_has_time"),
        Index(
            "uq_corrections_reverses_id",
            "reverses_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'posted')"),
        ),
        Index("ix_corrections_club", "club", "id"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    scope: Mapped[str]
    """`account`: one · `file`: those of a CSV file · `tier`: every account of a tier · `reversal`: all of another one."""
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("corrections.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Accounts and stars as they were asked for; ids and numbers only."""
    state: Mapped[str] = mapped_column(default="asked")
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    posted_at: Mapped[datetime | None]


class CorrectionLine(Base):
    """What one correction does to one account: frozen when it is asked, so that the second person grants what she saw."""

    __tablename__ = "correction_lines"
    __table_args__ = (CheckConstraint("amount <> 0", name="changes_something"),)

    correction_id: Mapped[int] = mapped_column(ForeignKey("corrections.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(primary_key=True)
    """No foreign key, as in `entries`."""
    amount: Mapped[int]
    period: Mapped[date | None] = mapped_column(Date)
    """The computed month it corrects; none: the month that is open when it is granted."""
    corrects_id: Mapped[int | None]
    """The entry it corrects."""
