"""User ids LINE would not take lie in an index of their own: an audience is counted without looking at every id."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0042"


def upgrade() -> None:
    """Apply."""
    malformed = sa.text("line_user_id !~ '^U[0-9a-f]{32}$'")
    op.create_index("ix_people_malformed", "people", ["id"], postgresql_where=malformed)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_people_malformed", "people")
