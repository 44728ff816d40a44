"""`python -m tests.mutants [part of a name …]`: every mutant must be killed; a table says by which test. Exit 1 when not.

First the tests themselves must pass on the tree as it is: a test that fails anyway kills nothing.
"""

from __future__ import annotations

import os
import queue
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from database import embedded
from tests.conftest import FAST
from tests.mutants import claiming, months, offering, outside, staffing, wire
from tests.mutants.mutant import ROOT, Mutant, Verdict, copy_of_the_tree, judge, run

FILES = (claiming, months, wire, offering, outside, staffing)
ALL: tuple[Mutant, ...] = tuple(mutant for file in FILES for mutant in file.MUTANTS)
PARALLEL = 2


def judged(mutants: Sequence[Mutant]) -> list[Verdict]:
    """The verdicts on these mutants, in their order, from so many copies of the tree at a time."""
    url = os.environ.get("DATABASE_URL") or embedded.ensure_running(ROOT / "var" / "test", settings=FAST)
    with ExitStack() as stack:
        trees: queue.SimpleQueue[Path] = queue.SimpleQueue()
        for _ in range(PARALLEL):
            trees.put(stack.enter_context(copy_of_the_tree()))

        def one(mutant: Mutant) -> Verdict:
            tree = trees.get()
            try:
                verdict = judge(mutant, tree, url)
            finally:
                trees.put(tree)
            print(f"{verdict.state:<9}{mutant.name}", file=sys.stderr, flush=True)
            return verdict

        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(one, mutants))


def passing(mutants: Sequence[Mutant]) -> bool:
    """Whether every test that is to kill passes on a copy without any change."""
    url = os.environ.get("DATABASE_URL") or embedded.ensure_running(ROOT / "var" / "test", settings=FAST)
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    with copy_of_the_tree() as tree, ThreadPoolExecutor(PARALLEL) as pool:
        parts = [tests[number::PARALLEL] for number in range(min(PARALLEL, len(tests)))]
        done = list(pool.map(lambda part: run(part, tree, url, patience=900), parts))
    for code, said in done:
        if code != 0:
            print(said[-3000:])
    return all(code == 0 for code, _ in done)


def table(verdicts: Sequence[Verdict]) -> str:
    """Name, what was removed, killed by."""
    rows = [("mutant", "removed", "killed by")]
    rows += [
        (v.mutant.name, v.mutant.removed, v.by if v.state == "killed" else v.state.upper() + f" {v.by}")
        for v in verdicts
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{name:<{widths[0]}}  {removed:<{widths[1]}}  {by}" for name, removed, by in rows)


def main(words: Sequence[str]) -> int:
    """Run those whose name has one of the words; without words, all."""
    mutants = [mutant for mutant in ALL if not words or any(word in mutant.name for word in words)]
    begun = time.monotonic()
    if not passing(mutants):
        print("A test that is to kill a mutant fails without one: see above.")
        return 1
    verdicts = judged(mutants)
    killed = sum(verdict.state == "killed" for verdict in verdicts)
    print(table(verdicts))
    print(f"{killed} of {len(verdicts)} mutants killed, in {time.monotonic() - begun:.0f} s")
    return 0 if killed == len(verdicts) and verdicts else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
