"""Mutants of sending offers: keys, freezing, leases, pauses, pace."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

BATCHES = "benefits/offers/batches.py"
SQL = "benefits/offers/batches_sql.py"
PREPARING = "benefits/offers/preparing.py"
RUNNING = "benefits/offers/running.py"
PACE = "benefits/offers/pace.py"
SENDING = "jobs/sending.py"
JOB = "jobs/offering.py"
OUTCOMES = "jobs/test_offers_outcomes.py::"
ON_ITS_WAY = "jobs/test_offers_sending.py::"
TOLD = "jobs/test_offers_results.py::"
D9 = OUTCOMES + "test_d9_at_most_once_and_if_accepted_exactly_once"

MUTANTS = (
    Mutant(
        "what may have arrived is planned again",
        "counting attempts whose outcome is open",
        SQL,
        "attempts = attempts + 1, doubtful = doubtful + 1, next_attempt_at = NULL",
        "attempts = attempts + 1, next_attempt_at = NULL",
        (OUTCOMES + "test_d10_an_open_outcome_and_then_429_is_no_proof",),
    ),
    Mutant(
        "a retry after 23 hours",
        "the end of a key's life",
        BATCHES,
        "KEY_LIFE = timedelta(hours=23)",
        "KEY_LIFE = timedelta(hours=30)",
        (OUTCOMES + "test_d11_after_23_hours_a_batch_is_unknown_and_left_to_people",),
    ),
    Mutant(
        "a batch somebody holds",
        "the lease",
        SQL,
        "AND b.first_attempt_at > :since\n      AND (b.lease_until IS NULL OR b.lease_until < clock_timestamp())",
        "AND b.first_attempt_at > :since",
        (OUTCOMES + "test_d10_two_workers_never_have_one_batch",),
    ),
    Mutant(
        "a key for every call",
        "the same key on a retry",
        SENDING,
        "line.multicast(ready.to, ready.messages, ready.key, unit)",
        "line.multicast(ready.to, ready.messages, uuid4(), unit)",
        (D9,),
    ),
    Mutant(
        "quota is rate",
        "asking LINE which of the two a 429 is",
        SENDING,
        'return {} if limit is None or used + needed <= limit else {"limit": limit, "used": used}',
        "return {}",
        (OUTCOMES + "test_e5_the_quota_runs_out_midway",),
    ),
    Mutant(
        "rate is quota",
        "that quota is left",
        SENDING,
        'return {} if limit is None or used + needed <= limit else {"limit": limit, "used": used}',
        'return {"limit": limit or 0, "used": used}',
        (D9,),
    ),
    Mutant(
        "a quota too small",
        "the check before anything is sent",
        PREPARING,
        "if room is not None and to_send > room:",
        "if False:",
        (OUTCOMES + "test_e5_a_quota_that_is_too_small_is_refused_beforehand_with_numbers",),
    ),
    Mutant(
        "stopped and still sending",
        "the offer's state when a batch is taken",
        SQL,
        "FROM offer_batches AS b JOIN offers AS o ON o.id = b.offer_id AND o.state = 'sending'\n"
        "WHERE b.offer_id = :offer AND b.state = 'planned'",
        "FROM offer_batches AS b\nWHERE b.offer_id = :offer AND b.state = 'planned'",
        (OUTCOMES + "test_e7_paused_for_a_day_nothing_unknown_is_sent_again",),
    ),
    Mutant(
        "frozen as it was prepared",
        "looking at friendship and opt-out when a batch is frozen",
        BATCHES,
        'why = case((Person.id.is_(None), "erased"), else_=reason).label("why")',
        'why = case((Person.id.is_(None), "erased")).label("why")',
        (ON_ITS_WAY + "test_e6_whoever_left_after_the_snapshot_gets_nothing",),
    ),
    Mutant(
        "two offers past the cap",
        "one freezing at a time",
        BATCHES,
        '    session.execute(sql.ONE_AT_A_TIME, {"club": club.key})\n',
        "",
        (ON_ITS_WAY + "test_two_offers_freeze_one_after_the_other",),
    ),
    Mutant(
        "no quiet hours",
        "the hours in which nothing begins",
        RUNNING,
        "return start <= hour < end if start <= end else hour >= start or hour < end",
        "return False",
        (ON_ITS_WAY + "test_quiet_hours_and_the_hold_back_are_kept",),
    ),
    Mutant(
        "late answers do not matter",
        "slowing down when webhooks lag",
        JOB,
        "(pace.slow_down if late else pace.recover)(session, club.key)",
        "pace.recover(session, club.key)",
        (ON_ITS_WAY + "test_late_answers_to_events_slow_offers_down",),
    ),
    Mutant(
        "everybody at once",
        "stages for more than a million",
        PACE,
        "return min(pace, STAGED) if people > STAGED_ABOVE else pace",
        "return pace",
        (ON_ITS_WAY + "test_e8_more_than_a_million_are_told_in_stages",),
    ),
    Mutant(
        "doubts pile up",
        "the bound on open outcomes",
        BATCHES,
        'OPEN_DOUBTS = {"multicast": 8, "push": 50}',
        'OPEN_DOUBTS = {"multicast": 800, "push": 5000}',
        (ON_ITS_WAY + "test_in_trouble_new_batches_wait_for_the_open_ones",),
    ),
    Mutant(
        "anybody tests",
        "that a test message goes to testers",
        "jobs/offer_tests.py",
        "if not (row.named and row.friend):",
        "if not row.friend:",
        (TOLD + "test_e12_a_test_message_goes_to_a_named_tester_once",),
    ),
)
