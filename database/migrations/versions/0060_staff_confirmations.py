"""Changes of a colleague's sign-in or rights that wait for a second administrator."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0060"
down_revision = "0046"

TABLE = "staff_confirmations"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        TABLE,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("involved", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cause IN ('added', 'roles', 'enabled', 'reset')", name=op.f(f"ck_{TABLE}_cause_known")),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f(f"ck_{TABLE}_confirmed_whole")),
        sa.CheckConstraint(
            "confirmed_by <> staff_id AND confirmed_by <> ALL (involved)", name=op.f(f"ck_{TABLE}_second_person")
        ),
        sa.ForeignKeyConstraint(["confirmed_by"], ["staff.id"], name=op.f(f"fk_{TABLE}_confirmed_by_staff")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f(f"fk_{TABLE}_made_by_staff")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f(f"fk_{TABLE}_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index("ix_staff_confirmations_staff", TABLE, ["staff_id", "club"])
    op.create_index("ix_staff_confirmations_made", TABLE, ["club", "made_at"])


def downgrade() -> None:
    """Undo."""
    op.drop_table(TABLE)
