"""What must hold after every step, whatever happened: questions to the database in SQL, and what LINE delivered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.faults.sim.compare import Rows

WRONG: dict[str, str] = {
    "more taken than there is, or taken is not what was claimed (A1)": """
        SELECT key FROM privileges WHERE taken > stock OR (stock IS NOT NULL
        AND taken <> (SELECT count(*) FROM claims WHERE privilege_id = privileges.id))""",
    "two claims in one place (A2)": """
        SELECT privilege_id, holder, period, slot FROM claims GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    "more claims than the limit": """
        SELECT privilege_id, holder, period, count(*) FROM claims JOIN privileges ON privileges.id = privilege_id
        GROUP BY 1, 2, 3, claim_limit HAVING count(*) > claim_limit OR max(slot) > claim_limit OR min(slot) < 1""",
    "a code twice, or of another privilege": """
        SELECT claim_id FROM codes JOIN claims ON claims.id = claim_id
        GROUP BY 1 HAVING count(*) > 1 OR bool_or(codes.privilege_id <> claims.privilege_id)""",
    "a claim of a pool without a code": """
        SELECT claims.id FROM claims JOIN privileges ON privileges.id = privilege_id AND pooled
        WHERE NOT EXISTS (SELECT FROM codes WHERE claim_id = claims.id)""",
    "a claim that is not in the journal exactly once (A5)": """
        SELECT claims.id FROM claims LEFT JOIN journal ON subject_kind = 'claim' AND subject_id = claims.id
        AND action = 'claimed' GROUP BY 1 HAVING count(journal.id) <> 1""",
    "a journal note of a claim that is not there": """
        SELECT id FROM journal WHERE action = 'claimed' AND NOT EXISTS (SELECT FROM claims WHERE id = subject_id)""",
    "a void claim that was used, or a use begun after its end": """
        SELECT id FROM claims WHERE (state = 'void' AND used_at IS NOT NULL) OR use_started_at >= use_until""",
    "two open stays": "SELECT member_id FROM memberships WHERE left_at IS NULL GROUP BY 1 HAVING count(*) > 1",
    "a tier without a stay, or a stay without a tier": """
        SELECT members.id FROM members WHERE (tier IS NOT NULL) <> EXISTS (
        SELECT FROM memberships WHERE member_id = members.id AND left_at IS NULL)""",
    "an event that was parked, though it was well formed": "SELECT event_id, error FROM turns WHERE state = 'parked'",
    "stars that are not the sum of their entries (A11)": """
        SELECT members.id, total_stars FROM members JOIN (
            SELECT newest.member_id, sum(amount) AS stars
            FROM (SELECT member_id, max(period) AS period FROM entries GROUP BY 1) newest
            JOIN entries ON entries.member_id = newest.member_id
            WHERE entries.period IN (SELECT period FROM runs WHERE kind = 'stars' AND runs.period <= newest.period
                                     ORDER BY period DESC LIMIT 12)
            GROUP BY 1) sums ON sums.member_id = members.id
        WHERE total_stars <> stars""",
    "stars without an entry": """
        SELECT id FROM members WHERE total_stars <> 0 AND NOT EXISTS (SELECT FROM entries WHERE member_id = members.id)""",
    "a line counted that is not paid, or before it was paid": """
        SELECT invoice_no FROM charges WHERE count_month IS NOT NULL AND (paid_at IS NULL OR count_month <
        date_trunc('month', paid_at AT TIME ZONE 'Asia/Bangkok')::date)""",
    "lines counted not exactly once (F5)": """
        SELECT members.id, counted, due FROM members
        LEFT JOIN (SELECT member_id, sum(counted_satang) AS counted FROM entries GROUP BY 1) had ON had.member_id = members.id
        LEFT JOIN (SELECT member_id, sum(net_satang) AS due FROM charges WHERE count_month <=
            (SELECT max(period) FROM runs JOIN entries USING (period)) GROUP BY 1) lines ON lines.member_id = members.id
        WHERE coalesce(counted, 0) <> coalesce(due, 0)""",
    "a remainder that was not carried on": """
        SELECT later.id FROM entries later JOIN LATERAL (SELECT carried_satang FROM entries earlier
            WHERE earlier.member_id = later.member_id AND earlier.period < later.period AND earlier.kind = 'round'
            ORDER BY period DESC LIMIT 1) earlier ON true
        WHERE later.brought_satang <> earlier.carried_satang""",
    "a month computed twice": "SELECT period FROM runs GROUP BY club, kind, period HAVING count(*) > 1",
    "two standing consents": """
        SELECT person_id FROM consents WHERE withdrawn_at IS NULL GROUP BY person_id, terms_version HAVING count(*) > 1""",
}


@dataclass
class Delivered:
    """What LINE accepted: reply tokens and retry keys, each with how often."""

    tokens: Counter[str] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)


QUERIES = {
    "wrong": " UNION ALL ".join(
        f"SELECT {number} AS n, to_jsonb(wrong) AS row FROM ({query}) wrong"
        for number, query in enumerate(WRONG.values())
    ),
    "turns": "SELECT event_id, outcome, reply_state, reply_token, retry_key::text, matters, event = '{}' AS emptied FROM turns",
    "notices": "SELECT id, state, retry_key::text FROM notices WHERE retry_key IS NOT NULL",
    "kept": "SELECT 'entries', id, entries::text FROM entries UNION ALL SELECT 'journal', id, journal::text FROM journal",
}


def broken(found: Rows) -> list[str]:
    """Every promise the rows break, in words with the rows that break it."""
    names = list(WRONG)
    return [f"{names[n]}: {row}" for n, row in found["wrong"]]


SAYS_SENT = {"sent": (1, 0), "pushed": (0, 1), "late": (0, 0), "refused": (0, 0)}
"""What a state claims about (replies, pushes) LINE took; other states leave it open."""


def misdelivered(rows: Rows, delivered: Delivered) -> list[str]:
    """Messages that arrived twice, and states that say what is not so (D9 … D13)."""
    found = [f"LINE took the {what} twice" for what, n in (delivered.tokens | delivered.keys).items() if n > 1]
    for event, _, state, token, key, matters, emptied in rows["turns"]:
        if emptied:  # after 90 days a turn no longer knows its token: what it says is not to be compared any more
            continue
        took = delivered.tokens[token], delivered.keys[key]
        if sum(took) > 1:
            found.append(f"turn {event} was answered twice: by reply and by push (state {state})")
        if took != SAYS_SENT.get(state, took):
            found.append(f"turn {event} says {state}, and LINE took (replies, pushes) {took}")
        if key is not None and not matters:
            found.append(f"turn {event} was pushed and does not matter")
    for notice, state, key in rows["notices"]:
        if state == "pushed" and delivered.keys[key] != 1:
            found.append(f"notice {notice} says pushed, and LINE took it {delivered.keys[key]} times")
        if state == "told" and delivered.keys[key]:
            found.append(f"notice {notice} was told in a reply and pushed too")
    return found


def rows_gone_or_changed(rows: Rows, seen: dict[tuple[str, int], Any]) -> list[str]:
    """Entries and journal notes that changed or went (A12); new ones are remembered in `seen`."""
    now = {(table, row): content for table, row, content in rows["kept"]}
    found = [f"{table} {row} is gone or changed" for (table, row), old in seen.items() if now.get((table, row)) != old]
    seen.update(now)
    return found
