"""The threads that call LINE for offers, and the one that writes down what came of each call. No connection to the
database is held while LINE thinks (G5)."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import batches, pace, running
from benefits.offers.batches import Outcome, Ready
from bot.line import Line, LineError, NotSent, TooMany, Unknown

THREADS = 40
"""At 200 calls a second and an answer in 100 ms, 20 are under way; the others wait for their place."""
LONGEST = 600.0
"""Seconds between two tries of one batch at most."""
FLUSH = 0.05
HOPELESS = 20
"""So many single messages refused in a row: it is not the people."""
_WHICH = re.compile(r"\bto\[(\d+)\]")

log = structlog.get_logger("offers")


@dataclass(frozen=True)
class Told:
    """What one call came to, and the trouble it showed: `rate` and `down` slow all down, the others pause the offer."""

    ready: Ready
    club: str
    outcome: Outcome
    trouble: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Sender:
    """A pool of calls. `place()` says how many more it takes; leaving the `with` waits until all is written down."""

    sessions: sessionmaker[Session]
    now: Callable[[], datetime]
    chance: Callable[[], float]
    """A number from 0 to 1, so that retries of many workers do not come together."""
    threads: int = THREADS
    owner: UUID = field(default_factory=uuid4)
    sent: int = 0
    """People LINE accepted a message for, as written down."""
    _calling: int = 0
    _open: int = 0
    _refused: int = 0
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _told: queue.SimpleQueue[Told | None] = field(default_factory=queue.SimpleQueue)

    def __enter__(self) -> Sender:
        self._pool = ThreadPoolExecutor(self.threads, "offers")
        self._recorder = threading.Thread(target=self._write_down, name="offers-recorder", daemon=True)
        self._recorder.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        self._told.put(None)
        self._recorder.join()

    def place(self, wanted: int) -> int:
        """Wait until so many calls may be handed in (or as many as there are threads); how many that is."""
        wanted = min(wanted, self.threads)
        with self._lock:
            self._lock.wait_for(lambda: self.threads - self._calling >= wanted)
        return wanted

    def drain(self) -> None:
        """Wait until everything handed in is written down."""
        with self._lock:
            self._lock.wait_for(lambda: self._open == 0)

    def send(self, ready: Sequence[Ready], line: Line, club: str, places: pace.Places, begun: float) -> None:
        """Call LINE for each, at its place: `places` as reserved at `begun` (monotonic seconds)."""
        with self._lock:
            self._open += len(ready)
            self._calling += len(ready)
        for number, batch in enumerate(ready):
            self._pool.submit(self._call, batch, line, club, begun + places.first + number * places.step)

    def _call(self, ready: Ready, line: Line, club: str, at: float) -> None:
        time.sleep(max(0.0, at - time.monotonic()))
        try:
            told = self._judged(ready, line, club)
        except Exception as error:  # whatever it is, LINE may have the message
            log.exception("sending failed", batch=ready.id)
            told = Told(ready, club, Outcome(ready.id, "unknown", None, type(error).__name__, self._later(ready)))
        self._told.put(told)
        with self._lock:
            self._calling -= 1
            self._lock.notify_all()

    def _judged(self, ready: Ready, line: Line, club: str) -> Told:
        """D9: what LINE's answer means."""

        def tell(result: str, error: Exception, trouble: str | None = None, **facts: Any) -> Told:
            malformed = facts.pop("malformed", None)
            later = None if malformed else self._later(ready)
            outcome = Outcome(ready.id, result, None, str(error), later, malformed)
            return Told(ready, club, outcome, trouble, facts)

        try:
            answer = _say(ready, line)
            return Told(ready, club, Outcome(ready.id, "accepted", answer))
        except Unknown as error:
            return tell("unknown", error, "down")
        except NotSent as error:
            return tell("again", error, "down")
        except TooMany as error:
            numbers = _used_up(line, len(ready.to))
            return tell("again", error, "quota" if numbers else "rate", **numbers)
        except LineError as error:
            if error.status == 401:
                return tell("again", error, "token")
            if error.status == 409:  # without saying what was accepted: a key we have used, then
                return tell("unknown", error)
            who = _malformed(ready, error)
            if who is not None:
                return tell("malformed", error, malformed=who)
            single = ready.kind == "push" and error.status == 400
            return tell("refused", error, None if single else "refused", status=error.status, said=error.message[:200])

    def _later(self, ready: Ready) -> datetime:
        seconds = min(LONGEST, 2.0 ** min(ready.attempts, 12)) * (0.5 + self.chance())
        return self.now() + timedelta(seconds=seconds)

    def _write_down(self) -> None:
        """Outcomes are written together: twenty statements a second instead of two hundred."""
        while (first := self._told.get()) is not None:
            time.sleep(FLUSH)
            told = [first]
            ended = False
            while not self._told.empty() and len(told) < 200:
                more = self._told.get()
                if more is None:
                    ended = True
                    break
                told.append(more)
            try:
                self._record(told)
            except Exception:
                log.exception("outcomes not written; their leases end and the keys tell", count=len(told))
            with self._lock:
                self._open -= len(told)
                self._lock.notify_all()
            if ended:
                return

    def _record(self, told: Sequence[Told]) -> None:
        now = self.now()
        with self.sessions.begin() as session:
            self.sent += batches.record(session, [one.outcome for one in told], self.owner, now)
            for club in {one.club for one in told if one.trouble in ("rate", "down")}:
                pace.slow_down(session, club)
            for one in told:
                trouble = one.trouble or self._hopeless(one)
                if trouble in running.WHY and running.halt(session, one.ready.offer_id, trouble, now, **one.facts):
                    log.warning("offer paused", offer=one.ready.offer_id, reason=trouble)

    def _hopeless(self, told: Told) -> str | None:
        self._refused = self._refused + 1 if told.outcome.result == "refused" else 0
        return "refused" if self._refused >= HOPELESS else None


def _say(ready: Ready, line: Line) -> str | None:
    """The call; LINE's request id."""
    unit = running.unit(ready.offer_id)
    if ready.kind == "push":
        return line.push(ready.to[0], ready.messages, ready.key, unit).request_id
    return line.multicast(ready.to, ready.messages, ready.key, unit).request_id


def _used_up(line: Line, needed: int) -> dict[str, int]:
    """LINE's numbers when the month's quota has no room for so many; empty when it has, or nobody can say (D9, E5)."""
    try:
        limit, used = line.quota()
    except (LineError, Unknown):
        return {}
    return {} if limit is None or used + needed <= limit else {"limit": limit, "used": used}


def _malformed(ready: Ready, error: LineError) -> str | None:
    """The user id that LINE cannot read, if that is why it refused everybody."""
    for said in (error.message, *(str(detail) for detail in error.details)):
        found = _WHICH.search(said)
        if error.status == 400 and found and int(found[1]) < len(ready.to):
            return ready.to[int(found[1])]
    return None
