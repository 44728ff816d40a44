"""Using: asks once, then shows the code; pressing again, reopening, coming late all tell the present state."""

from __future__ import annotations

from benefits import claims, uses
from benefits.claims import HeldClaim
from benefits.uses import UnknownClaim
from bot.actions import AskUse, ShowClaim, Use
from bot.routing import Reply, Turn
from handlers.cards import claims as cards


def ask(turn: Turn, action: AskUse) -> Reply:
    """*Use now* asks once more; what is in use is shown at once."""
    claim = held(turn, action.claim)
    if claim.state == "in_use":
        return use(turn, Use(action.claim))
    if not claim.may_use:
        return Reply([cards.claim_card(turn, claim)], outcome=f"not usable: {claim.state}", refused=True)
    return Reply([cards.ask_use(turn, claim)], outcome="use asked")


def use(turn: Turn, action: Use) -> Reply:
    """Yes: the code, barcode or QR with its countdown."""
    shown = uses.start(turn.session, club=turn.club, person=turn.person, claim_id=action.claim, now=turn.now)
    return Reply([cards.in_use(turn, held(turn, action.claim), shown)], outcome="in use", matters=True)


def show(turn: Turn, action: ShowClaim) -> Reply:
    """One claim as it stands."""
    claim = held(turn, action.claim)
    if claim.state == "in_use":
        return use(turn, Use(action.claim))
    return Reply([cards.claim_card(turn, claim)], outcome=f"claim {claim.state}")


def held(turn: Turn, claim_id: int) -> HeldClaim:
    """One claim of an account this person acts for. Raises `UnknownClaim` for any other."""
    found = claims.claims_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    for claim in found:
        if claim.claim.id == claim_id:
            return claim
    raise UnknownClaim()
