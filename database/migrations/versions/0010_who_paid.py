"""Which import brought the payment of a line that had landed unpaid: an older file seen again is then no contradiction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("charges", sa.Column("paid_import_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("fk_charges_paid_import_id_imports", "charges", "imports", ["paid_import_id"], ["id"])


def downgrade() -> None:
    """Undo."""
    op.drop_column("charges", "paid_import_id")
