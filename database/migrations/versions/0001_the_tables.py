"""The tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply."""

    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("counted_satang", sa.BigInteger(), nullable=True),
        sa.Column("brought_satang", sa.BigInteger(), nullable=True),
        sa.Column("carried_satang", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("tier_before", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("corrects_id", sa.BigInteger(), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind <> 'correction' OR (reason IS NOT NULL)", name=op.f("ck_entries_correction_has_reason")
        ),
        sa.CheckConstraint(
            "kind <> 'round' OR (run_id IS NOT NULL AND amount >= 0)", name=op.f("ck_entries_round_not_negative")
        ),
        sa.CheckConstraint("kind IN ('round', 'correction')", name=op.f("ck_entries_kind_known")),
        sa.CheckConstraint("unit IN ('stars', 'points', 'cash', 'stickers')", name=op.f("ck_entries_unit_known")),
        sa.ForeignKeyConstraint(["corrects_id"], ["entries.id"], name=op.f("fk_entries_corrects_id_entries")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_entries_idempotency_key")),
    )
    op.create_index("ix_entries_member_id", "entries", ["member_id", "period"], unique=False)
    op.create_index(
        "uq_entries_round", "entries", ["run_id", "member_id"], unique=True, postgresql_where=sa.text("kind = 'round'")
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("landed", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'partner', 'staff', 'system')", name=op.f("ck_journal_actor_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_index("ix_journal_subject", "journal", ["club", "subject_kind", "subject_id"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("badge", sa.String(), nullable=True),
        sa.Column("package", sa.String(), nullable=True),
        sa.Column("tier", sa.String(), nullable=True),
        sa.Column("tier_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("total_stars", sa.BigInteger(), nullable=False),
        sa.Column("tier_override", sa.String(), nullable=True),
        sa.Column("override_reason", sa.String(), nullable=True),
        sa.Column("override_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("badge IN ('grey', 'blue', 'green')", name=op.f("ck_members_badge_known")),
        sa.CheckConstraint("kind IN ('account', 'person')", name=op.f("ck_members_kind_known")),
        sa.CheckConstraint("total_stars >= 0", name=op.f("ck_members_stars_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("club", "external_id", name=op.f("uq_members_club_external_id")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name_th", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("pin_hash", sa.String(), nullable=True),
        sa.Column("pin_failures", sa.BigInteger(), nullable=False),
        sa.Column("pin_locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("club", "key", name=op.f("uq_partners_club_key")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("line_user_id", sa.String(), nullable=False),
        sa.Column("friend", sa.Boolean(), nullable=False),
        sa.Column("friend_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("display_name", sa.LargeBinary(), nullable=True),
        sa.Column("profile_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("menu_wanted", sa.String(), nullable=True),
        sa.Column("menu_linked", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("language IN ('th', 'en', 'ru')", name=op.f("ck_people_language_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("club", "line_user_id", name=op.f("uq_people_club_line_user_id")),
    )
    op.create_index(
        "ix_people_menu_behind",
        "people",
        ["club"],
        unique=False,
        postgresql_where=sa.text("menu_wanted IS DISTINCT FROM menu_linked"),
    )
    op.create_table(
        "published_menus",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rich_menu_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('creating', 'uploaded', 'live', 'retired')", name=op.f("ck_published_menus_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_menus")),
    )
    op.create_index(
        "uq_published_menus_live",
        "published_menus",
        ["club", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'live'"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.String(), nullable=True),
        sa.Column("input_hash", sa.String(), nullable=True),
        sa.Column("result_hash", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'done' OR finished_at IS NOT NULL", name=op.f("ck_runs_done_has_time")),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_runs_state_known")),
        sa.CheckConstraint("EXTRACT(DAY FROM period) = 1", name=op.f("ck_runs_period_first_day")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("club", "kind", "period", name=op.f("uq_runs_club_kind_period")),
    )
    op.create_table(
        "turns",
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("line_user_id", sa.String(), nullable=True),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("reply", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reply_token", sa.String(), nullable=True),
        sa.Column("reply_state", sa.String(), nullable=False),
        sa.Column("matters", sa.Boolean(), nullable=False),
        sa.Column("retry_key", sa.Uuid(), nullable=True),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "reply_state IN ('none', 'new', 'retrying', 'sent', 'refused', 'unknown', 'pushing', 'pushed', 'late')",
            name=op.f("ck_turns_reply_state_known"),
        ),
        sa.CheckConstraint(
            "state IN ('done', 'refused', 'ignored', 'standby', 'parked')", name=op.f("ck_turns_state_known")
        ),
        sa.PrimaryKeyConstraint("club", "event_id", name=op.f("pk_turns")),
    )
    op.create_index(
        "ix_turns_message_id",
        "turns",
        ["club", "message_id"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_turns_parked", "turns", ["received_at"], unique=False, postgresql_where=sa.text("state = 'parked'")
    )
    op.create_index("ix_turns_received_at", "turns", ["received_at"], unique=False)
    op.create_index(
        "ix_turns_reply_open",
        "turns",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("reply_state IN ('new', 'retrying', 'pushing')"),
    )
    op.create_table(
        "admins",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("line_user_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('administrator', 'operator', 'operator_no_broadcast', 'operator_no_analytics')",
            name=op.f("ck_admins_role_known"),
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_admins_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admins")),
        sa.UniqueConstraint("member_id", "line_user_id", name=op.f("uq_admins_member_id_line_user_id")),
    )
    op.create_index("ix_admins_line_user_id", "admins", ["line_user_id"], unique=False)
    op.create_table(
        "charges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_no", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("net_satang", sa.BigInteger(), nullable=False),
        sa.Column("vat_satang", sa.BigInteger(), nullable=False),
        sa.Column("service_month", sa.Date(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("count_month", sa.Date(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("EXTRACT(DAY FROM service_month) = 1", name=op.f("ck_charges_service_month_first_day")),
        sa.CheckConstraint(
            "count_month IS NULL OR EXTRACT(DAY FROM count_month) = 1", name=op.f("ck_charges_count_month_first_day")
        ),
        sa.CheckConstraint("count_month IS NULL OR paid_at IS NOT NULL", name=op.f("ck_charges_counted_is_paid")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_charges_import_id_imports")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_charges_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint("club", "invoice_no", name=op.f("uq_charges_club_invoice_no")),
    )
    op.create_index(
        "ix_charges_counted",
        "charges",
        ["club", "count_month", "member_id"],
        unique=False,
        postgresql_where=sa.text("count_month IS NOT NULL"),
    )
    op.create_index("ix_charges_member_id", "charges", ["member_id"], unique=False)
    op.create_index(
        "ix_charges_uncounted",
        "charges",
        ["club"],
        unique=False,
        postgresql_where=sa.text("count_month IS NULL AND paid_at IS NOT NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_consents_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(
        "uq_consents_standing",
        "consents",
        ["person_id", "purpose", "terms_version"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.BigInteger(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("new_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "left_at IS NULL OR left_reason IS NOT NULL", name=op.f("ck_memberships_leaving_has_a_reason")
        ),
        sa.ForeignKeyConstraint(["agreed_by"], ["people.id"], name=op.f("fk_memberships_agreed_by_people")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_memberships_member_id_members")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_member_id"), "memberships", ["member_id"], unique=False)
    op.create_index(
        "uq_memberships_open", "memberships", ["member_id"], unique=True, postgresql_where=sa.text("left_at IS NULL")
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("push_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_key", sa.Uuid(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'told', 'pushing', 'pushed', 'unknown', 'dropped')",
            name=op.f("ck_notices_state_known"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("person_id", "key", name=op.f("uq_notices_person_id_key")),
    )
    op.create_index(
        "ix_notices_push_due",
        "notices",
        ["push_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'pushing')"),
    )
    op.create_index(
        "ix_notices_waiting", "notices", ["person_id"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "privileges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("club", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("name_th", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("about_th", sa.String(), nullable=False),
        sa.Column("about_en", sa.String(), nullable=False),
        sa.Column("conditions_th", sa.String(), nullable=False),
        sa.Column("conditions_en", sa.String(), nullable=False),
        sa.Column("picture", sa.String(), nullable=True),
        sa.Column("tiers", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("new_members_only", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("claim_limit", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("pooled", sa.Boolean(), nullable=False),
        sa.Column("visible_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visible_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("use_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("use_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("use_days", sa.BigInteger(), nullable=True),
        sa.Column("code_minutes", sa.BigInteger(), nullable=False),
        sa.Column("undo_minutes", sa.BigInteger(), nullable=False),
        sa.Column("redeem", sa.String(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("redeem IN ('code', 'barcode', 'qr', 'link')", name=op.f("ck_privileges_redeem_known")),
        sa.CheckConstraint("scope IN ('account', 'person', 'account_month')", name=op.f("ck_privileges_scope_known")),
        sa.CheckConstraint(
            "claim_from IS NULL OR claim_to IS NULL OR claim_from < claim_to", name=op.f("ck_privileges_claim_window")
        ),
        sa.CheckConstraint("claim_limit >= 1", name=op.f("ck_privileges_limit_positive")),
        sa.CheckConstraint(
            "taken >= 0 AND (stock IS NULL OR taken <= stock)", name=op.f("ck_privileges_stock_not_exceeded")
        ),
        sa.CheckConstraint(
            "use_from IS NULL OR use_to IS NULL OR use_from < use_to", name=op.f("ck_privileges_use_window")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_privileges_partner_id_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privileges")),
        sa.UniqueConstraint("club", "key", name=op.f("uq_privileges_club_key")),
    )
    op.create_table(
        "claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("privilege_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("use_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.BigInteger(), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state <> 'used' OR used_at IS NOT NULL", name=op.f("ck_claims_used_has_time")),
        sa.CheckConstraint("state <> 'void' OR void_reason IS NOT NULL", name=op.f("ck_claims_void_has_reason")),
        sa.CheckConstraint("state IN ('kept', 'used', 'void')", name=op.f("ck_claims_state_known")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["partners.id"], name=op.f("fk_claims_confirmed_by_partners")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_claims_member_id_members")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_claims_person_id_people")),
        sa.ForeignKeyConstraint(["privilege_id"], ["privileges.id"], name=op.f("fk_claims_privilege_id_privileges")),
        sa.ForeignKeyConstraint(["used_by"], ["people.id"], name=op.f("fk_claims_used_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claims")),
        sa.UniqueConstraint(
            "privilege_id", "holder", "period", "slot", name=op.f("uq_claims_privilege_id_holder_period_slot")
        ),
    )
    op.create_index("ix_claims_member_id", "claims", ["member_id", "state"], unique=False)
    op.create_index(
        "ix_claims_use_until", "claims", ["use_until"], unique=False, postgresql_where=sa.text("state = 'kept'")
    )
    op.create_table(
        "codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("privilege_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("claim_id", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name=op.f("fk_codes_claim_id_claims")),
        sa.ForeignKeyConstraint(["privilege_id"], ["privileges.id"], name=op.f("fk_codes_privilege_id_privileges")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codes")),
        sa.UniqueConstraint("claim_id", name=op.f("uq_codes_claim_id")),
        sa.UniqueConstraint("privilege_id", "fingerprint", name=op.f("uq_codes_privilege_id_fingerprint")),
    )
    op.create_index(
        "ix_codes_free", "codes", ["privilege_id", "id"], unique=False, postgresql_where=sa.text("claim_id IS NULL")
    )


def downgrade() -> None:
    """Undo."""

    op.drop_index("ix_codes_free", table_name="codes", postgresql_where=sa.text("claim_id IS NULL"))
    op.drop_table("codes")
    op.drop_index("ix_claims_use_until", table_name="claims", postgresql_where=sa.text("state = 'kept'"))
    op.drop_index("ix_claims_member_id", table_name="claims")
    op.drop_table("claims")
    op.drop_table("privileges")
    op.drop_index("ix_notices_waiting", table_name="notices", postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index(
        "ix_notices_push_due", table_name="notices", postgresql_where=sa.text("state IN ('waiting', 'pushing')")
    )
    op.drop_table("notices")
    op.drop_index("uq_memberships_open", table_name="memberships", postgresql_where=sa.text("left_at IS NULL"))
    op.drop_index(op.f("ix_memberships_member_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("uq_consents_standing", table_name="consents", postgresql_where=sa.text("withdrawn_at IS NULL"))
    op.drop_table("consents")
    op.drop_index(
        "ix_charges_uncounted",
        table_name="charges",
        postgresql_where=sa.text("count_month IS NULL AND paid_at IS NOT NULL"),
    )
    op.drop_index("ix_charges_member_id", table_name="charges")
    op.drop_index("ix_charges_counted", table_name="charges", postgresql_where=sa.text("count_month IS NOT NULL"))
    op.drop_table("charges")
    op.drop_index("ix_admins_line_user_id", table_name="admins")
    op.drop_table("admins")
    op.drop_index(
        "ix_turns_reply_open",
        table_name="turns",
        postgresql_where=sa.text("reply_state IN ('new', 'retrying', 'pushing')"),
    )
    op.drop_index("ix_turns_received_at", table_name="turns")
    op.drop_index("ix_turns_parked", table_name="turns", postgresql_where=sa.text("state = 'parked'"))
    op.drop_index("ix_turns_message_id", table_name="turns", postgresql_where=sa.text("message_id IS NOT NULL"))
    op.drop_table("turns")
    op.drop_table("runs")
    op.drop_index("uq_published_menus_live", table_name="published_menus", postgresql_where=sa.text("state = 'live'"))
    op.drop_table("published_menus")
    op.drop_index(
        "ix_people_menu_behind",
        table_name="people",
        postgresql_where=sa.text("menu_wanted IS DISTINCT FROM menu_linked"),
    )
    op.drop_table("people")
    op.drop_table("partners")
    op.drop_table("members")
    op.drop_index("ix_journal_subject", table_name="journal")
    op.drop_index("ix_journal_at", table_name="journal")
    op.drop_table("journal")
    op.drop_table("imports")
    op.drop_index("uq_entries_round", table_name="entries", postgresql_where=sa.text("kind = 'round'"))
    op.drop_index("ix_entries_member_id", table_name="entries")
    op.drop_table("entries")
