"""Mutants of claiming, using and joining."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

TABLES = "database/migrations/versions/0001_the_tables.py"
CLAIMS = "benefits/claims.py"
RIVALS = "rules/test_claim_rivals.py::"
RACES = "rules/test_claim_races.py::"
TEST_CLAIMS = "rules/test_claims.py::"
MEMBERS = "rules/test_members.py::"
USES = "rules/test_uses.py::"

MUTANTS = (
    Mutant(
        "claims without their constraint",
        "UNIQUE (privilege, holder, period, slot)",
        TABLES,
        '"privilege_id", "holder", "period", "slot", name=op.f("uq_claims_privilege_id_holder_period_slot")',
        '"id", "slot", name=op.f("uq_claims_privilege_id_holder_period_slot")',
        (RIVALS + "test_lfc_22_rival_commits_between_reading_and_inserting",),
    ),
    Mutant(
        "stock taken without looking",
        "WHERE taken < stock",
        CLAIMS,
        ".where(_MINE, or_(Privilege.stock.is_(None), Privilege.taken < Privilege.stock))",
        ".where(_MINE)",
        (RIVALS + "test_a1_rival_takes_the_last_unit_at_the_last_moment",),
    ),
    Mutant(
        "stock without its check",
        "CHECK (taken <= stock)",
        TABLES,
        '"taken >= 0 AND (stock IS NULL OR taken <= stock)"',
        '"taken >= 0"',
        ("rules/test_last_line.py::test_a1_more_taken_than_there_is_is_refused_by_the_database",),
    ),
    Mutant(
        "a lost slot keeps its unit",
        "taking back what was sent together with the grant",
        CLAIMS,
        "        ask(session, _BACK)\n",
        "",
        (RIVALS + "test_lfc_22_who_comes_second_takes_no_unit_no_code_and_leaves_no_note",),
    ),
    Mutant(
        "a code taken without its lock",
        "FOR UPDATE on the code",
        CLAIMS,
        ".limit(1).with_for_update(skip_locked=skip)",
        ".limit(1)",
        ("rules/test_last_line.py::test_a1_two_claims_in_flight_take_two_codes",),
    ),
    Mutant(
        "codes in flight count as gone",
        "the second pass over the pool",
        CLAIMS,
        "codes = ask(session, (_CODE_WAITED_FOR, mine))",
        "pass",
        (RIVALS + "test_codes_waited_for_one_after_another",),
    ),
    Mutant(
        "one code for two claims",
        "UNIQUE (claim_id) on codes",
        TABLES,
        'sa.UniqueConstraint("claim_id", name=op.f("uq_codes_claim_id")),',
        "",
        ("rules/test_last_line.py::test_a1_two_codes_for_one_claim_are_refused_by_the_database",),
    ),
    Mutant(
        "a role may go while it is used",
        "FOR SHARE on stay and role",
        "benefits/members.py",
        "\n    .with_for_update(read=True, of=[Membership, Admin]),",
        ",",
        (RIVALS + "test_lfc_19_role_taken_away_while_claiming_waits_or_is_seen",),
    ),
    Mutant(
        "a stock set later forgets",
        "counting claims when a stock is set",
        "database/migrations/versions/0020_count_taken.py",
        "SELECT count(*) INTO NEW.taken FROM claims WHERE privilege_id = NEW.id;",
        "NEW.taken := 0;",
        (TEST_CLAIMS + "test_stock_set_later_counts_what_was_claimed_before",),
    ),
    Mutant(
        "an old button claims again",
        "knowing a press by its slot",
        CLAIMS,
        "if holding.claim.slot >= (slot or privilege.claim_limit):",
        "if holding.claim.slot > privilege.claim_limit:",
        (TEST_CLAIMS + "test_a_numbered_button_claims_once_however_often_pressed",),
    ),
    Mutant(
        "a button knows its own slot only",
        "a claim made after its button's number",
        CLAIMS,
        "if holding.claim.slot >= (slot or privilege.claim_limit):",
        "if holding.claim.slot == (slot or privilege.claim_limit):",
        (TEST_CLAIMS + "test_a_numbered_button_claims_once_however_often_pressed",),
    ),
    Mutant(
        "one limit too many",
        "the limit per holder, by one",
        CLAIMS,
        "for slot in range(1, privilege.claim_limit + 1):",
        "for slot in range(1, privilege.claim_limit + 2):",
        (
            RIVALS + "test_lfc_22_rival_commits_between_reading_and_inserting",
            RACES + "test_a2_one_of_two_admins_wins_and_the_other_is_told_who",
        ),
    ),
    Mutant(
        "anybody's account will do",
        "the role asked for (forged member ids)",
        "benefits/members.py",
        'bindparam("of_club"), Admin.line_user_id == bindparam("user"), ',
        'bindparam("of_club"), ',
        (TEST_CLAIMS + "test_lfc_19_forged_accounts_and_lost_roles_claim_nothing",),
    ),
    Mutant(
        "premium may join",
        "the green badge",
        "benefits/members.py",
        "if member.badge is not None and member.badge in club.barred_badges:",
        "if False:",
        (MEMBERS + "test_lfc_4_premium_account_is_refused",),
    ),
    Mutant(
        "windows end late",
        "half-open windows",
        "benefits/conditions.py",
        "if closes is not None and closes <= opens:",
        "if closes is not None and closes < opens:",
        ("rules/test_privileges.py::test_lfc_20_claim_window_is_half_open",),
    ),
    Mutant(
        "the first of the month is open",
        "the day-2 rule, by one",
        "benefits/conditions.py",
        "return when if day.day >= club.round.day else",
        "return when if day.day >= club.round.day - 1 else",
        ("rules/test_privileges.py::test_lfc_11_nothing_on_the_first_of_the_month",),
    ),
    Mutant(
        "new a day less",
        "new-member days, by one",
        "benefits/consent.py",
        "club.new_member.days + 1",
        "club.new_member.days",
        (MEMBERS + "test_lfc_25_last_new_day_is_consent_day_plus_30",),
    ),
    Mutant(
        "new again a day later",
        "the 180 days away, by one",
        "benefits/consent.py",
        "(today - day_of(last_left)).days < again",
        "(today - day_of(last_left)).days <= again",
        (MEMBERS + "test_lfc_26_new_again_only_after_180_days_away",),
    ),
    Mutant(
        "consent twice",
        "the unique index on standing consents",
        TABLES,
        '["person_id", "purpose", "terms_version"],\n        unique=True,',
        '["person_id", "purpose", "terms_version"],\n        unique=False,',
        (MEMBERS + "test_pressing_agree_again_changes_nothing",),
    ),
    Mutant(
        "undo at any time",
        "the undo window",
        "benefits/uses.py",
        "if now >= until and granted is None:",
        "if False:",
        (USES + "test_a_partner_undoes_within_its_minutes",),
    ),
    Mutant(
        "a QR of an earlier use",
        "the use's number in the link",
        "benefits/use_links.py",
        "if _use_number(claim) != use_number:",
        "if False:",
        ("web/test_use_page.py::test_c8_foreign_forged_and_outlived_tokens_get_one_and_the_same_404",),
    ),
    Mutant(
        "a claim is used by two",
        "the claim's lock when a use begins",
        "benefits/uses.py",
        "locking = [asking(claim_id, lock=True)]",
        "locking = [asking(claim_id)]",
        (USES + "test_two_admins_using_at_once_see_one_use",),
    ),
)
