"""Hypothesis makes up histories: which steps, and with which numbers. It shortens those that break a promise."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.faults.sim.deeds import SPOKEN, STAFF
from tests.faults.sim.steps import ACCIDENTS, FAULTS, JOBS, LEAPS, PATHS, SPOKEN_AT, STEPS, History
from tests.faults.sim.town import Grounds, Violation

STEPS_PER_HISTORY = 50
HISTORIES = 10
"""What one seed is good for: always the same number, as what Hypothesis makes up depends on it."""
OFTEN = (
    *["say"] * 6,
    *["office"] * 4,
    *["tick"] * 3,
    *["rivals"] * 2,
    *["accident"] * 3,
    *("twice", "several", "late", "again", "job", "job", "fault", "hurry", "outage"),
)
"""Simple steps first: shortening a history leads there."""
SAID_OFTEN = [*[SPOKEN_AT["claim"]] * 10, *[SPOKEN_AT["use"]] * 5, *[SPOKEN_AT["agree"]] * 2, *range(len(SPOKEN))]
DONE_OFTEN = [*[STAFF.index("bill")] * 3, *[STAFF.index("undo")] * 2, *[STAFF.index("confirm")] * 2, *range(len(STAFF))]
RUN_OFTEN = [*[JOBS.index("rounds")] * 3, *[JOBS.index("replies")] * 3, *range(len(JOBS))]
LARGEST = {
    **{"who": 4, "other": 4, "to": 2, "office": 1, "how": len(ACCIDENTS) - 1, "what": 3, "after": 45, "first": 200},
    **{"path": len(PATHS) - 1, "leap": len(LEAPS) - 1, "order": 23},
}
KINDS: dict[str, st.SearchStrategy[int]] = {
    "office": st.sampled_from(DONE_OFTEN),
    "job": st.sampled_from(RUN_OFTEN),
    "fault": st.integers(0, len(FAULTS) - 1),
}
SIMPLEST = ["say", {"who": 0, "kind": SPOKEN_AT["claim"], "x": 0, "y": 0, "to": 0}]


@functools.cache  # making a strategy takes longer than drawing from it
def numbered(step: str) -> st.SearchStrategy[tuple[str, dict[str, int]]]:
    """A step with the numbers it takes, drawn without looking at the town: playing the history again draws the same."""
    names = list(inspect.signature(STEPS[step]).parameters)[1:]
    kinds = {"kind": KINDS.get(step, st.sampled_from(SAID_OFTEN))}
    drawn = {name: kinds.get(name, st.integers(0, LARGEST.get(name, 60))) for name in names}
    return st.tuples(st.just(step), st.fixed_dictionaries(drawn))


class Machine(RuleBasedStateMachine):
    """One history."""

    grounds: ClassVar[Grounds]
    told: ClassVar[Callable[[int], None]] = staticmethod(lambda steps: None)

    def __init__(self) -> None:
        super().__init__()
        self.history = History(self.grounds)

    def teardown(self) -> None:
        """The history ends."""
        self.history.close()
        type(self).told(len(self.history.steps))

    @initialize(agreed=st.sampled_from([31, 31, 31, 30, 29, 27, 23, 15, 0]))
    def begin(self, agreed: int) -> None:
        """Some of the five have joined already."""
        self.history.take("begin", agreed=agreed)

    @rule(step=st.sampled_from(OFTEN).flatmap(numbered))
    def step(self, step: tuple[str, dict[str, int]]) -> None:
        """One step and every check. Hypothesis begins with fifty times the simplest, for every seed: twice will do."""
        if list(step) != SIMPLEST or self.history.steps[-1] != SIMPLEST:
            self.history.take(step[0], **step[1])


def explore(grounds: Grounds, *, seed: int, shrink: bool, told: Callable[[int], None]) -> None:
    """Make up ten histories of 50 steps; `told` hears how many each took. Raises `Violation` from the first that breaks a
    promise, also when it held the second time: which thread is quicker is not in the seed."""
    attributes: dict[str, Any] = {"grounds": grounds, "told": staticmethod(told)}
    machine = hypothesis.seed(seed)(type("Machine", (Machine,), attributes))
    try:
        run_state_machine_as_test(machine, settings=_settings(shrink))
    except FlakyFailure as flaky:
        raise Violation(f"not every time: {flaky.exceptions[0]}") from flaky


def _settings(shrink: bool) -> settings:
    return settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS_PER_HISTORY,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
