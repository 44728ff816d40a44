"""A LINE platform on this machine: its API, its webhooks, its people and their phones, all in memory.

It imports nothing of any bot. Start it with ``python -m simulator --webhook URL --secret S`` or, in a test, with
``with Simulator(webhook=..., secret=...) as line: ...``. See README.md in this folder.
"""

from __future__ import annotations

from simulator.clock import Clock
from simulator.inprocess import Simulator

__all__ = ["Clock", "Simulator"]
