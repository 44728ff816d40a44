"""`claims`: 64 rivals at once, through the rule itself, against the bare SQL of the same claim. Both commit every claim."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psycopg
from sqlalchemy import Engine

from bench import population
from bench.children import ROOT, end_with_parent
from bench.figure import Figure, alternating, compared, spread
from bench.ground import Ground, club, ground, vacuum
from bench.rivals import Task

PROCESSES, THREADS = 4, 16
RIVALS = PROCESSES * THREADS
REPETITIONS = 3
MANY = 64
"""Privileges in the second scene."""
STOCKED = 0.9
"""Share of the attempts the stock is enough for: the last tenth must be refused."""


@dataclass(frozen=True)
class Scene:
    """So many privileges, claimed by everybody at once."""

    name: str
    privileges: int


SCENES = (Scene("one privilege", 1), Scene(f"{MANY} privileges", MANY))


def run(n: int) -> Figure:
    """`n` attempts a repetition and scene, each for an account of its own."""
    attempts = max(n, RIVALS) // MANY * MANY
    with ground() as place:
        engine = place.engine()
        population.settle(engine, club(), attempts)
        found = [_scene(place, engine, scene, attempts) for scene in SCENES]
        engine.dispose()
    notes = [note for _, told, _ in found for note in told]
    broken = [fault for _, _, faults in found for fault in faults]
    (value, peer_value, ratio), scene = min(
        zip([figures for figures, _, _ in found], SCENES, strict=True), key=lambda f: f[0][2]
    )
    return Figure(
        "claims", f"claims decided and committed, {RIVALS} rivals, {scene.name} (the worse of two scenes)", value, "1/s",
        "the bare SQL of the same claim", peer_value, ratio, attempts, notes=notes, broken=broken,
    )  # fmt: skip


def _scene(
    place: Ground, engine: Engine, scene: Scene, attempts: int
) -> tuple[tuple[float, float, float], list[str], list[str]]:
    broken: list[str] = []
    each = attempts // scene.privileges
    stock = round(each * STOCKED)

    def measure(how: str, number: int) -> float:
        key = f"{scene.privileges}-{how}-{number}-"
        ids = population.privileges(engine, club(), key, scene.privileges, stock=stock, codes=each)
        vacuum(place.url)
        seconds = _race(place, how, ids, attempts)
        broken.extend(_faults(place, ids, stock, f"{scene.name}, {how}"))
        return attempts / seconds

    rates = alternating(REPETITIONS, lambda k: measure("rule", k), lambda k: measure("bare", k))
    figures = compared(*rates)
    told = f"{scene.name}: {figures[0]:,.0f} against {figures[1]:,.0f} claims/s, ratio {figures[2]:.2f}"
    return (
        figures,
        [f"{told}; ours {spread(rates[0])}; bare {spread(rates[1])}; exactly the stock of {stock} granted"],
        broken,
    )


def _race(place: Ground, how: str, ids: Sequence[int], attempts: int) -> float:
    """Seconds from the start shot to the last commit, over all processes."""
    children = []
    for number in range(PROCESSES):
        task = Task(place.url, how, list(ids), number, PROCESSES, THREADS, attempts)
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.rivals", json.dumps(asdict(task))],
            cwd=ROOT, preexec_fn=end_with_parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        children.append(child)
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()  # connected and ready
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        times = [json.loads(child.communicate()[0]) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    return float(max(ended for _, ended in times) - min(begun for begun, _ in times))


def _faults(place: Ground, ids: Sequence[int], stock: int, where: str) -> list[str]:
    """What the books say against exactly the stock being granted, each claim with a code of its own."""
    query = """
        SELECT privileges.id, taken, count(claims.id), count(codes.id) FROM privileges
        LEFT JOIN claims ON claims.privilege_id = privileges.id LEFT JOIN codes ON codes.claim_id = claims.id
        WHERE privileges.id = ANY(%s) GROUP BY privileges.id
    """
    with psycopg.connect(place.url) as connection:
        rows = connection.execute(query, (list(ids),)).fetchall()
    return [
        f"{where}: privilege {row[0]} has stock {stock}, says {row[1]} taken, granted {row[2]} with {row[3]} codes"
        for row in rows
        if not row[1] == row[2] == row[3] == stock
    ]
