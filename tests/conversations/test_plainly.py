"""What is asked ahead, and what is believed to stand as it stood, changes no answer and no row: every button that does so,
on everything she may meet, against the same button answered plainly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, consent, members, notices, people, uses
from benefits.sealed_codes import seal_pool_code
from benefits.vault import vault_of
from bot.actions import (
    Action,
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
from models import Code, Member, Person, Privilege
from tests import factories
from tests.factories import NOON

PLAINLY = Routes([replace(route, ahead=None, only_looks=False, all_or_nothing=False) for route in ROUTES.routes])
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROWS = ("people", "claims", "codes", "privileges", "notices", "journal", "consents", "memberships", "admins", "members")
UNKNOWN = 10**18 - 1
EVERYTHING = " UNION ALL ".join(
    f"SELECT '{table}', (to_jsonb({table}) - '{'id' if table in ('journal', 'people') else ''}')::text FROM {table}"
    for table in ROWS
)


class Town:
    """One of everything an administrator may meet; committed."""

    def __init__(self, sessions: sessionmaker[Session], club: Club) -> None:
        self.club, self.sessions = club, sessions
        with sessions() as session:
            self._session = session
            self.nok, self.lek = self._person("Nok"), self._person("Lek")
            self.stranger = factories.line_user_id()
            self.accounts = self._accounts()
            self.offers = self._offers()
            self.claims = [*self._claims(), *self._elsewhere()]
            notices.remind_ending(session, club=club, now=NOON)
            session.commit()
            self.noted = session.scalar(text("SELECT count(*) FROM journal")) or 0
            self.people = {"nok": self.nok.line_user_id, "lek": self.lek.line_user_id, "stranger": self.stranger}

    def _person(self, name: str) -> Person:
        person = factories.person(self._session, profile_at=NOON)
        people.learn_profile(self._session, person=person, display_name=name, language="th", now=NOON)
        return person

    def _accounts(self) -> dict[str, int]:
        session, nok, lek = self._session, self.nok, self.lek
        self.shop = factories.member(session, nok, lek)
        # Only Nok agrees: whoever presses what Lek may see is shown the terms instead.
        consent.agree(session, club=self.club, person=nok, language="th", now=NOON - DAY)
        others: dict[str, Member] = {
            "not joined": factories.member(session, nok, lek, joined=False),
            "operated": factories.member(session, lek),
            "hers alone": factories.member(session, nok),
            "premium": factories.member(session, nok, badge="green"),
            "left": factories.member(session, nok),
            "another's": factories.member(session, lek),
        }
        factories.administers(session, nok, others["operated"], role="operator")
        self.left = others["left"]
        return {"shop": self.shop.id, **{name: each.id for name, each in others.items()}}

    def _offer(self, **values: Any) -> Privilege:
        offer: Privilege = factories.privilege(self._session, **values)
        return offer

    def _offers(self) -> list[int]:
        pools = [self._offer(pooled=True) for _ in range(2)]
        self._fill(pools[0], 2)
        theirs, hers, twice = self._offer(), self._offer(scope="person"), self._offer(claim_limit=2)
        self._claim(self.lek, theirs)
        self._claim(self.nok, hers)
        self._claim(self.nok, twice)
        found = [
            *(*pools, theirs, hers, twice, self._offer(stock=3), self._offer(stock=1, taken=1)),
            self._offer(withdrawn_at=NOON - DAY),
            self._offer(claim_from=NOON + DAY),
            self._offer(claim_to=NOON - DAY),
            self._offer(tiers=["gold"]),
            self._offer(visible_from=NOON + DAY),
            self._offer(scope="account_month"),
        ]
        return [offer.id for offer in found]

    def _fill(self, pool: Privilege, codes: int) -> None:
        for number in range(codes):
            sealed, print_ = seal_pool_code(
                vault_of(self._session), club=pool.club, key=pool.key, text=f"https://{number}"
            )
            self._session.add(Code(privilege_id=pool.id, sealed=sealed, fingerprint=print_, added_at=NOON))
        self._session.flush()

    def _claim(self, who: Person, offer: Privilege, shop: int | None = None) -> int:
        made = claims.claim(
            self._session, club=self.club, person=who, privilege_id=offer.id, member_id=shop or self.shop.id,
            now=NOON - HOUR,
        )  # fmt: skip
        return made.claim.id

    def _use(self, who: Person, claim: int, before: timedelta) -> int:
        uses.start(self._session, club=self.club, person=who, claim_id=claim, now=NOON - before)
        return claim

    def _claims(self) -> Iterator[int]:
        nok, lek, soon = self.nok, self.lek, timedelta(minutes=1)
        yield self._claim(nok, self._offer(use_days=1))
        yield self._claim(lek, self._offer(redeem="qr", use_days=1))
        yield self._use(nok, self._claim(nok, self._offer()), soon)
        yield self._use(lek, self._claim(nok, self._offer(redeem="qr", use_days=1)), soon)
        yield self._use(nok, self._claim(nok, self._offer(redeem="qr", code_minutes=15)), timedelta(minutes=20))
        yield self._use(lek, self._claim(nok, self._offer(redeem="barcode")), timedelta(minutes=30))
        yield self._claim(nok, self._offer(use_from=NOON + DAY))
        yield self._claim(nok, self._offer(use_to=NOON - timedelta(minutes=30)))
        voided = self._claim(nok, self._offer())
        uses.void(self._session, claim_id=voided, reason="closed", by=("staff", 1), now=NOON - soon)
        yield voided
        pool = self._offer(pooled=True, redeem="link")
        self._fill(pool, 1)
        yield self._use(nok, self._claim(nok, pool), soon)
        lost = self._claim(nok, self._offer(), self.left.id)
        used = self._use(nok, self._claim(nok, self._offer(), self.left.id), soon)
        members.leave(self._session, club=self.club, member=self.left, reason="asked", now=NOON - soon, person=nok)
        yield from (lost, used, UNKNOWN)

    def _elsewhere(self) -> Iterator[int]:
        """Another club's account, offer and claim, of the same LINE user."""
        other, session = replace(self.club, key="another_club"), self._session
        shop = factories.member(session, self.nok, club=other.key)
        her = factories.person(session, club=other.key, line_user_id=self.nok.line_user_id)
        offer = factories.privilege(session, club=other.key, stock=1)
        made = claims.claim(session, club=other, person=her, privilege_id=offer.id, member_id=shop.id, now=NOON - HOUR)
        self.accounts |= {"another club's": shop.id, "unknown": UNKNOWN}
        self.offers += [offer.id, UNKNOWN]
        yield made.claim.id

    def actions(self) -> Iterator[Action]:
        """Every button that asks ahead or writes nothing, on everything there is."""
        yield from (MyInfo(), ShowAccounts(), ShowAccounts(UNKNOWN), ShowPrivileges(), ShowTerms(), Help(), Decline())
        for state in (*claims.STATES, "", "ไม่มี"):
            yield from (ShowClaims(state), ShowClaims(state, 1), ShowClaims(state, UNKNOWN))
        for claim in self.claims:
            yield from (AskUse(claim), ShowClaim(claim), UseLater(claim), Use(claim))
        for offer in self.offers:
            yield from (ShowPrivilege(offer), StartClaim(offer), ClaimFor(offer, self.shop.id, 1), ClaimFor(offer, 0))
            yield ClaimFor(offer, self.accounts["hers alone"], 2)
        for account in self.accounts.values():
            yield from (Explain(account), Explain(account, "2026-13"), ExplainMonths(account), AskLeave(account))
            yield ClaimFor(self.offers[5], account)

    def pressed(self, action: Action, routes: Routes, user: str) -> tuple[Reply, list[tuple[str, str]]]:
        """The answer, and every row as it then is. Nothing is committed; the next claim's number is the same each time."""
        with self.sessions() as session:
            session.execute(text("SELECT setval('claims_id_seq', 1000000)"))
            session.commit()
            source = {"type": "user", "userId": user}
            button = {"type": "postback", "source": source, "postback": {"data": action.pack()}}
            reply = Conversation({self.club.key: self.club}, routes, "https://club.example").answer(
                Arrival(session, self.club.key, button, NOON)
            )
            session.flush()
            return reply, sorted((table, row) for table, row in session.execute(text(EVERYTHING)))


@pytest.mark.parametrize(("who", "every"), [("nok", 1), ("lek", 4), ("stranger", 4)])
def test_a_button_answers_as_it_would_plainly(
    sessions: sessionmaker[Session], club: Club, who: str, every: int
) -> None:
    """Nok has agreed and news wait for her, Lek has not, nobody knows the stranger."""
    town = Town(sessions, club)
    user = town.people[who]
    refused, changed = set[str](), 0
    for action in islice(town.actions(), 0, None, every):
        fast, left = town.pressed(action, ROUTES, user)
        slow, plainly = town.pressed(action, PLAINLY, user)
        assert fast == slow, action
        assert left == plainly, action
        refused |= {fast.outcome} if fast.refused else set()
        changed += sum(table == "journal" for table, _ in left) > town.noted
    if who == "nok":
        assert changed >= 8
        assert len(refused) >= 15
