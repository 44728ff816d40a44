"""H3, C9, D17: some seconds of wrong webhooks, buttons, texts, files and pages. Ten minutes: `python -m tests.faults.fuzz`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from handlers.conversation import Conversation
from tests.faults.fuzz import first_case, throw_for
from tests.faults.sim.fuzzing import TARGETS, Yard
from tests.faults.sim.town import Grounds, Violation

pytestmark = pytest.mark.slow
SECONDS = 12


@pytest.fixture
def grounds(database_url: str, tmp_path: Path) -> Iterator[Grounds]:
    """A database, LINE, and two ports."""
    with closing(Grounds(database_url, tmp_path)) as found:
        yield found


def test_h3_nothing_thrown_at_it_does_harm(grounds: Grounds, seed: int, evidence: Callable[[str], None]) -> None:
    """H3: no 5xx, no event of ours parked, no error in a thread, no row by halves; other cases each run, a failing one is
    named with the command that throws it again."""
    first = first_case(seed)
    done = throw_for(grounds, SECONDS, first)
    evidence(f"fuzz: {sum(done.values())} cases from {first}, none did harm")
    assert min(done[target] for target in TARGETS) >= 5


def test_h3_control_a_handler_that_fails_is_seen(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 of H3: with a fault planted in the conversation the same cases find it."""

    def faulty(*_: object) -> None:
        raise ZeroDivisionError("planted")

    with closing(Yard(grounds)) as yard:
        monkeypatch.setattr(Conversation, "_meant", faulty)
        with pytest.raises(Violation, match="ZeroDivisionError: planted"):
            yard.throw("typed", 1)
