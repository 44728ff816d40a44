"""A bounded share of what `python -m tests.faults.offer_kills` does by command."""

from __future__ import annotations

import random

import pytest

from tests.faults.offer_kills import run


@pytest.mark.slow
def test_e2_workers_killed_at_random_and_everybody_has_it_once(database_url: str) -> None:
    """E2: two workers, four kills −9 at random; while one is dead the other goes on; nobody is missed, nobody has it twice."""
    seed = random.SystemRandom().randrange(10**6)
    found = run(database_url, 25_000, 4, random.Random(seed))
    assert found.heard == {1: 25_000}, f"seed {seed}"
    assert found.outcomes == {"accepted": 25_000}, f"seed {seed}"
    assert found.kills == 4, f"seed {seed}"
    assert found.alone >= 3, "the other worker stood still"
