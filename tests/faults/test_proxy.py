"""The fault proxy does what it says: otherwise nothing shown through it means anything."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.proxy import Proxy


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    """A proxy in front of this test's database, which has a table `seen`."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE seen (n int)")
    with Proxy(database_url) as proxy:
        yield proxy


def write(proxy: Proxy, n: int) -> None:
    """One row, committed, by way of the proxy."""
    with psycopg.connect(proxy.url) as connection:
        connection.execute("INSERT INTO seen VALUES (%s)", [n])


def seen(database_url: str) -> list[int]:
    """The rows that are there."""
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM seen ORDER BY n")]


def test_what_it_leaves_alone_passes(proxy: Proxy, database_url: str) -> None:
    write(proxy, 1)
    with psycopg.connect(proxy.url) as connection:
        large = connection.execute("SELECT repeat('x', 3000000)").fetchone()
    assert large is not None
    assert len(large[0]) == 3_000_000
    assert (seen(database_url), proxy.cuts) == ([1], 0)


def test_a6_cut_at_the_reply_to_commit_the_server_has_committed(proxy: Proxy, database_url: str) -> None:
    proxy.toxics.cut_at_commit = 1
    with pytest.raises(psycopg.OperationalError):
        write(proxy, 1)
    assert (seen(database_url), proxy.cuts) == ([1], 1)
    write(proxy, 2)
    assert seen(database_url) == [1, 2]


def test_a6_cut_before_commit_the_server_has_nothing(proxy: Proxy, database_url: str) -> None:
    proxy.toxics.cut_before_commit = 1
    with pytest.raises(psycopg.OperationalError):
        write(proxy, 1)
    assert (seen(database_url), proxy.cuts) == ([], 1)


@pytest.mark.parametrize("way", ["cut_after_up", "cut_after_down"])
def test_cut_after_so_many_bytes(proxy: Proxy, way: str) -> None:
    with psycopg.connect(proxy.url) as connection:
        setattr(proxy.toxics, way, 3)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert proxy.cuts == 1
    write(proxy, 1)


def test_late_and_hanging(proxy: Proxy) -> None:
    with psycopg.connect(proxy.url, autocommit=True) as connection:
        proxy.toxics.delay = 0.1
        begun = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - begun >= 0.2
        proxy.toxics.delay, proxy.toxics.hang = 0.0, True
        asking = threading.Thread(target=connection.execute, args=("SELECT 2",), daemon=True)
        asking.start()
        asking.join(0.3)
        assert asking.is_alive()
        proxy.toxics.hang = False
        asking.join(5)
        assert not asking.is_alive()
