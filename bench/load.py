"""The load: signed webhooks over connections that stay open, in a process of its own.

`python -m bench.load` reads one JSON document from stdin (`port`, `path`, `secret`, `connections`, `bodies`) and prints one:
when it began (monotonic seconds), how long it took, the status codes, and the times to answer in milliseconds. With
`per_second` each request has its time and is waited for from then on; without, it leaves as soon as a connection is free.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any


def main() -> None:
    """One load."""
    wanted = json.load(sys.stdin)
    port, path, secret = wanted["port"], wanted["path"], wanted["secret"]
    requests = [request_of(port, path, secret, body.encode()) for body in wanted["bodies"]]
    print(json.dumps(asyncio.run(_press(port, wanted["connections"], requests, wanted.get("per_second")))))


def request_of(port: int, path: str, secret: str, body: bytes) -> bytes:
    """The bytes LINE would send for this body."""
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: LineBotWebhook/2.0\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"x-line-signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


async def _press(port: int, connections: int, requests: list[bytes], per_second: float | None) -> dict[str, Any]:
    statuses: Counter[int] = Counter()
    times: list[float] = []
    begun = time.monotonic()
    due = (begun + number / per_second if per_second else 0.0 for number in range(len(requests)))
    left = zip(due, requests, strict=False)
    await asyncio.gather(*(_connection(port, left, statuses, times) for _ in range(connections)))
    seconds = time.monotonic() - begun
    times.sort()
    return {
        "begun": begun,
        "seconds": seconds,
        "statuses": statuses,
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[min(len(times) - 1, len(times) * 99 // 100)],
        "worst": 1000 * times[-1],
    }


async def _connection(
    port: int, left: Iterator[tuple[float, bytes]], statuses: Counter[int], times: list[float]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for due, request in left:
        begun = due or time.monotonic()
        if begun > time.monotonic():
            await asyncio.sleep(begun - time.monotonic())
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or 0))
        times.append(time.monotonic() - begun)
        statuses[int(head[9:12])] += 1
        if b"connection: close" in head.lower():
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


if __name__ == "__main__":
    main()
