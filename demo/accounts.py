"""The invented accounts and people of `source/accounts.toml`, and the rows of `accounts.csv`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "source"
COLUMNS = ("account_id", "name", "badge", "package", "admin_user_id", "role")


@dataclass(frozen=True)
class Somebody:
    """Someone who looks after accounts. `phone`: their place among the simulator's phones; none: not shown there."""

    key: str
    id: str
    name: str
    language: str
    phone: int | None


@dataclass(frozen=True)
class Line:
    """An invoice line told by hand: months ago of service, service, net satang, months later that it was paid."""

    ago: int
    service: str
    net: int
    later: int


@dataclass(frozen=True)
class Account:
    """One official account: who looks after it, what it spends, and how tidily it pays."""

    id: str
    name: str
    badge: str
    package: str
    stars: int
    """Stars to have earned in the last twelve computed months, give or take what rounding takes."""
    admins: Mapping[str, str]
    """Key of a person → role, the one who joins it first."""
    joined: int | None
    """Days ago; none: not in the club."""
    late: int
    unpaid: int
    reversed: int
    ahead: int
    extras: tuple[str, ...]
    lines: tuple[Line, ...]


@cache
def people() -> tuple[Somebody, ...]:
    """Everybody, those with a phone first and in the order of their phones."""
    found = [
        Somebody(key, row["id"], row["name"], row["language"], row.get("phone"))
        for key, row in _source()["people"].items()
    ]
    return tuple(sorted(found, key=lambda one: (one.phone is None, one.phone or 0)))


@cache
def accounts() -> tuple[Account, ...]:
    """The twenty accounts, the story's first."""
    return tuple(_account(row) for row in _source()["accounts"])


def account_rows() -> list[tuple[str, ...]]:
    """The rows of `accounts.csv`: one per admin."""
    ids = {one.key: one.id for one in people()}
    return [
        (account.id, account.name, account.badge, account.package, ids[key], role)
        for account in accounts()
        for key, role in account.admins.items()
    ]


def _account(row: Mapping[str, Any]) -> Account:
    plain: dict[str, Any] = {key: row[key] for key in ("id", "name", "badge", "package", "stars", "admins")}
    counts: dict[str, Any] = {key: int(row.get(key, 0)) for key in ("late", "unpaid", "reversed", "ahead")}
    lines = tuple(
        Line(line["ago"], line["service"], int(Decimal(line["net"]) * 100), line["later"])
        for line in row.get("lines", ())
    )
    return Account(**plain, **counts, joined=row.get("joined"), extras=tuple(row.get("extras", ())), lines=lines)


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads((SOURCE / "accounts.toml").read_text("utf-8"))
