"""Leaving the club: account by account, asked once, and told what is lost; joining again is always open."""

from __future__ import annotations

from benefits import consent, held_claims, members
from bot.actions import AskLeave, Leave, LeaveNow
from bot.messages import text
from bot.routing import Reply, Turn
from handlers.cards import leaving as cards
from handlers.quick import home, joining_help


def choose(turn: Turn, action: Leave) -> Reply:
    """Which account leaves? With none in the club there is nothing to leave but one's own consent."""
    mine = [account for account in _accounts(turn) if account.may_claim]
    if not mine:
        consent.withdraw(turn.session, club=turn.club, person=turn.person, now=turn.now)
        body = turn.words(
            "None of your accounts is in the club. Your consent is withdrawn and nothing more is sent to you."
        )
        return Reply([text(body, joining_help(turn))], outcome="consent withdrawn")
    return Reply([cards.choose(turn, mine)], outcome="leaving asked")


def ask(turn: Turn, action: AskLeave) -> Reply:
    """This account? Says what becomes void."""
    account = _mine(turn, action.member)
    held = held_claims.claims_of(
        turn.session, club=turn.club, person=turn.person, now=turn.now, member_id=action.member
    )
    unused = [claim for claim in held if claim.state in ("kept", "in_use")]
    return Reply([cards.ask(turn, account, unused)], outcome="leaving confirmed?")


def leave(turn: Turn, action: LeaveNow) -> Reply:
    """Yes: it leaves; its unused claims are void. With the last account gone, the consent is withdrawn too."""
    account = _mine(turn, action.member)
    voided = members.leave(
        turn.session, club=turn.club, member=account.member, reason="asked", now=turn.now, person=turn.person
    )
    if not any(account.may_claim for account in _accounts(turn)):
        consent.withdraw(turn.session, club=turn.club, person=turn.person, now=turn.now)
    t = turn.words
    lost = t.count("{n} unused claim is void.", "{n} unused claims are void.", len(voided)) if voided else ""
    body = t("{account} has left the club. {lost} Its stars and history are kept; join again whenever you like.",
             account=account.name, lost=lost).replace("  ", " ")  # fmt: skip
    return Reply([text(body, home(turn))], outcome="left", matters=True)


def _accounts(turn: Turn) -> list[members.Account]:
    return members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now)


def _mine(turn: Turn, member_id: int) -> members.Account:
    found = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now, member_id=member_id)
    if not found:
        raise members.NotAdministrator(None)
    if found[0].why_not is not None:
        raise found[0].why_not
    return found[0]
