"""Races for privileges between real processes (A1, A2, A4), and the same with the guards off, which must fail (A3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from benefits import people
from benefits.vault import Vault
from database.engine import make_sessions
from models import Claim, Code, Privilege
from tests import factories
from tests.factories import NOON
from tests.rules.racing import CHECK_THEN_ACT, GUARDED, SKIP_ONLY, Answer, Press, Rivals
from tests.rules.test_privileges import add_codes

pytestmark = pytest.mark.slow
PROCESSES = 8
ADMINS = 200
STOCK = 5


@pytest.fixture(scope="module")
def rivals() -> Iterator[Rivals]:
    """Eight processes for all races of this module."""
    rivals = Rivals(PROCESSES)
    yield rivals
    rivals.stop()


class Field:
    """One database and the accounts that race in it."""

    def __init__(self, engine: Engine, vault: Vault, rivals: Rivals) -> None:
        self.url = engine.url.render_as_string(hide_password=False)
        self.session, self.rivals = make_sessions(engine, vault=vault)(), rivals
        self.partner_id = factories.partner(self.session).id

    def accounts(self, count: int, admins: int = 1) -> list[list[tuple[str, int]]]:
        """So many new accounts: for each, (LINE user id, member id) of its admins, whose names LINE told us."""
        made = []
        for _ in range(count):
            people_of = [factories.person(self.session) for _ in range(admins)]
            for n, person in enumerate(people_of):
                people.learn_profile(self.session, person=person, display_name=f"Admin {n}", language=None, now=NOON)
            shop = factories.member(self.session, *people_of)
            made.append([(person.line_user_id, shop.id) for person in people_of])
        self.session.commit()
        return made

    def offer(self, codes: int = 0, **values: object) -> int:
        """A new privilege."""
        privilege = factories.privilege(self.session, partner_id=self.partner_id, pooled=codes > 0, **values)
        add_codes(self.session, privilege, codes)
        self.session.commit()
        return privilege.id

    def race(self, presses: Sequence[Press], mode: str = GUARDED) -> list[Answer]:
        """Everyone at once."""
        answers = self.rivals.run(self.url, presses, mode)
        self.session.rollback()
        return answers

    def grants(self, privilege_id: int) -> int:
        """Claims that exist."""
        return self.session.scalars(select(func.count()).where(Claim.privilege_id == privilege_id)).one()

    def taken(self, privilege_id: int) -> int:
        """What the stock says."""
        return self.session.execute(select(Privilege.taken).where(Privilege.id == privilege_id)).scalar_one()

    def codes_gone(self, privilege_id: int) -> int:
        """Codes that left the pool."""
        query = select(func.count()).where(Code.privilege_id == privilege_id, Code.claim_id.is_not(None))
        return self.session.scalars(query).one()


@pytest.fixture(scope="module")
def field(module_engine: Engine, vault: Vault, rivals: Rivals) -> Iterator[Field]:
    """The guarded database."""
    field = Field(module_engine, vault, rivals)
    yield field
    field.session.close()


@pytest.fixture
def open_field(engine: Engine, vault: Vault, rivals: Rivals) -> Iterator[Field]:
    """A database of this test alone, its constraints taken away."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE claims DROP CONSTRAINT uq_claims_privilege_id_holder_period_slot"))
        connection.execute(text("ALTER TABLE privileges DROP CONSTRAINT ck_privileges_stock_not_exceeded"))
    field = Field(engine, vault, rivals)
    yield field
    field.session.close()


def told(answers: Sequence[Answer]) -> Counter[str]:
    """How often each answer was given."""
    return Counter(answer.told for answer in answers)


def test_a1_stock_of_five_is_granted_five_times_among_200_admins(field: Field) -> None:
    """A1, 20 repetitions, each with 200 accounts that race for a new stock of 5."""
    accounts = field.accounts(ADMINS)
    for _ in range(20):
        offer = field.offer(stock=STOCK)
        answers = field.race([Press(user, offer, shop) for ((user, shop),) in accounts])
        assert told(answers) == {"ok": STOCK, "SoldOut": ADMINS - STOCK}
        assert (field.grants(offer), field.taken(offer)) == (STOCK, STOCK)


def test_a2_one_of_two_admins_wins_and_the_other_is_told_who(field: Field) -> None:
    """A2, LFC-22: 100 pairs, four at a time, each admin in a process of her own."""
    accounts = field.accounts(4, admins=2)
    for _ in range(25):
        offer = field.offer()
        pairs = [Press(user, offer, shop) for pair in accounts for user, shop in pair]
        answers = field.race(pairs)
        assert told(answers) == {"ok": 4, "AlreadyClaimed": 4}
        won = {answer.press.member_id: answer for answer in answers if answer.told == "ok"}
        for lost in answers:
            if lost.told == "AlreadyClaimed":
                assert lost.claim_id == won[lost.press.member_id].claim_id
                assert lost.by == f"Admin {0 if won[lost.press.member_id].press == _first(pairs, lost) else 1}"


def _first(pairs: Sequence[Press], lost: Answer) -> Press:
    """The press of the first admin of the loser's account."""
    return next(press for press in pairs if press.member_id == lost.press.member_id)


def test_a2_n_times_is_never_more_than_n(field: Field) -> None:
    """Eight admins of one account race for three units: slots 1, 2 and 3, no more, no fewer."""
    (admins,) = field.accounts(1, admins=PROCESSES)
    for _ in range(10):
        offer = field.offer(claim_limit=3)
        answers = field.race([Press(user, offer, shop) for user, shop in admins])
        assert told(answers) == {"ok": 3, "AlreadyClaimed": PROCESSES - 3}
        slots = field.session.scalars(select(Claim.slot).where(Claim.privilege_id == offer)).all()
        assert sorted(slots) == [1, 2, 3]


def test_a3_control_without_the_unique_constraint_one_account_claims_twice(open_field: Field) -> None:
    """A3: the races of A2 with check-then-insert must over-grant at least once in 20, else they prove nothing."""
    accounts = open_field.accounts(4, admins=2)
    over = 0
    for _ in range(20):
        offer = open_field.offer()
        open_field.race([Press(user, offer, shop) for pair in accounts for user, shop in pair], CHECK_THEN_ACT)
        over += open_field.grants(offer) > len(accounts)
        if over:
            break
    assert over, "no over-grant appeared: this harness cannot see a missing guard"


def test_a3_control_without_the_conditional_update_the_stock_is_exceeded(open_field: Field) -> None:
    """A3: the race of A1 with read-then-write must grant more than the stock at least once in 20."""
    accounts = open_field.accounts(ADMINS // 4)
    over = 0
    for _ in range(20):
        offer = open_field.offer(stock=STOCK)
        open_field.race([Press(user, offer, shop) for ((user, shop),) in accounts], CHECK_THEN_ACT)
        over += open_field.grants(offer) > STOCK
        if over:
            break
    assert over, "no over-grant appeared: this harness cannot see a missing guard"


def _undersell(field: Field, offer: int, units: int, mode: str = GUARDED) -> Counter[str]:
    """As many admins as there are units, and as many again who take one for a while and give it back."""
    real, brief = field.accounts(units), field.accounts(units)
    presses = [
        press
        for ((user, shop),), ((other, elsewhere),) in zip(real, brief, strict=True)
        for press in (Press(other, offer, elsewhere, abort_after=0.02), Press(user, offer, shop))
    ]
    # Turned by one, so that half of the processes begin with a press that gives back and half with one that keeps.
    return told(field.race(presses[1:] + presses[:1], mode))


def test_a4_nobody_is_refused_while_codes_may_come_back(field: Field) -> None:
    """A4: 12 codes, 12 admins who want one, 12 rivals who roll back. A refusal of any of the 12 would be false."""
    for _ in range(8):
        offer = field.offer(codes=12)
        answers = _undersell(field, offer, 12)
        assert (answers["ok"], field.grants(offer), field.codes_gone(offer)) == (12, 12, 12)
        assert answers["ok"] + answers["aborted"] + answers["SoldOut"] == 24


def test_a4_nobody_is_refused_while_stock_may_come_back(field: Field) -> None:
    """A4: the same with a stock: the conditional update waits for the rival, and sees what became of it."""
    for _ in range(5):
        offer = field.offer(stock=12)
        answers = _undersell(field, offer, 12)
        assert (answers["ok"], field.grants(offer), field.taken(offer)) == (12, 12, 12)


def test_a3_control_skip_locked_alone_refuses_while_codes_remain(field: Field) -> None:
    """A3 of A4: believing SKIP LOCKED must refuse someone falsely at least once in 20."""
    for _ in range(20):
        offer = field.offer(codes=2)
        if _undersell(field, offer, 2, SKIP_ONLY)["ok"] < 2:
            return
    pytest.fail("no false refusal appeared: this harness cannot see a missing second pass")


def test_a1_stock_and_pool_together_never_give_more_than_either(field: Field) -> None:
    accounts = field.accounts(40)
    for codes, stock, expected in ((3, 30, 3), (30, 3, 3)):
        offer = field.offer(codes=codes, stock=stock)
        answers = field.race([Press(user, offer, shop) for ((user, shop),) in accounts])
        assert told(answers) == {"ok": expected, "SoldOut": 40 - expected}
        assert (field.grants(offer), field.taken(offer), field.codes_gone(offer)) == (expected, expected, expected)


def test_the_session_of_the_field_is_guarded(field: Field) -> None:
    """The guarded races ran with the constraint in place."""
    query = "SELECT count(*) FROM pg_constraint WHERE conname IN (:a, :b)"
    names = {"a": "uq_claims_privilege_id_holder_period_slot", "b": "ck_privileges_stock_not_exceeded"}
    session: Session = field.session
    assert session.execute(text(query), names).scalar_one() == 2
