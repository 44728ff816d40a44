"""Staff: who may work in the console, as what, and each of their signed-in sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Key

ROLES = ("viewer", "support", "marketer", "approver", "finance", "admin", "auditor")


class Staff(Base):
    """One colleague. The e-mail address is the name she signs in with, in lower case."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("email"),
        UniqueConstraint("fs_uniquifier"),
        CheckConstraint("email = lower(email)", name="email_lower"),
    )

    id: Mapped[Key]
    email: Mapped[str]
    name: Mapped[str]
    password: Mapped[str]
    """argon2."""
    fs_uniquifier: Mapped[str]
    """Changed with the password and at any suspicion: every session begun under the old one is over."""
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(default="th")
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong passwords or codes in a row, counted atomically."""
    locked_until: Mapped[datetime | None]
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None]
    """The second factor's secret, sealed by the library under our keys."""
    created_at: Mapped[datetime]

    grants: Mapped[list[StaffRole]] = relationship(back_populates="staff", lazy="selectin")


class StaffRole(Base):
    """A role in one club. Roles in one club say nothing about another."""

    __tablename__ = "staff_roles"
    __table_args__ = (
        UniqueConstraint("staff_id", "club", "role"),
        CheckConstraint(f"role IN ({', '.join(repr(role) for role in ROLES)})", name="role_known"),
    )

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    club: Mapped[str]
    role: Mapped[str]

    staff: Mapped[Staff] = relationship(back_populates="grants")


class StaffSession(Base):
    """One sign-in. A cookie whose session is not here, or is over, opens nothing."""

    __tablename__ = "staff_sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index("ix_staff_sessions_open", "staff_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffChat(Base):
    """A colleague's own LINE chat with a club's channel: where she is asked to approve, and where test sends may go."""

    __tablename__ = "staff_chats"
    __table_args__ = (
        UniqueConstraint("club", "staff_id"),
        Index("uq_staff_chats_person_id", "person_id", unique=True, postgresql_where=text("person_id IS NOT NULL")),
    )

    id: Mapped[Key]
    club: Mapped[str]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """None until she typed the code in the chat."""
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    code_until: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
