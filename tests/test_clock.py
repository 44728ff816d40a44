"""The clock: the machine's in production; in a demo one that moves for every process at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clock import MovableClock, SystemClock
from tests.conftest import ROOT

ELSEWHERE = datetime.fromisoformat("2028-02-29T23:59:00+07:00")
NEAR = timedelta(seconds=5)


def test_the_systems_clock_is_aware_and_in_utc() -> None:
    """Naive times would be read as another zone's."""
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < NEAR


def test_a_movable_clock_stands_where_it_was_put_and_goes_on(tmp_path: Path) -> None:
    """`start` counts once: a program that starts again goes on from where the clock has come to."""
    clock = MovableClock(tmp_path / "deep" / "clock.json", ELSEWHERE)
    assert clock.now().tzinfo is UTC
    assert timedelta() <= clock.now() - ELSEWHERE < NEAR
    clock.move_to(ELSEWHERE + timedelta(days=1))
    again = MovableClock(tmp_path / "deep" / "clock.json", ELSEWHERE)
    assert timedelta(days=1) <= again.now() - ELSEWHERE < timedelta(days=1) + NEAR


def test_without_a_start_it_is_the_machines_time(tmp_path: Path) -> None:
    """Nothing moved yet, or the file taken away: no offset."""
    clock = MovableClock(tmp_path / "clock.json")
    assert abs(clock.now() - datetime.now(UTC)) < NEAR
    clock.move_to(ELSEWHERE)
    (tmp_path / "clock.json").unlink()
    assert abs(clock.now() - datetime.now(UTC)) < NEAR


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    """Which zone's would it be?"""
    clock = MovableClock(tmp_path / "clock.json")
    with pytest.raises(ValueError, match=r"\+07:00"):
        clock.move_to(datetime(2026, 11, 2, 9))  # noqa: DTZ001
    assert list(tmp_path.iterdir()) == []


def test_every_move_is_seen_by_all_however_quickly_they_follow(tmp_path: Path) -> None:
    """Two moves within one tick of the file system's clock: readers that saw the first see the second."""
    file = tmp_path / "clock.json"
    mover, reader = MovableClock(file), MovableClock(file)
    for day in range(200):
        moment = ELSEWHERE + timedelta(days=day % 7)
        mover.move_to(moment)
        assert abs(reader.now() - moment) < NEAR, day


def test_nobody_reads_half_a_move(tmp_path: Path) -> None:
    """Readers while the clock is moved a few hundred times: always one moment or the other, never an error."""
    clock = MovableClock(tmp_path / "clock.json", ELSEWHERE)
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                ahead = (MovableClock(tmp_path / "clock.json").now() - ELSEWHERE) % timedelta(days=1)
                if ahead > timedelta(minutes=2):
                    wrong.append(ahead)
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    for n in range(300):
        clock.move_to(ELSEWHERE + timedelta(days=n % 3))
    stop.set()
    for thread in readers:
        thread.join()
    assert wrong == []
    assert [file.name for file in tmp_path.iterdir()] == ["clock.json"]


def test_another_process_moves_with_it(tmp_path: Path) -> None:
    """The web server moves the clock; the jobs' process reads the same."""
    MovableClock(tmp_path / "clock.json").move_to(ELSEWHERE)
    program = (
        "import sys, pathlib; from clock import MovableClock; print(MovableClock(pathlib.Path(sys.argv[1])).now())"
    )
    file = str(tmp_path / "clock.json")
    said = subprocess.run([sys.executable, "-c", program, file], cwd=ROOT, capture_output=True, text=True, check=True)
    assert abs(datetime.fromisoformat(said.stdout.strip()) - ELSEWHERE) < timedelta(seconds=60)
