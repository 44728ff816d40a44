"""A test that fails while the machine stands still is tried once more, and the run says so at its end.

Build machines are paused: twice a whole run failed by one test in which everything, the clock excepted, had stood still
for three seconds and more. Every limit of ours that counts in seconds then ends at once, rightly, and what a test says of
such a limit is not true of a paused machine. Only a pause that was measured excuses a failure, and only once.
"""

from __future__ import annotations

import threading
from time import monotonic, sleep  # by name: some tests put clocks of their own into `time`

import pytest
from _pytest.runner import runtestprotocol

TICK = 0.05
LONG = 0.8
"""Seconds by which a thread that sleeps wakes too late. With all cores busy it is late by a few hundredths."""


class Watch(threading.Thread):
    """Sleeps and looks at the clock, again and again: how long it was kept from it."""

    def __init__(self) -> None:
        super().__init__(daemon=True, name="standstill")
        self.longest = 0.0

    def run(self) -> None:
        """Until the process ends."""
        while True:
            begun = monotonic()
            sleep(TICK)
            self.longest = max(self.longest, monotonic() - begun - TICK)


_WATCH = Watch()
_WATCH.start()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """As pytest runs a test; a second time after a failure in a pause."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    _WATCH.longest = 0.0
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    if any(report.failed for report in reports) and _WATCH.longest > LONG:
        stood = f"the machine stood still for {_WATCH.longest:.1f} s in {item.nodeid}, which failed: tried again"
        item.user_properties.append(("evidence", stood))
        item._initrequest()  # type: ignore[attr-defined]  # what pytest itself begins an item with; it has no public name
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
