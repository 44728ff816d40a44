"""People: meeting, following in any order (A8), language, names that are sealed, unsent messages, notices."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benefits import claims, held_claims, members, notices, people, uses
from clubs import Club
from models import Notice, Person, TurnRow
from tests import factories
from tests.factories import NOON


@pytest.fixture
def session(rolled_back: Session) -> Session:
    """One session is all these tests need."""
    return rolled_back


def test_meet_makes_a_person_once(session: Session, club: Club) -> None:
    user = factories.line_user_id()
    first = people.meet(session, club=club, line_user_id=user, now=NOON)
    again = people.meet(session, club=club, line_user_id=user, now=NOON + timedelta(minutes=1))
    assert first is again
    assert (again.created_at, again.last_event_at) == (NOON, NOON + timedelta(minutes=1))


def test_meet_lets_one_turn_of_a_person_wait_for_the_other(sessions: sessionmaker[Session], club: Club) -> None:
    """The rival's turn gets no further than meeting the person until the first turn commits."""
    user, order = factories.line_user_id(), list[str]()
    with sessions() as session:
        people.meet(session, club=club, line_user_id=user, now=NOON)
        session.commit()

    def rival() -> None:
        with sessions() as session:
            people.meet(session, club=club, line_user_id=user, now=NOON)
            order.append("rival met")

    with sessions() as session:
        people.meet(session, club=club, line_user_id=user, now=NOON)
        thread = threading.Thread(target=rival)
        thread.start()
        thread.join(0.4)
        order.append("first commits")
        session.commit()
        thread.join(10)
    assert order == ["first commits", "rival met"]


def test_two_first_turns_of_a_person_make_her_once(sessions: sessionmaker[Session], club: Club) -> None:
    """A rival who meets her for the first time as well waits, and finds the row the first turn made."""
    user, met = factories.line_user_id(), list[int]()

    def rival() -> None:
        with sessions() as session:
            met.append(people.meet(session, club=club, line_user_id=user, now=NOON).id)

    with sessions() as session:
        met.append(people.meet(session, club=club, line_user_id=user, now=NOON).id)
        thread = threading.Thread(target=rival)
        thread.start()
        thread.join(0.4)
        session.commit()
        thread.join(10)
    assert len(met) == 2
    assert met[0] == met[1]


def test_a_notice_for_a_person_does_not_wait_for_her_turn(sessions: sessionmaker[Session], club: Club) -> None:
    with sessions() as session, sessions() as other:
        nok = people.meet(session, club=club, line_user_id=factories.line_user_id(), now=NOON)
        session.commit()
        people.meet(session, club=club, line_user_id=nok.line_user_id, now=NOON)
        other.execute(select(1))
        other.connection().exec_driver_sql("SET lock_timeout = '500ms'")
        assert notices.wait(other, person=nok, kind="tier", key="tier:1", facts={}, now=NOON)


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a8_follow_and_unfollow_in_any_order_end_as_the_newest_says(
    session: Session, club: Club, order: tuple[int, ...]
) -> None:
    nok = factories.person(session, friend=False)
    history = [people.followed, people.unfollowed, people.followed, people.unfollowed]
    for step in order:
        at = NOON + timedelta(minutes=step)
        history[step](session, person=nok, event_at=at, now=NOON + timedelta(hours=1))
    assert (nok.friend, nok.friend_event_at) == (False, NOON + timedelta(minutes=3))


def test_a_chosen_language_is_never_overwritten_by_the_profile(session: Session, club: Club) -> None:
    nok = factories.person(session, language=None)
    people.learn_profile(session, person=nok, display_name="Nok", language="en-US", now=NOON)
    assert nok.language == "en"
    people.choose_language(session, person=nok, language="th", now=NOON)
    people.learn_profile(session, person=nok, display_name="Nok", language="en", now=NOON)
    assert nok.language == "th"
    with pytest.raises(ValueError, match="xx"):
        people.choose_language(session, person=nok, language="xx", now=NOON)


def test_an_unknown_profile_language_is_left_open(session: Session) -> None:
    nok = factories.person(session, language=None)
    people.learn_profile(session, person=nok, display_name="Nok", language="ja", now=NOON)
    assert nok.language is None


def test_names_are_sealed_and_bound_to_their_person(session: Session) -> None:
    nok, lek = factories.person(session), factories.person(session)
    people.learn_profile(session, person=nok, display_name="นก ใจดี", language="th", now=NOON)
    assert people.name_of(session, nok) == "นก ใจดี"
    assert nok.display_name is not None
    assert "นก".encode() not in nok.display_name
    lek.display_name = nok.display_name
    assert people.name_of(session, lek) is None, "a swapped name opens for nobody (B3)"


def test_opting_out_and_in(session: Session) -> None:
    nok = factories.person(session)
    people.opt_out(session, person=nok, now=NOON)
    people.opt_out(session, person=nok, now=NOON + timedelta(days=1))
    assert nok.opted_out_at == NOON
    people.opt_in(session, person=nok, now=NOON)
    assert nok.opted_out_at is None


def test_b19_unsent_text_is_gone_from_the_turn(session: Session, club: Club) -> None:
    said = {"type": "message", "message": {"id": "77", "type": "text", "text": "my secret", "emojis": [1]}}
    for event_id, key in (("e1", club.key), ("e2", "other_club")):
        session.add(
            TurnRow(
                club=key, event_id=event_id, message_id="77", kind="message", event=said, received_at=NOON, state="done"
            )
        )
    session.flush()
    assert people.erase_message(session, club, "77") == 1
    left = {row.club: row.event for row in session.scalars(select(TurnRow).execution_options(populate_existing=True))}
    assert left[club.key]["message"] == {"id": "77", "type": "text", "unsent": True}
    assert left["other_club"] == said
    assert people.erase_message(session, club, "78") == 0


def test_a_notice_is_left_once_and_told_once(session: Session) -> None:
    nok = factories.person(session)
    facts = {"tier": "gold"}
    assert notices.wait(session, person=nok, kind="tier", key="tier:1", facts=facts, now=NOON)
    assert not notices.wait(session, person=nok, kind="tier", key="tier:1", facts=facts, now=NOON)
    notices.wait(session, person=nok, kind="x", key="old", facts={}, now=NOON, expires_at=NOON)
    found = notices.waiting(session, person=nok, now=NOON, limit=5)
    assert [notice.key for notice in found] == ["tier:1"]
    notices.told(session, found, NOON)
    session.flush()
    assert notices.waiting(session, person=nok, now=NOON, limit=5) == []


def test_a_notice_being_pushed_is_not_told_as_well(sessions: sessionmaker[Session]) -> None:
    session = sessions()
    nok = factories.person(session)
    notices.wait(session, person=nok, kind="x", key="x", facts={}, now=NOON)
    session.commit()
    with sessions() as pusher:
        pusher.execute(select(Notice).with_for_update())
        assert notices.waiting(session, person=nok, now=NOON, limit=5) == []
    session.close()


def _kept(session: Session, club: Club, by: Person, **values: object) -> int:
    shop = factories.member(session, by)
    offer = factories.privilege(session, **values)
    return claims.claim(session, club=club, person=by, privilege_id=offer.id, member_id=shop.id, now=NOON).claim.id


def test_reminder_goes_once_to_each_friend_who_administers(session: Session, club: Club) -> None:
    nok, lek, blocked, operator = (factories.person(session, friend=friend) for friend in (True, True, False, True))
    shop = factories.member(session, nok, lek, blocked)
    factories.administers(session, operator, shop, role="operator")
    people.opt_out(session, person=lek, now=NOON)
    offer = factories.privilege(session, use_days=10)
    held = claims.claim(session, club=club, person=nok, privilege_id=offer.id, member_id=shop.id, now=NOON).claim
    assert held.use_until is not None
    early, due = NOON + timedelta(days=6), NOON + timedelta(days=8)
    assert notices.remind_ending(session, club=club, now=early) == 0
    assert notices.remind_ending(session, club=club, now=due) == 2
    assert notices.remind_ending(session, club=club, now=due) == 0
    found = {notice.person_id: notice for notice in session.scalars(select(Notice))}
    assert {key: (row.push_at, row.expires_at) for key, row in found.items()} == {
        nok.id: (held.use_until - timedelta(hours=24), held.use_until),
        lek.id: (None, held.use_until),
    }
    facts = found[nok.id].facts
    assert (facts["claim"], facts["account"], facts["privilege_th"]) == (held.id, shop.name, offer.name_th)
    assert datetime.fromisoformat(facts["use_until"]).astimezone(UTC) == held.use_until


def test_reminder_of_a_short_claim_is_pushed_halfway(session: Session, club: Club) -> None:
    nok = factories.person(session)
    _kept(session, club, nok, use_days=1)
    notices.remind_ending(session, club=club, now=NOON)
    assert session.scalars(select(Notice.push_at)).one() == NOON + timedelta(hours=12)


def test_no_reminder_of_what_is_used_or_void(session: Session, club: Club) -> None:
    nok = factories.person(session)
    ids = [_kept(session, club, nok, use_days=1) for _ in range(3)]
    notices.remind_ending(session, club=club, now=NOON)
    uses.start(session, club=club, person=nok, claim_id=ids[0], now=NOON)
    gone = held_claims.one(session, club=club, person=nok, claim_id=ids[1], now=NOON)
    members.leave(session, club=club, member=gone.account.member, reason="asked", now=NOON, person=nok)
    found = notices.waiting(session, person=nok, now=NOON, limit=9)
    assert [notice.key for notice in found] == [notices.ending_key(ids[2])]
