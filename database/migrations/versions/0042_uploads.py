"""Files handed in to be imported, and how few units left of a privilege are worth telling staff."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0042"
down_revision = "0043"


def upgrade() -> None:
    """Apply."""
    op.add_column("privileges", sa.Column("alert_at", sa.BigInteger(), server_default="10", nullable=False))
    op.create_check_constraint(op.f("ck_privileges_alert_not_negative"), "privileges", "alert_at >= 0")
    op.create_table(
        "uploads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("by_staff", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("has_rejects", sa.Boolean(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('accounts', 'admins', 'charges', 'privileges', 'codes')", name=op.f("ck_uploads_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'refused', 'failed')", name=op.f("ck_uploads_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'running')) = (finished_at IS NULL)", name=op.f("ck_uploads_finished_has_time")
        ),
        sa.CheckConstraint("state <> 'running' OR owner IS NOT NULL", name=op.f("ck_uploads_running_has_owner")),
        sa.ForeignKeyConstraint(["by_staff"], ["staff.id"], name=op.f("fk_uploads_by_staff_staff")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_uploads_import_id_imports")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_club", "uploads", ["club", "id"])
    op.create_index(
        "uq_uploads_open",
        "uploads",
        ["club", "kind", "digest", "complete"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("uploads")
    op.drop_constraint(op.f("ck_privileges_alert_not_negative"), "privileges", type_="check")
    op.drop_column("privileges", "alert_at")
