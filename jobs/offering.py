"""The job `offers`: prepares what is due, sends batches until nothing is open, and keeps an eye on LINE and on our webhooks.

Any number of processes may run it; each runs it once at a time, so that it never takes all of a worker's places.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import batches, budget, pace, preparing, running
from benefits.offers.refusals import QuotaTooSmall, WrongState
from benefits.offers.shape import personal, spoken
from bot.line import Line, LineError, NotSent, TooMany, Unknown
from clubs import Club
from jobs import offer_figures
from jobs.offer_tests import Tests
from jobs.sending import THREADS, Sender
from models import Budget, Offer

AT_ONCE = 16
"""Batches taken in one transaction at most."""
UPKEEP = 1.0
QUOTA_AGE = timedelta(minutes=1)
"""After this LINE is asked again what is left, while something is being sent."""

log = structlog.get_logger("offers")


class Draw(Protocol):
    """Words an offer (handlers/offering.py)."""

    def body(self, session: Session, club: Club, offer: Offer, language: str, *, now: datetime) -> list[Any]:
        """What everybody who reads this language gets."""

    def bodies(
        self, session: Session, club: Club, offer: Offer, readers: Mapping[int, str], *, now: datetime
    ) -> Mapping[int, list[Any] | None]:
        """What each of these people (id → language) gets; none: she lacks a value."""


@dataclass
class Offering:
    """The job, with what it needs. `patience`: seconds it goes on looking for work once there is none."""

    sessions: sessionmaker[Session]
    clubs: Mapping[str, Club]
    lines: Mapping[str, Line]
    draw: Draw
    now: Callable[[], datetime]
    chance: Callable[[], float]
    patience: float = 0.0
    threads: int = THREADS
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> int:
        """Send until nothing is left to be sent now; to how many people. 0 when this process is at it already."""
        if not self._busy.acquire(blocking=False):
            return 0
        try:
            with Sender(self.sessions, self.now, self.chance, self.threads) as sender:
                self._send(sender)
            for club in self.clubs.values():
                self._finish(club)
                offer_figures.refresh(self.sessions, self.lines[club.key], club.key, self.now())
            return sender.sent
        finally:
            self._busy.release()

    def _send(self, sender: Sender) -> None:
        looked = since = asked = -UPKEEP
        drained = False
        found: list[tuple[Club, Offer]] = []
        while True:
            if time.monotonic() - looked >= UPKEEP:
                self._look()
                looked = time.monotonic()
            if drained or time.monotonic() - asked >= UPKEEP / 2:
                found, asked = list(self._open()), time.monotonic()
            done = [self._some(sender, club, offer) for club, offer in found]
            waits = [seconds for seconds in done if seconds]
            if None in done:
                since, drained = time.monotonic(), False
            elif waits:
                time.sleep(min(waits))
            elif not drained:
                sender.drain()  # what was under way may have come back to be tried again
                drained = True
            elif time.monotonic() - since >= self.patience:
                return
            else:
                time.sleep(0.2)

    def _open(self) -> Iterator[tuple[Club, Offer]]:
        """Offers that may begin a batch now."""
        for club in self.clubs.values():
            with self.sessions.begin() as session:
                found = running.sending(session, club)
                still = bool(found) and running.quiet(budget.of(session, club), self.now())
            if not still:
                yield from ((club, offer) for offer in found)

    def _some(self, sender: Sender, club: Club, offer: Offer) -> float | None:
        """Hand a few batches to the sender (None), or say in how many seconds to ask again; 0: nothing to take."""
        kind = "push" if personal(offer.content) else "multicast"
        room = sender.place(AT_ONCE if kind == "multicast" else 4 * AT_ONCE)
        speed = pace.bounded(offer.pace, offer.recipients or 0)
        with self.sessions.begin() as session:
            again, planned, size = batches.takeable(session, offer, self.now(), room)
            calls = min(again or planned, max(1, int(speed / max(1, size))))
            if not calls:
                return 0.0
            places = pace.take(session, club.key, kind=kind, calls=calls, people=calls * size, pace=speed)
        begun = time.monotonic()
        if isinstance(places, float):
            return min(places, 0.5)
        time.sleep(max(0.0, places.first - 0.05))  # frozen as late as can be: who opts out meanwhile is left out
        with self.sessions.begin() as session:
            taken = self._take(session, sender, club, offer, calls, bool(again))
        sender.send(taken, self.lines[club.key], club.key, places, begun)
        return None

    def _take(
        self, session: Session, sender: Sender, club: Club, offer: Offer, calls: int, again: bool
    ) -> list[batches.Ready]:
        now = self.now()
        if again:
            return batches.retry(session, offer.id, sender.owner, now, calls)
        return batches.freeze(
            session,
            club=club,
            offer=offer,
            owner=sender.owner,
            now=now,
            limit=calls,
            wording=self._wording(club, now) if personal(offer.content) else None,
        )

    def _wording(self, club: Club, now: datetime) -> batches.Wording:
        return lambda session, offer, readers: self.draw.bodies(session, club, offer, readers, now=now)

    def _look(self) -> None:
        """What is due, what is over, and whether to step back. One club's trouble does not stop another's."""
        for club in self.clubs.values():
            try:
                self._tests(club)
                self._tidy(club)
                self._prepare(club)
            except Exception:
                log.exception("offers of a club left for the next time", club=club.key)

    def _tests(self, club: Club) -> None:
        Tests(self.sessions, self.lines[club.key], club.key, self.now).run()

    def _tidy(self, club: Club) -> None:
        now = self.now()
        with self.sessions.begin() as session:
            batches.expire(session, now)
            running.close(session, club)
            late = pace.lag(session, club.key, now) > pace.LAG
            (pace.slow_down if late else pace.recover)(session, club.key)
            waiting = [offer.id for offer in running.waiting_for_token(session, club, now)]
            ask = bool(running.sending(session, club)) and _old(budget.of(session, club), now)
        if ask or waiting:
            quota = self._quota(club)
            with self.sessions.begin() as session:
                if quota is not None:
                    budget.refresh(session, club, *quota, now)
                    for offer_id in waiting:
                        running.go_on(session, offer_id, now)

    def _quota(self, club: Club) -> tuple[int | None, int] | None:
        """LINE's (limit, used); none when LINE cannot be asked now."""
        try:
            return self.lines[club.key].quota()
        except (LineError, Unknown) as error:
            log.warning("quota not known", club=club.key, error=str(error))
            return None

    def _prepare(self, club: Club) -> None:
        now = self.now()
        with self.sessions.begin() as session:
            found = running.due(session, club, now)
            if found and running.quiet(budget.of(session, club), now):
                return
        for offer_id in found:
            with self.sessions.begin() as session:
                running.begin(session, offer_id, now)
            try:
                self._prepare_one(club, offer_id, now)
            except QuotaTooSmall as error:
                self._halt(offer_id, "quota", needed=error.needed, room=error.room)
            except WrongState:
                continue  # stopped or paused while it was being prepared
            except (NotSent, TooMany, Unknown) as error:
                log.warning("offer not prepared yet", offer=offer_id, error=str(error))
            except LineError as error:
                reason = "token" if error.status == 401 else "refused"
                self._halt(offer_id, reason, status=error.status, said=str(error)[:300])
            except Exception as error:
                log.exception("an offer that can't be prepared", offer=offer_id)
                self._halt(offer_id, "refused", said=type(error).__name__)

    def _prepare_one(self, club: Club, offer_id: int, now: datetime) -> None:
        """Draw it, have LINE look at it, ask what is left, and write its rows: LINE is asked outside the transaction."""
        with self.sessions.begin() as session:
            offer = session.get_one(Offer, offer_id)
            languages = [] if personal(offer.content) else spoken(club, offer.content)
            bodies = {language: self.draw.body(session, club, offer, language, now=now) for language in languages}
        line = self.lines[club.key]
        for messages in bodies.values():
            line.validate_multicast(messages)
        quota = line.quota()
        with self.sessions.begin() as session:
            budget.refresh(session, club, *quota, now)
        with self.sessions.begin() as session:
            prepared = preparing.prepare(session, club=club, offer_id=offer_id, quota=quota, bodies=bodies, now=now)
        if prepared is not None:
            log.info("offer prepared", offer=offer_id, recipients=prepared.recipients, to_send=prepared.to_send)

    def _halt(self, offer_id: int, reason: str, **facts: Any) -> None:
        with self.sessions.begin() as session:
            running.halt(session, offer_id, reason, self.now(), **facts)
        log.warning("offer paused", offer=offer_id, reason=reason)

    def _finish(self, club: Club) -> None:
        with self.sessions.begin() as session:
            for offer in running.sending(session, club):
                running.finish(session, offer.id, self.now())


def _old(limits: Budget, now: datetime) -> bool:
    return limits.asked_at is None or now - limits.asked_at > QUOTA_AGE
