"""Mutants of the webhook, the outbox, notices, messages and people."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

WEBHOOK = "bot/webhook.py"
OUTBOX = "bot/outbox.py"
MESSAGES = "bot/messages.py"
TEST_WEBHOOK = "bot/test_webhook.py::"
TEST_MESSAGES = "bot/test_messages.py::"
HELPING = "conversations/test_helping.py::"
PEOPLE = "rules/test_people.py::"

MUTANTS = (
    Mutant(
        "any signature",
        "comparing the signature",
        WEBHOOK,
        "return any(hmac.compare_digest(given, expected) for expected in good)",
        "return True",
        (TEST_WEBHOOK + "test_c9_a_wrong_signature_stores_nothing",),
    ),
    Mutant(
        "a signature of other bytes",
        "the raw body (parsed and written anew)",
        WEBHOOK,
        "if not signed(body, signature",
        'if not signed(json.dumps(json.loads(body)).encode() if body[:1] == b"{" else body, signature',
        (TEST_WEBHOOK + "test_c9_a_wrong_signature_stores_nothing",),
    ),
    Mutant(
        "one secret only",
        "the second secret while rotating",
        WEBHOOK,
        "for secret in secrets]\n    return any",
        "for secret in secrets[:1]]\n    return any",
        (TEST_WEBHOOK + "test_c11_two_secrets_while_rotating",),
    ),
    Mutant(
        "an event twice",
        "knowing an event again",
        WEBHOOK,
        '        if not _first_time(session, outgoing, event, {"state": state, "outcome": reply.outcome}):\n'
        "            session.rollback()\n            return None\n",
        '        _first_time(session, outgoing, event, {"state": state, "outcome": reply.outcome})\n',
        (TEST_WEBHOOK + "test_a7_the_same_event_fifty_times_at_once_and_weeks_later",),
    ),
    Mutant(
        "200 for what is not known",
        "503 when the commit's reply is lost",
        WEBHOOK,
        'return "try again\\n", 503',
        'return "", 200',
        ("faults/test_ambiguous_commit.py::test_a6_cut_before_commit_the_redelivered_event_is_the_first",),
    ),
    Mutant(
        "told before the commit",
        "sending after the commit only",
        WEBHOOK,
        "        if not _first_time(session, outgoing, event, {",
        "        doors.put(outgoing)\n        if not _first_time(session, outgoing, event, {",
        ("faults/test_ambiguous_commit.py::test_a6_cut_before_commit_the_redelivered_event_is_the_first",),
    ),
    Mutant(
        "one bad event stops the rest",
        "parking",
        WEBHOOK,
        '            log.exception("event parked", club=club, turn=event_id(event))\n',
        "            raise\n",
        (TEST_WEBHOOK + "test_d3_one_bad_event_of_a_hundred_is_parked_alone",),
    ),
    Mutant(
        "events in any order",
        "a body's events by their time",
        WEBHOOK,
        'return sorted(data.get("events", []), key=_moment)',
        'return list(data.get("events", []))',
        (TEST_WEBHOOK + "test_d5_one_persons_messages_take_effect_in_order_of_time",),
    ),
    Mutant(
        "one person's turns at once",
        "the person's lock",
        "benefits/people.py",
        "    update(Person)\n"
        '    .where(Person.club == bindparam("of_club"), Person.line_user_id == bindparam("user"))\n'
        '    .values(last_event_at=bindparam("at"))\n'
        "    .returning(*columns(Person)),\n",
        '    select(*columns(Person)).where(Person.club == bindparam("of_club"), Person.line_user_id == bindparam("user")),\n',
        (PEOPLE + "test_meet_lets_one_turn_of_a_person_wait_for_the_other",),
    ),
    Mutant(
        "an older event wins",
        "the time of the newest follow",
        "benefits/people.py",
        "if person.friend_event_at is not None and event_at < person.friend_event_at:",
        "if False:",
        (PEOPLE + "test_a8_follow_and_unfollow_in_any_order_end_as_the_newest_says",),
    ),
    Mutant(
        "a push after unknown",
        "never sending again what may have arrived",
        OUTBOX,
        'turn=outgoing.event_id, error=str(error))\n                return "unknown"',
        'turn=outgoing.event_id, error=str(error))\n                return self._instead(outgoing, "unknown")',
        (HELPING + "test_d12_unknown_is_not_sent_again_and_refused_is_pushed",),
    ),
    Mutant(
        "recovery pushes what a dead process may have sent",
        "certainty",
        OUTBOX,
        'return "unknown"  # the process that died may have used the token',
        "pass",
        (HELPING + "test_d1_a_reply_left_behind_by_a_dead_process_is_sent_by_the_job",),
    ),
    Mutant(
        "recovery takes up what is being sent",
        "the 15 seconds of quiet",
        OUTBOX,
        'TurnRow.reply_state.in_(("new", "pushing")), TurnRow.received_at < now - QUIET)',
        'TurnRow.reply_state.in_(("new", "pushing")))',
        ("jobs/test_outbox_recovery.py::test_d10_what_is_young_is_left_to_the_process_that_has_it",),
    ),
    Mutant(
        "two recoveries, two replies",
        "taking a turn before sending it",
        OUTBOX,
        '                    row.reply_state = "retrying"\n',
        "                    pass\n",
        ("jobs/test_outbox_recovery.py::test_d10_two_recoveries_at_once_send_one_reply",),
    ),
    Mutant(
        "another key at every try",
        "the retry key, for a reply that became a push",
        OUTBOX,
        "return self._push(outgoing, outgoing.retry_key)",
        "return self._push(outgoing, uuid.uuid4())",
        ("jobs/test_outbox_recovery.py::test_d9_d10_a_push_begun_is_gone_on_with_under_its_key",),
    ),
    Mutant(
        "pushing for ever",
        "giving up after 23 hours",
        OUTBOX,
        "session.execute(update(TurnRow).where(gone | stuck).values",
        "session.execute(update(TurnRow).where(stuck).values",
        ("jobs/test_outbox_recovery.py::test_d11_after_23_hours_a_push_is_unknown_and_left_to_people",),
    ),
    Mutant(
        "another key for a notice",
        "the retry key, for a notice",
        "jobs/work.py",
        "if notice.retry_key is None:",
        "if notice.state:",
        (HELPING + "test_d9_a_push_of_unknown_outcome_is_tried_again_under_the_same_key",),
    ),
    Mutant(
        "a notice told at every answer",
        "telling it once",
        "benefits/notices.py",
        'notice.state, notice.told_at = "told", now',
        "notice.told_at = now",
        (PEOPLE + "test_a_notice_is_left_once_and_told_once",),
    ),
    Mutant(
        "a notice pushed and told",
        "SKIP LOCKED on notices",
        "benefits/notices.py",
        '.limit(bindparam("most"))\n    .with_for_update(skip_locked=True)\n',
        '.limit(bindparam("most"))\n',
        (PEOPLE + "test_a_notice_being_pushed_is_not_told_as_well",),
    ),
    Mutant(
        "texts of 5,001",
        "LINE's limit of a text, by one",
        MESSAGES,
        "TEXT = 5000\n",
        "TEXT = 5001\n",
        (TEST_MESSAGES + "test_texts_of_5000_units",),
    ),
    Mutant(
        "fourteen quick replies",
        "LINE's limit of quick replies, by one",
        MESSAGES,
        "QUICK_REPLIES = 13\n",
        "QUICK_REPLIES = 14\n",
        ("bot/test_messages.py",),
    ),
    Mutant(
        "thirteen bubbles",
        "LINE's limit of bubbles, by one",
        MESSAGES,
        "BUBBLES = 12\n",
        "BUBBLES = 13\n",
        ("bot/test_messages.py",),
    ),
    Mutant(
        "sealed for anywhere",
        "binding a sealed value to its place",
        "benefits/sealed_codes.py",
        'return f"codes.sealed:{club}:{key}:{fingerprint.hex()}"',
        'return "codes.sealed"',
        ("rules/test_last_line.py::test_b3_a_code_in_anothers_place_does_not_open",),
    ),
    Mutant(
        "claiming before agreeing",
        "consent first",
        "handlers/conversation.py",
        "if not route.before_consent and not turn.agreed:",
        "if False and not turn.agreed:",
        ("conversations/test_joining.py::test_consent_comes_before_everything_else",),
    ),
)
