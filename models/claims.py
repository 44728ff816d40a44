"""Claims: a privilege held by a member. The unique constraint is what makes the first admin win."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Key
from models.members import Member
from models.people import Person
from models.privileges import Privilege


class Claim(Base):
    """One privilege claimed for one member by one person.

    `kept` may be used, `used` and `void` may not. Expired and in use are not states but times: `use_until` has passed,
    `code_until` has not.
    """

    __tablename__ = "claims"
    __table_args__ = (
        UniqueConstraint("privilege_id", "holder", "period", "slot"),
        CheckConstraint("state IN ('kept', 'used', 'void')", name="state_known"),
        CheckConstraint("state <> 'used' OR used_at IS NOT NULL", name="used_has_time"),
        CheckConstraint("state <> 'void' OR void_reason IS NOT NULL", name="void_has_reason"),
        Index("ix_claims_member_id", "member_id", "state"),
        Index("ix_claims_use_until", "use_until", postgresql_where=text("state = 'kept'")),
    )

    id: Mapped[Key]
    privilege_id: Mapped[int] = mapped_column(ForeignKey("privileges.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    """Who claimed it."""
    holder: Mapped[str]
    """Whom the limit counts: `m<member id>` or, for scope person, `p<person id>`."""
    period: Mapped[str]
    """`2026-10` (Bangkok month of the claim) for scope account_month, else empty."""
    slot: Mapped[int] = mapped_column(SmallInteger)
    """1 … the privilege's limit: the n-th claim of this holder (and period)."""
    state: Mapped[str] = mapped_column(default="kept")
    claimed_at: Mapped[datetime]
    use_until: Mapped[datetime | None]
    use_started_at: Mapped[datetime | None]
    code_until: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    void_reason: Mapped[str | None]
    voided_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]

    privilege: Mapped[Privilege] = relationship()
    member: Mapped[Member] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
