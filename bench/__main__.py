"""`python -m bench NAME [--n N] [--json]`; without a name, the list."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from bench import claims, imports, month, offer, outsiders, start, webhook
from bench.figure import Figure


@dataclass(frozen=True)
class Bench:
    """One bench: what it does, its usual size, and the aim."""

    run: Callable[[int], Figure]
    n: int
    told: str
    aim: str


BENCHES = {
    "webhook": Bench(
        webhook.run, 4_000, "webhooks answered with a card, against the SDK's echo example", "ratio ≥ 1.0, p99 < 100 ms"
    ),
    "claims": Bench(
        claims.run, 1_920, "64 rivals claim at once, against the bare SQL of the same claim", "ratio ≥ 0.7"
    ),
    "month": Bench(
        month.run,
        100_000,
        "one monthly round, against INSERT … SELECT … GROUP BY of the same sums",
        "ratio ≤ 2.0, memory flat",
    ),
    "import": Bench(imports.run, 1_000_000, "an import of charges, against COPY into a bare table", "ratio ≤ 3"),
    "offer": Bench(
        offer.run,
        1_000_000,
        "an offer to n people, against what LINE allows (200 multicasts a second of 500)",
        "ratio ≥ 0.95, memory < 300 MB",
    ),
    "outsiders": Bench(
        outsiders.run,
        2_000,
        "webhooks beside 700 uninvited clients of seven kinds, against the same alone",
        "p99 < 500 ms, 0 lost",
    ),
    "start": Bench(start.run, 500, "from process start to the first webhook answered", "< 3 s, < 150 MB a worker"),
}


def main(arguments: list[str]) -> int:
    """Runs one bench and returns the exit code: 1 when a promise did not hold while it ran."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHES)
    parser.add_argument("--n", type=int, help="the size; the list says the usual ones")
    parser.add_argument("--json", action="store_true", help="one line of JSON; what else was seen goes to stderr")
    chosen = parser.parse_args(arguments)
    if chosen.name is None:
        for name, bench in BENCHES.items():
            print(f"{name:<9} {bench.told}. Aim: {bench.aim}. Usual size: --n {bench.n}")
        return 0
    bench = BENCHES[chosen.name]
    figure = bench.run(chosen.n or bench.n)
    print(figure.line() if chosen.json else figure.sentence(), flush=True)
    for note in (*(figure.notes if chosen.json else ()), *figure.broken):
        print(note, file=sys.stderr)
    return 1 if figure.broken else 0


def _ended(number: int, frame: FrameType | None) -> None:
    """Asked to end: as by Ctrl-C, so that servers and folders go too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _ended)
    sys.exit(main(sys.argv[1:]))
