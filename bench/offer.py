"""`offer`: an offer to n people, from the approved draft to the last accepted call, against what LINE allows.

LINE's end is the simulator: its token buckets are LINE's, and it thinks for 100 ms about every multicast.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.children import ROOT, TOKEN, end_with_parent, environment, free_port, running, wait_for
from bench.figure import Figure
from bench.ground import CLUB, Ground, club, ground, vacuum
from benefits.offers import budget, preparing
from benefits.offers import running as offers
from benefits.offers.digest import digest_of
from database.engine import make_sessions
from models import Offer, Staff

ANSWER = 0.1
"""Seconds LINE thinks."""
BATCH = 500
ALLOWED = 200.0 * BATCH
"""Recipients a second, by LINE's limit for multicasts."""
HEAVIEST = 300.0
BODY = [{"type": "text", "text": "กาแฟฟรีสำหรับคุณ แตะเพื่อรับสิทธิ์"}]

PEOPLE = """
INSERT INTO people (club, line_user_id, friend, language, profile_at, created_at)
SELECT %s, 'U' || lpad(to_hex(n), 32, '0'), true, 'th', now(), now() FROM generate_series(0, CAST(%s AS int) - 1) n
"""
SENT = """
SELECT count(*) FILTER (WHERE state = 'accepted'), coalesce(sum(size) FILTER (WHERE state = 'accepted'), 0), sum(attempts)
FROM offer_batches
"""


def run(n: int) -> Figure:
    """An offer to `n` people; then the bare loop to the same people, on the same simulator."""
    with ExitStack() as stack:
        place = stack.enter_context(ground())
        port = _line(stack, place, n)
        with psycopg.connect(place.url) as connection:
            connection.execute(PEOPLE, (CLUB, n))
        vacuum(place.url)
        snapshot = prepare(place)
        ours = _ours(place, port)
        used = _used(port)
        time.sleep(1.0)  # LINE's bucket fills again
        bare = _child(["bare", f"http://127.0.0.1:{port}", str(n)], {}, wait=False)
        with psycopg.connect(place.url) as connection:
            batches, people, attempts = connection.execute(SENT).fetchone() or (0, 0, 0)
    rate, loop = n / (ours["ended"] - ours["begun"]), n / (bare["ended"] - bare["begun"])
    notes = [
        f"audience snapshot of {n:,} people, their batches and the check of the quota: {snapshot:.1f} s",
        f"a bare loop of the SDK's multicast, 32 threads, no database: {loop:,.0f} /s; ours is {rate / loop:.2f} of it",
        f"{batches:,} batches in {attempts:,} calls, answers after {1000 * ANSWER:.0f} ms, one worker",
        f"memory of the worker: at most {ours['peak']:.0f} MB",
    ]
    broken = []
    if not people == used == n:
        broken.append(f"{n} people, {people} written down as accepted, {used} messages counted by LINE")
    if ours["peak"] > HEAVIEST:
        broken.append(f"the worker took {ours['peak']:.0f} MB")
    if attempts > batches * 1.01 + 1:
        broken.append(f"{attempts} calls for {batches} batches: LINE refused too many")
    return Figure(
        "offer", "recipients of an offer that LINE accepted", rate, "1/s", "what LINE allows: 200 multicasts a second of 500",
        ALLOWED, rate / ALLOWED, n, notes=notes, broken=broken,
    )  # fmt: skip


def _line(stack: ExitStack, place: Ground, n: int) -> int:
    """The simulator with a crowd, thinking; its port."""
    port = free_port()
    log = place.folder / "line.log"
    command = [sys.executable, "-m", "simulator", "--port", str(port), "--secret", "s"]
    wait_for(port, stack.enter_context(running(command, log, {})), log)
    _ask(port, "/_sim/people/crowd", {"count": n})
    _ask(port, "/_sim/faults", {"kind": "slow", "path": "/v2/bot/message/multicast", "seconds": ANSWER})
    return port


def prepare(place: Ground) -> float:
    """An approved offer becomes rows; the seconds that took."""
    now, family = datetime.now(UTC), club()
    engine = place.engine()
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        offer_id = _approved(session, now)
    with sessions.begin() as session:
        offers.begin(session, offer_id, now)
    begun = time.monotonic()
    with sessions.begin() as session:
        preparing.prepare(
            session, club=family, offer_id=offer_id, quota=(None, 0), bodies={"th": BODY, "en": BODY}, now=now
        )
    seconds = time.monotonic() - begun
    engine.dispose()
    return seconds


def _approved(session: Session, now: datetime) -> int:
    people = [
        Staff(email=f"{n}@club.example", name=n, password="x", fs_uniquifier=n, created_at=now) for n in ("a", "b")
    ]
    session.add_all(people)
    session.flush()
    content = {"parts": [{"kind": "text", "th": "กาแฟฟรี", "en": "Free coffee"}], "languages": ["th", "en"]}
    offer = Offer(
        club=CLUB, name="bench", author_id=people[0].id, content=content, audience={}, holdout_percent=0, pace=100_000,
        hold_back_minutes=0, created_at=now, changed_at=now, state="approved", approved_by=people[1].id, approved_at=now,
    )  # fmt: skip
    offer.digest = offer.approved_digest = digest_of(session, offer)
    session.add(offer)
    limits = budget.of(session, club())
    limits.quiet_from = limits.quiet_to = 0
    session.execute(
        text("INSERT INTO send_rates VALUES (:club, now() - interval '1 hour', now(), 100, 100)"), {"club": CLUB}
    )
    session.flush()
    return offer.id


def _ours(place: Ground, port: int) -> dict[str, Any]:
    return _child(["ours"], environment(place, port), wait=True)


def _child(arguments: list[str], settings: dict[str, str], *, wait: bool) -> dict[str, Any]:
    """Run a worker to its end; what it tells."""
    command = [sys.executable, "-m", "bench.offer_worker", *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        preexec_fn=end_with_parent,
        env={**os.environ, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            while wait and child.stdout.readline().strip() != "ready":
                if child.poll() is not None:
                    raise RuntimeError("the worker ended before it began")
            told, _ = child.communicate("go\n")
        except BaseException:
            child.kill()
            raise
    return dict(json.loads(told.splitlines()[-1]))


def _used(port: int) -> int:
    return int(_ask(port, "/v2/bot/message/quota/consumption")["totalUsage"])


def _ask(port: int, path: str, body: Any = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    with urllib.request.urlopen(asked, timeout=120) as answer:
        return dict(json.load(answer))
