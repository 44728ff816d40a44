"""One process of rivals: threads with a connection each, that claim for one account after another.

`python -m bench.rivals TASK` says "ready" when connected, waits for a line on stdin, and prints when it began and ended
(monotonic seconds, the same for every process of the machine).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from sqlalchemy import select

from bench.ground import NOON, club
from benefits import claims
from benefits.refusal import Refusal
from benefits.vault import Vault
from database.engine import make_engine, make_sessions
from models import Admin, Member, Person

INSERT = """
INSERT INTO claims (privilege_id, member_id, person_id, holder, period, slot, state, claimed_at)
VALUES (%(privilege)s, %(member)s, %(person)s, %(holder)s, '', 1, 'kept', %(now)s) ON CONFLICT DO NOTHING RETURNING id
"""
TAKE = "UPDATE privileges SET taken = taken + 1 WHERE id = %(privilege)s AND taken < stock RETURNING taken"
CODE = """
UPDATE codes SET claim_id = %(claim)s WHERE id = (
    SELECT id FROM codes WHERE privilege_id = %(privilege)s AND claim_id IS NULL ORDER BY id LIMIT 1
    FOR UPDATE SKIP LOCKED) RETURNING id
"""


@dataclass(frozen=True)
class Task:
    """What one process of rivals is to do: attempts number, number + processes, … of all `attempts`."""

    url: str
    how: str
    """`rule` or `bare`."""
    privileges: list[int]
    number: int
    processes: int
    threads: int
    attempts: int


Attempt = Callable[[int, int, int], None]
"""Privilege id, member id, person id."""


def main(task: Task) -> None:
    """Connect, wait for the start, claim, tell the time."""
    make, who = _by_rule(task) if task.how == "rule" else _bare(task), _accounts(task)
    mine = [
        [
            (task.privileges[k % len(task.privileges)], *who[k])
            for k in range(first, task.attempts, task.processes * task.threads)
        ]
        for first in range(task.number, task.processes * task.threads, task.processes)
    ]
    start = threading.Event()
    ready = threading.Barrier(task.threads + 1)
    threads = [threading.Thread(target=_rival, args=(make, part, ready, start)) for part in mine]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.monotonic()
    start.set()
    for thread in threads:
        thread.join()
    print(json.dumps([begun, time.monotonic()]))


def _rival(
    make: Callable[[], Attempt], part: list[tuple[int, int, int]], ready: threading.Barrier, start: threading.Event
) -> None:
    attempt = make()
    ready.wait()
    start.wait()
    for privilege, member, person in part:
        attempt(privilege, member, person)


def _accounts(task: Task) -> list[tuple[int, int]]:
    query = "SELECT admins.member_id, people.id FROM admins JOIN people USING (line_user_id) ORDER BY admins.member_id"
    with psycopg.connect(task.url) as connection:
        return [(member, person) for member, person in connection.execute(query)]


def _by_rule(task: Task) -> Callable[[], Attempt]:
    sessions = make_sessions(
        make_engine(task.url, pool_size=task.threads, statement_ms=60_000), vault=Vault(("of no use here",))
    )
    family = club()
    with sessions() as session:  # who claims is known before, as the bare SQL is told it
        people = {person.id: person for person in session.scalars(select(Person))}

    def make() -> Attempt:
        with sessions() as session:
            session.execute(select(Member.id).join(Admin).limit(1))

        def attempt(privilege: int, member: int, person: int) -> None:
            try:
                with sessions.begin() as session:
                    who = people[person]
                    claims.claim(session, club=family, person=who, privilege_id=privilege, member_id=member, now=NOON)
            except Refusal:
                return

        return attempt

    return make


def _bare(task: Task) -> Callable[[], Attempt]:
    def make() -> Attempt:
        connection = psycopg.connect(task.url)

        def attempt(privilege: int, member: int, person: int) -> None:
            values = {"privilege": privilege, "member": member, "person": person, "holder": f"m{member}", "now": NOON}
            claim = connection.execute(INSERT, values).fetchone()
            taken = claim and connection.execute(TAKE, values).fetchone()
            code = taken and connection.execute(CODE, {**values, "claim": claim[0] if claim else None}).fetchone()
            if code:
                connection.commit()
            else:
                connection.rollback()

        return attempt

    return make


if __name__ == "__main__":
    main(Task(**json.loads(sys.argv[1])))
