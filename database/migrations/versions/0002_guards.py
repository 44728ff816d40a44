"""What the database itself refuses: changing the ledger or the journal, deleting members, recounting a charge."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("entries", "journal")
NEVER_DELETED = ("members", "charges", "claims")


def upgrade() -> None:
    """Apply."""
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: add a correcting entry instead', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION guard_charge() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (NEW.id, NEW.club, NEW.member_id, NEW.invoice_no, NEW.service, NEW.net_satang, NEW.vat_satang, NEW.service_month)
               IS DISTINCT FROM
               (OLD.id, OLD.club, OLD.member_id, OLD.invoice_no, OLD.service, OLD.net_satang, OLD.vat_satang, OLD.service_month)
            THEN RAISE EXCEPTION 'the content of charge % never changes: import a reversal', OLD.invoice_no
                USING ERRCODE = 'restrict_violation';
            END IF;
            IF OLD.paid_at IS NOT NULL AND NEW.paid_at IS DISTINCT FROM OLD.paid_at
            THEN RAISE EXCEPTION 'charge % is paid once', OLD.invoice_no USING ERRCODE = 'restrict_violation';
            END IF;
            IF OLD.count_month IS NOT NULL AND NEW.count_month IS DISTINCT FROM OLD.count_month AND EXISTS (
                SELECT FROM runs WHERE club = OLD.club AND kind = 'stars' AND state = 'done' AND period >= OLD.count_month)
            THEN RAISE EXCEPTION 'charge % is already counted', OLD.invoice_no USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in NEVER_DELETED:
        op.execute(
            f"CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("CREATE TRIGGER counted_once BEFORE UPDATE ON charges FOR EACH ROW EXECUTE FUNCTION guard_charge()")


def downgrade() -> None:
    """Undo."""
    op.execute("DROP TRIGGER counted_once ON charges")
    for table in NEVER_DELETED:
        op.execute(f"DROP TRIGGER never_deleted ON {table}")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION guard_charge")
    op.execute("DROP FUNCTION refuse_change")
