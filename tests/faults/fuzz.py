"""`python -m tests.faults.fuzz --minutes 10`: wrong webhooks, buttons, texts, files and pages, until one does harm.

`--case webhook:4711` throws that one case again.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.sim.fuzzing import TARGETS, Yard
from tests.faults.sim.town import Grounds, Violation
from tests.faults.simulate import fresh_seed, own_database

AGAIN = "python -m tests.faults.fuzz"
PER_YARD = 500
"""Cases after which everything begins anew, so that tables stay small."""


def throw_for(grounds: Grounds, seconds: float, first: int) -> Counter[str]:
    """Every target in turn, cases counting up from `first`, for so long; how many of each. Raises `Violation`."""
    done: Counter[str] = Counter()
    end, number = time.monotonic() + seconds, first
    while time.monotonic() < end:
        with contextlib.closing(Yard(grounds)) as yard:
            while yard.cases < PER_YARD and time.monotonic() < end:
                for target in TARGETS:
                    try:
                        yard.throw(target, number)
                    except Violation as violation:
                        again = f"{AGAIN} --case {target}:{number}, or with those before it: --first {first}"
                        raise Violation(f"{violation}\nagain: {again}") from violation
                    done[target] += 1
                number += 1
    return done


def first_case(seed: int) -> int:
    """Where the cases of a run with this seed begin."""
    return seed % 10**8


def main() -> int:
    """0: no harm done; 1: the case that did is printed."""
    asked = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    asked.add_argument("--minutes", type=float, default=10)
    asked.add_argument("--first", type=int, default=None, help="number of the first case; by chance when left out")
    asked.add_argument("--case", default=None)
    given = asked.parse_args()
    first = given.first if given.first is not None else first_case(fresh_seed())
    with (
        own_database() as url,
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.closing(Grounds(url, Path(folder))) as grounds,
    ):
        try:
            if given.case:
                target, _, number = given.case.partition(":")
                with contextlib.closing(Yard(grounds)) as yard:
                    yard.throw(target, int(number))
                return 0
            done = throw_for(grounds, given.minutes * 60, first)
        except Violation as violation:
            print(violation, file=sys.stderr)
            return 1
    print(f"cases from {first}, none did harm: {dict(done)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
