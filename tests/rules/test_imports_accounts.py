"""Importing accounts and admins: what they are now, what they lose, and who leaves the club because of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from benefits import members
from benefits.imports import ImportResult, accounts, admins, staging
from clubs import Club
from models import Admin, Claim, JournalEntry, Member, Membership
from tests import factories
from tests.factories import NOON, line_user_id
from tests.rules.importing import ACCOUNTS, counts, rejects, write
from tests.rules.racing import Behind

ANN, BOB = line_user_id(0xA), line_user_id(0xB)


class Importer:
    """Imports rows at noon."""

    def __init__(self, engine: Engine, club: Club, folder: Path) -> None:
        self.engine, self.club, self.folder = engine, club, folder

    def accounts(self, rows: str, complete: bool = False) -> ImportResult:
        """Import rows of accounts."""
        file = write(self.folder, ACCOUNTS + rows)
        return accounts.load(self.engine, club=self.club, file=file, now=NOON, complete=complete)

    def admins(self, rows: str, complete: bool = False) -> ImportResult:
        """Import rows of admins."""
        file = write(self.folder, "account_id,admin_user_id,role\n" + rows)
        return admins.load(self.engine, club=self.club, file=file, now=NOON, complete=complete)


@pytest.fixture
def take(engine: Engine, club: Club, tmp_path: Path) -> Importer:
    """Takes files."""
    return Importer(engine, club, tmp_path)


def roles(session: Session) -> dict[tuple[str, str], str]:
    """(account, user) → role, for the roles that stand."""
    query = select(Member.external_id, Admin.line_user_id, Admin.role).join(Admin, Admin.member_id == Member.id)
    return {(account, user): role for account, user, role in session.execute(query.where(Admin.removed_at.is_(None)))}


def test_lfc_2_lfc_20_one_row_per_admin_and_accounts_without_any(take: Importer, session: Session) -> None:
    """LFC-2, LFC-20: from the free package up; several admins; the same file again changes nothing."""
    rows = (
        f"@a,ร้านก๋วยเตี๋ยว,grey,free,{ANN},administrator\n@a,ร้านก๋วยเตี๋ยว,grey,free,{BOB},operator\n"
        "@b,Big Co,green,premium,,\n"
    )
    assert counts(take.accounts(rows)) == (3, 0, 0)
    assert roles(session) == {("@a", ANN): "administrator", ("@a", BOB): "operator"}
    found = session.scalars(select(Member).order_by(Member.external_id)).all()
    assert [(row.name, row.badge, row.package, row.tier) for row in found] == [
        ("ร้านก๋วยเตี๋ยว", "grey", "free", None),
        ("Big Co", "green", "premium", None),
    ]
    assert counts(take.accounts(rows)) == (0, 3, 0)


def test_a_later_file_changes_names_and_roles(take: Importer, session: Session) -> None:
    """What is new lands, what is the same is left alone, and a role that changes is journalled by row id."""
    take.accounts(f"@a,A,grey,free,{ANN},administrator\n@b,B,grey,free,{BOB},administrator\n")
    assert counts(take.accounts(f"@a,A,grey,free,{ANN},operator\n@b,B2,blue,light,{BOB},administrator\n")) == (2, 0, 0)
    assert roles(session) == {("@a", ANN): "operator", ("@b", BOB): "administrator"}
    noted = session.scalars(select(JournalEntry.facts).where(JournalEntry.action == "admin_role")).all()
    assert [facts["role"] for facts in noted] == ["administrator", "administrator", "operator"]
    assert not any(ANN in str(facts) for facts in noted)


def test_lfc_19_removed_takes_the_role_at_once_and_it_may_come_back(take: Importer, session: Session) -> None:
    """LFC-19: a removed admin is kept as history; removing twice is nothing."""
    take.accounts(f"@a,A,grey,free,{ANN},administrator\n")
    assert counts(take.admins(f"@a,{ANN},removed\n@a,{BOB},removed\n")) == (1, 1, 0)
    assert roles(session) == {}
    assert counts(take.admins(f"@a,{ANN},removed\n")) == (0, 1, 0)
    assert counts(take.admins(f"@a,{ANN},administrator\n")) == (1, 0, 0)
    session.rollback()
    assert roles(session) == {("@a", ANN): "administrator"}


def test_a_complete_file_removes_whom_it_leaves_out(take: Importer, session: Session) -> None:
    """Only for the accounts it names; without `complete` nobody is removed by silence."""
    take.accounts(
        f"@a,A,grey,free,{ANN},administrator\n@a,A,grey,free,{BOB},administrator\n@b,B,grey,free,{BOB},administrator\n"
    )
    take.admins(f"@a,{ANN},administrator\n")
    assert len(roles(session)) == 3
    session.rollback()
    take.admins(f"@a,{ANN},administrator\n", complete=True)
    assert roles(session) == {("@a", ANN): "administrator", ("@b", BOB): "administrator"}


def test_a_complete_file_with_a_rejected_row_removes_nobody(take: Importer, session: Session) -> None:
    """The rejected row may be the very admin who would lose the role."""
    take.accounts(f"@a,A,grey,free,{ANN},administrator\n@a,A,grey,free,{BOB},administrator\n")
    take.admins(f"@a,{ANN},administrator\n@a,{BOB[:-1]},administrator\n", complete=True)
    assert len(roles(session)) == 2


def test_contradictions_inside_a_file_and_bad_cells_are_told(take: Importer, session: Session) -> None:
    """The first row stands; each other one names the line it contradicts."""
    result = take.accounts(
        f"@a,A,grey,free,{ANN},administrator\n@a,Other,grey,free,{BOB},administrator\n@a,A,grey,free,{ANN},operator\n"
        f"@c,C,pink,free,,\n@d,,grey,free,,\n@e e,E,grey,free,,\n@f,F,grey,free,{ANN},owner\n@g,G,grey,free,,administrator\n"
    )
    assert [line for line, _ in rejects(result)] == [3, 4, 5, 6, 7, 8, 9]
    assert [reason.split(":")[0] for _, reason in rejects(result)] == [
        "account_id",
        "role",
        "badge",
        "name",
        "account_id",
        "role",
        "admin_user_id",
    ]
    assert roles(session) == {("@a", ANN): "administrator"}


def test_admins_of_an_unknown_account_are_rejected(take: Importer, session: Session) -> None:
    """An account of another club is unknown to this one."""
    factories.member(session, external_id="@else", club="other_club")
    session.commit()
    assert [line for line, _ in rejects(take.admins(f"@else,{ANN},administrator\n@nobody,{ANN},operator\n"))] == [2, 3]


@pytest.mark.parametrize(("badge", "package", "reason"), [("green", "free", "premium"), ("grey", "deleted", "deleted")])
def test_lfc_4_becoming_premium_or_deleted_ends_the_stay(
    take: Importer, session: Session, badge: str, package: str, reason: str
) -> None:
    """LFC-4: the stay ends with its reason, unused claims are void, used ones and history stay; and it may come back."""
    ann = factories.person(session, line_user_id=ANN)
    member = factories.member(session, ann, external_id="@a", name="A", tier="gold")
    kept, used = (
        _claim(session, member.id, ann.id, state="kept"),
        _claim(session, member.id, ann.id, state="used", used_at=NOON - timedelta(days=2)),
    )
    session.commit()
    assert counts(take.accounts(f"@a,A,{badge},{package},{ANN},administrator\n")) == (1, 0, 0)
    session.expire_all()
    stay = session.scalars(select(Membership)).one()
    assert (stay.left_at, stay.left_reason) == (NOON, reason)
    assert (kept.state, kept.void_reason, used.state, member.tier) == ("void", reason, "used", None)
    assert (member.deleted_at is not None) == (reason == "deleted")
    assert counts(take.accounts(f"@a,A,{badge},{package},{ANN},administrator\n")) == (0, 1, 0)
    take.accounts(f"@a,A,grey,free,{ANN},administrator\n")
    session.expire_all()
    assert (member.deleted_at, member.badge, member.tier) == (None, "grey", None)


def test_leaving_in_the_chat_while_a_file_ends_the_stay(
    take: Importer, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lock the account before its stay: the file waits for the turn, and finds that nothing is left to end."""
    monkeypatch.setattr(staging, "TRIES", 1)
    ann = factories.person(session, line_user_id=ANN)
    member = factories.member(session, ann, external_id="@a", name="A", tier="gold")
    session.commit()
    rival: list[Behind] = []

    def amid(*args: Any) -> None:
        if args[2].startswith("UPDATE claims"):  # the stay has ended, the account's own row is still to be written
            rival.append(Behind(lambda: take.accounts(f"@a,A,green,free,{ANN},administrator\n")))

    event.listen(session.connection(), "before_cursor_execute", amid)
    members.leave(session, club=take.club, member=member, reason="asked", now=NOON, person=ann)
    session.commit()
    assert counts(rival[0].join()) == (1, 0, 0)
    assert session.scalars(select(Membership.left_reason)).one() == "asked"


def test_a_file_that_a_deadlock_ends_goes_on(take: Importer, session: Session) -> None:
    """A press that holds the stay and waits for the role, a file that holds the role and waits for the stay."""
    ann = factories.person(session, line_user_id=ANN)
    member = factories.member(session, ann, external_id="@a", name="A", tier="gold")
    session.commit()
    session.execute(select(Membership.id).where(Membership.member_id == member.id).with_for_update(read=True))
    rival = Behind(lambda: take.accounts(f"@a,A,green,free,{ANN},operator\n"))
    session.execute(select(Admin.id).where(Admin.member_id == member.id).with_for_update(read=True))
    session.commit()
    assert counts(rival.join()) == (1, 0, 0)
    assert session.scalars(select(Membership.left_reason)).one() == "premium"
    assert roles(session) == {("@a", ANN): "operator"}


def _claim(session: Session, member_id: int, person_id: int, **values: object) -> Claim:
    privilege = factories.privilege(session)
    claim = Claim(
        privilege_id=privilege.id,
        member_id=member_id,
        person_id=person_id,
        holder=f"m{member_id}",
        period="",
        slot=1,
        claimed_at=NOON - timedelta(days=3),
        **values,
    )
    session.add(claim)
    session.flush()
    return claim
