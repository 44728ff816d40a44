"""*My info*: what was claimed for my accounts, by state, and using it (LFC-14, LFC-15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benefits import held_claims
from benefits.claims import STATES
from bot.actions import MyInfo, ShowClaims
from bot.messages import BUBBLES, text
from bot.routing import Reply, Turn
from clubs import Club
from handlers.cards import info as cards
from handlers.quick import home
from models.queries import Asked


def show(turn: Turn, action: MyInfo) -> Reply:
    """How many claims of each state, and the way to each list."""
    counts = held_claims.counts(turn.session, club=turn.club, person=turn.person, now=turn.now)
    return Reply([cards.overview(turn, counts)], outcome="my info")


def show_claims(turn: Turn, action: ShowClaims) -> Reply:
    """The claims of one state; those that can be used have the button."""
    if action.state not in STATES:
        return show(turn, MyInfo())
    page = held_claims.page(
        turn.session,
        club=turn.club,
        person=turn.person,
        state=action.state,
        now=turn.now,
        skip=action.page,
        most=BUBBLES,
    )
    if not page.total:
        return Reply([text(cards.nothing(turn, action.state), home(turn))], outcome=f"no claims {action.state}")
    return Reply([cards.claims_of_state(turn, page, action.state)], outcome=f"claims {action.state}")


def ahead_of_counts(club: Club, line_user_id: str, action: MyInfo, now: datetime) -> Sequence[Asked]:
    """What `show` asks."""
    return (held_claims.asking_counts(club, line_user_id, now),)


def ahead_of_page(club: Club, line_user_id: str, action: ShowClaims, now: datetime) -> Sequence[Asked]:
    """What `show_claims` asks."""
    return held_claims.asking_page(club, line_user_id, action.state, now=now, skip=action.page, most=BUBBLES)
