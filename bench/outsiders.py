"""`outsiders`: webhooks at their times, alone and beside a hundred uninvited clients of each kind at once (A4, E9)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bench.beside import pressed
from bench.children import ROOT, end_with_parent, environment, free_port, gunicorn
from bench.figure import Figure
from bench.ground import Ground, club, ground
from bench.strangers import KINDS
from bench.webhook import WARM, ours_at, start
from benefits import claims, uses
from benefits.pins import hash_pin
from benefits.use_links import page_token
from benefits.vault import Vault
from database.engine import make_sessions
from models import Member, Partner, Person, Privilege

EACH = 100
PER_SECOND = 100
SLOWEST = 500.0
"""ms within which 99 of 100 webhooks are to be answered meanwhile."""
JUDGED = 500
"""Webhooks from which the time is judged: of fewer, one says too much."""


def run(n: int) -> Figure:
    """`n` webhooks alone, and `n` beside the strangers."""
    each = EACH if n >= JUDGED else 5
    with ExitStack() as stack:
        place, line, port = stack.enter_context(ground()), free_port(), free_port()
        settings = environment(place, line)
        start(stack, place, "line", [sys.executable, "-m", "bench.line_end", str(line)], line, {})
        side = ours_at(place, port)
        page = _page_in_use(place, settings["SITTHI_SECRET_KEYS"])
        start(stack, place, "ours", gunicorn("app:create_app()", port), port, settings)
        few = min(n, WARM)
        pressed(line, side, 0, few, PER_SECOND)
        alone = pressed(line, side, few, n, PER_SECOND)
        wanted = {
            "port": port,
            "each": each,
            "kinds": list(KINDS),
            "partner": page,
            "picture": "/media/pictures/coffee1.jpg",
        }
        with _strangers(wanted) as seen:
            during = pressed(line, side, few + n, n, PER_SECOND)
    broken = [f"{name}: {load['lost']} lost" for name, load in (("alone", alone), ("beside", during)) if load["lost"]]
    if during["p99"] > SLOWEST and n >= JUDGED:
        broken.append(f"p99 {during['p99']:.0f} ms: more than {SLOWEST:.0f}")
    return Figure(
        "outsiders", f"p99 of webhooks, {PER_SECOND} a second, beside {each} strangers of each of {len(KINDS)} kinds",
        during["p99"], "ms", "the same webhooks alone", alone["p99"], during["p99"] / alone["p99"], n,
        notes=[
            *(f"{name}: p50 {load['p50']:.0f}, p99 {load['p99']:.0f}, worst {load['worst']:.0f} ms, {load['lost']:.0f} lost"
              for name, load in (("alone", alone), ("beside", during))),
            *(f"{kind}: {_told(answers)}" for kind, answers in seen.items()),
        ],
        broken=broken,
    )  # fmt: skip


def _told(answers: dict[str, int]) -> str:
    """`503 × 812, 401 × 40`: 0 is a connection closed without a word."""
    return ", ".join(f"{status} × {count:,}" for status, count in sorted(answers.items())) or "nothing yet"


@contextmanager
def _strangers(wanted: dict[str, Any]) -> Iterator[dict[str, dict[str, int]]]:
    """The strangers at work; afterwards, what they were answered."""
    seen: dict[str, dict[str, int]] = {}
    command = [sys.executable, "-m", "bench.strangers"]
    with subprocess.Popen(
        command, cwd=ROOT, preexec_fn=end_with_parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(json.dumps(wanted) + "\n")
            child.stdin.flush()
            child.stdout.readline()
            yield seen
            seen.update(json.loads(child.communicate(timeout=30)[0]))
        finally:
            child.kill()


def _page_in_use(place: Ground, keys: str) -> str:
    """The path of a partner's page for a use that runs."""
    engine, now = place.engine(), datetime.now(UTC)
    with make_sessions(engine, vault=Vault((keys,))).begin() as session:
        session.execute(update(Partner).values(pin_hash=hash_pin("482913")))
        claim = claims.claim(
            session, club=club(), person=_first(session, Person), privilege_id=_first(session, Privilege).id,
            member_id=_first(session, Member).id, now=now,
        ).claim  # fmt: skip
        person = _first(session, Person)
        uses.start(session, club=club(), person=person, claim_id=claim.id, now=now)
        session.flush()
        page = f"/partner/{page_token(session, claim)}"
    engine.dispose()
    return page


def _first(session: Session, model: Any) -> Any:
    return session.scalars(select(model).order_by(model.id).limit(1)).one()
