"""A folder for an embedded server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.temporary_server import temporary_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder every account may enter; the servers in it are stopped afterwards."""
    with temporary_folder() as path:
        yield path
