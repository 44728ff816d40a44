"""Why what was typed cannot be taken: named, never worded. The page that shows it says it in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as having

from benefits.refusal import Refusal


@dataclass(frozen=True)
class Fault:
    """One field and what is wrong with it, in a word; `facts` are the numbers and texts its sentence needs."""

    field: str
    what: str
    facts: Mapping[str, object] = having(default_factory=dict)


@dataclass(frozen=True)
class Warned:
    """A change that people who claimed already would notice: `what` changes for `open_claims` unused claims."""

    what: str
    open_claims: int


class Faulty(Refusal):
    """What was typed cannot be taken: every fault at once, so that it is mended in one go."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)


class NeedsAgreement(Refusal):
    """The change touches what people hold: it is made once whoever asks for it has seen these warnings."""

    def __init__(self, warnings: Sequence[Warned]) -> None:
        self.warnings = tuple(warnings)


class ChangedMeanwhile(Refusal):
    """Somebody else changed it since it was read: nothing was written over hers."""


class Unknown(Refusal):
    """No such thing in this club."""
