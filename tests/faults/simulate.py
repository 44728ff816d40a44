"""`python -m tests.faults.simulate --steps 100000`: histories until there are so many steps, or until a promise breaks.

`--seed N` makes up the same histories again; `--history FILE` plays histories that were written down, one JSON a line.
Each seed is good for ten histories of at most 50 steps; seeds count up from the first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from database import embedded, migrate
from database.engine import make_engine
from tests.conftest import FAST, ROOT, psycopg_url
from tests.faults.sim.machine import explore
from tests.faults.sim.steps import play
from tests.faults.sim.town import Grounds, Violation

KEPT = "tests/faults/seeds.txt"


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """A migrated database on the test server, dropped afterwards."""
    server = os.environ.get("DATABASE_URL") or embedded.ensure_running(ROOT / "var" / "test", settings=FAST)
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        url = psycopg_url(server, name)
        engine = make_engine(url)
        try:
            migrate.upgrade(engine)
            engine.dispose()
            yield url
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def main() -> int:
    """0: every promise held; 1: one broke, and it was printed how to see it again."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults.simulate", description=__doc__)
    asked.add_argument("--steps", type=int, default=2000)
    asked.add_argument("--seed", type=int, default=None)
    asked.add_argument("--history", type=Path, default=None)
    asked.add_argument("--no-shrink", action="store_true", help="tell the history as it was found, not shortened")
    given = asked.parse_args()
    # The program's log goes to standard output; what this command says goes to the other.
    with (
        own_database() as url,
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.closing(Grounds(url, Path(folder))) as grounds,
    ):
        return _play_all(grounds, given.history) if given.history else _explore_all(grounds, given)


def _play_all(grounds: Grounds, file: Path) -> int:
    for steps in written_down(file):
        play(grounds, steps)
        tell(f"{len(steps)} steps, every promise held")
    return 0


def written_down(file: Path) -> list[list[list[object]]]:
    """The histories of a file: one JSON a line; lines that begin with # say why they are kept."""
    return [json.loads(line) for line in file.read_text().splitlines() if line.strip() and not line.startswith("#")]


def _explore_all(grounds: Grounds, given: argparse.Namespace) -> int:
    first = given.seed if given.seed is not None else fresh_seed()
    try:
        run(grounds, first=first, steps=given.steps, shrink=not given.no_shrink, say=tell)
    except Violation as violation:
        tell(str(violation))
        return 1
    return 0


def tell(sentence: str) -> None:
    """Say it where the program's log is not."""
    print(sentence, file=sys.stderr, flush=True)


def fresh_seed() -> int:
    """A seed nobody chose."""
    return random.SystemRandom().randrange(2**32)


def run(grounds: Grounds, *, first: int, steps: int, shrink: bool, say: Callable[[str], None]) -> int:
    """Histories from seeds counting up from `first` until there are so many steps; how many there were. Raises `Violation`."""
    done, seed, began = 0, first, time.monotonic()

    def count(taken: int) -> None:
        nonlocal done
        done += taken

    while done < steps:
        try:
            explore(grounds, seed=seed, shrink=shrink, told=count)
        except Violation as violation:
            raise Violation(
                f"seed {seed}: {violation}\nagain, and shortened: python -m tests.faults.simulate --seed {seed}\n"
                f"to keep it, its steps (the line in brackets) become a line of {KEPT}"
            ) from violation
        say(f"seed {seed}: {done} steps in {time.monotonic() - began:.0f} s, every promise held")
        seed += 1
    say("what happened: " + ", ".join(f"{what} {count}" for what, count in sorted(grounds.tally.items())))
    return done


if __name__ == "__main__":
    raise SystemExit(main())
