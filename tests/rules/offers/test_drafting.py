"""From draft to approval: two persons, nothing approved that was not seen, every step once and in the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from benefits.offers import budget, drafting, refusals
from benefits.offers.digest import digest_of
from benefits.refusal import Refusal
from clubs import Club
from models import JournalEntry, Link, Offer
from tests.factories import NOON, member, person, privilege
from tests.rules.offers.books import HELLO, colleague, content, draft

HOUR = timedelta(hours=1)


def asked(session: Session, club: Club, *parts: dict[str, Any], **settings: Any) -> Offer:
    """An offer that waits for approval."""
    person(session)
    offer = draft(session, club, colleague(session, "marketer"), *parts, **settings)
    drafting.ask(session, club=club, offer=offer, by=offer.author_id, now=NOON)
    return offer


def approved(session: Session, club: Club, *parts: dict[str, Any], **settings: Any) -> Offer:
    """An approved one."""
    offer = asked(session, club, *parts, **settings)
    by = colleague(session, "approver").id
    drafting.approve(session, offer=offer, by=by, digest=offer.digest, now=NOON, via="console")
    return offer


def deeds(session: Session, offer: Offer) -> list[str]:
    """What the journal says of it."""
    session.flush()
    rows = select(JournalEntry.action).where(JournalEntry.subject_kind == "offer", JournalEntry.subject_id == offer.id)
    return list(session.scalars(rows.order_by(JournalEntry.id)))


def test_e10_from_draft_to_approval_in_two_hands(rolled_back: Session, club: Club) -> None:
    """E10: written, asked, approved by another one; each step in the journal with who did it."""
    offer = approved(rolled_back, club)
    assert (offer.state, offer.approved_digest) == ("approved", offer.digest)
    assert offer.approved_by != offer.author_id
    assert deeds(rolled_back, offer) == ["offer_created", "offer_changed", "offer_asked", "offer_approved"]
    assert drafting.begins_at(offer) == NOON + timedelta(minutes=5)


def test_e10_nobody_approves_what_she_had_a_hand_in(rolled_back: Session, club: Club) -> None:
    """E10: not the author; nor one who wrote in it before somebody else changed it last; nor one who is no approver."""
    offer = asked(rolled_back, club)
    first = offer.author_id
    both = colleague(rolled_back, "marketer", "approver")
    drafting.change(rolled_back, offer=offer, by=both.id, now=NOON, name="Two hands")
    last = colleague(rolled_back, "marketer", "approver")
    drafting.change(rolled_back, offer=offer, by=last.id, now=NOON, name="Three hands")
    drafting.ask(rolled_back, club=club, offer=offer, by=last.id, now=NOON)
    plain, elsewhere = (
        colleague(rolled_back, "marketer", "admin"),
        colleague(rolled_back, "approver", club="another_club"),
    )
    gone = colleague(rolled_back, "approver", active=False)
    expected: list[tuple[int, type[Refusal]]] = [
        (last.id, refusals.OwnWork),
        (both.id, refusals.OwnWork),
        (first, refusals.NotApprover),
        (plain.id, refusals.NotApprover),
        (elsewhere.id, refusals.NotApprover),
        (gone.id, refusals.NotApprover),
    ]
    for who, refusal in expected:
        with pytest.raises(refusal):
            drafting.approve(rolled_back, offer=offer, by=who, digest=offer.digest, now=NOON, via="console")
    assert offer.state == "asked"


def test_e10_the_database_itself_knows_no_approval_of_one_s_own(rolled_back: Session, club: Club) -> None:
    """E10: a last line of defence below every rule, also for sending what was not approved."""
    offer = approved(rolled_back, club)
    for column, value in (("approved_by", "author_id"), ("digest", "'x'::bytea, state = 'sending'")):
        with pytest.raises(IntegrityError), rolled_back.begin_nested():
            rolled_back.execute(text(f"UPDATE offers SET {column} = {value} WHERE id = {offer.id}"))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Another"},
        {"content": content({"kind": "text", "th": "สวัสดีค่ะ", "en": "Hello"})},
        {"audience": {"tiers": ["gold"]}},
        {"holdout_percent": 10},
        {"start_at": NOON + HOUR},
        {"not_after": NOON + HOUR},
        {"hold_back_minutes": 0},
        {"pace": 10},
    ],
    ids=lambda change: next(iter(change)),
)
def test_e10_any_change_takes_the_approval_away(rolled_back: Session, club: Club, change: dict[str, Any]) -> None:
    """E10: whatever is changed after the approval, it is a draft again, and the old digest approves nothing."""
    offer = approved(rolled_back, club)
    seen, by = offer.digest, colleague(rolled_back, "marketer").id
    assert drafting.change(rolled_back, offer=offer, by=by, now=NOON, **change)
    assert (offer.state, offer.approved_by, offer.approved_digest) == ("draft", None, None)
    assert offer.author_id == by
    drafting.ask(rolled_back, club=club, offer=offer, by=by, now=NOON) if "audience" not in change else None
    with pytest.raises(refusals.Changed):
        drafting.approve(
            rolled_back, offer=offer, by=colleague(rolled_back, "approver").id, digest=seen, now=NOON, via="x"
        )


def test_e10_saving_without_a_change_keeps_the_approval(rolled_back: Session, club: Club) -> None:
    """E10: opening and saving as it was is no change; a change by somebody else in between is not overwritten."""
    offer = approved(rolled_back, club)
    by, seen = colleague(rolled_back, "marketer").id, offer.digest
    assert not drafting.change(rolled_back, offer=offer, by=by, now=NOON, content=offer.content, pace=1000, seen=seen)
    assert offer.state == "approved"
    drafting.change(rolled_back, offer=offer, by=by, now=NOON, name="Meanwhile")
    with pytest.raises(refusals.Changed):
        drafting.change(rolled_back, offer=offer, by=by, now=NOON, name="Late", seen=seen)
    assert offer.name == "Meanwhile"


def test_e10_a_privilege_changed_after_the_approval_takes_it_away(rolled_back: Session, club: Club) -> None:
    """E10: the card of an offer says what the privilege says; neither sending nor approving passes over a change there."""
    gift = privilege(rolled_back, about_th="ลด 10%")
    offer = approved(rolled_back, club, {"kind": "card", "privilege_id": gift.id})
    assert drafting.recheck(rolled_back, offer=offer, now=NOON)
    gift.about_th = "ลด 5%"
    rolled_back.flush()
    assert digest_of(rolled_back, offer) != offer.digest
    assert not drafting.recheck(rolled_back, offer=offer, now=NOON)
    assert (offer.state, deeds(rolled_back, offer)[-1]) == ("draft", "offer_lapsed")
    drafting.ask(rolled_back, club=club, offer=offer, by=offer.author_id, now=NOON)
    gift.claim_limit = 2
    rolled_back.flush()
    by = colleague(rolled_back, "approver").id
    with pytest.raises(refusals.Changed):
        drafting.approve(rolled_back, offer=offer, by=by, digest=offer.digest, now=NOON, via="console")


def test_e10_times_are_instants_and_begin_as_bangkok_reads_them(rolled_back: Session, club: Club) -> None:
    """E10: 09:00 in Bangkok is 02:00 UTC; it begins at its time, not before the hold-back is over."""
    nine = datetime.fromisoformat("2026-11-13T09:00:00+07:00")
    offer = approved(rolled_back, club, start_at=nine, not_after=nine + HOUR)
    rolled_back.expire(offer)
    assert offer.start_at == datetime(2026, 11, 13, 2, 0, tzinfo=UTC)
    assert drafting.begins_at(offer) == nine
    offer.start_at = NOON - HOUR
    assert drafting.begins_at(offer) == NOON + timedelta(minutes=5)


def test_e10_do_not_start_after_must_leave_time_to_start(rolled_back: Session, club: Club) -> None:
    """E10: refused when it lies before the start; when asked for, or approved, too late."""
    offer = draft(rolled_back, club, colleague(rolled_back, "marketer"), not_after=NOON + HOUR)
    person(rolled_back)
    with pytest.raises(refusals.BadTimes), rolled_back.begin_nested():
        drafting.change(rolled_back, offer=offer, by=offer.author_id, now=NOON, start_at=NOON + HOUR)
    with pytest.raises(refusals.BadTimes):
        drafting.ask(rolled_back, club=club, offer=offer, by=offer.author_id, now=NOON + HOUR)
    drafting.ask(rolled_back, club=club, offer=offer, by=offer.author_id, now=NOON)
    approver, late = colleague(rolled_back, "approver").id, NOON + timedelta(minutes=55)
    with pytest.raises(refusals.BadTimes):
        drafting.approve(rolled_back, offer=offer, by=approver, digest=offer.digest, now=late, via="console")


def test_e11_asking_checks_everything_first(rolled_back: Session, club: Club) -> None:
    """E11: faults of content and audience, values that recipients lack, an audience of nobody: still a draft."""
    who = colleague(rolled_back, "marketer")
    offer = draft(rolled_back, club, who, {"kind": "text", "th": "{stars}", "en": "{nmae}"}, audience={"tiers": ["x"]})
    with pytest.raises(refusals.Faulty) as refused:
        drafting.ask(rolled_back, club=club, offer=offer, by=who.id, now=NOON)
    assert [(one.field, one.code) for one in refused.value.faults] == [
        ("audience.tiers", "unknown"),
        ("en", "unknown_variable"),
    ]
    person(rolled_back)
    bare = content({"kind": "text", "th": "คุณมี {stars} ดาว", "en": "Hello"})
    drafting.change(rolled_back, offer=offer, by=who.id, now=NOON, audience={}, content=bare)
    with pytest.raises(refusals.Faulty) as refused:
        drafting.ask(rolled_back, club=club, offer=offer, by=who.id, now=NOON)
    assert [(one.code, dict(one.facts)) for one in refused.value.faults] == [
        ("values_missing", {"variable": "stars", "people": 1})
    ]
    drafting.change(rolled_back, offer=offer, by=who.id, now=NOON, audience={"tiers": ["gold"]}, content=content(HELLO))
    with pytest.raises(refusals.NobodyReached):
        drafting.ask(rolled_back, club=club, offer=offer, by=who.id, now=NOON)
    assert offer.state == "draft"


def test_e5_asking_looks_at_the_quota_and_says_the_numbers(rolled_back: Session, club: Club) -> None:
    """E5: left, less the reserve and what other offers set aside; those held out cost nothing; another month is not judged."""
    for _ in range(10):
        person(rolled_back)
    budget.configure(rolled_back, club, by=1, now=NOON, reserve=3)
    offer = draft(rolled_back, club, colleague(rolled_back, "marketer"))
    ask: dict[str, Any] = {"club": club, "offer": offer, "by": offer.author_id, "now": NOON}
    with pytest.raises(refusals.QuotaTooSmall) as refused:
        drafting.ask(rolled_back, quota=(100, 88), **ask)
    assert (refused.value.needed, refused.value.room) == (10, 9)
    drafting.change(rolled_back, offer=offer, by=offer.author_id, now=NOON, holdout_percent=10)
    drafting.ask(rolled_back, quota=(100, 88), **ask)
    later = draft(rolled_back, club, colleague(rolled_back), start_at=datetime(2026, 12, 1, tzinfo=UTC))
    drafting.ask(rolled_back, club=club, offer=later, by=later.author_id, now=NOON, quota=(1, 1))


def test_a_copy_has_an_author_of_its_own_and_no_approval(rolled_back: Session, club: Club) -> None:
    """What it says and to whom is copied, not shared; times and approval are not."""
    offer = approved(rolled_back, club, start_at=NOON + HOUR)
    by = colleague(rolled_back, "marketer").id
    twin = drafting.copy_of(rolled_back, offer=offer, by=by, now=NOON)
    assert (twin.content, twin.state, twin.start_at, twin.author_id) == (offer.content, "draft", None, by)
    assert twin.content is not offer.content


def test_rejecting_sends_it_back_with_a_reason(rolled_back: Session, club: Club) -> None:
    """A draft again, the reason in the journal; only an approver, only what waits, only what she saw."""
    offer = asked(rolled_back, club)
    with pytest.raises(refusals.NotApprover):
        drafting.reject(rolled_back, offer=offer, by=offer.author_id, reason="x", now=NOON)
    who = colleague(rolled_back, "approver").id
    with pytest.raises(refusals.Changed):
        drafting.reject(rolled_back, offer=offer, by=who, reason="x", now=NOON, digest=b"other")
    drafting.reject(rolled_back, offer=offer, by=who, reason="ราคาผิด", now=NOON, digest=offer.digest)
    assert offer.state == "draft"
    rolled_back.flush()
    last = rolled_back.scalars(select(JournalEntry).order_by(JournalEntry.id.desc()).limit(1)).one()
    assert (last.action, last.facts["reason"]) == ("offer_rejected", "ราคาผิด")


@pytest.mark.parametrize("state", ["preparing", "sending", "paused", "stopped", "done", "expired"])
def test_what_is_on_its_way_is_not_changed_any_more(rolled_back: Session, club: Club, state: str) -> None:
    """Once it is being prepared, what was approved is what is sent."""
    offer = approved(rolled_back, club)
    offer.state = state
    rolled_back.flush()
    with pytest.raises(refusals.WrongState):
        drafting.change(rolled_back, offer=offer, by=offer.author_id, now=NOON, name="Late")
    with pytest.raises(refusals.UnknownOffer):
        drafting.load(rolled_back, club=club, offer_id=offer.id + 1)


def test_links_are_made_when_it_is_asked_for_and_keep_their_tokens(rolled_back: Session, club: Club) -> None:
    """By language and position; asking again after a change keeps those that stay."""
    said = {"kind": "text", "th": "https://a.example/ https://b.example/", "en": "https://a.example/"}
    offer = asked(rolled_back, club, said)
    rows = select(Link).where(Link.offer_id == offer.id).order_by(Link.language, Link.position)
    before = {(row.language, row.target): row.token for row in rolled_back.scalars(rows)}
    assert set(before) == {("en", "https://a.example/"), ("th", "https://a.example/"), ("th", "https://b.example/")}
    new = content({"kind": "text", "th": "https://c.example/ https://b.example/", "en": "https://a.example/"})
    drafting.change(rolled_back, offer=offer, by=offer.author_id, now=NOON, content=new)
    drafting.ask(rolled_back, club=club, offer=offer, by=offer.author_id, now=NOON)
    after = {(row.language, row.target): row.token for row in rolled_back.scalars(rows)}
    assert set(after) == {("en", "https://a.example/"), ("th", "https://b.example/"), ("th", "https://c.example/")}
    assert all(after[key] == before[key] for key in set(after) & set(before))


def at_once(sessions: sessionmaker[Session], presses: list[Callable[[Session], Any]]) -> list[str]:
    """Every press in a session and thread of its own, begun together; what each came to."""
    gate, told = threading.Barrier(len(presses)), []

    def press(what: Callable[[Session], Any]) -> None:
        with sessions() as session:
            session.execute(select(1))
            gate.wait(30)
            try:
                what(session)
                session.commit()
                told.append("ok")
            except Refusal as refusal:
                session.rollback()
                told.append(type(refusal).__name__)

    threads = [threading.Thread(target=press, args=(what,)) for what in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(told)


def test_e3_two_consoles_that_press_at_once_make_one_step(sessions: sessionmaker[Session], club: Club) -> None:
    """E3: asking and approving eight times at once are one asking and one approval; a change against an approval leaves
    either an approval of what was seen, or a draft, never an approved change."""
    with sessions.begin() as session:
        member(session, person(session))
        offer = draft(session, club, colleague(session, "marketer"))
        approvers = [colleague(session, "approver").id for _ in range(8)]
        author, number = offer.author_id, offer.id

    def ask(session: Session) -> None:
        drafting.ask(session, club=club, offer=session.get_one(Offer, number), by=author, now=NOON)

    assert at_once(sessions, [ask] * 8) == ["WrongState"] * 7 + ["ok"]
    with sessions() as session:
        seen = session.get_one(Offer, number).digest

    def approve(by: int) -> Callable[[Session], None]:
        return lambda session: drafting.approve(
            session, offer=session.get_one(Offer, number), by=by, digest=seen, now=NOON, via="console"
        )

    def change(session: Session) -> None:
        drafting.change(session, offer=session.get_one(Offer, number), by=author, now=NOON, name="Changed")

    assert at_once(sessions, [approve(by) for by in approvers]) == ["WrongState"] * 7 + ["ok"]
    with sessions.begin() as session:
        change(session)
        ask(session)
        seen = session.get_one(Offer, number).digest
    at_once(sessions, [approve(approvers[0]), lambda s: drafting.change(s, offer=s.get_one(Offer, number), by=author,
                                                                         now=NOON, name="Again")])  # fmt: skip
    with sessions() as session:
        row = session.get_one(Offer, number)
        assert row.state == "draft"
        assert row.approved_digest is None
