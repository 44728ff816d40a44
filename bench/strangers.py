"""Clients nobody invited, for `bench outsiders`: a hundred of a kind, in a process of its own that gives way to others.

`python -m bench.strangers` reads one JSON document from stdin (`port`, `each`, `kinds`, `partner`, `picture`), prints `ready`
when all of them have begun, and at the end of stdin one line: for each kind how often it was answered what (`0`: closed).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

CSRF = re.compile(rb'name="csrf_token" value="([^"]+)"')
COOKIE = re.compile(rb"(?i)set-cookie: ([^;\r]+)")
PAUSE = 0.2
"""Seconds a client waits between its tries: they are many, and the machine is the one that is measured."""
WORTH = 15
"""How much this process gives way: in the world it is not on this machine."""
LARGE = 95_000_000
BLOCK = b"x" * 65_536
_numbers = count()


class Client:
    """One stranger: what it is aimed at, and what all of its kind were answered."""

    def __init__(self, wanted: dict[str, Any], seen: Counter[str]) -> None:
        self.wanted, self.seen = wanted, seen

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection("127.0.0.1", self.wanted["port"])

    async def ask(self, raw: bytes) -> bytes:
        """One request on a connection of its own: the whole answer."""
        reader, writer = await self.open()
        try:
            writer.write(raw)
            return await reader.read(-1)
        finally:
            writer.close()

    def note(self, answer: bytes) -> None:
        """Count an answer by its status."""
        self.seen[answer[9:12].decode() if answer.startswith(b"HTTP/1.") else "0"] += 1


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request after which the connection is closed."""
    told = {"Host": "127.0.0.1", "Connection": "close", "Sec-Fetch-Site": "same-origin", **headers}
    if method == "POST":
        told |= {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def sign_in(client: Client) -> None:
    """A wrong password, for an address never tried before."""
    page = await client.ask(request("GET", "/console/sign-in"))
    token, cookie = CSRF.search(page), COOKIE.search(page)
    if token is None or cookie is None:
        client.note(page)
        return
    body = f"csrf_token={token[1].decode()}&email=n{next(_numbers)}%40example.com&password=wrong+every+time".encode()
    client.note(await client.ask(request("POST", "/console/sign-in", body, Cookie=cookie[1].decode())))


async def slow_header(client: Client) -> None:
    """A byte of a header a second."""
    await _drip(client, b"POST /callback/family_club HTTP/1.1\r\nHost: x\r\nX-More: ")


async def slow_body(client: Client) -> None:
    """A byte of a body a second."""
    await _drip(client, b"POST /callback/family_club HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")


async def big_body(client: Client) -> None:
    """95 MB for the sign-in form, as fast as they are taken."""
    reader, writer = await client.open()
    writer.write(f"POST /console/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    reading = asyncio.ensure_future(reader.read(-1))
    sent = 0
    with suppress(OSError):
        while sent < LARGE and not reading.done():
            writer.write(BLOCK)
            await writer.drain()
            sent += len(BLOCK)
    client.note(await reading)
    writer.close()


async def idle(client: Client) -> None:
    """Asks once, and stays."""
    reader, writer = await client.open()
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    client.note(await reader.read(4096))
    await reader.read(-1)
    writer.close()


async def guess_pin(client: Client) -> None:
    """A PIN for a use that runs."""
    body = f"do=confirm&pin={next(_numbers):06d}".encode()
    client.note(await client.ask(request("POST", client.wanted["partner"], body)))


async def fetch_picture(client: Client) -> None:
    """A picture that is drawn for each who asks."""
    client.note(await client.ask(request("GET", client.wanted["picture"])))


async def _drip(client: Client, beginning: bytes) -> None:
    reader, writer = await client.open()
    writer.write(beginning)
    reading = asyncio.ensure_future(reader.read(4096))
    while not reading.done():
        await asyncio.wait([reading], timeout=1)
        writer.write(b"a")
    client.note(await reading)
    writer.close()


KINDS: dict[str, Callable[[Client], Awaitable[None]]] = {
    "sign-ins": sign_in,
    "slow headers": slow_header,
    "slow bodies": slow_body,
    "big bodies": big_body,
    "idle": idle,
    "PIN guesses": guess_pin,
    "pictures": fetch_picture,
}


async def _again(act: Callable[[Client], Awaitable[None]], client: Client) -> None:
    while True:
        try:
            await act(client)
        except OSError:
            client.seen["0"] += 1
        await asyncio.sleep(PAUSE)


async def _all(wanted: dict[str, Any]) -> dict[str, Counter[str]]:
    seen = {kind: Counter[str]() for kind in wanted["kinds"]}
    tasks = [
        asyncio.ensure_future(_again(KINDS[kind], Client(wanted, seen[kind])))
        for kind in wanted["kinds"]
        for _ in range(wanted["each"])
    ]
    await asyncio.sleep(1)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return seen


def main() -> None:
    """Until stdin ends."""
    os.nice(WORTH)
    print(json.dumps(asyncio.run(_all(json.loads(sys.stdin.readline())))), flush=True)


if __name__ == "__main__":
    main()
