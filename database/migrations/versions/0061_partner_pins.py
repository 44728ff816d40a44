"""Partners' PINs: wrong ones are counted for each use, and for the partner in a budget that only time gives back.

`pin_failures` and `pin_locked_until` stay: processes of the version before write them until they are restarted.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    """Apply."""
    op.add_column("partners", sa.Column("pin_digits", sa.SmallInteger(), nullable=True))
    op.add_column("partners", sa.Column("pin_spent_until", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("partners", "pin_failures", server_default="0")


def downgrade() -> None:
    """Undo."""
    op.alter_column("partners", "pin_failures", server_default=None)
    op.drop_column("partners", "pin_spent_until")
    op.drop_column("partners", "pin_digits")
