"""`webhook`: signed postbacks that read and write the database and are answered with a card, against the SDK's echo."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import Any

from sqlalchemy import text

from bench import population
from bench.children import (
    ROOT,
    SECRET,
    TOKEN,
    WORKERS,
    end_with_parent,
    environment,
    free_port,
    gunicorn,
    running,
    wait_for,
)
from bench.figure import Figure, alternating, compared, spread
from bench.ground import CLUB, Ground, club, ground, vacuum
from bot.actions import Action, ClaimFor, ShowPrivilege

PEOPLE = 2_000
LAPS = 2
PRIVILEGES = 50
CONNECTIONS = 16
REPETITIONS = 5
WARM = 400
PATIENCE = 60.0
THINKS = 0.1
"""Seconds LINE takes over a reply in the world; the headline is taken with an end that answers at once."""
SLOW = 1_000
"""Webhooks at most of each repetition with an end that thinks."""
_numbers = count(1)


@dataclass(frozen=True)
class Pressed:
    """What one load came to: answered and replied per second (until the last reply had come), times in ms."""

    per_second: float
    answered_per_second: float
    p50: float
    p99: float
    lost: int
    refused: int


@dataclass(frozen=True)
class Side:
    """One of the two servers."""

    port: int
    path: str
    events: Sequence[dict[str, Any]]
    """What is sent, over and over, with new ids each time."""
    secret: str = SECRET


def run(n: int) -> Figure:
    """`n` webhooks a repetition."""
    with servers() as (line, ours, echo):
        for side in (ours, echo):
            press(line, side, min(n, WARM))
        mine: list[Pressed] = []
        theirs: list[Pressed] = []
        rates = alternating(REPETITIONS, _measure(line, ours, n, mine), _measure(line, echo, n, theirs))
        slowly: list[Pressed] = []
        slowly_echoed: list[Pressed] = []
        few = min(n, SLOW)
        alternating(2, _measure(line, ours, few, slowly, THINKS), _measure(line, echo, few, slowly_echoed, THINKS))
    value, peer_value, ratio = compared(*rates)
    broken = [f"{pressed.lost} replies lost, {pressed.refused} not answered 200"
              for pressed in mine + theirs + slowly + slowly_echoed if pressed.lost or pressed.refused]  # fmt: skip
    return Figure(
        "webhook", "webhooks stored, answered and replied to", value, "1/s", "the SDK's echo example", peer_value, ratio, n,
        notes=[*_notes(mine, theirs, rates), _slow(slowly, slowly_echoed)], broken=broken,
    )  # fmt: skip


def _notes(mine: list[Pressed], theirs: list[Pressed], rates: tuple[list[float], list[float]]) -> list[str]:
    def told(name: str, pressed: list[Pressed], found: list[float]) -> str:
        p50, p99 = median(p.p50 for p in pressed), median(p.p99 for p in pressed)
        answered = median(p.answered_per_second for p in pressed)
        return f"{name}: {answered:,.0f} answered/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {sum(p.lost for p in pressed)} lost; {spread(found)} 1/s"  # noqa: E501

    return [
        told("ours", mine, rates[0]),
        told("echo", theirs, rates[1]),
        f"{CONNECTIONS} connections, 2 workers of 8 threads",
    ]


def _slow(ours: list[Pressed], echo: list[Pressed]) -> str:
    def told(name: str, pressed: list[Pressed]) -> str:
        whole, answered = median(p.per_second for p in pressed), median(p.answered_per_second for p in pressed)
        return (
            f"{name} {whole:,.0f} replied/s, {answered:,.0f} answered/s, p99 {median(p.p99 for p in pressed):,.0f} ms"
        )

    return f"LINE thinking {1000 * THINKS:.0f} ms a reply: {told('ours', ours)}; {told('echo', echo)}"


def _measure(line: int, side: Side, n: int, into: list[Pressed], think: float = 0.0) -> Any:
    def once(number: int) -> float:
        into.append(press(line, side, n, think))
        return into[-1].per_second

    return once


@contextmanager
def servers() -> Iterator[tuple[int, Side, Side]]:
    """LINE's port, ours and the echo, all running, with people and privileges to ask about."""
    with ExitStack() as stack:
        place = stack.enter_context(ground())
        line = free_port()
        start(stack, place, "line", [sys.executable, "-m", "bench.line_end", str(line)], line, {})
        ours, echo = free_port(), free_port()
        side = ours_at(place, ours)
        start(stack, place, "ours", gunicorn("app:create_app()", ours, *WORKERS), ours, environment(place, line))
        settings = {"ECHO_SECRET": SECRET, "ECHO_TOKEN": TOKEN, "LINE_API_URL": f"http://127.0.0.1:{line}"}
        start(stack, place, "echo", gunicorn("bench.echo:create_app()", echo, *WORKERS), echo, settings)
        yield line, side, Side(echo, "/callback", _texts())


def ours_at(place: Ground, port: int, accounts: int = PEOPLE, *, claims: bool = False) -> Side:
    """Our server's side: people with an account each and privileges are made, and somebody asks about one; with
    `claims` every other press claims it."""
    return Side(port, f"/callback/{CLUB}", _postbacks(place, accounts, claims))


def start(stack: ExitStack, place: Ground, name: str, command: list[str], port: int, settings: dict[str, str]) -> None:
    """Starts a server that ends with `stack` and waits until it answers on `port`; its output is in the ground's folder."""
    log = place.folder / f"{name}.log"
    process = stack.enter_context(running(command, log, settings))
    wait_for(port, process, log)


def press(line: int, side: Side, n: int, think: float = 0.0) -> Pressed:
    """`n` webhooks from a process of its own, and wait until their replies have come; LINE thinks `think` s about each."""
    asked(line, f"/forget?think={think}", b"")
    bodies = [json.dumps(body_of(side.events[k % len(side.events)]), ensure_ascii=False) for k in range(n)]
    wanted = {"port": side.port, "path": side.path, "secret": side.secret, "connections": CONNECTIONS, "bodies": bodies}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        cwd=ROOT,
        preexec_fn=end_with_parent,
        input=json.dumps(wanted).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    load = json.loads(done.stdout)
    seen = settled(line, n)
    replied = max(seen["last"] - load["begun"], load["seconds"])
    answered = load["statuses"].get("200", 0)
    return Pressed(n / replied, n / load["seconds"], load["p50"], load["p99"], n - seen["replies"], n - answered)


def settled(line: int, n: int) -> dict[str, Any]:
    """What LINE's end has seen once `n` replies have come, or when patience ends (a minute)."""
    end = time.monotonic() + PATIENCE
    seen = asked(line, "/seen")
    while seen["replies"] < n and time.monotonic() < end:
        time.sleep(0.02)
        seen = asked(line, "/seen")
    return seen


def asked(port: int, path: str, data: bytes | None = None) -> dict[str, Any]:
    """What a server of this bench says as JSON; with `data` a POST. Raises `URLError` when it does not answer in 10 s."""
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", data), timeout=10) as answer:
        return dict(json.load(answer))


def _postbacks(place: Ground, accounts: int, claims: bool) -> list[dict[str, Any]]:
    engine, family = place.engine(), club()
    now = datetime.now(UTC)
    population.settle(engine, family, accounts, now)
    ids = population.privileges(engine, family, "coffee", PRIVILEGES, stock=1_000_000, now=now)
    with engine.connect() as connection:
        members = list(connection.execute(text("SELECT id FROM members ORDER BY id LIMIT :n"), {"n": PEOPLE}).scalars())
    engine.dispose()
    vacuum(place.url)

    def pressed(k: int) -> Action:
        """Everybody in turn, and in the next lap about the next privilege: no claim is made twice."""
        privilege = ids[(k + k // PEOPLE) % PRIVILEGES]
        return ClaimFor(privilege, members[k % PEOPLE]) if claims and k % 2 else ShowPrivilege(privilege)

    return [
        {"type": "postback", "source": _source(1 + k % PEOPLE), "postback": {"data": pressed(k).pack()}}
        for k in range(LAPS * PEOPLE)
    ]


def _texts() -> list[dict[str, Any]]:
    message = {"type": "text", "text": "กาแฟฟรี แก้วที่ 1", "quoteToken": "q"}
    return [{"type": "message", "source": _source(1 + k), "message": {"id": str(k), **message}} for k in range(PEOPLE)]


def _source(n: int) -> dict[str, str]:
    return {"type": "user", "userId": f"U{n:032x}"}


def body_of(event: dict[str, Any]) -> dict[str, Any]:
    """A webhook body with this event, under ids not used before."""
    number = next(_numbers)
    common = {
        "mode": "active",
        "timestamp": int(time.time() * 1000),
        "webhookEventId": f"01{number:024d}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"{number:032x}",
    }
    return {"destination": "U" + "0" * 32, "events": [{**event, **common}]}
