"""How fast and how heavy the simulator is: `python -m simulator.speed`. Prints one JSON line per figure.

The simulator runs as a process of its own on one core; this process asks from the others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import aiohttp

_HEADERS = {"Authorization": "Bearer any"}
_MESSAGES = [{"type": "text", "text": "สวัสดี"}]


def _figure(metric: str, value: float, unit: str, n: int) -> None:
    print(json.dumps({"metric": metric, "value": round(value, 1), "unit": unit, "n": n}), flush=True)


def _memory(pid: int) -> float:
    """Resident megabytes of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(row.split()[1]) for row in status if row.startswith("VmRSS")) / 1024


def _cpu(pid: int) -> float:
    """Processor seconds a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as status:
        fields = status.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _id(number: int) -> str:
    return f"U{number:032x}"


async def _flood(
    session: aiohttp.ClientSession, pid: int, requests: int, body: Callable[[int], Any], path: str
) -> None:
    """Requests with 32 at a time: per second of the wall clock, and per second of the simulator's processor."""
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            async with session.post(path, json=body(number)) as answer:
                await answer.read()
                if answer.status >= 300:
                    raise SystemExit(f"{path}: {answer.status}")

    started, used = time.perf_counter(), _cpu(pid)
    await asyncio.gather(*(worker() for _ in range(32)))
    _figure(path, requests / (time.perf_counter() - started), "requests/s", requests)
    _figure(path, requests / (_cpu(pid) - used), "requests/core-second", requests)


async def measure(url: str, pid: int, people: int, requests: int) -> None:
    """All figures against a running simulator."""
    async with aiohttp.ClientSession(url, headers=_HEADERS, connector=aiohttp.TCPConnector(limit=32)) as session:
        await session.post("/_sim/settings", json={"rate_limits": False})
        started = time.perf_counter()
        await session.post("/_sim/people/crowd", json={"count": people})
        _figure("people made", time.perf_counter() - started, "s", people)
        _figure("memory with people", _memory(pid), "MB", people)
        await _flood(
            session, pid, requests, lambda n: {"to": _id(n % people), "messages": _MESSAGES}, "/v2/bot/message/push"
        )
        await _flood(
            session,
            pid,
            people // 500,
            lambda n: {"to": [_id(n * 500 + k) for k in range(500)], "messages": _MESSAGES},
            "/v2/bot/message/multicast",
        )
        _figure("memory after a push each and a multicast to all", _memory(pid), "MB", people)


def main() -> int:
    """Starts a simulator on one core and measures it."""
    parser = argparse.ArgumentParser(prog="python -m simulator.speed")
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=20_000)
    options = parser.parse_args()
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--secret", "s"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process.pid, {cores[0]})
        if len(cores) > 1:
            os.sched_setaffinity(0, set(cores[1:]))
        url = process.stdout.readline().strip().rsplit("=", 1)[1]
        asyncio.run(measure(url, process.pid, options.people, options.requests))
    finally:
        process.terminate()
        process.wait(timeout=30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
