"""Faults on demand: which call goes wrong, and how."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from simulator.clock import Clock

KINDS = (
    "rate_429",
    "quota_429",
    "error_500_before",
    "error_500_after",
    "timeout_before",
    "timeout_after",
    "reset_before",
    "reset_after",
    "slow",
    "half_body",
    "html_body",
    "expired_token",
    "outage",
)
#: Kinds that only say "no" before anything happened.
_NUMBERS = {"probability": (0.0, 1.0), "seconds": (0.0, 1e9)}


@dataclass(slots=True)
class Fault:
    """One planned fault. `path` is a prefix or `*`; `times` calls left, None for ever; `until` ends an outage."""

    id: str
    kind: str
    method: str | None = None
    path: str = "*"
    probability: float = 1.0
    times: int | None = None
    seconds: float | None = None
    status: int | None = None
    until: float | None = None

    def json(self) -> dict[str, Any]:
        """The fault as the page reads it."""
        found = {
            "id": self.id,
            "kind": self.kind,
            "method": self.method,
            "path": self.path,
            "probability": self.probability,
            "times": self.times,
            "seconds": self.seconds,
            "status": self.status,
        }
        return {name: value for name, value in found.items() if value is not None}

    def fits(self, method: str, path: str) -> bool:
        """Whether the fault is about this call at all."""
        if self.method is not None and self.method != method:
            return False
        return self.path == "*" or path.startswith(self.path)


class Faults:
    """The planned faults, asked once per call."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.planned: list[Fault] = []
        self._count = 0

    def add(self, values: dict[str, Any]) -> Fault:
        """Plans a fault. Raises ValueError with a sentence when `values` cannot be one."""
        unknown = set(values) - {"kind", "method", "path", "probability", "times", "seconds", "status"}
        if unknown or values.get("kind") not in KINDS:
            raise ValueError(
                f"A fault needs a kind ({', '.join(KINDS)}) and may have method, path, probability, "
                "times, seconds, status."
            )
        for name, (low, high) in _NUMBERS.items():
            value = values.get(name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high
            ):
                raise ValueError(f"{name} must be a number from {low:g} to {high:g}.")
        times = values.get("times")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise ValueError("times must be a whole number, 1 or more.")
        self._count += 1
        given = {name: value for name, value in values.items() if value is not None}
        fault = Fault(id=f"fault-{self._count}", **given)
        if fault.kind == "outage":
            fault.path = "/v2" if fault.path == "*" else fault.path
            fault.until = self.clock.time() + (3600 if fault.seconds is None else fault.seconds)
        self.planned.append(fault)
        return fault

    def remove(self, id: str) -> bool:
        """Takes a fault back. False when there is none of that id."""
        before = len(self.planned)
        self.planned = [fault for fault in self.planned if fault.id != id]
        return len(self.planned) < before

    def clear(self) -> None:
        """Takes all faults back."""
        self.planned = []

    def next(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this call, used up once when it has a number of times."""
        if not self.planned:
            return None
        now = self.clock.time()
        self.planned = [fault for fault in self.planned if fault.until is None or fault.until > now]
        for fault in self.planned:
            if fault.fits(method, path) and (fault.probability >= 1 or self.rng.random() < fault.probability):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.planned.remove(fault)
                return fault
        return None
