"""*Official accounts*: tier, stars and progress of each (LFC-16), and *why this number*."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benefits import members, statement
from benefits.periods import parse_month
from bot.actions import Explain, ExplainMonths, ShowAccounts
from bot.routing import Reply, Turn
from clubs import Club
from handlers import joining
from handlers.cards import accounts as cards
from handlers.cards import statements
from models.queries import Asked


def show(turn: Turn, action: ShowAccounts) -> Reply:
    """All accounts of the person, with what is missing to the next tier and when it is adjusted."""
    mine = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    if not mine:
        return joining.no_accounts(turn)
    # An old button may lead past the end: accounts can have become fewer since.
    start = action.page if action.page < len(mine) else 0
    shown = mine[start : start + cards.SHOWN]
    looks = statement.outlooks(
        turn.session, club=turn.club, members=[account.member for account in shown], now=turn.now
    )
    following = start + cards.SHOWN
    return Reply(
        [cards.accounts(turn, list(zip(shown, looks, strict=True)), following if following < len(mine) else None)],
        outcome="accounts",
    )


def explain(turn: Turn, action: Explain) -> Reply:
    """The statement of one account and month: every line, counted or not and why."""
    account = _mine(turn, action.member)
    try:
        month = parse_month(action.month) if action.month else None
    except ValueError:
        month = None
    found = statement.statement(turn.session, club=turn.club, member=account.member, period=month, now=turn.now)
    return Reply([statements.statement_card(turn, account, found)], outcome="statement")


def explain_months(turn: Turn, action: ExplainMonths) -> Reply:
    """The months that can be explained."""
    account = _mine(turn, action.member)
    look = statement.outlook(turn.session, club=turn.club, member=account.member, now=turn.now)
    return Reply([statements.months(turn, account, look)], outcome="months")


def ahead_of_all(club: Club, line_user_id: str, action: ShowAccounts, now: datetime) -> Sequence[Asked]:
    """What `show` asks first of all."""
    return (members.asking_accounts(club, line_user_id),)


def ahead_of_one(club: Club, line_user_id: str, action: Explain | ExplainMonths, now: datetime) -> Sequence[Asked]:
    """What is asked first of all where one account is explained."""
    return (members.asking_accounts(club, line_user_id, action.member),)


def _mine(turn: Turn, member_id: int) -> members.Account:
    """An account this person has a role for; operators may read its statement too. Raises `NotAdministrator`."""
    found = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now, member_id=member_id)
    if not found:
        raise members.NotAdministrator(None)
    return found[0]
