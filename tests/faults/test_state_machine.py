"""H2, D18: histories of people, staff, accidents and time, made up anew in every run; nothing promised breaks in any.

`SITTHI_SIM_STEPS` sets how many steps (2,000), `SITTHI_SEED` the seed of a run to see again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.line import LineError, NotSent, TooMany, Unknown
from bot.outbox import Outbox
from tests.faults.sim.steps import SPOKEN_AT, History, play
from tests.faults.sim.town import Grounds, Violation
from tests.faults.simulate import run, written_down

pytestmark = [
    pytest.mark.slow,
    # The WSGI server's threads end with the process that died in them.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
FIRST = 4711
STEPS = int(os.environ.get("SITTHI_SIM_STEPS", "2000"))
KEPT = written_down(Path(__file__).with_name("seeds.txt"))


@pytest.fixture
def grounds(database_url: str, tmp_path: Path) -> Iterator[Grounds]:
    """A database, LINE, and two ports."""
    with closing(Grounds(database_url, tmp_path)) as found:
        yield found


@pytest.mark.timeout(900)
def test_h2_no_history_breaks_a_promise(grounds: Grounds, seed: int, evidence: Callable[[str], None]) -> None:
    """H2, A8, A11, D1, D5, D12, D18: other histories each run; one that fails is told with its seed, its steps, and the
    command that plays it again."""
    done = run(grounds, first=seed, steps=STEPS, shrink=False, say=print)
    evidence(f"state machine: {done} steps from seed {seed}, every promise held")
    assert grounds.tally["turn: claimed"] > STEPS / 50, "hardly anything was claimed: these histories try nothing"


@pytest.mark.parametrize("steps", KEPT, ids=[str(number) for number in range(1, len(KEPT) + 1)])
def test_h2_histories_that_broke_a_promise_once(grounds: Grounds, steps: list[Any]) -> None:
    """H2: what was found stays mended."""
    play(grounds, steps)


def test_a3_control_without_the_constraint_two_claims_are_seen(grounds: Grounds) -> None:
    """A3: with the claims' unique constraint dropped, a claim raced by another admin is found out."""
    name = "uq_claims_privilege_id_holder_period_slot"
    with psycopg.connect(grounds.url, autocommit=True) as connection:
        connection.execute(f"ALTER TABLE claims DROP CONSTRAINT {name}")
    with pytest.raises(Violation, match="two claims in one place"):
        _race(grounds)


FAULT = """
CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.language := OLD.language; RETURN NEW; END';
CREATE TRIGGER deaf BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION deaf();
"""


def test_h2_control_the_seed_that_is_told_finds_the_same_again(grounds: Grounds) -> None:
    """H2: with a fault planted (no choice of a language is kept), the command of the failing run leads to the same steps."""
    grounds.server.execute(FAULT)
    with pytest.raises(Violation, match=r"speaks \w+, chose \w+") as found:
        run(grounds, first=FIRST, steps=5000, shrink=False, say=print)
    told = re.search(r"python -m tests\.faults\.simulate --seed (\d+)", str(found.value))
    assert told is not None
    with pytest.raises(Violation) as again:
        run(grounds, first=int(told[1]), steps=1, shrink=False, say=print)
    assert str(again.value) == str(found.value)


def test_control_with_the_constraint_the_same_race_is_clean(grounds: Grounds) -> None:
    """A3: the race above breaks nothing while the guard stands."""
    _race(grounds)


def _race(grounds: Grounds) -> None:
    """Two administrators of the first account claim at once, six times over."""
    for _ in range(6):
        with closing(History(grounds)) as history:
            history.take("begin", agreed=31)
            for offer in (3, 4, 7):
                history.take("rivals", who=0, x=offer, y=1, other=1, kind=SPOKEN_AT["claim"], office=0)


def test_d12_control_an_unknown_reply_that_is_pushed_is_seen(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
    """A3 of D12: a reply whose answer was lost, pushed as if it had been refused, is found out as a second message."""

    def hasty(outbox: Outbox, outgoing: Any) -> str:
        try:
            outbox.lines[outgoing.club].reply(outgoing.reply_token, outgoing.messages)
            return "sent"
        except (Unknown, TooMany, NotSent, LineError):
            return outbox._instead(outgoing, "refused")

    monkeypatch.setattr(Outbox, "deliver", hasty)
    with closing(History(grounds)) as history:
        history.take("fault", kind=1, path=0, times=0)
        with pytest.raises(Violation, match="answered twice"):
            history.take("say", who=0, kind=SPOKEN_AT["follow"], x=0, y=0, to=0)
