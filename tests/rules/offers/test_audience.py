"""Whom an offer reaches: every condition alone and together, everybody counted once, with the reason why not."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from benefits import consent, people
from benefits.offers import audience, budget, uploads
from benefits.offers.refusals import BadSetting
from clubs import Club
from models import Batch, Claim, Member, Offer, Person, Privilege, Recipient
from tests.factories import NOON, administers, member, person, privilege
from tests.rules.offers.books import colleague, draft

DAY = timedelta(days=1)


def reached(session: Session, club: Club, asked: dict[str, Any]) -> set[int]:
    """Ids of the audience."""
    return {row.person_id for row in session.execute(audience.people(club, asked, NOON))}


def claimed(session: Session, gift: Privilege, by: Person, what: Member, **values: Any) -> None:
    """`by` claimed the privilege for that account."""
    ids = {"privilege_id": gift.id, "member_id": what.id, "person_id": by.id, "holder": f"m{what.id}"}
    session.add(Claim(**ids, period="", slot=1, claimed_at=NOON, **values))
    session.flush()


def test_conditions_on_accounts_hold_of_one_and_the_same_account(rolled_back: Session, club: Club) -> None:
    """Tier, stars, stars missing, new members, days since joining: one account must fulfil all of them."""
    may, ann, bob, guest = (person(rolled_back) for _ in range(4))
    member(rolled_back, may, tier="silver", total_stars=6_000, joined_at=NOON - 10 * DAY, new_until=NOON + DAY)
    member(rolled_back, may, tier="gold", total_stars=60_000)
    member(rolled_back, ann, tier="silver", total_stars=49_000)
    member(rolled_back, bob, tier="platinum", total_stars=400_000)
    member(rolled_back, guest, joined=False, total_stars=60_000)
    cases: list[tuple[dict[str, Any], set[int]]] = [
        ({}, {may.id, ann.id, bob.id, guest.id}),
        ({"tiers": ["silver"]}, {may.id, ann.id}),
        ({"tiers": ["silver"], "stars_from": 50_000}, set()),
        ({"tiers": ["gold", "platinum"], "stars_to": 100_000}, {may.id}),
        ({"missing_to_next_max": 1_000}, {ann.id}),
        ({"missing_to_next_max": 44_000}, {may.id, ann.id}),
        ({"missing_to_next_max": 0}, set()),
        ({"new_members": True}, {may.id}),
        ({"new_members": False, "tiers": ["silver"]}, {ann.id}),
        ({"member_for_days_to": 10}, {may.id}),
        ({"member_for_days_to": 9}, set()),
        ({"member_for_days_from": 10, "member_for_days_to": 30}, {may.id}),
        ({"member_for_days_from": 11}, {may.id, ann.id, bob.id}),
    ]
    for asked, expected in cases:
        assert reached(rolled_back, club, asked) == expected, asked


def test_an_account_that_left_was_deleted_or_took_the_role_away_counts_no_more(
    rolled_back: Session, club: Club
) -> None:
    """Only accounts in the club, and roles that stand; a staff tier counts until its end."""
    may, ann, bob, cat = (person(rolled_back) for _ in range(4))
    member(rolled_back, may, tier="gold", deleted_at=NOON)
    fired = member(rolled_back, ann, tier="gold")
    administers(rolled_back, bob, fired, role="operator").removed_at = NOON
    lifted = member(rolled_back, cat, tier="welcome", tier_override="gold", override_until=NOON + DAY)
    rolled_back.flush()
    assert reached(rolled_back, club, {"tiers": ["gold"]}) == {ann.id, cat.id}
    lifted.override_until = NOON
    rolled_back.flush()
    assert reached(rolled_back, club, {"tiers": ["gold"]}) == {ann.id}


def test_claimed_or_not_is_of_the_account_too(rolled_back: Session, club: Club) -> None:
    """Who claimed it, and whoever else administers that account; void claims were never made."""
    may, ann, bob = (person(rolled_back) for _ in range(3))
    shop, own = member(rolled_back, may, ann), member(rolled_back, bob)
    gift, other = privilege(rolled_back), privilege(rolled_back)
    claimed(rolled_back, gift, may, shop)
    claimed(rolled_back, gift, bob, own, state="void", void_reason="asked")
    claimed(rolled_back, other, bob, own)
    assert reached(rolled_back, club, {"claimed": {"privilege_id": gift.id, "yes": True}}) == {may.id, ann.id}
    assert reached(rolled_back, club, {"claimed": {"privilege_id": gift.id, "yes": False}}) == {bob.id}


def test_conditions_on_the_person(rolled_back: Session, club: Club) -> None:
    """Last seen, language (the club's first for who chose none, or one the club does not speak)."""
    lately = person(rolled_back, last_event_at=NOON - 3 * DAY)
    long_ago = person(rolled_back, last_event_at=NOON - 40 * DAY, language="en")
    never = person(rolled_back, language=None)
    russian = person(rolled_back, language="ru", last_event_at=NOON)
    assert reached(rolled_back, club, {"seen_within_days": 3}) == {lately.id, russian.id}
    assert reached(rolled_back, club, {"not_seen_for_days": 30}) == {long_ago.id, never.id}
    assert reached(rolled_back, club, {"languages": ["th"]}) == {lately.id, never.id, russian.id}
    rows = rolled_back.execute(audience.people(club, {}, NOON, languages=["en"])).all()
    assert {row.language for row in rows} == {"en"}


def test_everybody_is_counted_once_with_the_reason(rolled_back: Session, club: Club) -> None:
    """Reachable, blocked, opted out, over the cap, malformed: they add up to the audience."""
    reachable = [person(rolled_back) for _ in range(7)]
    person(rolled_back, friend=False)
    person(rolled_back, friend=False, opted_out_at=NOON)
    person(rolled_back, opted_out_at=NOON)
    person(rolled_back, line_user_id="Ushort")
    person(rolled_back, club="another_club")
    full, near = person(rolled_back), reachable[0]
    budget.configure(rolled_back, club, by=1, now=NOON, cap_messages=2, cap_days=7)
    for n, who in ((0, [full, near]), (1, [full])):
        got(rolled_back, club, who, NOON - (n + 1) * DAY)
    got(rolled_back, club, [near], NOON - 8 * DAY)
    counts = audience.count(rolled_back, club, {}, NOON)
    assert counts == audience.Counts(12, reachable=7, blocked=2, opted_out=1, capped=1, malformed=1)
    chosen = audience.samples(rolled_back, club, {}, NOON)
    assert len(chosen) == 5
    assert {one.person_id for one in chosen} <= {one.id for one in reachable}
    assert chosen == audience.samples(rolled_back, club, {}, NOON)


def got(session: Session, club: Club, who: list[Person], at: Any) -> None:
    """An offer that these people were sent at that time."""
    offer = draft(session, club, colleague(session, "marketer"))
    offer.prepared_at, offer.finished_at = at, at
    first, last = min(one.id for one in who), max(one.id for one in who)
    session.add_all(Recipient(offer_id=offer.id, person_id=one.id, language="th", state="batched") for one in who)
    values = {"first_person_id": first, "last_person_id": last, "size": len(who), "language": "th", "kind": "multicast"}
    key = f"00000000-0000-0000-0000-{offer.id:012d}"
    session.add(Batch(offer_id=offer.id, retry_key=key, state="accepted", first_attempt_at=at, **values))
    session.flush()


def test_b16_a_withdrawn_consent_ends_offers_and_agreeing_again_brings_them_back(
    rolled_back: Session, club: Club
) -> None:
    """B16: at once, journaled; who switched offers off herself stays off."""
    may, ann = person(rolled_back), person(rolled_back)
    for who in (may, ann):
        member(rolled_back, who)
        consent.agree(rolled_back, club=club, person=who, language="th", now=NOON - DAY)
    people.opt_out(rolled_back, person=ann, now=NOON - DAY)
    for who in (may, ann):
        consent.withdraw(rolled_back, club=club, person=who, now=NOON)
    rolled_back.flush()
    assert audience.count(rolled_back, club, {}, NOON).opted_out == 2
    for who in (may, ann):
        consent.agree(rolled_back, club=club, person=who, language="th", now=NOON + DAY)
    rolled_back.flush()
    assert (may.opted_out_at, ann.opted_out_at) == (None, NOON - DAY)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"tiers": ["diamond"]}, [("tiers", "unknown")]),
        ({"stars_from": -1}, [("stars_from", "number")]),
        ({"stars_from": True}, [("stars_from", "number")]),
        ({"stars_from": 5, "stars_to": 4}, [("stars_to", "crossed")]),
        ({"languages": ["ru"]}, [("languages", "unknown")]),
        ({"list_id": 10**6}, [("list_id", "unknown")]),
        ({"shoe_size": 40}, [("shoe_size", "unknown")]),
        ({"tiers": ["gold"], "stars_from": 1, "stars_to": 1}, []),
    ],
)
def test_e11_an_audience_that_means_nothing_is_told(
    rolled_back: Session, club: Club, asked: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """E11: by field, before it is counted."""
    assert list(audience.faults(rolled_back, club, asked)) == expected


def test_a_list_from_a_file_finds_people_and_the_admins_of_accounts(rolled_back: Session, club: Club) -> None:
    """User ids and account ids, with a header, blank lines, Windows line ends, twice named: each person once; what names
    nobody of this club is told by line."""
    may, ann, stranger = person(rolled_back), person(rolled_back), person(rolled_back, club="another_club")
    shop = member(rolled_back, may, ann, external_id="@noodles")
    by = colleague(rolled_back, "marketer")
    lines = [
        "\ufeffline_user_id,note",
        may.line_user_id,
        "",
        f'"{shop.external_id}",x',
        stranger.line_user_id,
        "x" * 5000,
        "@no",
    ]
    file = io.BytesIO("\r\n".join(lines).encode())
    made = uploads.upload_list(rolled_back, club, name="ลูกค้าเก่า", file=file, by=by.id, now=NOON)
    assert (made.found, made.unknown) == (2, 3)
    assert made.rejects == ((5, stranger.line_user_id), (6, "x" * 64), (7, "@no"))
    assert reached(rolled_back, club, {"list_id": made.list_id}) == {may.id, ann.id}
    other = club.__class__(**{**club.__dict__, "key": "another_club"})
    assert reached(rolled_back, other, {"list_id": made.list_id}) == set()


@pytest.mark.parametrize(
    ("raw", "reason"), [(b"", "empty"), (b"\n \n", "empty"), ("ก".encode("utf-16"), "encoding"), (b"id\n", "empty")]
)
def test_e11_a_file_that_is_no_list_is_refused(rolled_back: Session, club: Club, raw: bytes, reason: str) -> None:
    """E11: nothing of it is kept."""
    with pytest.raises(uploads.NoList) as refused, rolled_back.begin_nested():
        uploads.upload_list(rolled_back, club, name="x", file=io.BytesIO(raw), by=1, now=NOON)
    assert refused.value.reason == reason


def test_the_budget_is_kept_within_bounds_and_noted(rolled_back: Session, club: Club) -> None:
    """E5: what may be planned is what is left, less the reserve and what other offers set aside; without a limit, all."""
    made = budget.of(rolled_back, club)
    assert (made.reserve, made.cap_messages, made.quiet_from) == (0, 4, 21)
    budget.configure(rolled_back, club, by=1, now=NOON, reserve=300, cost_satang=15)
    offer: Offer = draft(rolled_back, club, colleague(rolled_back))
    offer.reserved = 200
    rolled_back.flush()
    assert budget.room(rolled_back, club, None, 10) is None
    assert budget.room(rolled_back, club, 1000, 100) == 400
    assert budget.room(rolled_back, club, 1000, 900) == 0
    assert budget.cost(rolled_back, club, 400) == 6000
    with pytest.raises(BadSetting):
        budget.configure(rolled_back, club, by=1, now=NOON, quiet_from=24)
