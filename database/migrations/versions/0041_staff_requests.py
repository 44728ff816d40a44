"""What one colleague asks and another decides; what staff asked of a parked turn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "staff_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'granted', 'refused', 'withdrawn')", name=op.f("ck_staff_requests_state_known")
        ),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_staff_requests_decided_has_time")),
        sa.CheckConstraint(
            "state = 'open' OR decided_by IS NOT NULL", name=op.f("ck_staff_requests_decided_by_somebody")
        ),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'refused') OR decided_by <> asked_by",
            name=op.f("ck_staff_requests_second_person"),
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_staff_requests_asked_by_staff")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_staff_requests_decided_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_requests")),
    )
    op.create_index("ix_staff_requests_subject", "staff_requests", ["club", "subject_kind", "subject_id"], unique=False)
    op.create_index(
        "uq_staff_requests_open",
        "staff_requests",
        ["club", "kind", "subject_kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("turns", sa.Column("retry_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("turns", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("turns", "seen_at")
    op.drop_column("turns", "retry_asked_at")
    op.drop_table("staff_requests")
