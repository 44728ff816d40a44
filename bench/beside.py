"""`python -m bench.beside [offer|round|import]`: webhooks at 200 a second, alone and beside long work, in one run (E9, F11, G3).

Every other webhook looks at a privilege, and every other claims it. Beside them an offer goes out (by the job that sends
offers), or the operator's own command computes a month or imports charges. One line of JSON: times to answer in ms, replies
that did not come, and what the work had done when the last webhook was answered. Exit 1 when something was lost, the work
failed, or it ended before the webhooks did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench import imports, population
from bench.children import ROOT, WORKERS, end_with_parent, environment, free_port, gunicorn
from bench.figure import machine
from bench.ground import CLUB, Ground, club, ground, vacuum
from bench.offer import prepare
from bench.webhook import CONNECTIONS, PEOPLE, WARM, Side, asked, body_of, ours_at, settled, start

PER_SECOND = 200
EACH = 5
MONTH = date(2026, 10, 1)
PAID = datetime(2026, 10, 20, 3, 0, tzinfo=UTC)
READERS = """
INSERT INTO people (club, line_user_id, friend, language, profile_at, created_at)
SELECT %s, 'Uf' || lpad(to_hex(n), 31, '0'), true, 'th', now(), now() FROM generate_series(1, CAST(%s AS int)) n
"""
FLASK = [sys.executable, "-m", "flask", "--app", "app"]


@dataclass(frozen=True)
class Work:
    """Something long: its usual size, of what; how it is prepared, which command does it, and how far it is."""

    n: int
    unit: str
    prepare: Callable[[Ground, int], None]
    command: Callable[[Ground], list[str]]
    done: str
    begins_when_told: bool = False
    """The command says that it is ready and waits for a word; else it has begun as soon as `begun` says so."""
    begun: str = ""
    accounts: Callable[[int], int] = lambda n: PEOPLE
    """How many accounts the club has for work of that size."""


def _readers(place: Ground, n: int) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute(READERS, (CLUB, n))
    vacuum(place.url)
    prepare(place)


def _charges(place: Ground, n: int) -> None:
    engine = place.engine()
    population.charges(engine, club(), EACH, MONTH, PAID)
    engine.dispose()
    vacuum(place.url)


def _file(place: Ground) -> Path:
    return place.folder / "charges.csv"


def _lines(place: Ground, n: int) -> None:
    imports.write(_file(place), n, n // EACH)


WORKS = {
    "offer": Work(
        900_000,
        "people reached",
        _readers,
        lambda place: [sys.executable, "-m", "bench.offer_worker", "ours"],
        "SELECT coalesce(sum(size), 0) FROM offer_batches WHERE state = 'accepted'",
        begins_when_told=True,
    ),
    "round": Work(
        300_000,
        "accounts posted",
        _charges,
        lambda place: [*FLASK, "rounds", "run", "--club", CLUB, "--period", f"{MONTH:%Y-%m}"],
        "SELECT count(*) FROM entries",
        begun="SELECT count(*) FROM runs",
        accounts=lambda n: n,
    ),
    "import": Work(
        1_000_000,
        "lines landed",
        _lines,
        lambda place: [*FLASK, "import", "charges", str(_file(place)), "--club", CLUB],
        "SELECT count(*) FROM charges",
        begun="SELECT count(*) FROM imports",
        accounts=lambda n: n // EACH,
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Both loads and their line."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("work", nargs="?", choices=WORKS, default="offer", help="what goes on meanwhile (offer)")
    parser.add_argument("--webhooks", type=int, default=1_000, help="webhooks in each of the two loads (1,000)")
    sizes = ", ".join(f"{name}: {work.n:,}" for name, work in WORKS.items())
    parser.add_argument("--n", type=int, help=f"readers, accounts or lines of the work ({sizes})")
    found = run(**vars(parser.parse_args(arguments)))
    print(json.dumps(found, ensure_ascii=False))
    return 1 if found["broken"] else 0


def run(work: str, webhooks: int, n: int | None = None) -> dict[str, Any]:
    """The same load twice on the same server, the second time beside `work` of size `n` (none: the usual one)."""
    kind = WORKS[work]
    size = n or kind.n
    with ExitStack() as stack:
        place, line, port = stack.enter_context(ground()), free_port(), free_port()
        settings = environment(place, line)
        start(stack, place, "line", [sys.executable, "-m", "bench.line_end", str(line)], line, {})
        side = ours_at(place, port, max(PEOPLE, kind.accounts(size)), claims=True)
        start(stack, place, "ours", gunicorn("app:create_app()", port, *WORKERS), port, settings)
        kind.prepare(place, size)
        pressed(line, side, 0, WARM)
        alone = pressed(line, side, WARM, webhooks)
        child = _begin(stack, place, kind, settings)
        during = pressed(line, side, WARM + webhooks, webhooks)
        with psycopg.connect(place.url) as connection:
            (done,) = connection.execute(kind.done.encode()).fetchone() or (0,)
        broken = _faults(child, kind, {"alone": alone, "during": during})
    told = {"bench": "beside", "work": work, "size": size, "per_second": PER_SECOND, "n": webhooks}
    return {**told, "alone": alone, "during": during, kind.unit: int(done), "broken": broken, "machine": machine()}


def _begin(stack: ExitStack, place: Ground, kind: Work, settings: dict[str, str]) -> subprocess.Popen[str]:
    """The work's process, once it has begun."""
    log = stack.enter_context((place.folder / "work.log").open("w"))
    child = stack.enter_context(
        subprocess.Popen(
            kind.command(place),
            cwd=ROOT,
            preexec_fn=end_with_parent,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if kind.begins_when_told else log,
            stderr=log,
            text=True,
        )
    )
    stack.callback(child.kill)
    if kind.begins_when_told:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.write("go\n")
        child.stdin.flush()
        return child
    with psycopg.connect(place.url, autocommit=True) as connection:
        while child.poll() is None and connection.execute(kind.begun.encode()).fetchone() == (0,):
            time.sleep(0.02)
    return child


def _faults(child: subprocess.Popen[str], kind: Work, loads: dict[str, dict[str, float]]) -> list[str]:
    """What was not as it should be. Work of its own command is waited for; the offer's worker is ended as it is."""
    broken = [f"{name}: {load['lost']} lost" for name, load in loads.items() if load["lost"]]
    if child.poll() is not None:
        broken.append("the work ended before the last webhook")
    if kind.begins_when_told:
        child.kill()
    elif child.wait() != 0:
        broken.append(f"the work ended with {child.returncode}")
    return broken


def pressed(line: int, side: Side, first: int, n: int, per_second: int = PER_SECOND) -> dict[str, float]:
    """`n` webhooks from the `first` on at their times: p50, p99, worst (ms), and how many replies were lost."""
    asked(line, "/forget", b"")
    bodies = [
        json.dumps(body_of(side.events[k % len(side.events)]), ensure_ascii=False) for k in range(first, first + n)
    ]
    wanted = {"port": side.port, "path": side.path, "secret": side.secret, "connections": CONNECTIONS, "bodies": bodies}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        preexec_fn=end_with_parent,
        input=json.dumps({**wanted, "per_second": per_second}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    load = json.loads(done.stdout)
    lost = n - settled(line, n)["replies"]
    return {**{name: round(load[name], 1) for name in ("p50", "p99", "worst")}, "lost": lost}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
