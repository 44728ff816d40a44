"""When a rich menu was deleted at LINE: deletions are counted against LINE's hourly limit, across runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.add_column("published_menus", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("published_menus", "deleted_at")
