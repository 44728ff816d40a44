"""`python -m bench.beside`: webhooks at 200 a second, alone and while an offer goes out, in one run (E9).

One line of JSON: times to answer in ms, replies that did not come, and how many people the offer reached meanwhile. Exit 1 when
something was lost, or the offer ended before the webhooks did.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import psycopg

from bench.children import ROOT, WORKERS, environment, free_port, gunicorn
from bench.figure import machine
from bench.ground import CLUB, ground, vacuum
from bench.offer import prepare
from bench.webhook import CONNECTIONS, WARM, Side, asked, body_of, ours_at, settled, start

PER_SECOND = 200
READERS = """
INSERT INTO people (club, line_user_id, friend, language, profile_at, created_at)
SELECT %s, 'Uf' || lpad(to_hex(n), 31, '0'), true, 'th', now(), now() FROM generate_series(1, CAST(%s AS int)) n
"""
REACHED = """
SELECT coalesce(sum(size) FILTER (WHERE state = 'accepted'), 0), count(*) FILTER (WHERE state <> 'accepted') FROM offer_batches
"""


def main(arguments: Sequence[str]) -> int:
    """Both loads and their line."""
    parser = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    parser.add_argument("--webhooks", type=int, default=1_000, help="webhooks in each of the two loads (1,000)")
    parser.add_argument("--readers", type=int, default=1_000_000, help="people the offer is for (1,000,000)")
    found = run(**vars(parser.parse_args(arguments)))
    print(json.dumps(found, ensure_ascii=False))
    return 1 if found["broken"] else 0


def run(webhooks: int, readers: int) -> dict[str, Any]:
    """The same load twice on the same server."""
    with ExitStack() as stack:
        place, line, port = stack.enter_context(ground()), free_port(), free_port()
        settings = environment(place, line)
        start(stack, place, "line", [sys.executable, "-m", "bench.line_end", str(line)], line, {})
        side = ours_at(place, port)
        start(stack, place, "ours", gunicorn("app:create_app()", port, *WORKERS), port, settings)
        with psycopg.connect(place.url) as connection:
            connection.execute(READERS, (CLUB, readers))
        vacuum(place.url)
        prepare(place)
        _press(line, side, WARM)
        alone = _press(line, side, webhooks)
        worker = [sys.executable, "-m", "bench.offer_worker", "ours"]
        with subprocess.Popen(
            worker, cwd=ROOT, env={**os.environ, **settings}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            stack.callback(child.kill)
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()  # it is ready
            child.stdin.write("go\n")
            child.stdin.flush()
            during = _press(line, side, webhooks)
            with psycopg.connect(place.url) as connection:
                reached, left = connection.execute(REACHED).fetchone() or (0, 0)
            child.kill()
    broken = [f"{name}: {load['lost']} lost" for name, load in (("alone", alone), ("during", during)) if load["lost"]]
    broken += [] if left and reached else ["the offer did not go out the whole time"]
    told = {"bench": "beside", "per_second": PER_SECOND, "n": webhooks, "alone": alone, "during": during}
    return {**told, "reached": int(reached), "broken": broken, "machine": machine()}


def _press(line: int, side: Side, n: int) -> dict[str, float]:
    """`n` webhooks at their times; what became of them."""
    asked(line, "/forget", b"")
    bodies = [json.dumps(body_of(side.events[k % len(side.events)]), ensure_ascii=False) for k in range(n)]
    wanted = {"port": side.port, "path": side.path, "secret": side.secret, "connections": CONNECTIONS, "bodies": bodies}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        input=json.dumps({**wanted, "per_second": PER_SECOND}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    load = json.loads(done.stdout)
    lost = n - settled(line, n)["replies"]
    return {**{name: round(load[name], 1) for name in ("p50", "p99", "worst")}, "lost": lost}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
