"""Claiming: choose the account, then now or later. The claim is decided at choosing the account (LFC-13…22)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benefits import claims, held_claims, privileges
from benefits.refusal import Refusal
from bot.actions import ClaimFor, StartClaim, UseLater
from bot.messages import text
from bot.routing import Reply, Turn
from clubs import Club
from handlers.cards import claims as cards
from handlers.cards.refusals import reason
from handlers.quick import home
from handlers.using import held
from models.queries import Asked

OTHERS = 3


def start(turn: Turn, action: StartClaim) -> Reply:
    """*Claim* pressed: which account? Locked ones say why."""
    offer = privileges.one(
        turn.session, club=turn.club, person=turn.person, privilege_id=action.privilege, now=turn.now
    )
    return Reply([cards.choose_account(turn, offer)], outcome="account asked")


def claim_for(turn: Turn, action: ClaimFor) -> Reply:
    """The account is chosen: claimed, or refused with who was first and what else there is."""
    try:
        claimed = claims.claim(
            turn.session,
            club=turn.club,
            person=turn.person,
            privilege_id=action.privilege,
            member_id=action.member,
            slot=action.slot or None,
            now=turn.now,
        )
    except Refusal as refusal:
        return _refused(turn, action, refusal)
    if not claimed.created:
        return Reply([cards.claim_card(turn, held(turn, claimed.claim.id))], outcome="claimed before")
    hers = held_claims.held(claimed.claim, claimed.account, person=turn.person, now=turn.now)
    return Reply([cards.now_or_later(turn, hers)], outcome="claimed", matters=True)


def later(turn: Turn, action: UseLater) -> Reply:
    """*Use later*: it is kept already; say where and until when (LFC-14)."""
    claim = held(turn, action.claim)
    if claim.state != "kept":
        return Reply([cards.claim_card(turn, claim)], outcome="claim")
    return Reply([cards.kept(turn, claim)], outcome="kept for later")


def ahead_of_start(club: Club, line_user_id: str, action: StartClaim, now: datetime) -> Sequence[Asked]:
    """What `start` asks."""
    return privileges.asking_one(club, line_user_id, action.privilege, now=now)


def ahead_of_claim(club: Club, line_user_id: str, action: ClaimFor, now: datetime) -> Sequence[Asked]:
    """What `claim_for` asks before it decides."""
    return claims.asking_claim(club, line_user_id, action.privilege, action.member, now)


def _refused(turn: Turn, action: ClaimFor, refusal: Refusal) -> Reply:
    this, others = privileges.instead(
        turn.session,
        club=turn.club,
        person=turn.person,
        privilege_id=action.privilege,
        now=turn.now,
        most=OTHERS,
    )
    if this is None:
        return Reply([text(reason(turn, refusal), home(turn))], outcome=refusal.name, refused=True)
    return Reply([cards.lost(turn, this, refusal, others)], outcome=refusal.name, refused=True, matters=True)
