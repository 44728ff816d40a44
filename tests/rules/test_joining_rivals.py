"""Who joins while an account leaves: in the order account, stay, claims, like everybody who touches them (docs/claiming.md)."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from benefits import consent, members
from benefits.members import Left
from benefits.vault import Vault
from clubs import Club
from database.engine import make_sessions
from models import Member, Membership, Person
from tests.factories import NOON
from tests.rules.racing import Behind
from tests.rules.test_claim_rivals import Scene, _leaving, just_before


@pytest.fixture
def sessions(module_engine: Engine, vault: Vault) -> sessionmaker[Session]:
    """Real commits, in one database for the module: every scene has rows of its own."""
    return make_sessions(module_engine, vault=vault)


def test_lfc_4_an_account_that_leaves_amid_agree_is_not_joined_unheld(
    sessions: sessionmaker[Session], club: Club
) -> None:
    """It was in the club when she pressed: leaving came after. Joined without its own row held, it could turn premium
    unseen, and she and a colleague who joins it could wait for each other."""
    scene = Scene(sessions, club)

    def leaves() -> None:
        _leaving(scene)()

    with sessions() as session:
        nok = session.get_one(Person, scene.nok)
        with just_before(session, "SELECT members.id, members.club", leaves):
            agreed = consent.agree(session, club=club, person=nok, language="th", now=NOON)
        session.commit()
        assert agreed.joined == ()
        assert [type(account.why_not) for account in agreed.refused] == [Left]
        stays = select(func.count()).where(Membership.member_id == scene.shop, Membership.left_at.is_(None))
        assert session.scalars(stays).one() == 0
        again = consent.agree(session, club=club, person=nok, language="th", now=NOON)
        assert [account.member_id for account in again.joined] == [scene.shop]


def test_lfc_17_who_leaves_second_is_told_that_it_has_left(sessions: sessionmaker[Session], club: Club) -> None:
    """Two admins at the same second: the second waits, and reads when and why, not that it never joined."""
    scene = Scene(sessions, club)

    def leave(session: Session, by: int) -> None:
        person, shop = session.get_one(Person, by), session.get_one(Member, scene.shop)
        members.leave(session, club=club, member=shop, reason="asked", now=NOON, person=person)

    def second() -> None:
        with sessions.begin() as session:
            leave(session, scene.lek)

    with sessions() as session:
        leave(session, scene.nok)
        behind = Behind(second)
        session.commit()
    told = behind.join()
    assert isinstance(told, Left)
    assert (told.at, told.reason) == (NOON, "asked")
