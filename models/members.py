"""Members: who holds stars, points and a tier. In the official-account club that is the account, not the person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Member(Base):
    """One official account (or, by club, one person) that the club knows, joined or not."""

    __tablename__ = "members"
    __table_args__ = (
        UniqueConstraint("club", "external_id"),
        CheckConstraint("kind IN ('account', 'person')", name="kind_known"),
        CheckConstraint("badge IN ('grey', 'blue', 'green')", name="badge_known"),
        CheckConstraint("total_stars >= 0", name="stars_not_negative"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    kind: Mapped[str]
    external_id: Mapped[str]
    """The official account's id as the import names it, e.g. `@noodlebar`."""
    name: Mapped[str]
    badge: Mapped[str | None]
    """`grey` (unverified), `blue` (verified), `green` (premium: may not join, LFC-4)."""
    package: Mapped[str | None]
    tier: Mapped[str | None]
    """None until joined. Changed at joining and by the adjustment of a round, never between."""
    tier_since: Mapped[datetime | None]
    total_stars: Mapped[int] = mapped_column(default=0)
    """Stars of the club's window, as of the last adjustment; recomputable from `entries`."""
    tier_override: Mapped[str | None]
    override_reason: Mapped[str | None]
    override_until: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Membership(Base):
    """One stay of a member in its club, from the first Agree to leaving. At most one is open: the first admin's."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index("uq_memberships_open", "member_id", unique=True, postgresql_where=text("left_at IS NULL")),
        CheckConstraint("left_at IS NULL OR left_reason IS NOT NULL", name="leaving_has_a_reason"),
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"), index=True)
    joined_at: Mapped[datetime]
    agreed_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    terms_version: Mapped[str]
    new_until: Mapped[datetime | None]
    """First instant that is no longer a new-member day (LFC-25); none: not new (joined again too soon, LFC-26)."""
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None]
    """`asked`, `deleted`, `premium` or `removed`."""


class Admin(Base):
    """A LINE user's role for one member. Kept after removal: history stays explained."""

    __tablename__ = "admins"
    __table_args__ = (
        UniqueConstraint("member_id", "line_user_id"),
        CheckConstraint(
            "role IN ('administrator', 'operator', 'operator_no_broadcast', 'operator_no_analytics')",
            name="role_known",
        ),
        Index("ix_admins_line_user_id", "line_user_id"),
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    line_user_id: Mapped[str]
    role: Mapped[str]
    since: Mapped[datetime]
    removed_at: Mapped[datetime | None]
