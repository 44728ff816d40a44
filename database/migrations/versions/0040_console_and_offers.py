"""Staff of the console, and offers to many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "budgets",
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("reserve", sa.BigInteger(), nullable=False),
        sa.Column("cost_satang", sa.BigInteger(), nullable=False),
        sa.Column("cap_messages", sa.SmallInteger(), nullable=False),
        sa.Column("cap_days", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=False),
        sa.Column("quiet_to", sa.SmallInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reserve >= 0 AND cost_satang >= 0", name=op.f("ck_budgets_not_negative")),
        sa.PrimaryKeyConstraint("club", name=op.f("pk_budgets")),
    )
    op.create_table(
        "send_rates",
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("factor", sa.SmallInteger(), nullable=False),
        sa.Column("share", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("share BETWEEN 1 AND 100", name=op.f("ck_send_rates_share_bounds")),
        sa.CheckConstraint("factor BETWEEN 1 AND 100", name=op.f("ck_send_rates_factor_bounds")),
        sa.PrimaryKeyConstraint("club", name=op.f("pk_send_rates")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("password_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tf_totp_secret", sa.String(), nullable=True),
        sa.Column("tf_last_counter", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_staff_fs_uniquifier")),
    )
    op.create_table(
        "audience_lists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("by_staff", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found", sa.BigInteger(), nullable=False),
        sa.Column("unknown", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["by_staff"], ["staff.id"], name=op.f("fk_audience_lists_by_staff_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience_lists")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holdout_percent", sa.SmallInteger(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_back_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("pace", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_digest", sa.LargeBinary(), nullable=True),
        sa.Column("approved_by", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recipients", sa.BigInteger(), nullable=True),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("paused_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("line_figures", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("line_figures_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'asked', 'approved', 'preparing', 'sending', 'paused', 'stopped', 'done', 'expired')",
            name=op.f("ck_offers_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('preparing', 'sending', 'done') OR approved_digest = digest",
            name=op.f("ck_offers_sent_as_approved"),
        ),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> author_id", name=op.f("ck_offers_second_person")),
        sa.CheckConstraint("holdout_percent BETWEEN 0 AND 50", name=op.f("ck_offers_holdout_share")),
        sa.CheckConstraint("pace BETWEEN 1 AND 100000", name=op.f("ck_offers_pace_bounds")),
        sa.ForeignKeyConstraint(["approved_by"], ["staff.id"], name=op.f("fk_offers_approved_by_staff")),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_offers_author_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(
        "ix_offers_open",
        "offers",
        ["club", "start_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('approved', 'preparing', 'sending')"),
    )
    op.create_table(
        "staff_chats",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_staff_chats_person_id_people")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_chats_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_chats")),
        sa.UniqueConstraint("club", "staff_id", name=op.f("uq_staff_chats_club_staff_id")),
    )
    op.create_index(
        "uq_staff_chats_person_id",
        "staff_chats",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_table(
        "staff_roles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'support', 'marketer', 'approver', 'finance', 'admin', 'auditor')",
            name=op.f("ck_staff_roles_role_known"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_roles_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_roles")),
        sa.UniqueConstraint("staff_id", "club", "role", name=op.f("uq_staff_roles_staff_id_club_role")),
    )
    op.create_table(
        "sign_in_doors",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_sign_in_doors")),
    )
    op.create_table(
        "staff_recovery_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_recovery_codes_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_recovery_codes")),
        sa.UniqueConstraint("staff_id", "fingerprint", name=op.f("uq_staff_recovery_codes_staff_id_fingerprint")),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("factor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index(
        "ix_staff_sessions_open",
        "staff_sessions",
        ["staff_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "testers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("added_by", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["staff.id"], name=op.f("fk_testers_added_by_staff")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_testers_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_testers")),
        sa.UniqueConstraint("club", "person_id", name=op.f("uq_testers_club_person_id")),
    )
    op.create_table(
        "audience_list_people",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["audience_lists.id"], name=op.f("fk_audience_list_people_list_id_audience_lists")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_audience_list_people_person_id_people")),
        sa.PrimaryKeyConstraint("list_id", "person_id", name=op.f("pk_audience_list_people")),
    )
    op.create_table(
        "offer_bodies",
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("messages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_bodies_offer_id_offers")),
        sa.PrimaryKeyConstraint("offer_id", "language", name=op.f("pk_offer_bodies")),
    )
    op.create_table(
        "offer_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("first_person_id", sa.BigInteger(), nullable=False),
        sa.Column("last_person_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("retry_key", sa.Uuid(), nullable=False),
        sa.Column("line_user_ids", postgresql.ARRAY(sa.String()), nullable=True),
        sa.Column("messages", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("doubtful", sa.SmallInteger(), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state <> 'sending' OR (first_attempt_at IS NOT NULL AND line_user_ids IS NOT NULL)",
            name=op.f("ck_offer_batches_sending_is_frozen"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'accepted', 'refused', 'unknown', 'stopped', 'empty')",
            name=op.f("ck_offer_batches_state_known"),
        ),
        sa.CheckConstraint("kind IN ('multicast', 'push')", name=op.f("ck_offer_batches_kind_known")),
        sa.CheckConstraint("cardinality(line_user_ids) BETWEEN 1 AND 500", name=op.f("ck_offer_batches_size")),
        sa.CheckConstraint("doubtful BETWEEN 0 AND attempts", name=op.f("ck_offer_batches_doubtful_attempts")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_batches_offer_id_offers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_batches")),
        sa.UniqueConstraint("retry_key", name=op.f("uq_offer_batches_retry_key")),
    )
    op.create_index("ix_offer_batches_range", "offer_batches", ["offer_id", "first_person_id"], unique=False)
    for state in ("planned", "sending"):
        op.create_index(
            f"ix_offer_batches_{state}",
            "offer_batches",
            ["offer_id", "id"],
            unique=False,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_table(
        "offer_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_links_offer_id_offers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_links")),
        sa.UniqueConstraint("offer_id", "language", "position", name=op.f("uq_offer_links_offer_id_language_position")),
        sa.UniqueConstraint("token", name=op.f("uq_offer_links_token")),
    )
    op.create_table(
        "offer_recipients",
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('batched', 'held_out', 'opted_out', 'blocked', 'capped', 'malformed', 'incomplete', 'erased')",
            name=op.f("ck_offer_recipients_state_known"),
        ),
        sa.PrimaryKeyConstraint("offer_id", "person_id", name=op.f("pk_offer_recipients")),
    )
    op.create_index(
        "ix_offer_recipients_left_out",
        "offer_recipients",
        ["offer_id", "state"],
        unique=False,
        postgresql_where=sa.text("state <> 'batched'"),
    )
    op.create_table(
        "offer_tests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("offer_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("by_staff", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("retry_key", sa.Uuid(), nullable=False),
        sa.Column("messages", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('new', 'sending', 'accepted', 'refused', 'unknown')", name=op.f("ck_offer_tests_state_known")
        ),
        sa.ForeignKeyConstraint(["by_staff"], ["staff.id"], name=op.f("fk_offer_tests_by_staff_staff")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_tests_offer_id_offers")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_offer_tests_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_tests")),
        sa.UniqueConstraint("retry_key", name=op.f("uq_offer_tests_retry_key")),
    )
    op.create_index(
        "ix_offer_tests_open",
        "offer_tests",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state IN ('new', 'sending')"),
    )
    op.create_table(
        "offer_clicks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["offer_links.id"], name=op.f("fk_offer_clicks_link_id_offer_links")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_clicks")),
    )
    op.create_index("ix_offer_clicks_link_id", "offer_clicks", ["link_id", "at"], unique=False)


def downgrade() -> None:
    """Undo."""
    op.drop_table("offer_clicks")
    op.drop_table("offer_tests")
    op.drop_table("offer_recipients")
    op.drop_table("offer_links")
    op.drop_table("offer_batches")
    op.drop_table("offer_bodies")
    op.drop_table("audience_list_people")
    op.drop_table("testers")
    op.drop_table("staff_sessions")
    op.drop_table("staff_recovery_codes")
    op.drop_table("sign_in_doors")
    op.drop_table("staff_roles")
    op.drop_table("staff_chats")
    op.drop_table("offers")
    op.drop_table("audience_lists")
    op.drop_table("staff")
    op.drop_table("send_rates")
    op.drop_table("budgets")
