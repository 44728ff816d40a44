"""Using: asks once, then shows the code; pressing again, reopening, coming late all tell the present state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benefits import claim_lookup, held_claims, uses
from benefits.held_claims import HeldClaim
from bot.actions import AskUse, ShowClaim, Use, UseLater
from bot.routing import Reply, Turn
from clubs import Club
from handlers.cards import claims as cards
from models.queries import Asked


def ask(turn: Turn, action: AskUse) -> Reply:
    """*Use now* asks once more; what is in use is shown at once."""
    claim = held(turn, action.claim)
    if claim.state == "in_use":
        return _again(turn, claim)
    if not claim.may_use:
        return Reply([cards.claim_card(turn, claim)], outcome=f"not usable: {claim.state}", refused=True)
    return Reply([cards.ask_use(turn, claim)], outcome="use asked")


def use(turn: Turn, action: Use) -> Reply:
    """Yes: the code, barcode or QR with its countdown."""
    shown = uses.start(turn.session, club=turn.club, person=turn.person, claim_id=action.claim, now=turn.now)
    return Reply([cards.in_use(turn, shown)], outcome="in use", matters=True)


def show(turn: Turn, action: ShowClaim) -> Reply:
    """One claim as it stands."""
    claim = held(turn, action.claim)
    if claim.state == "in_use":
        return _again(turn, claim)
    return Reply([cards.claim_card(turn, claim)], outcome=f"claim {claim.state}")


def held(turn: Turn, claim_id: int) -> HeldClaim:
    """One claim of an account this person acts for. Raises `UnknownClaim` for any other."""
    return held_claims.one(turn.session, club=turn.club, person=turn.person, claim_id=claim_id, now=turn.now)


def ahead_of_one(
    club: Club, line_user_id: str, action: AskUse | ShowClaim | UseLater, now: datetime
) -> Sequence[Asked]:
    """What every look at one claim asks."""
    return (held_claims.asking_one(club, line_user_id, action.claim),)


def ahead_of_use(club: Club, line_user_id: str, action: Use, now: datetime) -> Sequence[Asked]:
    """What `use` asks."""
    return (claim_lookup.asking(action.claim),)


def _again(turn: Turn, claim: HeldClaim) -> Reply:
    # Only shown: were it begun here, a use that is taken back this moment would begin anew, unasked.
    shown = uses.shown(turn.session, claim=claim.claim, account=claim.account, now=turn.now)
    return Reply([cards.in_use(turn, shown)], outcome="in use", matters=True)
