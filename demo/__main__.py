"""`python -m demo`: the whole product on this machine, with example data. `make run` calls it."""

from __future__ import annotations

import argparse
import sys

from database.account import DatabaseError
from demo import fresh
from demo.children import ChildDied
from demo.doors import DoorError
from demo.launch import Launcher, LaunchError
from demo.plan import PlanError, make_plan
from demo.seed import SeedError
from settings import SettingsError

FAULTS = (ChildDied, DatabaseError, DoorError, LaunchError, PlanError, SeedError, SettingsError, fresh.FreshError)


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C. 0: ended when told to; 1: something could not be, and was said."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="Everything on this machine, with example data."
    )
    parser.add_argument("--fresh", action="store_true", help="delete the demo's data and start over")
    parser.add_argument("--yes", action="store_true", help="with --fresh: do not ask")
    chosen = parser.parse_args(arguments)
    try:
        plan = make_plan()
        if chosen.fresh:
            if not chosen.yes and not _agreed(f"Delete the demo's data in {plan.data_dir} and start over? [y/N] "):
                print("Nothing was deleted.")
                return 1
            fresh.start_over(plan)
        Launcher(plan, lambda text: print(text, flush=True)).run()
    except FAULTS as fault:
        print(f"\n{fault}", file=sys.stderr)
        return 1
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().casefold() in ("y", "yes")
    except EOFError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
