"""D1, D10, A5: a process that dies at each boundary of a whole turn, from the webhook to the written-down reply.

The children of test_crash_points and test_claim_crash are killed (-9) within a deed. Here the calls to LINE and what is
written down after them are boundaries too, and the event is delivered again as LINE does; the process dies in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.sim.steps import ACCIDENTS, JOBS, SPOKEN_AT, History
from tests.faults.sim.town import Grounds

pytestmark = [
    pytest.mark.slow,
    # The WSGI server's threads end with the process that died in them.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
NOBODY, THE_FIRST = 0, 1
TRIES = 20
"""How often LINE comes with an event that is answered 503, at most."""
TURNS = {
    "joining": ("agree", NOBODY),
    "claiming": ("claim", THE_FIRST),
    "using": ("use", THE_FIRST),
    "leaving": ("leave now", THE_FIRST),
}
"""What the first person does, and who has joined before."""


@pytest.fixture
def grounds(database_url: str, tmp_path: Path) -> Iterator[Grounds]:
    """A database, LINE, and two ports."""
    with closing(Grounds(database_url, tmp_path)) as found:
        yield found


@pytest.mark.parametrize("name", TURNS)
def test_d10_dead_at_any_boundary_of_a_turn_it_happens_once_and_is_answered_once(
    grounds: Grounds, name: str, evidence: Callable[[str], None]
) -> None:
    """Every statement, commit and call to LINE, before and after: then the event comes again and another process takes up
    what is open. After each step everything must hold, and at the end the deed is done and LINE took at most one answer."""
    kind, agreed = TURNS[name]
    point, sprung = 0, True
    while sprung:
        point += 1
        with closing(History(grounds)) as history:
            sprung = _dies(history, SPOKEN_AT[kind], agreed, point)
            event = history.town.past[-1]["webhookEventId"]
            (came,) = grounds.server.execute("SELECT outcome, reply_state FROM turns WHERE event_id = %s", [event])
        assert came.outcome in ("agreed", "claimed", "in use", "left"), f"point {point}"
        assert came.reply_state in ("sent", "pushed", "unknown"), f"point {point}"
    assert point > 15
    evidence(f"a whole turn, {name}: dead at {point - 1} points")


def _dies(history: History, kind: int, agreed: int, point: int) -> bool:
    """One life and death; False: the turn has fewer boundaries."""
    history.take("begin", agreed=agreed)
    if kind == SPOKEN_AT["use"]:
        history.take("say", who=0, kind=SPOKEN_AT["claim"], x=0, y=0, to=0)
    trap = history.town.processes[0].trap
    history.take("accident", how=ACCIDENTS.index("die"), after=point, what=0, kind=kind, x=0, y=0, to=0)
    _deliver_again(history)
    history.take("tick", leap=0)
    history.take("job", kind=JOBS.index("replies"), to=1)
    return trap.sprung


def _deliver_again(history: History) -> None:
    """The last event once more, until it is stored: on a busy machine the program may say 503 when a transaction took too
    long, and LINE comes again."""
    number = len(history.town.past) - 1
    for _ in range(TRIES):
        history.take("again", first=number, count=0, to=1)
        if history.town.past[number]["webhookEventId"] in history.town.stored:
            return
