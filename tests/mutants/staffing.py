"""Mutants of colleagues, their sign-ins and what needs a second person; and of partners' PINs."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

CHANGES = "benefits/staff_changes.py"
STAFF = "benefits/staff.py"
WAITING = "benefits/staff_confirmations.py"
ME = "web/console/me.py"
PINS = "benefits/pins.py"
COMMANDS = "rules/test_staff_rivals.py::test_b10_two_commands_at_once_leave_an_administrator"
EACH_OTHER = "rules/test_staff_rivals.py::test_b10_two_administrators_who_change_each_other_leave_one"
TWO = "web/console/test_two_persons.py::"
OWN = "web/console/test_own_sign_in.py::"
TEST_PINS = "rules/test_pins.py::"

MUTANTS = (
    Mutant(
        "administrators are not held",
        "FOR UPDATE on the administrators",
        CHANGES,
        "session.execute(admins.with_for_update())",
        "session.execute(admins)",
        (COMMANDS,),
    ),
    Mutant(
        "roles set without a lock",
        "the row locks in set_roles",
        STAFF,
        "    lock_change(session, staff, club=club, actor=actor)\n    had = roles_in(staff, club)\n",
        "    had = roles_in(staff, club)\n",
        (COMMANDS,),
    ),
    Mutant(
        "disabled without a lock",
        "the row locks in disable",
        STAFF,
        "    lock_change(session, staff, club=club, actor=actor, everywhere=True)\n    if not staff.active:\n",
        "    if not staff.active:\n",
        (COMMANDS,),
    ),
    Mutant(
        "who lost the right still changes others",
        "asking for the actor's rights under the lock",
        CHANGES,
        "    if club not in administered:\n",
        "    if False:\n",
        (EACH_OTHER,),
    ),
    Mutant(
        "new roles in an old session",
        "ending the sessions of who is given roles",
        STAFF,
        "        return\n    sign_out_everywhere(session, staff, now=now)\n    if",
        "        return\n    if",
        ("web/console/test_sessions.py::test_b10_roles_count_from_the_next_request",),
    ),
    Mutant(
        "a reset opens everything",
        "waiting for a second administrator after a reset",
        STAFF,
        '    _tell(session, staff, "reset", {club, *clubs_of(staff)}, now, actor)\n',
        "",
        (TWO + "test_a6_a_reset_approver_decides_after_a_second_administrator_confirmed",),
    ),
    Mutant(
        "whoever made it confirms it",
        "the second person of a confirmation",
        WAITING,
        "return by != row.staff_id and by not in row.involved and",
        "return by != row.staff_id and",
        (TWO + "test_a6_a_reset_approver_decides_after_a_second_administrator_confirmed",),
    ),
    Mutant(
        "a puppet administrator confirms",
        "knowing on whom a change rests",
        WAITING,
        "return sorted({maker, *others})",
        "return [maker]",
        (TWO + "test_a6_who_was_reset_by_an_administrator_confirms_nothing_of_theirs",),
    ),
    Mutant(
        "locking out others gains time",
        "beginning the day anew",
        STAFF,
        "    staff_confirmations.restart(session, clubs=administered, now=now, actor=actor)\n"
        '    _note(session, staff, "staff_disabled"',
        '    _note(session, staff, "staff_disabled"',
        (TWO + "test_a6_locking_out_the_other_administrators_begins_the_day_anew",),
    ),
    Mutant(
        "granted by a sign-in just given",
        "the wait of who decides about money",
        "benefits/requests.py",
        "    refuse_while_waiting(session, club=club.key, staff_id=by, now=now)\n    request = _held",
        "    request = _held",
        (TWO + "test_a6_money_waits_asking_and_deciding",),
    ),
    Mutant(
        "asked by a sign-in just given",
        "the wait of who asks for money",
        "benefits/requests.py",
        "    refuse_while_waiting(session, club=club.key, staff_id=by, now=now)\n    if not reason.strip():\n",
        "    if not reason.strip():\n",
        (TWO + "test_a6_money_waits_asking_and_deciding",),
    ),
    Mutant(
        "approved by a sign-in just given",
        "the wait of who approves an offer",
        "benefits/offers/drafting.py",
        "    refuse_while_waiting(session, club=row.club, staff_id=by, now=now)\n",
        "",
        (TWO + "test_a6_a_reset_approver_decides_after_a_second_administrator_confirmed",),
    ),
    Mutant(
        "one's own puppet's offer approved",
        "the writer's independence",
        "benefits/offers/drafting.py",
        "if approvers.gave_the_sign_in(session, offer=row, by=by):",
        "if False:",
        (TWO + "test_a6_an_administrator_who_approves_does_not_approve_their_own_puppets_offer",),
    ),
    Mutant(
        "a password changed without the present one",
        "asking for the present password: password",
        ME,
        'if not self._knows_password():\n            return self._shown(400, present_fault="password")',
        'if False:\n            return self._shown(400, present_fault="password")',
        (OWN + "test_a11_a_session_alone_changes_no_sign_in",),
    ),
    Mutant(
        "recovery codes made without the present password",
        "asking for the present password: recovery codes",
        ME,
        'if not self._knows_password():\n            return self._shown(400, present_fault="codes")',
        'if False:\n            return self._shown(400, present_fault="codes")',
        (OWN + "test_a11_a_session_alone_changes_no_sign_in",),
    ),
    Mutant(
        "a factor replaced without the present password",
        "asking for the present password: second factor",
        ME,
        "if not self._knows_password():\n            return second_factor",
        "if False:\n            return second_factor",
        (OWN + "test_a11_a_session_alone_changes_no_sign_in",),
    ),
    Mutant(
        "the present password guessed for ever",
        "counting tries at the present password",
        ME,
        "fits = free and security",
        "fits = security",
        (OWN + "test_a11_the_present_password_is_counted_before_it_is_looked_at",),
    ),
    Mutant(
        "a thief's form outlives the reset",
        "looking at the sign-in under the lock",
        STAFF,
        "    if staff.fs_uniquifier != signed_in_to or not staff.active:\n",
        "    if False:\n",
        (OWN + "test_b10_a_change_under_way_when_the_sign_in_is_reset_changes_nothing",),
    ),
    Mutant(
        "a sign-in begun before the reset",
        "looking at the sign-in before a session begins",
        "web/console/signing_in.py",
        "        if staff.fs_uniquifier != signed_in_to or not staff.active:\n",
        "        if False:\n",
        (OWN + "test_b10_a_sign_in_under_way_when_it_is_reset_begins_no_session",),
    ),
    Mutant(
        "a use without its count",
        "tries counted for the claim",
        PINS,
        '    return f"pin:{claim_id}"',
        '    return f"pin:{claim_id}:{secrets.token_hex(4)}"',
        (TEST_PINS + "test_a7_beginning_the_use_anew_brings_no_new_tries",),
    ),
    Mutant(
        "a partner without a budget",
        "wrong PINs counted for the partner",
        PINS,
        "return until if until > now and _failed_lately(session, partner, claim, now) else None",
        "return None",
        (TEST_PINS + "test_a7_a_day_of_guessing_finds_a_pin_with_less_than_1_in_20000",),
    ),
    Mutant(
        "one member locks out all others",
        "pausing only whose uses failed",
        PINS,
        "return until if until > now and _failed_lately(session, partner, claim, now) else None",
        "return until if until > now else None",
        (TEST_PINS + "test_a7_nobody_locks_a_partner_out_for_others",),
    ),
    Mutant(
        "guesses at once at several uses",
        "the lock on the partner",
        PINS,
        "partner_id).with_for_update(key_share=True)",
        "partner_id)",
        (TEST_PINS + "test_c1_parallel_wrong_pins_at_several_uses_keep_to_the_partners_budget",),
    ),
    Mutant(
        "a right PIN forgives strangers",
        "leaving the count as it was",
        PINS,
        "        signin.uncount_try(session, door=_door(claim.id))\n",
        "        signin.open_door(session, door=_door(claim.id))\n",
        (TEST_PINS + "test_a7_a_right_pin_clears_nothing_that_others_tried",),
    ),
    Mutant(
        "any digits are a PIN",
        "refusing PINs that are tried first",
        "benefits/editing/partners.py",
        'return [Fault("pin", "pin_weak")] if weak(pin) else []',
        "return []",
        ("rules/test_editing_partners.py::test_a7_a_pin_that_is_tried_first_is_refused",),
    ),
)
