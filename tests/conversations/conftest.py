"""A world per test: the program, its database and a LINE platform, at noon on 12 November 2026 in Bangkok."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conversations.chat import World
from tests.conversations.chat import world as running
from tests.factories import NOON


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Everything running, nobody there yet."""
    with running(database_url, tmp_path, NOON) as found:
        # A machine that stands still for seconds in the middle of a turn has the database end it: LINE comes again.
        found.line.set(redelivery=True, redelivery_after_seconds=0)
        yield found
