"""The steps of a history: each a name and a few whole numbers, so that it can be written down and played again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import bot.outbox
from tests.faults.sim.deeds import SPOKEN, STAFF, pick, speak, staff
from tests.faults.sim.line_platform import Event
from tests.faults.sim.process import Death, terminate
from tests.faults.sim.town import Element, Grounds, Town, Violation, away

Step = list[Any]
"""A name and its numbers."""
JOBS = ("rounds", "replies", "reminders", "pushes", "menus", "parked", "tidy")
FAULTS = (
    "error_500_before",
    "error_500_after",
    "reset_before",
    "reset_after",
    "half_body",
    "html_body",
    "rate_429",
    "quota_429",
    "expired_token",
    "timeout_after",
)
PATHS = ("/v2/bot/message/reply", "/v2/bot/message/push", "/v2/bot/message", "/v2/bot/profile", "*")
LEAPS = (
    *(timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=11), timedelta(hours=1)),
    *(timedelta(hours=9), timedelta(hours=23, minutes=30), timedelta(days=1), timedelta(days=6), timedelta(days=40)),
)
SPOKEN_AT = {what: SPOKEN.index(what) for what in SPOKEN}
"""The number of each thing that is said."""
ACCIDENTS = ("die", "cut", "lose")


class History:
    """A town, the steps taken in it, and what each does. `take` checks everything after each."""

    def __init__(self, grounds: Grounds) -> None:
        self.town = Town(grounds)
        self.steps: list[Step] = []

    def take(self, name: str, **numbers: int) -> None:
        """One step, then every check. Raises `Violation`; the steps so far are its last line."""
        self.steps.append([name, numbers])
        try:
            STEPS[name](self, **numbers)
        except Exception as error:
            told = str(error) if isinstance(error, Violation) else repr(error)
            raise Violation(f"{told}\nafter {len(self.steps)} steps:\n{json.dumps(self.steps)}") from error

    def close(self) -> None:
        """The history ends."""
        self.town.close()

    def begin(self, agreed: int) -> None:
        """Those of the five whose bit is set add the account and agree to the terms."""
        made: list[Event] = []
        for who in range(5):
            if agreed >> who & 1:
                made += self._spoken(who, SPOKEN_AT["follow"], 0, 0) + self._spoken(who, SPOKEN_AT["agree"], 0, 0)
        streams = [self.town.elements(made)]
        self.town.post(made, 0)
        self.town.check(*streams)

    def say(self, who: int, kind: int, x: int, y: int, to: int) -> None:
        """A person does one thing, and its event arrives once."""
        events = self._spoken(who, kind, x, y)
        streams = [self.town.elements(events)]
        self.town.post(events, to % 2)
        self.town.check(*streams)

    def twice(self, who: int, kind: int, x: int, y: int) -> None:
        """The same event arrives at both processes at the same moment (A7)."""
        events = self._spoken(who, kind, x, y)
        streams = [self.town.elements(events)]
        self.town.at_once(*(partial(self.town.post, events, to) for to in (0, 1)))
        self.town.check(*streams)

    def rivals(self, who: int, x: int, y: int, other: int, kind: int, office: int) -> None:
        """A claim, and at the same moment at the other process what somebody else says, or (`office` 1) staff does (A2)."""
        first = self._spoken(who, SPOKEN_AT["claim"], x, y)
        found = staff(self.town, 1, pick(STAFF, kind), x, y) if office else None
        second = [] if found else self._spoken(other, kind, x, y)
        streams = [self.town.elements(first), [found[0]] if found else self.town.elements(second)]
        other_deed = (lambda: self.town.attempt(*found)) if found else (lambda: self.town.post(second, 1))
        self.town.at_once(lambda: self.town.post(first, 0), other_deed)
        self.town.check(*streams)

    def several(self, who: int, other: int, kind: int, x: int, order: int, to: int) -> None:
        """Four events in one body, in any order (A8, D5)."""
        made: list[Event] = []
        for n in range(4):
            made += self._spoken((who, other)[n % 2], kind + n * 5, x + n, x // 3 + n)
        shuffled = [made[i] for i in pick(list(itertools.permutations(range(len(made)))), order)] if made else []
        streams = [self.town.elements(shuffled)]
        self.town.post(shuffled, to % 2)
        self.town.check(*streams)

    def late(self, who: int, other: int, kind: int, x: int, leap: int) -> None:
        """An event that is not delivered, others meanwhile, then the first: older than what was applied (A8)."""
        kept_back = self._spoken(who, kind, x, x // 2)
        self.say(who, kind + 3, x + 1, x, 0)
        self.say(other, kind + 1, x, x + 1, 1)
        self.town.move(pick(LEAPS[:4], leap))
        streams = [self.town.elements(kept_back)]
        self.town.post(kept_back, 1)
        self.town.check(*streams)

    def again(self, first: int, count: int, to: int) -> None:
        """Past events are redelivered, in one body."""
        past = self.town.past
        if past:
            start = first % len(past)
            events = [
                {**event, "deliveryContext": {"isRedelivery": True}} for event in past[start : start + 1 + count % 4]
            ]
            streams = [self.town.elements(events)]
            self.town.post(events, to % 2)
            self.town.check(*streams)

    def office(self, kind: int, x: int, y: int, to: int) -> None:
        """Staff or a partner does something."""
        found = staff(self.town, to % 2, pick(STAFF, kind), x, y)
        if found is not None:
            self.town.attempt(*found)
            self.town.check([found[0]])

    def job(self, kind: int, to: int) -> None:
        """A job runs; with `to` 2, both workers run it at once."""
        self._job(kind, to)
        self.town.check()

    def fault(self, kind: int, path: int, times: int) -> None:
        """LINE's next calls go wrong."""
        more = {"seconds": 0.01} if pick(FAULTS, kind).startswith("timeout") else {}
        self.town.platform.simulator.fault(pick(FAULTS, kind), path=pick(PATHS, path), times=1 + times % 3, **more)

    def tick(self, leap: int) -> None:
        """Time passes."""
        self.town.move(pick(LEAPS, leap))
        self.town.check()

    def accident(self, how: int, after: int, what: int, kind: int, x: int, y: int, to: int) -> None:
        """In the middle of something the process dies, its connection is cut, or a commit's answer is lost; then it goes on.

        `what`: 0, 1 somebody says something, 2 staff does something, 3 a job runs.
        """
        town, accident, to = self.town, pick(ACCIDENTS, how), to % 2
        trap = town.processes[to].trap
        streams: list[list[Element]] = []
        found = staff(town, to, pick(STAFF, kind), x, y) if what == 2 else None
        if what == 3:
            trap.set(accident, after)
            self._job(kind, to)
        elif found is not None:
            trap.set(accident, after)
            town.attempt(*found)
            streams = [[found[0]]]
        else:
            events = self._spoken(x, kind, x, y)
            streams = [town.elements(events)]
            trap.set(accident, after)
            town.post(events, to)
        town.processes[to].settle()
        trap.disarm()
        town.grounds.tally[f"accident: {accident}{'' if trap.sprung else ', too late'}"] += 1
        if accident == "die":
            town.crash(to)
        town.check(*streams)

    def hurry(self, who: int, kind: int, x: int, after: int) -> None:
        """While one process still holds a reply, time passes and the other takes up what seems left behind.

        The reply is held by a slow LINE, or (`after` odd) by a 429 and the patience that follows it.
        """
        town, platform = self.town, self.town.platform.simulator
        if after % 2:
            platform.fault("rate_429", path="/v2/bot/message/reply", times=1)
        else:
            platform.fault("slow", path="/v2/bot/message", times=1, seconds=0.03)
        bot.outbox.PATIENCE = (0.1, 0.0, 0.0)
        events = self._spoken(who, kind, x, x // 2)
        streams = [town.elements(events)]
        town.post(events, 0)
        town.move(timedelta(seconds=16 + after % 40))
        self._job(JOBS.index("replies"), 1)
        town.processes[0].settle()
        bot.outbox.PATIENCE = (0.0, 0.0, 0.0)
        platform.clear_faults()
        town.check(*streams)

    def outage(self) -> None:
        """Every connection of the database is terminated."""
        terminate(self.town.grounds.server)
        self.town.check()

    def _spoken(self, who: int, kind: int, x: int, y: int) -> list[Event]:
        return self.town.events(speak(self.town, who % 5, pick(SPOKEN, kind), x, y))

    def _job(self, kind: int, to: int) -> None:
        def run(number: int) -> None:
            try:
                getattr(self.town.processes[number].work, pick(JOBS, kind))()
            except Death:
                pass
            except Exception as error:
                if not away(error):
                    raise Violation(f"the job {pick(JOBS, kind)} raised {error!r}") from error

        self.town.at_once(*(partial(run, n) for n in ((0, 1) if to == 2 else (to,))))


STEPS: dict[str, Callable[..., None]] = {
    name: getattr(History, name)
    for name in (
        *("begin", "say", "twice", "rivals", "several", "late", "again", "office", "job", "fault", "tick", "accident"),
        *("hurry", "outage"),
    )
}


def play(grounds: Grounds, steps: list[Step]) -> None:
    """A history that was written down, once more. Raises `Violation`."""
    history = History(grounds)
    try:
        for name, numbers in steps:
            history.take(name, **numbers)
    finally:
        history.close()
