"""A stock set on a privilege that had none counts the claims made before: `taken` is then true from the start."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0030"


def upgrade() -> None:
    """Apply."""
    # FOR UPDATE waits for claims in flight: each holds its privilege FOR KEY SHARE through the foreign key.
    op.execute(
        """
        CREATE FUNCTION count_taken() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM FROM privileges WHERE id = NEW.id FOR UPDATE;
            SELECT count(*) INTO NEW.taken FROM claims WHERE privilege_id = NEW.id;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER count_taken BEFORE UPDATE OF stock ON privileges FOR EACH ROW "
        "WHEN (OLD.stock IS NULL AND NEW.stock IS NOT NULL) EXECUTE FUNCTION count_taken()"
    )


def downgrade() -> None:
    """Undo."""
    op.execute("DROP TRIGGER count_taken ON privileges")
    op.execute("DROP FUNCTION count_taken")
