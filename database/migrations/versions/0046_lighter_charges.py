"""A line of an invoice lands in half the time: what it points at is looked at once a statement, its month kept in a summary.

Foreign keys ask, and lock a row, for every single line. Accounts and imports are never deleted and lines never given to
another, so it is enough that all of them are there when a statement ends.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"

REFERENCES = (("member_id", "members"), ("import_id", "imports"), ("paid_import_id", "imports"))
EVENTS = ("INSERT", "UPDATE")


def upgrade() -> None:
    """Apply."""
    for column, table in REFERENCES:
        op.drop_constraint(f"fk_charges_{column}_{table}", "charges")
    op.execute(
        """
        CREATE FUNCTION refuse_stray_charges() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS (SELECT FROM fresh WHERE NOT EXISTS (SELECT FROM members WHERE members.id = fresh.member_id))
               OR EXISTS (SELECT FROM (SELECT import_id AS id FROM fresh UNION SELECT paid_import_id FROM fresh) named
                          WHERE named.id IS NOT NULL AND NOT EXISTS (SELECT FROM imports WHERE imports.id = named.id))
            THEN RAISE EXCEPTION 'a charge names an account or an import that is not there'
                USING ERRCODE = 'foreign_key_violation';
            END IF;
            RETURN NULL;
        END $$
        """
    )
    for event in EVENTS:
        op.execute(
            f"CREATE TRIGGER names_what_is_there_on_{event.lower()} AFTER {event} ON charges "
            "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION refuse_stray_charges()"
        )
    op.execute(
        "CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON imports "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.drop_index("ix_charges_counted", "charges")
    op.create_index(
        "ix_charges_counted",
        "charges",
        ["club", "count_month"],
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_charges_counted", "charges")
    counted = sa.text("count_month IS NOT NULL")
    op.create_index("ix_charges_counted", "charges", ["club", "count_month", "member_id"], postgresql_where=counted)
    op.execute("DROP TRIGGER never_deleted ON imports")
    for event in EVENTS:
        op.execute(f"DROP TRIGGER names_what_is_there_on_{event.lower()} ON charges")
    op.execute("DROP FUNCTION refuse_stray_charges")
    for column, table in REFERENCES:
        op.create_foreign_key(f"fk_charges_{column}_{table}", "charges", table, [column], ["id"])
