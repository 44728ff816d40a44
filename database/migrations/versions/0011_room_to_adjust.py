"""Half of each page of `members` stays free: a round rewrites every row, and then finds room beside it (no index work)."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0020"


def upgrade() -> None:
    """Apply to rows written from now on."""
    op.execute("ALTER TABLE members SET (fillfactor = 50)")


def downgrade() -> None:
    """Undo."""
    op.execute("ALTER TABLE members RESET (fillfactor)")
