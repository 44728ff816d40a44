"""The account at the end: every event, grant, reply and offered message, by the database and by the platform."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg

from simulator import Simulator
from tests.faults.scaleout.town import STOCK, Town

ONCE = """
SELECT count(*) FILTER (WHERE turns.event_id IS NULL), count(*) FILTER (WHERE turns.state = 'parked')
FROM unnest(%(sent)s::text[]) AS event (id) LEFT JOIN turns ON turns.event_id = event.id
"""
OVER = (
    "SELECT count(*) FROM (SELECT FROM claims GROUP BY privilege_id, holder, period, slot HAVING count(*) > 1) AS twice"
)
SHORT = """
SELECT count(*) FROM privileges WHERE stock IS NOT NULL
  AND taken <> (SELECT count(*) FROM claims WHERE privilege_id = privileges.id)
"""
NOTES = """
SELECT count(*) FROM claims WHERE 1 <> (SELECT count(*) FROM journal WHERE subject_kind = 'claim' AND subject_id = claims.id
                                        AND action = 'claimed')
"""
REPLIES = "SELECT reply_state, count(*) FROM turns WHERE reply_state <> 'none' GROUP BY 1"
TOKENS_TWICE = "SELECT count(*) FROM turns WHERE reply_state IN ('new', 'retrying', 'pushing')"


@dataclass
class Account:
    """Lines to print, and what is wrong."""

    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def say(self, what: str, value: object) -> None:
        """One line."""
        self.lines.append(f"{what:<58}{value}")

    def must(self, what: str, value: Any, wanted: Any) -> None:
        """One line that has to be so."""
        self.say(what, value)
        if value != wanted:
            self.wrong.append(f"{what}: {value}, not {wanted}")


def reckon(database_url: str, line: Simulator, town: Town) -> Account:
    """The webhooks' part."""
    account = Account()
    events = [event["webhookEventId"] for event in line.events()]
    with psycopg.connect(database_url) as db:
        lost, parked = db.execute(ONCE, {"sent": sorted(set(events))}).fetchone() or (0, 0)
        account.say("events sent, and attempts it took", f"{len(set(events))}, {len(events)}")
        account.must("events without a turn", lost, 0)
        account.must("events parked", parked, 0)
        account.must("turns of events never sent", _one(db, "SELECT count(*) FROM turns") - len(set(events)) + lost, 0)
        account.must("claims of the scarce privilege", _one(db, _CLAIMS, town.scarce), STOCK)
        account.say("claims in all", _one(db, "SELECT count(*) FROM claims"))
        account.must("holders with a claim too many", _one(db, OVER), 0)
        account.must("privileges whose counter differs from their claims", _one(db, SHORT), 0)
        account.must("claims without their one line in the journal", _one(db, NOTES), 0)
        account.must("replies nobody has finished", _one(db, TOKENS_TWICE), 0)
        states = {str(state): int(n) for state, n in db.execute(REPLIES)}
    account.say("replies", ", ".join(f"{state} {n}" for state, n in sorted(states.items())))
    used = line.do(_answered)
    account.say("reply tokens LINE took an answer for", used)
    if used < states.get("sent", 0):
        account.wrong.append("fewer answers were taken than were written down as sent")
    if states.get("refused", 0) > sum(states.values()) // 10:
        account.wrong.append("more than a tenth of the replies were refused")
    return account


_CLAIMS = "SELECT count(*) FROM claims WHERE privilege_id = %s"


def waiting(database_url: str) -> list[str]:
    """What each connection that is not idle does, and for how long: read when something does not come to an end."""
    with psycopg.connect(database_url) as db:
        rows = db.execute(
            "SELECT client_addr, state, wait_event, clock_timestamp() - xact_start, left(query, 90) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"
        ).fetchall()
        rows += db.execute(
            "SELECT id, state, attempts, next_attempt_at, lease_until FROM offer_batches "
            "WHERE state IN ('planned', 'new', 'sending') LIMIT 5"
        ).fetchall()
    return [" ".join(str(part) for part in row) for row in rows]


def _one(db: psycopg.Connection[Any], query: str, *values: object) -> int:
    row = db.execute(query, values or None).fetchone()
    return int(row[0]) if row else 0


def _answered(platform: Any) -> int:
    """Reply tokens that were used; LINE takes each once."""
    return sum(token.used for token in platform.replies._tokens.values())
