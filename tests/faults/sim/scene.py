"""Where every history begins: five phones, five accounts, ten offers; and the database that is emptied between histories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from benefits.sealed_codes import seal_pool_code
from benefits.vault import Vault
from models import Code, Person, Privilege
from tests import factories
from tests.factories import NOON, line_user_id

PHONES = ("เมย์", "บอย", "ไก่", "นก", "Emma")
PIN = "4821"
POOL = 3


@dataclass(frozen=True)
class AccountSeed:
    """One official account: its badge, and who acts for it."""

    name: str
    badge: str
    admins: tuple[tuple[int, str], ...]


ACCOUNTS = (
    AccountSeed("ร้านก๋วยเตี๋ยวเมย์", "grey", ((0, "administrator"), (1, "administrator"))),
    AccountSeed("Boy Bakery", "blue", ((1, "administrator"), (2, "administrator"))),
    AccountSeed("สปาไก่", "grey", ((2, "administrator"), (3, "operator"))),
    AccountSeed("ธนาคารเขียว", "green", ((4, "administrator"), (0, "administrator"))),
    AccountSeed("ชาเอมม่า", "grey", ((0, "administrator"), (4, "administrator"))),
)

OFFERS: tuple[dict[str, Any], ...] = (
    {"stock": 2},
    {"pooled": True},
    {"stock": 5, "claim_limit": 3, "use_days": 60},
    {"scope": "person", "redeem": "barcode"},
    {"scope": "account_month", "undo_minutes": 120},
    {"new_members_only": True, "stock": 4},
    {"tiers": ["silver", "gold", "platinum"]},
    {"redeem": "qr", "use_days": 10, "code_minutes": 30},
    {"claim_to": NOON + timedelta(days=20), "use_to": NOON + timedelta(days=30), "stock": 3},
    {"claim_from": NOON + timedelta(days=3), "use_from": NOON + timedelta(days=4), "pooled": True, "claim_limit": 2},
)


def user_id(phone: int) -> str:
    """The LINE user id of a phone."""
    return line_user_id(0xA000 + phone)


def account_id(account: int) -> str:
    """The account's id as imports name it."""
    return f"@account{account}"


@dataclass(frozen=True)
class Ids:
    """Row ids of the scene, by their number here."""

    members: tuple[int, ...]
    privileges: tuple[int, ...]
    partner: int


def furnish(session: Session, vault: Vault, now: datetime) -> Ids:
    """Put the scene into an empty database."""
    members = []
    for number, seed in enumerate(ACCOUNTS):
        values: dict[str, Any] = {
            "external_id": account_id(number),
            "name": seed.name,
            "badge": seed.badge,
            "created_at": now,
        }
        member = factories.member(session, joined=False, **values)
        for phone, role in seed.admins:
            factories.administers(session, Person(line_user_id=user_id(phone)), member, role)
        members.append(int(member.id))
    # The cheapest parameters: the strength of the digest is not what is tried here.
    pin = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PIN)
    partner = factories.partner(session, pin_hash=pin, key="cafe")
    offers = [
        factories.privilege(session, key=f"offer{number}", name_th=f"สิทธิ์ {number}", partner_id=partner.id, **values)
        for number, values in enumerate(OFFERS)
    ]
    for offer in offers:
        if offer.pooled:
            add_codes(session, vault, offer, 0, POOL, now)
    return Ids(tuple(members), tuple(int(offer.id) for offer in offers), int(partner.id))


def add_codes(session: Session, vault: Vault, offer: Privilege, first: int, count: int, now: datetime) -> None:
    """So many new codes in a pool, numbered from `first`."""
    for number in range(first, first + count):
        sealed, mark = seal_pool_code(vault, club=offer.club, key=offer.key, text=f"CODE-{number}")
        session.add(Code(privilege_id=offer.id, sealed=sealed, fingerprint=mark, added_at=now))
    session.flush()


EMPTY = """
DO $$
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    TRUNCATE people, members, privileges, partners, charges, imports, runs, entries, journal, turns, notices,
             published_menus RESTART IDENTITY CASCADE;
END $$
"""


def empty(server: psycopg.Connection[Any]) -> None:
    """Everything gone, row ids from 1: the triggers that forbid it are off for this one transaction (A12 is tried elsewhere)."""
    server.execute(EMPTY)
