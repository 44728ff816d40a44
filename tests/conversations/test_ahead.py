"""What a route asks ahead is what its handler asks: nothing of it is asked twice, and the answer is the same."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy.orm import Session

from bot.actions import Action, ShowPrivilege, ShowPrivileges
from bot.routing import Arrival, Reply, Routes
from clubs import Club
from handlers import ROUTES
from handlers.conversation import Conversation
from tests import factories
from tests.factories import NOON

AHEAD = [route for route in ROUTES.routes if route.ahead]
WITHOUT = Routes([type(route)(**{**vars(route), "ahead": None}) for route in ROUTES.routes])


def pressed(session: Session, club: Club, routes: Routes, user: str, action: Action) -> tuple[Reply, list[str]]:
    """The answer to a button, and the statements it took."""
    sent: list[str] = []

    def note(*args: Any) -> None:
        sent.append(args[2])

    listening.listen(session.connection(), "before_cursor_execute", note)
    button = {"type": "postback", "source": {"type": "user", "userId": user}, "postback": {"data": action.pack()}}
    reply = Conversation({club.key: club}, routes, "https://club.example").answer(
        Arrival(session, club.key, button, NOON)
    )
    listening.remove(session.connection(), "before_cursor_execute", note)
    return reply, sent


@pytest.mark.parametrize("route", AHEAD, ids=lambda route: route.action.__name__)
def test_what_is_asked_ahead_is_all_that_is_asked_and_answers_the_same(
    session: Session, club: Club, route: Any
) -> None:
    person = factories.person(session)
    factories.member(session, person)
    offer = factories.privilege(session, stock=3)
    session.commit()
    action = {ShowPrivilege: ShowPrivilege(offer.id), ShowPrivileges: ShowPrivileges()}[route.action]
    fast, sent = pressed(session, club, ROUTES, person.line_user_id, action)
    session.rollback()
    slow, sent_slowly = pressed(session, club, WITHOUT, person.line_user_id, action)
    assert fast == slow
    assert fast.messages
    assert sorted(sent) == sorted(sent_slowly)
    assert len(set(sent)) == len(sent), "asked ahead, and once more"


def test_a_first_sight_is_answered_as_well(session: Session, club: Club) -> None:
    """Nobody is there yet when she is asked for: what was asked ahead then is asked again."""
    offer = factories.privilege(session, stock=3)
    reply, _ = pressed(session, club, ROUTES, "U" + "7" * 32, ShowPrivilege(offer.id))
    assert reply.outcome == "privilege"
