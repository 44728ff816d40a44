"""Rivals who act between what a press asked ahead and what it writes: the press answers what is true then, and who must wait
for it waits (LFC-15, 17, 19, 22, A1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, consent, members, people, uses
from bot.actions import Action, ClaimFor, Use
from bot.routing import Arrival, Reply
from clubs import Club
from handlers import ROUTES
from handlers.conversation import Conversation
from models import Admin, Claim, JournalEntry, Member, Notice, Person, Privilege
from tests import factories
from tests.factories import NOON
from tests.rules.racing import Behind
from tests.rules.test_claim_rivals import just_before

Deed = Callable[[Session], Any]
MINUTE = timedelta(minutes=1)


class Scene:
    """Nok and Lek, who have agreed, act for one shop; an offer, and a claim of Nok's that ends in an hour; committed."""

    def __init__(self, sessions: sessionmaker[Session], club: Club, **offer: Any) -> None:
        self.sessions, self.club = sessions, club
        with sessions() as session:
            pair = [factories.person(session, profile_at=NOON) for _ in range(2)]
            for person, name in zip(pair, ("Nok", "Lek"), strict=True):
                people.learn_profile(session, person=person, display_name=name, language="th", now=NOON)
            shop, other = factories.member(session, *pair), factories.member(session, pair[1])
            for person in pair:
                consent.agree(session, club=club, person=person, language="th", now=NOON)
            self.nok, self.lek, self.shop, self.other = pair[0].id, pair[1].id, shop.id, other.id
            self.user = pair[0].line_user_id
            self.offer, self.kept = factories.privilege(session, **offer).id, factories.privilege(session).id
            self.claim = self.claims(session, self.nok, self.kept)
            session.commit()

    def claims(self, session: Session, who: int, offer: int, shop: int | None = None) -> int:
        """One of the two claims; the claim's id."""
        person = session.get_one(Person, who)
        made = claims.claim(
            session, club=self.club, person=person, privilege_id=offer, member_id=shop or self.shop, now=NOON
        )
        return made.claim.id

    def uses(self, session: Session, who: int) -> None:
        """One of the two uses the claim, a minute ago."""
        person = session.get_one(Person, who)
        uses.start(session, club=self.club, person=person, claim_id=self.claim, now=NOON - MINUTE)

    def leaves(self, session: Session) -> list[int]:
        """The shop leaves the club."""
        shop = session.get_one(Member, self.shop)
        return members.leave(session, club=self.club, member=shop, reason="removed", now=NOON)

    def committed(self, deed: Deed) -> Callable[[], Any]:
        """`deed` in a transaction of its own."""

        def act() -> Any:
            with self.sessions() as session:
                done = deed(session)
                session.commit()
                return done

        return act

    def pressed(self, session: Session, action: Action) -> Reply:
        """Nok presses a button; nothing is committed yet."""
        source = {"type": "user", "userId": self.user}
        button = {"type": "postback", "source": source, "postback": {"data": action.pack()}}
        answering = Conversation({self.club.key: self.club}, ROUTES, "https://club.example")
        return answering.answer(Arrival(session, self.club.key, button, NOON))

    def met_by(self, action: Action, before: str, deed: Deed) -> Reply:
        """Nok's press, committed, with `deed` committed right before its first statement that begins with `before`."""
        with self.sessions() as session, just_before(session, before, self.committed(deed)):
            reply = self.pressed(session, action)
            session.commit()
            return reply

    @contextmanager
    def look(self) -> Iterator[Session]:
        """The database as it is now."""
        with self.sessions() as session:
            yield session


def test_lfc_22_a_colleague_claims_after_all_was_asked(sessions: sessionmaker[Session], club: Club) -> None:
    scene = Scene(sessions, club, stock=2)
    reply = scene.met_by(
        ClaimFor(scene.offer, scene.shop, 1), "INSERT INTO claims", lambda rival: scene.claims(rival, scene.lek, scene.offer)
    )  # fmt: skip
    assert (reply.outcome, reply.refused) == ("AlreadyClaimed LFC-22", True)
    assert "Lek" in str(reply.messages)
    with scene.look() as now:
        assert now.scalars(select(Claim.person_id).where(Claim.privilege_id == scene.offer)).all() == [scene.lek]
        assert now.get_one(Privilege, scene.offer).taken == 1


@pytest.mark.parametrize("before", ["INSERT INTO claims", "UPDATE privileges"])
def test_a1_the_last_unit_goes_after_all_was_asked(sessions: sessionmaker[Session], club: Club, before: str) -> None:
    """Granted, noted, and no unit left: taken back without a savepoint of the conversation's, and nothing else is."""
    scene = Scene(sessions, club, stock=1)
    reply = scene.met_by(
        ClaimFor(scene.offer, scene.shop, 1), before, lambda rival: scene.claims(rival, scene.lek, scene.offer, scene.other)
    )  # fmt: skip
    assert (reply.outcome, reply.refused) == ("SoldOut LFC-20", True)
    with scene.look() as now:
        assert now.scalars(select(Claim.member_id).where(Claim.privilege_id == scene.offer)).all() == [scene.other]
        noted = select(func.count()).where(JournalEntry.action == "claimed")
        assert now.scalars(noted).one() == 2
        assert now.get_one(Person, scene.nok).last_event_at == NOON


def test_lfc_17_who_leaves_waits_for_the_press_and_voids_what_it_claimed(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """The stay is held by the round trip that met her, also where no statement of the claim's own asks for it."""
    scene = Scene(sessions, club)
    with sessions() as session:
        assert scene.pressed(session, ClaimFor(scene.offer, scene.shop, 1)).outcome == "claimed"
        leaving = Behind(scene.committed(scene.leaves))
        session.commit()
        assert len(leaving.join()) == 2


@pytest.mark.parametrize("role", ["removed", "operator"])
def test_lfc_19_a_role_that_is_lost_waits_for_the_press(sessions: sessionmaker[Session], club: Club, role: str) -> None:
    scene = Scene(sessions, club)
    lost = {"removed_at": NOON} if role == "removed" else {"role": role}
    with sessions() as session:
        assert scene.pressed(session, ClaimFor(scene.offer, scene.shop, 1)).outcome == "claimed"
        losing = Behind(scene.committed(lambda other: other.execute(update(Admin).values(**lost))))
        session.commit()
        losing.join()
    with sessions() as session:
        again = scene.pressed(session, ClaimFor(scene.kept, scene.shop, 1))
        assert again.outcome == "NotAdministrator LFC-19"


def test_lfc_17_an_account_that_comes_back_amid_the_press_is_held_too(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """What was asked ahead held nothing, for there was no stay: it is asked again, and held."""
    scene = Scene(sessions, club)
    scene.committed(scene.leaves)()

    def comes_back(rival: Session) -> None:
        consent.agree(rival, club=club, person=rival.get_one(Person, scene.lek), language="th", now=NOON)

    with sessions() as session, just_before(session, "SELECT members.", scene.committed(comes_back)):
        assert scene.pressed(session, ClaimFor(scene.offer, scene.shop, 1)).outcome == "claimed"
        leaving = Behind(scene.committed(scene.leaves))
        session.commit()
        assert len(leaving.join()) == 1


@pytest.mark.parametrize(
    ("deed", "outcome"),
    [("uses", "in use"), ("leaves", "Void LFC-15"), ("voids", "Void LFC-15"), ("expires", "Expired LFC-20")],
)
def test_lfc_15_a_use_is_decided_on_what_is_locked_not_on_what_was_asked_ahead(
    sessions: sessionmaker[Session], club: Club, deed: str, outcome: str
) -> None:
    """Between the look that found the claim and the lock: used by a colleague (hers runs on), gone with the account, made
    void by staff, at its end."""
    scene = Scene(sessions, club)
    deeds: dict[str, Deed] = {
        "uses": lambda rival: scene.uses(rival, scene.lek),
        "leaves": scene.leaves,
        "voids": lambda rival: uses.void(rival, claim_id=scene.claim, reason="x", by=("staff", 1), now=NOON),
        "expires": lambda rival: rival.execute(update(Claim).values(use_until=NOON)),
    }
    reply = scene.met_by(Use(scene.claim), "SELECT memberships.", deeds[deed])
    assert reply.outcome == outcome
    with scene.look() as now:
        claim = now.get_one(Claim, scene.claim)
        assert (claim.used_by, claim.use_started_at) == ((scene.lek, NOON - MINUTE) if deed == "uses" else (None, None))
        assert now.scalars(select(func.count()).where(JournalEntry.action == "use_started")).one() == (deed == "uses")


def test_a_reminder_of_what_she_uses_now_is_not_told_beside_it(sessions: sessionmaker[Session], club: Club) -> None:
    """News waited when she came, and the press itself took them back."""
    scene = Scene(sessions, club)
    with sessions() as session:
        for person in (scene.nok, scene.lek):
            facts = {
                "claim": scene.claim,
                "privilege_th": "ก",
                "privilege_en": "a",
                "account": "x",
                "member": scene.shop,
            }
            kind = {"kind": "ending", "key": f"ending:{scene.claim}", "facts": {**facts, "use_until": NOON.isoformat()}}
            session.add(Notice(club=club.key, person_id=person, **kind, created_at=NOON))
        session.commit()
        reply = scene.pressed(session, Use(scene.claim))
        session.commit()
        assert (reply.outcome, len(reply.messages)) == ("in use", 1)
        assert session.scalars(select(Notice.state)).all() == ["dropped", "dropped"]
