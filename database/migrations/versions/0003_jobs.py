"""The tables of the job engine, as its own package defines them for the pinned version."""

from __future__ import annotations

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    # Run by the driver itself: the script holds several statements and percent signs that no parameter fills.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager.get_schema())


def downgrade() -> None:
    """Undo: the engine's tables, types and functions all carry its name."""
    op.execute(
        """
        DO $$ DECLARE thing record; BEGIN
            FOR thing IN SELECT format('DROP TABLE %I CASCADE', tablename) AS sql FROM pg_tables
                         WHERE schemaname = current_schema() AND tablename LIKE 'procrastinate%'
                UNION ALL SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) FROM pg_proc
                         WHERE proname LIKE 'procrastinate%'
                UNION ALL SELECT format('DROP TYPE %I CASCADE', typname) FROM pg_type
                         WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c')
                           AND NOT EXISTS (SELECT FROM pg_class WHERE relname = typname AND relkind = 'r')
            LOOP
                BEGIN EXECUTE thing.sql; EXCEPTION WHEN undefined_object OR undefined_function OR undefined_table THEN NULL; END;
            END LOOP;
        END $$
        """
    )
