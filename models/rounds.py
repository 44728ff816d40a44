"""Rounds: one run per club, kind and period, its previews, and the immutable entries it posts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, SmallInteger, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Run(Base):
    """A period's computation: the row decides whether it is due, under way (lease) or done."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("club", "kind", "period"),
        CheckConstraint("state IN ('running', 'done')", name="state_known"),
        CheckConstraint("EXTRACT(DAY FROM period) = 1", name="period_first_day"),
        CheckConstraint("state <> 'done' OR finished_at IS NOT NULL", name="done_has_time"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    kind: Mapped[str]
    period: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(default="running")
    owner: Mapped[UUID | None] = mapped_column(Uuid)
    """Who holds the lease; a writer whose token is no longer here writes nothing (fencing)."""
    lease_until: Mapped[datetime | None]
    """By the database's clock, never a worker's."""
    cursor: Mapped[str | None]
    input_hash: Mapped[str | None]
    result_hash: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RoundPreview(Base):
    """A dry run of a month, made in the background: what it would change for the whole population. No part of the ledger.

    Two persons sign it through a request (`staff_requests`, subject `round_preview`); `figures_hash` is what they sign.
    """

    __tablename__ = "round_previews"
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'running', 'ready', 'failed', 'lapsed')", name="state_known"),
        CheckConstraint("EXTRACT(DAY FROM period) = 1", name="period_first_day"),
        CheckConstraint("state NOT IN ('ready', 'lapsed') OR figures_hash IS NOT NULL", name="ready_has_figures"),
        Index("uq_round_previews_open", "club", "period", unique=True,
              postgresql_where=text("state IN ('asked', 'running')")),
        Index("ix_round_previews_club", "club", "period", "id"),
    )  # fmt: skip

    id: Mapped[Key]
    club: Mapped[str]
    period: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(default="asked")
    """`lapsed`: the figures have changed since."""
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How far it is, of `benefits.rounds_preview.STEPS`."""
    figures_hash: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finished_at: Mapped[datetime | None]
    failure: Mapped[str | None]


class Entry(Base):
    """One immutable line of the ledger. A balance is a sum of these; a correction is another one (kept by a trigger).

    A round writes a million rows here, each index of which it pays for. So there is one for all of them, by run and
    account: an account's entries are looked up run by run in it (skip scan), and the others hold corrections only.

    A `round` entry is also the account's statement for its period: what was counted, carried, totalled, and the tier.
    """

    __tablename__ = "entries"
    __table_args__ = (
        CheckConstraint("kind IN ('round', 'correction')", name="kind_known"),
        CheckConstraint("unit IN ('stars', 'points', 'cash', 'stickers')", name="unit_known"),
        CheckConstraint("kind <> 'round' OR (run_id IS NOT NULL AND amount >= 0)", name="round_not_negative"),
        CheckConstraint("kind <> 'correction' OR (reason IS NOT NULL)", name="correction_has_reason"),
        CheckConstraint("kind = 'correction' OR count_month IS NULL", name="only_corrections_wait"),
        Index("uq_entries_round", "run_id", "member_id", unique=True, postgresql_where=text("kind = 'round'")),
        Index("ix_entries_corrected", "member_id", postgresql_where=text("kind = 'correction'")),
        Index("ix_entries_corrections", "club", "count_month", postgresql_where=text("kind = 'correction'")),
        Index("uq_entries_idempotency_key", "idempotency_key", unique=True,
              postgresql_where=text("idempotency_key IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[Key]
    club: Mapped[str]
    member_id: Mapped[int]
    """No foreign key: a million checks a round; members are never deleted (a trigger keeps that)."""
    unit: Mapped[str]
    kind: Mapped[str]
    period: Mapped[date] = mapped_column(Date)
    run_id: Mapped[int | None]
    amount: Mapped[int]
    counted_satang: Mapped[int | None]
    brought_satang: Mapped[int | None]
    """Unused negative remainder brought in from the run before (≤ 0)."""
    carried_satang: Mapped[int | None]
    """Negative remainder carried to the next run (≤ 0)."""
    total: Mapped[int | None]
    """Units in the club's window after this entry."""
    tier_before: Mapped[str | None]
    tier: Mapped[str | None]
    at: Mapped[datetime]
    reason: Mapped[str | None]
    corrects_id: Mapped[int | None]
    """The entry this one corrects. A trigger looks it up, where there is one: a foreign key is checked for every row."""
    count_month: Mapped[date | None] = mapped_column(Date)
    """Of a correction: the first round that counts it, decided when it is posted; a closed month never changes. Its
    `period` is the month it corrects, so that both leave the window together. None: whichever round comes next."""
    idempotency_key: Mapped[str | None]
