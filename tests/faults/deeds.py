"""Deeds a process can be killed in: joining, beginning a use, confirming it, undoing it; and what each leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection

from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits import claims, consent, notices, people, use_links, uses
from benefits.pins import EACH, hash_pin
from benefits.vault import Vault
from database.engine import make_engine, make_sessions
from models import Claim, Partner, Person, Privilege
from tests import factories
from tests.conftest import TEST_KEYS
from tests.factories import NOON
from tests.faults.crashing import CLUB, arm

PIN = "4711"
PIN_HASH = hash_pin(PIN)
SOON = NOON + timedelta(minutes=5)
Ids = Mapping[str, int]


@dataclass(frozen=True)
class Deed:
    """What is done (a name of `DEEDS`) to what, where; `die_at` is the boundary's number, from 1 (0: none)."""

    url: str
    name: str
    ids: Ids
    die_at: int


@dataclass(frozen=True)
class Scenario:
    """One deed: its scene, the deed itself, what it leaves, and how that reads before and after."""

    prepare: Callable[[Session], Ids]
    do: Callable[[Session, Ids], None]
    traces: str
    before: tuple[object, ...]
    after: tuple[object, ...]


def perform(pipe: Connection, deed: Deed) -> None:
    """Do it and commit, or die on the way. Sends the server process's id, then, if it lives, the number of boundaries."""
    with make_sessions(make_engine(deed.url, pool_size=1), vault=Vault(TEST_KEYS))() as session:
        pipe.send(session.connection().connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
        passed = arm(session, deed.die_at)
        DEEDS[deed.name].do(session, deed.ids)
        session.commit()
    pipe.send(passed[0])


def traces(session: Session, name: str, ids: Ids) -> tuple[object, ...]:
    """What is there now."""
    session.rollback()
    return tuple(session.execute(text(DEEDS[name].traces), ids).one())


def _met(session: Session, ids: Ids) -> Person:
    known = session.get_one(Person, ids["person"])
    return people.meet(session, club=CLUB, line_user_id=known.line_user_id, now=SOON)


def _guest(session: Session) -> Ids:
    """An administrator of two accounts that have not joined."""
    nok = factories.person(session)
    first, second = (factories.member(session, nok, joined=False) for _ in range(2))
    return {"person": nok.id, "first": first.id, "second": second.id}


def _agree(session: Session, ids: Ids) -> None:
    consent.agree(session, club=CLUB, person=_met(session, ids), language="th", now=SOON)


JOINED = """
SELECT (SELECT count(*) FROM consents WHERE person_id = :person),
       (SELECT count(*) FROM memberships WHERE member_id IN (:first, :second)),
       (SELECT count(*) FROM members WHERE id IN (:first, :second) AND tier = 'welcome'),
       (SELECT count(*) FROM journal WHERE action = 'joined' AND subject_id IN (:first, :second)),
       (SELECT count(*) FROM journal WHERE action = 'consented' AND subject_id = :person)
"""


def _kept(session: Session, redeem: str = "code") -> tuple[Claim, Ids]:
    """A claim that is kept, with a reminder that waits; its partner has had two wrong PINs."""
    nok = factories.person(session)
    shop = factories.member(session, nok)
    partner: Partner = factories.partner(session, pin_hash=PIN_HASH, pin_spent_until=NOON + 2 * EACH)
    offer: Privilege = factories.privilege(session, partner_id=partner.id, redeem=redeem)
    made = claims.claim(session, club=CLUB, person=nok, privilege_id=offer.id, member_id=shop.id, now=NOON).claim
    notices.wait(
        session, person=nok, kind=notices.ENDING, key=notices.ending_key(made.id), facts={}, now=NOON, push_at=None
    )
    return made, {"person": nok.id, "claim": made.id, "partner": partner.id}


def _running(session: Session) -> Ids:
    """A QR that is being shown."""
    made, ids = _kept(session, "qr")
    uses.start(session, club=CLUB, person=session.get_one(Person, ids["person"]), claim_id=made.id, now=NOON)
    return ids


def _used(session: Session) -> Ids:
    """A code that was shown, which is used."""
    made, ids = _kept(session)
    uses.start(session, club=CLUB, person=session.get_one(Person, ids["person"]), claim_id=made.id, now=NOON)
    return ids


def _use(session: Session, ids: Ids) -> None:
    uses.start(session, club=CLUB, person=_met(session, ids), claim_id=ids["claim"], now=SOON)


def _confirm(session: Session, ids: Ids) -> None:
    token = use_links.page_token(session, session.get_one(Claim, ids["claim"]))
    with suppress(uses.AlreadyUsed):  # what pressing again is told
        uses.confirm(session, club=CLUB, token=token, pin=PIN, now=SOON)


def _undo(session: Session, ids: Ids) -> None:
    with suppress(uses.NotUsed):  # what pressing again is told
        uses.undo(session, claim_id=ids["claim"], by=("partner", ids["partner"]), reason="wrong till", now=SOON)


USED = f"""
SELECT state, used_at IS NOT NULL, code_until IS NOT NULL, confirmed_by IS NOT NULL,
       (SELECT CAST(extract(epoch FROM pin_spent_until - timestamptz '2026-11-12 05:00+00') / {EACH.total_seconds()} AS int)
        FROM partners WHERE id = :partner),
       (SELECT count(*) FROM notices WHERE person_id = :person AND state = 'waiting'),
       (SELECT array_agg(action ORDER BY id) FROM journal WHERE subject_kind = 'claim' AND subject_id = :claim)
FROM claims WHERE id = :claim
"""

DEEDS = {
    "joining": Scenario(_guest, _agree, JOINED, (0, 0, 0, 0, 0), (1, 2, 2, 2, 1)),
    "using": Scenario(
        lambda session: _kept(session)[1],
        _use,
        USED,
        ("kept", False, False, False, 2, 1, ["claimed"]),
        ("used", True, True, False, 2, 0, ["claimed", "use_started"]),
    ),
    "confirming": Scenario(
        _running,
        _confirm,
        USED,
        ("kept", False, True, False, 2, 1, ["claimed", "use_started"]),
        ("used", True, True, True, 2, 0, ["claimed", "use_started", "use_confirmed"]),
    ),
    "undoing": Scenario(
        _used,
        _undo,
        USED,
        ("used", True, True, False, 2, 0, ["claimed", "use_started"]),
        ("kept", False, False, False, 2, 0, ["claimed", "use_started", "use_undone"]),
    ),
}
