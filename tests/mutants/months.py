"""Mutants of rounds, charges and the ledger."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

SQL = "benefits/rounds_sql.py"
COUNTING = "benefits/counting.py"
ROUNDS = "rules/test_rounds.py::"
PROCESSES = "jobs/test_rounds_processes.py::"
LEDGER = "rules/test_rounds_ledger.py::"
TABLES = "database/migrations/versions/0001_the_tables.py"
LIGHTER = "database/migrations/versions/0045_lighter_ledger.py"
GUARDS = "database/migrations/versions/0002_guards.py"

MUTANTS = (
    Mutant(
        "late writers write",
        "the lease's owner in the fence",
        SQL,
        "WHERE id = :run AND owner = :owner AND state = 'running'",
        "WHERE id = :run",
        ("rules/test_last_line.py::test_f8_a_lease_taken_over_is_lost_at_the_next_step",),
    ),
    Mutant(
        "leases by the worker's clock",
        "the database's clock",
        SQL,
        "runs.lease_until < clock_timestamp())",
        "runs.lease_until < :at)",
        (PROCESSES + "test_f7_a_clock_that_is_off_does_not_take_a_living_lease",),
    ),
    Mutant(
        "lines slip in while a month closes",
        "the counting lock",
        COUNTING,
        'connection.execute(text(f"SELECT {function}(hashtext(\'counting\'), hashtext(:club))"), {"club": club.key})',
        "assert function",
        ("rules/test_last_line.py::test_a_month_closes_only_when_no_import_is_under_way",),
    ),
    Mutant(
        "each line rounded",
        "the one rounding, on the sum",
        SQL,
        "CAST(sum(net_satang) AS bigint) AS counted,",
        "CAST(sum(net_satang / :satang_per_star * :satang_per_star) AS bigint) AS counted,",
        (ROUNDS + "test_lfc_10_rounded_down_once_on_the_sum",),
    ),
    Mutant(
        "VAT earns stars",
        "net without VAT",
        SQL,
        "CAST(sum(net_satang) AS bigint) AS counted,",
        "CAST(sum(net_satang + vat_satang) AS bigint) AS counted,",
        (ROUNDS + "test_lfc_5_lfc_6_lfc_7_paid_net_of_all_services_of_the_month",),
    ),
    Mutant(
        "unpaid earns stars",
        "paid or not",
        COUNTING,
        "CASE WHEN {paid} IS NOT NULL AND {service}",
        "CASE WHEN {service}",
        (ROUNDS + "test_lfc_5_lfc_6_lfc_7_paid_net_of_all_services_of_the_month",),
    ),
    Mutant(
        "late lines are lost",
        "the first open month",
        COUNTING,
        "{paid} AT TIME ZONE 'Asia/Bangkok')::date, :first_open) END",
        "{paid} AT TIME ZONE 'Asia/Bangkok')::date) END",
        (ROUNDS + "test_lfc_9_a_line_that_arrives_after_its_month_closed_is_not_lost",),
    ),
    Mutant(
        "late payments count early",
        "the month of payment",
        COUNTING,
        "date_trunc('month', {paid} AT TIME ZONE 'Asia/Bangkok')::date, :first_open) END",
        ":first_open) END",
        ("rules/test_last_line.py::test_lfc_9_paid_on_the_first_counts_with_the_month_of_payment",),
    ),
    Mutant(
        "months of another zone",
        "Bangkok's months",
        COUNTING,
        "{paid} AT TIME ZONE 'Asia/Bangkok')",
        "{paid} AT TIME ZONE 'UTC')",
        ("rules/test_last_line.py::test_lfc_9_paid_on_the_first_counts_with_the_month_of_payment",),
    ),
    Mutant(
        "the rest below zero is forgiven",
        "the carried remainder",
        SQL,
        "LEAST(counted + brought, 0)",
        "0",
        (ROUNDS + "test_a_reversal_is_counted_by_the_next_run_and_the_rest_is_carried",),
    ),
    Mutant(
        "a window of thirteen",
        "the window, by one",
        "benefits/rounds_steps.py",
        "inside = rows[: window - 1]",
        "inside = rows[: window]",
        (
            ROUNDS + "test_lfc_12_a_tier_holds_until_the_next_adjustment_and_may_then_go_down",
            "rules/test_last_line.py::test_the_total_is_of_the_last_twelve_computed_months",
        ),
    ),
    Mutant(
        "adjusted on the first",
        "the adjustment day, by one",
        "benefits/rounds.py",
        "replace(day=club.round.day))",
        "replace(day=club.round.day - 1))",
        (ROUNDS + "test_lfc_8_lfc_11_stars_show_from_the_2nd_of_the_next_month",),
    ),
    Mutant(
        "a threshold must be passed",
        "a tier is reached at its number",
        "benefits/rounds_steps.py",
        '"thresholds": [threshold for _, threshold in terms["tiers"]],',
        '"thresholds": [threshold + (threshold > 0) for _, threshold in terms["tiers"]],',
        (ROUNDS + "test_lfc_11_a_threshold_is_reached_at_its_number",),
    ),
    Mutant(
        "a month twice",
        "refusing a month that is done",
        "benefits/rounds_lease.py",
        'if row.period == period and row.state == "done":',
        "if False:",
        (PROCESSES + "test_f4_again_by_hand_twice_and_in_parallel_changes_nothing",),
    ),
    Mutant(
        "months in any order",
        "earlier months first",
        "benefits/rounds_lease.py",
        'if row.period < period and row.state == "running":',
        "if False:",
        (ROUNDS + "test_rounds_run_in_order",),
    ),
    Mutant(
        "a resumed round begins anew",
        "the cursor",
        SQL,
        "cursor = coalesce(:cursor, cursor)",
        "cursor = coalesce(cursor, :cursor)",
        (PROCESSES + "test_f3_killed_at_every_statement_it_resumes_to_the_same_result",),
    ),
    Mutant(
        "a journal that forgets",
        "append-only, by trigger",
        GUARDS,
        'APPEND_ONLY = ("entries", "journal")',
        'APPEND_ONLY = ("entries",)',
        ("test_migrations.py::test_a12_ledger_and_journal_are_append_only",),
    ),
    Mutant(
        "a counted line changes",
        "the trigger on charges",
        GUARDS,
        "BEFORE UPDATE ON charges FOR EACH ROW",
        "BEFORE UPDATE ON charges FOR EACH ROW WHEN (false)",
        (LEDGER + "test_a12_the_ledger_the_journal_and_counted_lines_cannot_be_changed",),
    ),
    Mutant(
        "posted twice",
        "UNIQUE (run, member) on round entries",
        TABLES,
        '"uq_entries_round", "entries", ["run_id", "member_id"], unique=True,',
        '"uq_entries_round", "entries", ["run_id", "member_id"], unique=False,',
        (LEDGER + "test_a_round_entry_cannot_be_posted_twice_or_below_zero",),
    ),
    Mutant(
        "a correction twice",
        "UNIQUE (idempotency_key)",
        LIGHTER,
        '"uq_entries_idempotency_key",\n        "entries",\n        ["idempotency_key"],\n        unique=True,',
        '"uq_entries_idempotency_key",\n        "entries",\n        ["idempotency_key"],\n        unique=False,',
        (LEDGER + "test_a13_the_same_key_with_another_amount_is_refused",),
    ),
    Mutant(
        "an invoice with another amount",
        "telling contradictions",
        "benefits/imports/charges.py",
        "        chunk.run(CONTRADICTION)\n",
        "",
        ("rules/test_imports_charges.py::test_a13_the_same_invoice_twice_lands_once_and_contradictions_are_errors",),
    ),
    Mutant(
        "lines of nobody",
        "looking whether what a line names is there",
        "database/migrations/versions/0046_lighter_charges.py",
        'EVENTS = ("INSERT", "UPDATE")',
        'EVENTS = ("UPDATE",)',
        ("rules/test_imports_landing.py::test_a_line_names_an_account_and_imports_that_are_there",),
    ),
    Mutant(
        "standings of a round under way",
        "exporting what is done only",
        "benefits/standings.py",
        'Run.period == period, Run.state == "done")',
        "Run.period == period)",
        ("rules/test_last_line.py::test_standings_of_a_round_under_way_are_not_exported",),
    ),
)
