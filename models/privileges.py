"""Partners, the privileges they give, and pools of codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Key


class Partner(Base):
    """A business that honours privileges. Its PIN confirms uses on the partner's page."""

    __tablename__ = "partners"
    __table_args__ = (UniqueConstraint("club", "key"),)

    id: Mapped[Key]
    club: Mapped[str]
    key: Mapped[str]
    name_th: Mapped[str]
    name_en: Mapped[str]
    pin_hash: Mapped[str | None]
    """argon2; none: this partner confirms nothing by PIN."""
    pin_digits: Mapped[int | None] = mapped_column(SmallInteger)
    """How many digits it has; none: it was set before this was kept, and nobody has typed it since."""
    pin_spent_until: Mapped[datetime | None]
    """When the wrong PINs of all uses together are forgotten (`benefits.pins`); none, or past: there are none."""
    pin_failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    pin_locked_until: Mapped[datetime | None]
    """Like `pin_failures` not read any more: kept as long as processes of the version before may still write it."""


class Privilege(Base):
    """What can be claimed. Every limit is a column here and a guard in `benefits.claims`."""

    __tablename__ = "privileges"
    __table_args__ = (
        UniqueConstraint("club", "key"),
        CheckConstraint("scope IN ('account', 'person', 'account_month')", name="scope_known"),
        CheckConstraint("redeem IN ('code', 'barcode', 'qr', 'link')", name="redeem_known"),
        CheckConstraint("claim_limit >= 1", name="limit_positive"),
        CheckConstraint("taken >= 0 AND (stock IS NULL OR taken <= stock)", name="stock_not_exceeded"),
        CheckConstraint("claim_from IS NULL OR claim_to IS NULL OR claim_from < claim_to", name="claim_window"),
        CheckConstraint("alert_at >= 0", name="alert_not_negative"),
        CheckConstraint("use_from IS NULL OR use_to IS NULL OR use_from < use_to", name="use_window"),
    )

    id: Mapped[Key]
    club: Mapped[str]
    key: Mapped[str]
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    name_th: Mapped[str]
    name_en: Mapped[str]
    about_th: Mapped[str] = mapped_column(default="")
    about_en: Mapped[str] = mapped_column(default="")
    conditions_th: Mapped[str] = mapped_column(default="")
    conditions_en: Mapped[str] = mapped_column(default="")
    picture: Mapped[str | None]
    """File name under the uploads folder; none: a drawn placeholder."""
    tiers: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    """Tiers that may claim; empty: all (LFC-17)."""
    new_members_only: Mapped[bool] = mapped_column(default=False)
    scope: Mapped[str] = mapped_column(default="account")
    claim_limit: Mapped[int] = mapped_column(default=1)
    """Claims per holder (and per month, for `account_month`)."""
    stock: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    pooled: Mapped[bool] = mapped_column(default=False)
    """Each claim takes a code of its own from `codes`."""
    visible_from: Mapped[datetime | None]
    visible_to: Mapped[datetime | None]
    claim_from: Mapped[datetime | None]
    claim_to: Mapped[datetime | None]
    use_from: Mapped[datetime | None]
    use_to: Mapped[datetime | None]
    use_days: Mapped[int | None]
    """Days a kept claim can be used, counted from the claim; the privilege's own end comes first if earlier."""
    code_minutes: Mapped[int] = mapped_column(default=15)
    """How long a shown code is valid: the countdown."""
    undo_minutes: Mapped[int] = mapped_column(default=10)
    redeem: Mapped[str] = mapped_column(default="code")
    code: Mapped[bytes | None]
    """One code (or link) for every claim, sealed; none with `pooled`: the pool's; none without: the claim's number."""
    position: Mapped[int] = mapped_column(default=0)
    alert_at: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    """Staff are told when this few units or codes are left, or fewer; 0: when none is."""
    withdrawn_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    partner: Mapped[Partner] = relationship(lazy="joined")


class Code(Base):
    """One code of a pool. It leaves the pool when `claim_id` is set, in the transaction of the claim."""

    __tablename__ = "codes"
    __table_args__ = (
        UniqueConstraint("privilege_id", "fingerprint"),
        UniqueConstraint("claim_id"),
        Index("ix_codes_free", "privilege_id", "id", postgresql_where=text("claim_id IS NULL")),
    )

    id: Mapped[Key]
    privilege_id: Mapped[int] = mapped_column(ForeignKey("privileges.id"))
    sealed: Mapped[bytes]
    fingerprint: Mapped[bytes]
    """Keyed digest, so that the same code is refused twice without being readable."""
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claims.id"))
    added_at: Mapped[datetime]
