"""What a route asks ahead is what its handler asks; what it says it leaves alone, it leaves alone; a press takes few
round trips."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits import claims, consent, people
from bot.actions import (
    Action,
    AskLanguage,
    AskLeave,
    AskUse,
    ClaimFor,
    Decline,
    Explain,
    ExplainMonths,
    Help,
    MyInfo,
    ShowAccounts,
    ShowClaim,
    ShowClaims,
    ShowPrivilege,
    ShowPrivileges,
    ShowTerms,
    StartClaim,
    Use,
    UseLater,
)
from bot.routing import Arrival, Reply, Routes
from clubs import Club
from handlers import ROUTES
from handlers.conversation import Conversation
from models import Claim, Person
from models.pipeline import Pipeline
from tests import factories
from tests.factories import NOON

AHEAD = [route for route in ROUTES.routes if route.ahead]
LOOKS = [route for route in ROUTES.routes if route.only_looks]
WRITES = [route for route in ROUTES.routes if route.all_or_nothing]
WITHOUT = Routes([replace(route, ahead=None) for route in ROUTES.routes])
NAMES: Any = {"ids": lambda route: route.action.__name__}


class Scene:
    """Nok, who has agreed, her shop, one privilege she may claim and one she keeps; committed."""

    def __init__(self, session: Session, club: Club, **kept: Any) -> None:
        self.session, self.club = session, club
        self.nok: Person = factories.person(session, profile_at=NOON)
        people.learn_profile(session, person=self.nok, display_name="Nok", language="th", now=NOON)
        self.shop = factories.member(session, self.nok)
        consent.agree(session, club=club, person=self.nok, language="th", now=NOON)
        self.free = factories.privilege(session, stock=3)
        self.kept = factories.privilege(session, **kept)
        made = claims.claim(
            session, club=club, person=self.nok, privilege_id=self.kept.id, member_id=self.shop.id, now=NOON
        )
        self.claim, self.user = made.claim.id, self.nok.line_user_id
        session.commit()
        self.actions: dict[type[Action], Action] = {
            type(action): action
            for action in (
                *(AskLanguage(), Decline(), Help(), MyInfo(), ShowAccounts(), ShowPrivileges(), ShowTerms()),
                *(AskLeave(self.shop.id), Explain(self.shop.id), ExplainMonths(self.shop.id), ShowClaims("kept")),
                *(AskUse(self.claim), ShowClaim(self.claim), Use(self.claim), UseLater(self.claim)),
                *(ShowPrivilege(self.free.id), StartClaim(self.free.id), ClaimFor(self.free.id, self.shop.id, 1)),
            )
        }

    def pressed(self, action: Action, routes: Routes = ROUTES) -> tuple[Reply, list[str]]:
        """The answer to a button, and the statements it took. Nothing is committed; the next claim's number is the same."""
        self.session.rollback()
        self.session.execute(text("SELECT setval('claims_id_seq', 1000000)"))
        self.session.commit()
        sent: list[str] = []

        def note(*args: Any) -> None:
            sent.append(args[2])

        connection = self.session.connection()
        listening.listen(connection, "before_cursor_execute", note)
        source = {"type": "user", "userId": self.user}
        button = {"type": "postback", "source": source, "postback": {"data": action.pack()}}
        reply = Conversation({self.club.key: self.club}, routes, "https://club.example").answer(
            Arrival(self.session, self.club.key, button, NOON)
        )
        listening.remove(connection, "before_cursor_execute", note)
        return reply, sent


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each time that answers of several statements were waited for."""
    waits: list[None] = []
    answers = Pipeline.answers

    def counted(pipeline: Pipeline) -> Any:
        waits.append(None)
        return answers(pipeline)

    monkeypatch.setattr(Pipeline, "answers", counted)
    return waits


@pytest.mark.parametrize("route", AHEAD, **NAMES)
def test_what_is_asked_ahead_is_all_that_is_asked_and_answers_the_same(
    session: Session, club: Club, route: Any
) -> None:
    scene = Scene(session, club)
    action = scene.actions[route.action]
    fast, sent = scene.pressed(action)
    slow, sent_slowly = scene.pressed(action, WITHOUT)
    assert fast == slow
    assert fast.messages
    assert not fast.refused
    assert sorted(sent) == sorted(sent_slowly)
    assert len(set(sent)) == len(sent), "asked ahead, and once more"


def test_a_first_sight_is_answered_as_well(session: Session, club: Club) -> None:
    """Nobody is there yet when she is asked for: what was asked ahead then is asked again."""
    scene = Scene(session, club)
    scene.user = "U" + "7" * 32
    assert scene.pressed(ShowPrivilege(scene.free.id))[0].outcome == "privilege"


@pytest.mark.parametrize("redeem", ["code", "qr"])
@pytest.mark.parametrize("route", LOOKS, **NAMES)
def test_who_only_looks_writes_nothing_also_when_the_claim_is_in_use(
    session: Session, club: Club, route: Any, redeem: str
) -> None:
    """LFC-15: showing what is in use never begins a use; that is asked once, and done by `Use`."""
    scene = Scene(session, club, redeem=redeem)
    assert writes(scene.pressed(scene.actions[route.action])[1]) == ["people"]
    scene.pressed(Use(scene.claim))
    session.commit()
    reply, sent = scene.pressed(scene.actions[route.action])
    assert writes(sent) == ["people"]
    assert (reply.outcome == "in use") == (route.action in (AskUse, ShowClaim))


@pytest.mark.parametrize("route", WRITES, **NAMES)
def test_what_is_all_or_nothing_leaves_nothing_when_it_refuses(session: Session, club: Club, route: Any) -> None:
    """Refused at the last moment: the claim for want of a unit, the use because it has expired."""
    scene = Scene(session, club, use_days=1)
    scene.free.taken = 3
    claim = session.get_one(Claim, scene.claim)
    claim.use_until = NOON - timedelta(days=1)
    session.commit()
    reply, _ = scene.pressed(scene.actions[route.action])
    assert reply.refused
    session.flush()
    left = session.execute(
        text("SELECT (SELECT count(*) FROM claims), (SELECT count(*) FROM claims WHERE state = 'kept')")
    )
    assert tuple(left.one()) == (1, 1)
    noted = session.scalars(text("SELECT action FROM journal WHERE action IN ('claimed', 'use_started')")).all()
    assert noted == ["claimed"]


@pytest.mark.parametrize(
    ("action", "trips"),
    [
        (ShowPrivilege, 1),
        (StartClaim, 1),
        (ClaimFor, 2),
        (UseLater, 1),
        (AskUse, 1),
        (Use, 3),
        (MyInfo, 1),
        (ShowClaims, 1),
        (ShowAccounts, 2),
    ],
)
def test_a_press_takes_few_round_trips_and_none_past_them(
    session: Session, club: Club, round_trips: list[None], action: type[Action], trips: int
) -> None:
    """Before the turn is stored, which takes one more. Each is a wait for a database that may be a network away."""
    scene = Scene(session, club)
    press = scene.actions[action]
    scene.pressed(press)
    round_trips.clear()
    _, sent = scene.pressed(press)
    assert len(round_trips) == trips
    assert "SAVEPOINT" not in " ".join(sent).replace("SAVEPOINT before_claim", "")


def test_a_page_of_claims_is_read_alone_however_many_there_are(session: Session, club: Club) -> None:
    """LFC-14: counts and pages come from the database; a page past the end is the first one."""
    scene = Scene(session, club)
    for number in range(14):
        offer = factories.privilege(session, name_th=f"หน้า {number}")
        claims.claim(
            session, club=club, person=scene.nok, privilege_id=offer.id, member_id=scene.shop.id,
            now=NOON + timedelta(minutes=number + 1),
        )  # fmt: skip
    session.commit()
    first, second, past = (
        json.dumps(scene.pressed(ShowClaims("kept", page))[0].messages, ensure_ascii=False) for page in (0, 11, 99)
    )
    assert [f"หน้า {number}" in first for number in (13, 3, 2)] == [True, True, False]
    assert [f"หน้า {number}" in second for number in (13, 3, 2, 0)] == [False, False, True, True]
    assert past == first
    assert "15" in first


def writes(sent: list[str]) -> list[str]:
    """The tables written to."""
    found = [statement.split() for statement in sent if not statement.lstrip().startswith("SELECT")]
    return [words[1] if words[0] == "UPDATE" else words[2] for words in found]
