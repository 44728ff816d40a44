"""Previews of rounds, corrections by two persons, and the journal by colleague."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0041"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "round_previews",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("figures_hash", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'running', 'ready', 'failed', 'lapsed')", name=op.f("ck_round_previews_state_known")
        ),
        sa.CheckConstraint("EXTRACT(DAY FROM period) = 1", name=op.f("ck_round_previews_period_first_day")),
        sa.CheckConstraint(
            "state NOT IN ('ready', 'lapsed') OR figures_hash IS NOT NULL",
            name=op.f("ck_round_previews_ready_has_figures"),
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_round_previews_asked_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_previews")),
    )
    op.create_index("ix_round_previews_club", "round_previews", ["club", "period", "id"])
    op.create_index(
        "uq_round_previews_open",
        "round_previews",
        ["club", "period"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'running')"),
    )
    _corrections()
    op.add_column("entries", sa.Column("count_month", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_entries_only_corrections_wait"), "entries", "kind = 'correction' OR count_month IS NULL"
    )
    op.create_index(
        "ix_entries_corrections", "entries", ["club", "count_month"], postgresql_where=sa.text("kind = 'correction'")
    )
    op.create_index("ix_journal_staff", "journal", ["actor", "at"], postgresql_where=sa.text("actor_kind = 'staff'"))


def _corrections() -> None:
    op.create_table(
        "corrections",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('account', 'file', 'tier', 'reversal')", name=op.f("ck_corrections_scope_known")),
        sa.CheckConstraint(
            "state IN ('asked', 'posted', 'refused', 'withdrawn')", name=op.f("ck_corrections_state_known")
        ),
        sa.CheckConstraint(
            "(scope = 'reversal') = (reverses_id IS NOT NULL)", name=op.f("ck_corrections_reversal_names_one")
        ),
        sa.CheckConstraint("(state = 'posted') = (posted_at IS NOT NULL)", name=op.f("ck_corrections_posted_has_time")),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_corrections_asked_by_staff")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["corrections.id"], name=op.f("fk_corrections_reverses_id_corrections")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index("ix_corrections_club", "corrections", ["club", "id"])
    op.create_index(
        "uq_corrections_reverses_id",
        "corrections",
        ["reverses_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'posted')"),
    )
    op.create_table(
        "correction_lines",
        sa.Column("correction_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Date(), nullable=True),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_correction_lines_changes_something")),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["corrections.id"], name=op.f("fk_correction_lines_correction_id_corrections")
        ),
        sa.PrimaryKeyConstraint("correction_id", "member_id", name=op.f("pk_correction_lines")),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_journal_staff", table_name="journal")
    op.drop_index("ix_entries_corrections", table_name="entries")
    op.drop_constraint(op.f("ck_entries_only_corrections_wait"), "entries")
    op.drop_column("entries", "count_month")
    op.drop_table("correction_lines")
    op.drop_table("corrections")
    op.drop_table("round_previews")
