"""Charges: invoice lines of services, as imported; and the imports themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Charge(Base):
    """One invoice line. Its content never changes; it is paid once, and counted in one round (a trigger keeps that).

    Another trigger keeps that its account and its imports are there, once a statement: a foreign key asks at every line.
    """

    __tablename__ = "charges"
    __table_args__ = (
        UniqueConstraint("club", "invoice_no"),
        CheckConstraint("EXTRACT(DAY FROM service_month) = 1", name="service_month_first_day"),
        CheckConstraint("count_month IS NULL OR EXTRACT(DAY FROM count_month) = 1", name="count_month_first_day"),
        CheckConstraint("count_month IS NULL OR paid_at IS NOT NULL", name="counted_is_paid"),
        Index(
            "ix_charges_counted",
            "club",
            "count_month",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on"},
        ),
        Index("ix_charges_uncounted", "club", postgresql_where=text("count_month IS NULL AND paid_at IS NOT NULL")),
        Index("ix_charges_member_id", "member_id"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    member_id: Mapped[int]
    invoice_no: Mapped[str]
    service: Mapped[str]
    net_satang: Mapped[int]
    vat_satang: Mapped[int]
    service_month: Mapped[date] = mapped_column(Date)
    paid_at: Mapped[datetime | None]
    count_month: Mapped[date | None] = mapped_column(Date)
    """The round that counts this line, decided when the line is paid; none: unpaid, or not a service that counts."""
    import_id: Mapped[int | None]
    paid_import_id: Mapped[int | None]
    """The import that brought the payment, when the line had landed unpaid; none: it came paid, or is unpaid."""


class Import(Base):
    """One import of a file: what landed and what did not."""

    __tablename__ = "imports"

    id: Mapped[Key]
    club: Mapped[str]
    kind: Mapped[str]
    file_name: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    landed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
