"""A partner's PIN: tries counted for the use and for the partner, pauses that grow, and nobody locked out by others (A7, C1)."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from benefits import pins, signin, uses
from benefits.editing.partners import new_pin, weak
from clubs import Club
from models import Claim, JournalEntry, Partner
from tests import factories
from tests.factories import NOON
from tests.rules.using import running_use

PIN = "730294"
PIN_HASH = pins.hash_pin(PIN)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need; those with parallel guesses take `sessions`."""
    return rolled_back


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand guesses in a moment: argon2 at its cheapest, nothing else changed."""
    monkeypatch.setattr(pins, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def cafe(session: Session) -> Partner:
    """A partner with a PIN of six digits."""
    found: Partner = factories.partner(session, pin_hash=pins.hash_pin(PIN), pin_digits=6)
    return found


def tried(session: Session, claim: Claim, now: datetime, pin: str = "000000") -> str | datetime:
    """One try: `right`, `wrong` (it was looked at), or until when none is."""
    before = wrong(session)
    try:
        pins.check_pin(session, claim=claim, pin=pin, now=now)
    except pins.WrongPin:
        return "wrong"
    except pins.PinLocked as refusal:
        return "wrong" if wrong(session) > before else refusal.until
    return "right"


def wrong(session: Session) -> int:
    """PINs that were looked at and were wrong."""
    return session.scalar(select(func.count()).where(JournalEntry.action == pins.WRONG)) or 0


def guessed(session: Session, claims: Sequence[Claim], since: datetime, until: datetime) -> int:
    """Somebody with these uses tries each of them whenever one may be tried; how many guesses were looked at."""
    now, count = since, 0
    while now < until:
        looked = [found for claim in claims if (found := tried(session, claim, now)) == "wrong"]
        count += len(looked)
        if not looked:
            paused = [pins.pause(session, claim=claim, now=now) for claim in claims]
            now = max(now + timedelta(seconds=1), min(until for until in paused if until is not None))
    return count


def test_a7_pauses_of_a_use_grow_and_hammering_does_not_lengthen_them(
    session: Session, club: Club, cheap: None
) -> None:
    """Five tries, then 30 s, 1 min, 2 min … 15 min, as sign-ins are counted."""
    claim, now, lengths = running_use(session, club, partner_id=cafe(session).id), NOON, []
    for left in (4, 3, 2, 1):
        with pytest.raises(pins.WrongPin) as refusal:
            pins.check_pin(session, claim=claim, pin="000000", now=now)
        assert refusal.value.tries_left == left
    for _ in range(7):
        with pytest.raises(pins.PinLocked) as pause:
            pins.check_pin(session, claim=claim, pin="000000", now=now)
        lengths.append(pause.value.until - now)
        for part in (0.2, 0.9):
            early = now + lengths[-1] * part
            assert tried(session, claim, early, PIN) == pause.value.until, "the right one is not looked at either"
        now = pause.value.until
    assert lengths == [timedelta(seconds=s) for s in (30, 60, 120, 240, 480, 900, 900)]
    assert tried(session, claim, now, PIN) == "right"


def test_a7_a_right_pin_clears_nothing_that_others_tried(session: Session, club: Club, cheap: None) -> None:
    """Neither for the use nor for the partner; and it is not counted as a try itself."""
    shop = cafe(session)
    claim, other = (running_use(session, club, partner_id=shop.id) for _ in range(2))
    for _ in range(4):
        assert tried(session, claim, NOON) == "wrong"
    spent = shop.pin_spent_until
    assert spent == NOON + 4 * pins.EACH
    for _ in range(3):
        assert tried(session, claim, NOON, PIN) == tried(session, other, NOON, PIN) == "right"
    assert shop.pin_spent_until == spent
    with pytest.raises(pins.PinLocked):
        pins.check_pin(session, claim=claim, pin="000000", now=NOON)


def test_a7_beginning_the_use_anew_brings_no_new_tries(session: Session, club: Club, cheap: None) -> None:
    """Unconfirmed, a QR is shown again as often as its holder likes: the count is the claim's."""
    holder = factories.person(session)
    claim = running_use(session, club, partner_id=cafe(session).id, person=holder, code_minutes=1)
    for _ in range(5):
        assert tried(session, claim, NOON) == "wrong"
    again = uses.start(session, club=club, person=holder, claim_id=claim.id, now=NOON + MINUTE).claim
    assert tried(session, again, NOON + MINUTE) == "wrong", "the pause of 30 seconds is over"
    assert tried(session, again, NOON + MINUTE) == NOON + 2 * MINUTE, "and the next is longer"


def test_a7_nobody_locks_a_partner_out_for_others(session: Session, club: Club, cheap: None) -> None:
    """Whatever members with running uses type, all day long: another member's use is confirmed at once, at any time."""
    shop, holders = cafe(session), [factories.person(session) for _ in range(6)]
    theirs = [running_use(session, club, partner_id=shop.id, person=one, code_minutes=1440) for one in holders]
    for hour in range(0, 24, 4):
        begun = NOON + timedelta(hours=hour)
        guessed(session, theirs, begun, begun + timedelta(hours=4))
        served = running_use(session, club, partner_id=shop.id)
        assert wrong(session) >= pins.BURST, "those who guess have used the partner's budget up"
        assert tried(session, served, begun + timedelta(hours=4), PIN) == "right"


def test_a7_the_budget_of_the_partner_pauses_who_failed_also_at_their_other_uses(
    session: Session, club: Club, cheap: None
) -> None:
    shop, holder = cafe(session), factories.person(session)
    mine = [running_use(session, club, partner_id=shop.id, person=holder) for _ in range(8)]
    looked = [tried(session, claim, NOON) for claim in mine for _ in range(4)]
    assert looked.count("wrong") == pins.BURST
    assert looked[-1] == NOON + pins.EACH, "the next is allowed when one is forgotten"
    first = running_use(session, club, partner_id=shop.id)
    assert tried(session, first, NOON) == "wrong", "somebody else has one try"
    assert tried(session, first, NOON) == NOON + pins.EACH
    assert tried(session, first, NOON + pins.EACH) == "wrong"


@pytest.mark.parametrize("holders", [1, 3, 10])
def test_a7_a_day_of_guessing_finds_a_pin_with_less_than_1_in_20000(
    session: Session, club: Club, cheap: None, holders: int
) -> None:
    """C1: several members with four uses each try whenever one may be tried, for a day; the table of docs/claiming.md."""
    shop, people = cafe(session), [factories.person(session) for _ in range(holders)]
    theirs = [
        running_use(session, club, partner_id=shop.id, person=one, code_minutes=1440)
        for one in people
        for _ in range(4)
    ]
    count = guessed(session, theirs, NOON, NOON + DAY)
    assert count <= pins.BURST + pins.A_DAY + holders - 1
    assert count / good_pins() < 1 / 20_000


@cache
def good_pins() -> int:
    """How many PINs of six digits are not refused, counted at every 17th (58,824 of them)."""
    return 17 * sum(not weak(f"{n:06}") for n in range(0, 10**6, 17))


def test_a7_what_is_made_by_chance_is_of_six_digits_and_not_weak() -> None:
    made = {new_pin() for _ in range(2000)}
    assert len(made) > 1990
    assert all(len(pin) == 6 and pin.isdecimal() and not weak(pin) for pin in made)
    assert any(pin.startswith("0") for pin in made)


def test_a7_wrong_pins_are_in_the_journal_without_the_pin(session: Session, club: Club, cheap: None) -> None:
    shop = cafe(session)
    claim = running_use(session, club, partner_id=shop.id)
    tried(session, claim, NOON, "918273")
    entry = session.scalars(select(JournalEntry).where(JournalEntry.action == "pin_wrong")).one()
    assert (entry.subject_kind, entry.subject_id, entry.actor_kind) == ("partner", shop.id, "system")
    assert entry.facts == {"claim": claim.id, "person": claim.used_by}
    assert pins.wrong_since(session, club=club.key, since=NOON - DAY) == {shop.id: 1}


def test_a7_an_older_short_pin_works_and_its_length_is_learnt(session: Session, club: Club, cheap: None) -> None:
    old = factories.partner(session, pin_hash=pins.hash_pin("4821"))
    claim = running_use(session, club, partner_id=old.id)
    assert tried(session, claim, NOON) == "wrong"
    assert old.pin_digits is None
    assert tried(session, claim, NOON, "4821") == "right"
    assert old.pin_digits == 4


def guessing(sessions: sessionmaker[Session], claim_ids: Sequence[int]) -> list[str]:
    """Every guess in a transaction of its own, all at once; what each was told."""
    told: list[str] = []
    barrier = threading.Barrier(len(claim_ids))

    def guess(claim_id: int) -> None:
        barrier.wait()
        with sessions() as session:
            try:
                pins.check_pin(session, claim=session.get_one(Claim, claim_id), pin="000000", now=NOON)
            except (pins.WrongPin, pins.PinLocked) as refusal:
                told.append(type(refusal).__name__)
            session.commit()

    threads = [threading.Thread(target=guess, args=(claim_id,)) for claim_id in claim_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_c1_parallel_wrong_pins_are_all_counted(sessions: sessionmaker[Session], club: Club, cheap: None) -> None:
    """C1: 14 guesses at one use at once: four are told wrong, one begins the pause, the rest are not looked at."""
    with sessions.begin() as session:
        claim = running_use(session, club, partner_id=cafe(session).id)
    told = guessing(sessions, [claim.id] * 14)
    assert (told.count("WrongPin"), told.count("PinLocked")) == (4, 10)
    with sessions() as session:
        assert wrong(session) == signin.FREE_TRIES


def test_c1_parallel_wrong_pins_at_several_uses_keep_to_the_partners_budget(
    sessions: sessionmaker[Session], club: Club, cheap: None
) -> None:
    """C1: one member, seven uses, 21 guesses at once: as many are looked at as the budget has."""
    with sessions.begin() as session:
        shop, holder = cafe(session), factories.person(session)
        theirs = [running_use(session, club, partner_id=shop.id, person=holder).id for _ in range(7)]
    assert len(guessing(sessions, theirs * 3)) == 21
    with sessions() as session:
        assert wrong(session) == pins.BURST
        assert session.get_one(Partner, shop.id).pin_spent_until == NOON + pins.BURST * pins.EACH
