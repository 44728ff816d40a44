"""Processes that start in milliseconds, everything imported."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

EVERYTHING = ["tests.faults.claimants", "tests.faults.crashing", "tests.faults.deeds", "tests.faults.offer_crash"]


def forkserver() -> ForkServerContext:
    """One server for all tests of this process: it imports only what was named before its first child, so all is named."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(EVERYTHING)
    return context
