"""`python -m bench.presses [--n 1000]`: what each press costs the web worker, in milliseconds of processor time.

The program's own WSGI application in this process, one press after another, with PostgreSQL and LINE's end beside it: so the
figure is the turn's alone (signature, rules, card, storing it), without the web server and without waiting. One line of JSON;
exit 1 when a press was not answered 200 or not said what it is to say.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from hmac import digest
from typing import Any

import psycopg

from bench.children import SECRET, environment, free_port
from bench.figure import machine
from bench.ground import Ground, ground
from bench.webhook import PEOPLE, Side, body_of, ours_at, start
from bot.actions import (
    Action,
    AskUse,
    ClaimFor,
    Explain,
    MyInfo,
    ShowAccounts,
    ShowClaim,
    ShowClaims,
    ShowPrivilege,
    ShowPrivileges,
    Use,
)

WARM = 200
Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def main(arguments: Sequence[str]) -> int:
    """Every kind of press, `n` times each by `n` people."""
    parser = argparse.ArgumentParser(prog="python -m bench.presses", description=__doc__)
    parser.add_argument("--n", type=int, default=1_000, help=f"presses of each kind (1,000; at most {PEOPLE - WARM:,})")
    n = min(parser.parse_args(arguments).n, PEOPLE - WARM)
    with ExitStack() as stack:
        place, line = stack.enter_context(ground()), free_port()
        start(stack, place, "line", [sys.executable, "-m", "bench.line_end", str(line)], line, {})
        os.environ.update(environment(place, line))
        found, broken = _all(place, ours_at(place, 1), n)
    print(json.dumps({"bench": "presses", "unit": "ms of processor time", "n": n, **found, "machine": machine()}))
    for fault in broken:
        print(fault, file=sys.stderr)
    return 1 if broken else 0


def _all(place: Ground, side: Side, n: int) -> tuple[dict[str, float], list[str]]:
    from app import create_app  # it reads its settings, which are those of this bench only now

    application, warm = create_app(), min(WARM, n)
    gc.collect()
    gc.freeze()
    members, privileges = (
        _ids(place, "SELECT id, id FROM members"),
        sorted(_ids(place, "SELECT id, id FROM privileges")),
    )
    accounts = sorted(members)
    times: dict[str, float] = {}

    def press(name: str, action: Callable[[int], Action]) -> None:
        pressed = [_request(side, k, action(k)) for k in range(warm + n)]
        _press(application, pressed[:warm])
        times[name] = round(_press(application, pressed[warm:]) / n, 2)

    press("look at a privilege", lambda k: ShowPrivilege(privileges[k % len(privileges)]))
    press("my privileges", lambda k: ShowPrivileges())
    press("claim", lambda k: ClaimFor(privileges[0], accounts[k], 1))
    press("claim, refused", lambda k: ClaimFor(privileges[0], accounts[k], 2))
    claims = _ids(place, "SELECT member_id, id FROM claims")
    press("look at a claim", lambda k: ShowClaim(claims[accounts[k]]))
    press("use, asked", lambda k: AskUse(claims[accounts[k]]))
    press("use", lambda k: Use(claims[accounts[k]]))
    press("my info", lambda k: MyInfo())
    press("claims in use", lambda k: ShowClaims("in_use"))
    press("official accounts", lambda k: ShowAccounts())
    press("why this number", lambda k: Explain(accounts[k]))
    said = _ids(place, "SELECT outcome, count(*) FROM turns GROUP BY 1")
    application.extensions["sitthi"].outbox.close()
    wanted = {"claimed": n + warm, "AlreadyClaimed LFC-22": n + warm, "in use": n + warm, "statement": n + warm}
    return times, [f"{said.get(o, 0)} turns came to {o!r}, not {k}" for o, k in wanted.items() if said.get(o) != k]


def _ids(place: Ground, query: str) -> dict[Any, int]:
    with psycopg.connect(place.url) as connection:
        return dict(connection.execute(query.encode()).fetchall())


def _request(side: Side, k: int, action: Action) -> dict[str, Any]:
    event = {**side.events[k], "postback": {"data": action.pack()}}
    body = json.dumps(body_of(event), ensure_ascii=False).encode()
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": side.path,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_LINE_SIGNATURE": b64encode(digest(SECRET.encode(), body, "sha256")).decode(),
        "wsgi.input": io.BytesIO(body),
    }


def _press(application: Application, requests: Sequence[dict[str, Any]]) -> float:
    """Milliseconds of this thread for all of them. Raises `RuntimeError` at an answer other than 200."""
    statuses: set[str] = set()
    before = time.thread_time()
    for request in requests:
        application(request, lambda status, headers: statuses.add(status))
    spent = time.thread_time() - before
    if statuses != {"200 OK"}:
        raise RuntimeError(f"answered {statuses}")
    return 1000 * spent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
