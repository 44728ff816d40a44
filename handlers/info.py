"""*My info*: what was claimed for my accounts, by state, and using it (LFC-14, LFC-15)."""

from __future__ import annotations

from benefits import claims
from bot.actions import MyInfo, ShowClaims
from bot.messages import text
from bot.routing import Reply, Turn
from handlers.cards import info as cards
from handlers.quick import home

STATES = ("kept", "in_use", "used", "expired", "void")


def show(turn: Turn, action: MyInfo) -> Reply:
    """How many claims of each state, and the way to each list."""
    held = claims.claims_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    counts = {state: sum(1 for claim in held if claim.state == state) for state in STATES}
    return Reply([cards.overview(turn, counts)], outcome="my info")


def show_claims(turn: Turn, action: ShowClaims) -> Reply:
    """The claims of one state; those that can be used have the button."""
    if action.state not in STATES:
        return show(turn, MyInfo())
    everything = claims.claims_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    held = [claim for claim in everything if claim.state == action.state]
    if not held:
        return Reply([text(cards.nothing(turn, action.state), home(turn))], outcome=f"no claims {action.state}")
    return Reply([cards.claims_of_state(turn, held, action)], outcome=f"claims {action.state}")
