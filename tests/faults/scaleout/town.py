"""Who lives there: forty accounts with three admins each, a scarce privilege and others, and what the admins press."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from benefits.consent import MEMBERSHIP
from bot.actions import Action, AskUse, ClaimFor, MyInfo, ShowAccounts, ShowPrivileges
from models import Admin, Consent, Member, Membership, Partner, Person, Privilege
from simulator import Simulator
from simulator.people import Person as Phone
from tests.conversations.chat import CLUB

ACCOUNTS, ADMINS, STOCK = 40, 3, 15


@dataclass
class Town:
    """The seeded rows' ids, and the phones."""

    phones: list[Phone]
    members_of: dict[str, list[int]]
    privileges: list[int]
    scarce: int
    pressed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def press(self, line: Simulator, rng: random.Random) -> None:
        """One person presses one thing; what she claims is for an account of hers."""
        phone = rng.choice(self.phones)
        action = self._action(phone, rng)
        line.tap(phone, {"type": "postback", "label": "x", "data": action.pack()})
        with self._lock:
            self.pressed += 1

    def _action(self, phone: Phone, rng: random.Random) -> Action:
        if rng.random() < 0.6:
            return ClaimFor(rng.choice([self.scarce, *self.privileges]), rng.choice(self.members_of[phone.id]), 1)
        return rng.choice([ShowPrivileges(), MyInfo(), ShowAccounts(), AskUse(rng.randint(1, 60))])


def settle(session: Session, line: Simulator, terms: tuple[str, str], now: datetime, readers: int) -> Town:
    """Fill an empty database and LINE; `terms` are version and digest of what everybody agreed to; `readers` more are friends
    of the channel who only get offers."""
    partner = Partner(club=CLUB, key="cafe", name_th="ร้านกาแฟ", name_en="Café")
    session.add(partner)
    session.flush()
    scarce, *others = [
        _privilege(session, partner.id, n, stock, now) for n, stock in enumerate((STOCK, None, None, 200))
    ]
    phones: list[Phone] = []
    members_of: dict[str, list[int]] = {}
    for n in range(ACCOUNTS):
        member = Member(
            club=CLUB, kind="account", external_id=f"@shop{n}", name=f"ร้าน {n}", badge="grey", tier="welcome"
        )
        member.created_at = member.tier_since = now - timedelta(days=90)
        session.add(member)
        session.flush()
        for k in range(ADMINS):
            phone = line.person(f"แอดมิน {n}/{k}", friend=True)
            person = _agreed(session, phone.id, terms, now)
            session.add(Admin(member_id=member.id, line_user_id=phone.id, role="administrator", since=now))
            phones.append(phone)
            members_of[phone.id] = [member.id]
        session.add(
            Membership(member_id=member.id, joined_at=member.created_at, agreed_by=person.id, terms_version=terms[0])
        )
    for n in range(readers):
        _agreed(session, line.person(f"ผู้อ่าน {n}", friend=True).id, terms, now)
    session.commit()
    return Town(phones, members_of, [p.id for p in others], scarce.id)


def _privilege(session: Session, partner_id: int, n: int, stock: int | None, now: datetime) -> Privilege:
    made = Privilege(club=CLUB, key=f"p{n}", partner_id=partner_id, name_th=f"สิทธิ์ {n}", name_en=f"Privilege {n}")
    made.stock, made.created_at, made.use_days = stock, now, 30
    session.add(made)
    session.flush()
    return made


def _agreed(session: Session, user_id: str, terms: tuple[str, str], now: datetime) -> Person:
    person = Person(club=CLUB, line_user_id=user_id, friend=True, language="th", profile_at=now, created_at=now)
    session.add(person)
    session.flush()
    given = {
        "purpose": MEMBERSHIP,
        "terms_version": terms[0],
        "text_sha256": terms[1],
        "language": "th",
        "given_at": now,
    }
    session.add(Consent(person_id=person.id, **given))
    return person
