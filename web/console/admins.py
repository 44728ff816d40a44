"""Admins of accounts: who acts for which account, as what, since when; names masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g
from sqlalchemy import Select, select

from benefits.unmasking import HIDDEN, last_four, masked_names
from models import Admin, Member, Person
from web.console import cells
from web.console.access import READERS
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter, Records
from wording import Words

ROLES = ("administrator", "operator", "operator_no_broadcast", "operator_no_analytics")


def views(console: Console) -> list[Page]:
    """The admins."""
    return [Admins(console)]


class Admins(Records):
    """Roles of LINE users for accounts, ended ones included."""

    endpoint_name = "admins"
    section = "members"
    position = 30
    model = Admin
    allowed: Mapping[str, tuple[str, ...]] = {"index": READERS, "details": (), "export": READERS}

    def title(self, t: Words) -> str:
        """Admins of accounts."""
        return t("Admins of accounts")

    def query(self) -> Select[Any]:
        """Those of the club's accounts."""
        return select(Admin).join(Member, Member.id == Admin.member_id).where(Member.club == self.club.key)

    def columns(self, t: Words) -> list[Column]:
        """Account, person, role, since, removed."""
        return [
            Column("account", t("Account"), self._account, Member.external_id, export=lambda row: _id(row)),
            Column("person", t("Person"), self._person, export=lambda row: _masked(row)),
            Column("role", t("Role"), lambda row: cells.role_name(row.role, t), Admin.role),
            Column("since", t("Since"), lambda row: t.day(row.since), Admin.since),
            Column("removed", t("Removed"), lambda row: cells.day(row.removed_at, t), Admin.removed_at),
        ]

    def search_in(self) -> list[Any]:
        """By the account's id or name."""
        return [Member.external_id, Member.name]

    def filters(self, t: Words) -> list[Filter]:
        """By role, and whether it still stands."""
        return [
            Filter("role", t("Role"), [(key, cells.role_name(key, t), Admin.role == key) for key in ROLES]),
            Filter("standing", t("Standing"), [
                ("yes", t("Acts for the account"), Admin.removed_at.is_(None)),
                ("no", t("No longer acts for it"), Admin.removed_at.is_not(None)),
            ]),
        ]  # fmt: skip

    def empty(self, t: Words) -> str:
        """Where admins come from."""
        return t("No admins yet. They come with the import of accounts.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Accounts and persons of these rows, in three queries."""
        members = select(Member).where(Member.id.in_({row.member_id for row in rows}))
        g.members = {member.id: member for member in self.session.scalars(members)}
        people = select(Person.line_user_id, Person.id).where(
            Person.club == self.club.key, Person.line_user_id.in_({row.line_user_id for row in rows})
        )
        g.people = {row.line_user_id: row.id for row in self.session.execute(people)}
        g.names = masked_names(self.session, set(g.people.values()))

    def _account(self, row: Admin) -> object:
        member = g.members[row.member_id]
        return cells.link("accounts.details", f"{member.name} ({member.external_id})", row_id=member.id)

    def _person(self, row: Admin) -> object:
        return cells.link("people.details", _masked(row), row_id=g.people.get(row.line_user_id))


def _id(row: Admin) -> str:
    return str(g.members[row.member_id].external_id)


def _masked(row: Admin) -> str:
    name = g.names.get(g.people.get(row.line_user_id), HIDDEN)
    return f"{name} {last_four(row.line_user_id)}"
