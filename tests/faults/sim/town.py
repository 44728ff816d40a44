"""A history's world: two processes of the program, LINE, the database, the oracle; and how acts reach them.

Every act leaves elements in `pending`: events (applied if their turn is stored) and deeds of staff (applied if done).
After each step the oracle is asked whether some order of what happened at once explains what is now there.
"""

from __future__ import annotations

import itertools
import pickle
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

import bot.outbox
import database.engine
from database.engine import make_engine, make_sessions
from settings import ChannelSettings, Settings
from tests.conftest import TEST_KEYS
from tests.conversations.chat import CLUB, SECRET, TOKEN, StandingClock
from tests.factories import NOON
from tests.faults.sim import compare, invariants, oracle_turns, scene
from tests.faults.sim.line_platform import Door, Event, Platform
from tests.faults.sim.oracle import Club
from tests.faults.sim.process import Death, Process, terminate

TALLIED = (
    "SELECT 'turn: ' || coalesce(outcome, state), count(*) FROM turns GROUP BY 1",
    "SELECT 'reply: ' || reply_state, count(*) FROM turns GROUP BY 1",
    "SELECT 'notice: ' || state, count(*) FROM notices GROUP BY 1",
    "SELECT 'deed: ' || action, count(*) FROM journal GROUP BY 1",
    "SELECT 'rounds done', count(*) FROM runs WHERE state = 'done'",
)
Applied = Callable[[Club], str]
QUERIES = {**compare.QUERIES, **invariants.QUERIES}


class Violation(AssertionError):
    """A promise was broken; the message says which, and how."""


@dataclass
class Element:
    """One thing that may have happened: an event, or a deed. `came` is what the program answered, if it said."""

    what: str
    apply: Applied
    event_id: str | None = None
    came: str | None = None
    done: bool | None = None
    """Whether it happened; None: nobody knows, the program died meanwhile."""


@dataclass
class Grounds:
    """What many histories share: the database, LINE, the ports."""

    url: str
    folder: Path
    platform: Platform = field(init=False)
    doors: list[Door] = field(init=False)
    server: psycopg.Connection[Any] = field(init=False)
    """Looks at the database, empties it, and ends every connection but this one."""
    tally: Counter[str] = field(default_factory=Counter)
    """What happened in all histories: outcomes of turns and deeds, accidents, what became of replies."""

    def __post_init__(self) -> None:
        # Patience is real seconds, and the clock stands still here: there is nothing to wait for.
        self._usual = bot.outbox.PATIENCE, bot.outbox.FLUSH_SECONDS, database.engine.RESTED
        bot.outbox.PATIENCE, bot.outbox.FLUSH_SECONDS = (0.0, 0.0, 0.0), 0.001
        # A connection ended in one step must not make the next step fail: every one is asked before it is used.
        database.engine.RESTED = 0.0
        self.platform = Platform(NOON)
        self.doors = [Door(), Door()]
        options = "-c timezone=UTC"
        self.server = psycopg.connect(self.url, autocommit=True, row_factory=namedtuple_row, options=options)

    def rows(self) -> compare.Rows:
        """Everything that is compared, in one round trip: after each step as well."""
        with self.server.pipeline():
            asked = {name: self.server.execute(query) for name, query in QUERIES.items()}
            return {name: cursor.fetchall() for name, cursor in asked.items()}

    def close(self) -> None:
        """Everything ends."""
        for door in self.doors:
            door.close()
        self.server.close()
        self.platform.simulator.stop()
        bot.outbox.PATIENCE, bot.outbox.FLUSH_SECONDS, database.engine.RESTED = self._usual


class Town:
    """One history's world."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds, self.platform = grounds, grounds.platform
        self.clock = StandingClock(NOON)
        terminate(grounds.server)
        scene.empty(grounds.server)
        self.platform.begin(NOON)
        self.engine = make_engine(grounds.url, pool_size=2)
        self.processes = [Process(self._settings(), self.clock) for _ in grounds.doors]
        self.sessions = make_sessions(self.engine, vault=self.processes[0].parts.vault)
        with self.sessions.begin() as session:
            self.ids = scene.furnish(session, self.processes[0].parts.vault, NOON)
        self.club = Club()
        self.past: list[Event] = []
        self.acknowledged: set[str] = set()
        self.stored: set[str] = set()
        self.seen_rows: dict[tuple[str, int], Any] = {}
        self._open_doors()

    def close(self) -> None:
        """The history ends."""
        for query in TALLIED:
            self.grounds.tally.update(dict(self.grounds.server.execute(query)))
        for process in self.processes:
            process.bury()
        self.engine.dispose()

    # --- acts ----------------------------------------------------------------------------------------------------
    def events(self, deed: Callable[[Any], Any]) -> list[Event]:
        """Somebody does something on the phone: its events, not yet posted."""
        made = self.platform.act(deed)
        self.clock.at += timedelta(seconds=1)
        self.past += made
        return made

    def elements(self, events: Sequence[Event]) -> list[Element]:
        """What these events would come to, in the order in which one body takes them."""
        now = self.clock.at
        return [
            Element(
                f"event {event['webhookEventId']}",
                lambda club, event=event: oracle_turns.turn(club, self.ids, event, now),  # type: ignore[misc]
                event_id=event["webhookEventId"],
            )
            for event in sorted(events, key=lambda event: event["timestamp"])
        ]

    def post(self, events: list[Event], to: int) -> int:
        """Send one body to one process."""
        self.platform.revive(events)
        status = self.grounds.doors[to].post(events, self.platform.simulator.line.bot_id)
        if status == 200:
            self.acknowledged |= {event["webhookEventId"] for event in events}
        elif status not in (0, 503):
            raise Violation(f"a webhook was answered {status}")
        return status

    def attempt(self, element: Element, deed: Callable[[], str]) -> None:
        """Staff or a partner does something; what it came to goes into the element."""
        try:
            element.came, element.done = deed(), True
        except Death:
            element.done = None
        except Exception as error:
            if not away(error):
                raise
            element.done = None

    def at_once(self, *deeds: Callable[[], Any]) -> None:
        """Each in a thread of its own, begun at the same moment. An error of any is raised."""
        barrier, errors = threading.Barrier(len(deeds)), list[BaseException]()

        def run(deed: Callable[[], Any]) -> None:
            barrier.wait()
            try:
                deed()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    def crash(self, number: int) -> None:
        """A process dies, and another takes its place on the same database."""
        self.processes[number].bury()
        self.processes[number] = Process(self._settings(), self.clock)
        self._open_doors()

    # --- looking -------------------------------------------------------------------------------------------------
    def check(self, *streams: Sequence[Element]) -> None:
        """Come to rest, then everything that must hold. `streams` are what happened, each in its order. Raises `Violation`."""
        for process in self.processes:
            process.settle()
            if process.errors:
                raise Violation(f"an error in a sending thread: {process.errors[0]!r}") from process.errors[0]
        rows = self.grounds.rows()
        self._turns(rows, streams)
        problems = [*self._explained(rows, streams), *compare.follow_rounds(rows, self.club, self.ids)]
        if not problems and not any(streams):
            # Jobs alone: what rounds moved is compared now that the oracle has followed.
            problems = compare.differences(rows, self.club, self.ids)
        problems += invariants.broken(rows)
        problems += invariants.misdelivered(rows, self.platform.delivered)
        problems += invariants.rows_gone_or_changed(rows, self.seen_rows)
        problems += [
            f"event {event} was answered 200 and is not stored (D1)" for event in self.acknowledged - self.stored
        ]
        if problems:
            raise Violation("\n".join(problems))

    def _turns(self, rows: compare.Rows, streams: Sequence[Sequence[Element]]) -> None:
        """Which of the events are stored by now, and with what outcome. Those stored before are no news."""
        outcomes = {row.event_id: row.outcome for row in rows["turns"]}
        for element in itertools.chain(*streams):
            if element.event_id is not None:
                element.done = element.event_id in outcomes and element.event_id not in self.stored
                element.came = outcomes.get(element.event_id)
        self.stored |= set(outcomes)

    def _explained(self, rows: compare.Rows, streams: Sequence[Sequence[Element]]) -> list[str]:
        """Find an order of what happened that explains it; else why the likeliest does not."""
        if not any(streams):
            return []
        reasons: list[list[str]] = []
        kept = pickle.dumps(self.club)  # copies ten times as fast as `deepcopy`
        for order in _orders(streams):
            club = pickle.loads(kept)
            problems = _applied(club, order) or compare.differences(rows, club, self.ids)
            if not problems:
                self.club = club
                return []
            reasons.append(problems)
        return min(reasons, key=len)

    def _open_doors(self) -> None:
        for door, process in zip(self.grounds.doors, self.processes, strict=True):
            door.app = process.app

    def _settings(self) -> Settings:
        return Settings(
            env="test",
            database_url=self.grounds.url,
            data_dir=self.grounds.folder,
            clubs=(CLUB,),
            clubs_dir=None,
            line_api_url=self.platform.url,
            line_data_url=self.platform.url,
            public_url="https://club.example",
            secret_keys=TEST_KEYS,
            channels={CLUB: ChannelSettings((SECRET,), TOKEN)},
            now=None,
        )

    def move(self, ahead: timedelta) -> None:
        """Time passes, for the program and for LINE."""
        self.clock.at += ahead
        self.platform.simulator.move_to(self.clock.at)


def away(error: Exception) -> bool:
    """Whether the database was away, as a cut connection makes it."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _orders(streams: Sequence[Sequence[Element]]) -> Iterator[list[Element]]:
    """Every order of what happened that keeps each stream's own; what may or may not have happened, both ways."""
    known = [[element for element in stream if element.done is not False] for stream in streams]
    doubtful = [element for stream in known for element in stream if element.done is None]
    for happened in itertools.product((True, False), repeat=len(doubtful)):
        gone = {id(element) for element, did in zip(doubtful, happened, strict=True) if not did}
        yield from _merged([[element for element in stream if id(element) not in gone] for stream in known])


def _merged(streams: list[list[Element]]) -> Iterator[list[Element]]:
    if not any(streams):
        yield []
    for number, stream in enumerate(streams):
        if stream:
            rest = [*streams[:number], stream[1:], *streams[number + 1 :]]
            yield from ([stream[0], *order] for order in _merged(rest))


def _applied(club: Club, order: list[Element]) -> list[str]:
    """Apply them one after another; how what was answered differs from what should have been."""
    for element in order:
        should = element.apply(club)
        came = element.came
        if came is not None and should != oracle_turns.ANY and _word(came) != should:
            return [f"{element.what} came to {came!r}, should be {should!r}"]
    return []


def _word(outcome: str) -> str:
    """A refusal without its rule id; other outcomes as they are."""
    return outcome.split()[0] if outcome[:1].isupper() else outcome
