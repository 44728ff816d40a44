"""*My privileges*: the catalogue, and one privilege with each account's standing (LFC-13, LFC-17, LFC-18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benefits import privileges
from bot.actions import ShowPrivilege, ShowPrivileges
from bot.messages import text
from bot.routing import Reply, Turn
from clubs import Club
from handlers.cards import privileges as cards
from handlers.quick import home, joining_help
from models.queries import Asked


def show_all(turn: Turn, action: ShowPrivileges) -> Reply:
    """What each of my accounts may claim now, and what is locked and why."""
    offers = privileges.catalogue(turn.session, club=turn.club, person=turn.person, now=turn.now)
    if not offers:
        t = turn.words
        return Reply(
            [text(t("There are no privileges at the moment. New ones come often."), home(turn))], outcome="none"
        )
    quick = home(turn) if turn.agreed else joining_help(turn)
    return Reply([cards.catalogue(turn, offers, action.page, quick)], outcome="privileges")


def show_one(turn: Turn, action: ShowPrivilege) -> Reply:
    """One privilege: about, conditions, and how it stands for each account."""
    offer = privileges.one(
        turn.session, club=turn.club, person=turn.person, privilege_id=action.privilege, now=turn.now
    )
    return Reply([cards.details(turn, offer)], outcome="privilege")


def ahead_of_all(club: Club, line_user_id: str, action: ShowPrivileges, now: datetime) -> Sequence[Asked]:
    """What `show_all` asks."""
    return privileges.asking_catalogue(club, line_user_id, now=now)


def ahead_of_one(club: Club, line_user_id: str, action: ShowPrivilege, now: datetime) -> Sequence[Asked]:
    """What `show_one` asks."""
    return privileges.asking_one(club, line_user_id, action.privilege, now=now)
