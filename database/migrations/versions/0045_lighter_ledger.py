"""A round writes one ledger row an account: what no round entry needs is kept for corrections alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

CORRECTION = sa.text("kind = 'correction'")


def upgrade() -> None:
    """Apply."""
    op.drop_index("ix_entries_member_id", table_name="entries")
    op.create_index("ix_entries_corrected", "entries", ["member_id"], postgresql_where=CORRECTION)
    op.drop_constraint("uq_entries_idempotency_key", "entries")
    op.create_index(
        "uq_entries_idempotency_key",
        "entries",
        ["idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    _corrects_what_is_there()


def _corrects_what_is_there() -> None:
    """In place of the foreign key: entries are never changed or deleted, so what was there once is there for good."""
    op.drop_constraint("fk_entries_corrects_id_entries", "entries")
    op.execute(
        """
        CREATE FUNCTION refuse_dangling() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM entries WHERE id = NEW.corrects_id) THEN
                RAISE EXCEPTION 'there is no entry % to correct', NEW.corrects_id USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER corrects_what_is_there AFTER INSERT ON entries FOR EACH ROW "
        "WHEN (NEW.corrects_id IS NOT NULL) EXECUTE FUNCTION refuse_dangling()"
    )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP TRIGGER corrects_what_is_there ON entries")
    op.execute("DROP FUNCTION refuse_dangling")
    op.create_foreign_key("fk_entries_corrects_id_entries", "entries", "entries", ["corrects_id"], ["id"])
    op.drop_index("uq_entries_idempotency_key", table_name="entries")
    op.create_unique_constraint("uq_entries_idempotency_key", "entries", ["idempotency_key"])
    op.drop_index("ix_entries_corrected", table_name="entries")
    op.create_index("ix_entries_member_id", "entries", ["member_id", "period"])
