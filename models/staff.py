"""Staff: who may work in the console, as what, and each of their signed-in sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
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
    password_until: Mapped[datetime | None]
    """Set while the password is one that somebody else made for her: good until then, and only for choosing her own."""
    tf_totp_secret: Mapped[str | None]
    """The second factor's secret, sealed by the library under our keys; none until she set it up."""
    tf_last_counter: Mapped[int | None]
    """The 30-second step whose code was taken last: no code is taken twice."""
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


class StaffConfirmation(Base):
    """A change of a colleague's sign-in or rights that a second administrator of the club has to confirm.

    Until then, or until `until`, whatever needs a second person waits for this colleague in this club.
    """

    __tablename__ = "staff_confirmations"
    __table_args__ = (
        CheckConstraint("cause IN ('added', 'roles', 'enabled', 'reset')", name="cause_known"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_whole"),
        CheckConstraint("confirmed_by <> staff_id AND confirmed_by <> ALL (involved)", name="second_person"),
        Index("ix_staff_confirmations_staff", "staff_id", "club"),
        Index("ix_staff_confirmations_made", "club", "made_at"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    cause: Mapped[str]
    """`added` to the installation, given `roles`, `enabled` after being disabled, `reset`: a new password and factor."""
    made_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    """The administrator who made the change; none: it was made by command."""
    involved: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """On whose word the change rests: `made_by`, and whoever was involved in a change of `made_by` that waited then."""
    made_at: Mapped[datetime]
    until: Mapped[datetime]
    """First instant at which nothing waits any more, though nobody confirmed."""
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    confirmed_at: Mapped[datetime | None]


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
    factor_at: Mapped[datetime | None]
    """When the second factor was given; where it is demanded, nothing else opens before."""
    ended_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes that stand in for the second factor, once each. Only a keyed fingerprint is kept."""

    __tablename__ = "staff_recovery_codes"
    __table_args__ = (UniqueConstraint("staff_id", "fingerprint"),)

    id: Mapped[Key]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[datetime | None]


class SignInDoor(Base):
    """Tries at one door: an e-mail address, a colleague's known device, or her second factor, as a keyed fingerprint.

    Unknown addresses have rows too, so that nobody learns from a pause who works here.
    """

    __tablename__ = "sign_in_doors"

    fingerprint: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tries: Mapped[int] = mapped_column(SmallInteger)
    tried_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]


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
