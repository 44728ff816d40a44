"""Every way an offer's rules say no. Facts are attributes; who shows them words them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from benefits.refusal import Refusal

if TYPE_CHECKING:
    from benefits.offers.content import Fault


class UnknownOffer(Refusal):
    """No such offer in this club."""


class WrongState(Refusal):
    """The offer is `state`, where this cannot be done (any more): somebody else was quicker, or it is too late (E3)."""

    rule: ClassVar[str] = "E3"

    def __init__(self, state: str) -> None:
        self.state = state


class OwnWork(Refusal):
    """She wrote or changed this offer, so another person has to approve it (E10)."""

    rule: ClassVar[str] = "E10"


class NotIndependent(Refusal):
    """Whoever wrote or changed it had their sign-in or role from this approver then, unconfirmed by a second administrator:
    another approver has to decide (E10)."""

    rule: ClassVar[str] = "E10"


class NotApprover(Refusal):
    """She is not (any more) an approver of this club."""

    rule: ClassVar[str] = "E10"


class Changed(Refusal):
    """What she looked at is not what the offer is now: look again (E10)."""

    rule: ClassVar[str] = "E10"


class Faulty(Refusal):
    """The content or the audience has faults; nothing was asked (E11)."""

    rule: ClassVar[str] = "E11"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)


class NobodyReached(Refusal):
    """The audience has nobody who may get it."""

    rule: ClassVar[str] = "E11"


class QuotaTooSmall(Refusal):
    """It needs `needed` messages and `room` are left beside the reserve and what other offers have set aside (E5)."""

    rule: ClassVar[str] = "E5"

    def __init__(self, needed: int, room: int) -> None:
        self.needed, self.room = needed, room


class BadSetting(Refusal):
    """A setting is out of its bounds: `field` names it, `least` and `most` are the bounds."""

    rule: ClassVar[str] = "E11"

    def __init__(self, field: str, least: int, most: int) -> None:
        self.field, self.least, self.most = field, least, most


class BadTimes(Refusal):
    """*Do not start after* (`not_after`) comes before the offer could begin (`begins`), or has passed."""

    rule: ClassVar[str] = "E10"

    def __init__(self, begins: datetime, not_after: datetime) -> None:
        self.begins, self.not_after = begins, not_after


class NotDecidable(Refusal):
    """This batch's outcome is known, or somebody decided it already (D11)."""

    rule: ClassVar[str] = "D11"


class NotTester(Refusal):
    """Test messages go only to people named as testers of this club (E12)."""

    rule: ClassVar[str] = "E12"


class WrongCode(Refusal):
    """Not a code that connects a chat, or its time is over."""

    rule: ClassVar[str] = "C3"


class TooManyTries(Refusal):
    """Too many wrong codes from this chat: none is looked at until `until` (C1)."""

    rule: ClassVar[str] = "C1"

    def __init__(self, until: datetime) -> None:
        self.until = until
