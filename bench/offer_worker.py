"""One worker that sends offers, or a bare loop of the SDK's multicast, in a process of its own.

`python -m bench.offer_worker ours` takes its settings from the environment, says `ready`, waits for a line, and sends until no
offer is being sent any more. `python -m bench.offer_worker bare URL N` sends to the same people without a database.
Either prints one line of JSON: when it began and ended (monotonic seconds), and the most memory it had, in MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, MulticastRequest, TextMessage
from sqlalchemy import func, select

from app import make_parts
from jobs.wiring import make_offering
from models import Offer

THREADS = 32
ALLOWED = 200.0
"""Multicasts a second."""


def ours() -> None:
    """Our job, as `python -m jobs` runs it."""
    parts = make_parts()
    job = make_offering(parts, patience=0.2)
    still = select(func.count()).select_from(Offer).where(Offer.state.in_(("approved", "preparing", "sending")))
    with parts.sessions() as session:
        session.scalar(still)
    print("ready", flush=True)
    sys.stdin.readline()
    begun = time.monotonic()
    while True:
        job.run()
        with parts.sessions() as session:
            if not session.scalar(still):
                break
    _tell(begun, time.monotonic() - 0.2)  # the patience at its end sends nothing


def bare(url: str, people: int) -> None:
    """The SDK as its README shows, one client for all threads, each call at its place in a second of 200."""
    configuration = Configuration(access_token="bare", host=url)
    configuration.connection_pool_maxsize = THREADS
    with ApiClient(configuration) as client, ThreadPoolExecutor(THREADS) as pool:
        api = MessagingApi(client)
        begun = time.monotonic()

        def send(number: int) -> None:
            time.sleep(max(0.0, begun + number / ALLOWED - time.monotonic()))
            to = [f"U{k:032x}" for k in range(number * 500, min(people, number * 500 + 500))]
            api.multicast(
                MulticastRequest(to=to, messages=[TextMessage(text="กาแฟฟรี")]), x_line_retry_key=str(uuid.uuid4())
            )

        list(pool.map(send, range(-(-people // 500))))
        _tell(begun, time.monotonic())


def _tell(begun: float, ended: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"begun": begun, "ended": ended, "peak": peak}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "bare":
        bare(sys.argv[2], int(sys.argv[3]))
    else:
        ours()
