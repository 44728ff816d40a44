"""The monthly round by its rules: what counts, when, rounded how, and what it does to tiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from benefits import rounds
from benefits.members import tier_of
from benefits.periods import add_months, month_name, start_of
from clubs import Club
from models import Charge, JournalEntry, Member, Notice, Person
from tests import factories
from tests.rules.books import Books, on_the_day


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """A club with the account @a, joined, of which `ann` is administrator."""
    ann = factories.person(session, line_user_id=factories.line_user_id(0xAAAA))
    factories.member(session, ann, external_id="@a")
    session.commit()
    return Books(engine, sessions, club, tmp_path)


def account(session: Session, name: str, **values: Any) -> Member:
    """One more account."""
    found = factories.member(session, external_id=name, **values)
    session.commit()
    return found


def test_lfc_1_only_the_named_services_count(books: Books, session: Session) -> None:
    """LFC-1: any other item earns 0; the list is data of the club file."""
    services = {
        "@s1": "official_account",
        "@s2": "additional_messages",
        "@s3": "premium_id",
        "@s4": "verified_account",
        "@s5": "line_ads",
        "@s6": "anything_else",
    }
    for name, service in services.items():
        account(session, name)
        books.bill(name, "100.00", service=service)
    books.run("2026-10")
    assert [books.stars(name, "2026-10") for name in services] == [100, 100, 100, 100, 0, 0]


def test_lfc_5_lfc_6_lfc_7_paid_net_of_all_services_of_the_month(books: Books, session: Session) -> None:
    """LFC-5, LFC-6, LFC-7: unpaid is 0, VAT (7.00 on every line here) is left out, all eligible services are summed."""
    account(session, "@b")
    books.bill("@a", "100.00")
    books.bill("@a", "50.00", service="premium_id")
    books.bill("@a", "1000.00", paid="")
    books.bill("@b", "30.00")
    result = books.run("2026-10")
    assert (books.stars("@a", "2026-10"), books.stars("@b", "2026-10")) == (150, 30)
    assert (result.accounts, result.lines, result.counted_satang, result.stars) == (2, 3, 18000, 180)


def test_lfc_8_lfc_11_stars_show_from_the_2nd_of_the_next_month(books: Books) -> None:
    """LFC-8, LFC-11: nothing at once, nothing on the 1st; from 00:00 Bangkok of the 2nd."""
    books.bill("@a", "6000.00")
    assert books.member("@a").total_stars == 0
    second = datetime(2026, 11, 1, 17, 0, tzinfo=UTC)
    with pytest.raises(rounds.RoundNotDue) as refused:
        books.run("2026-10", at=second - timedelta(microseconds=1))
    assert refused.value.due_at == second
    assert books.scalar("SELECT count(*) FROM runs") == 0
    books.run("2026-10", at=second)
    assert (books.member("@a").total_stars, books.member("@a").tier) == (6000, "silver")


def test_lfc_9_a_late_payment_counts_in_the_round_open_when_it_completed(books: Books) -> None:
    """LFC-9, F5: the service month keeps its label; October stays as posted, both months still reconcile."""
    books.bill("@a", "100.00", invoice="LATE", paid="")
    books.bill("@a", "10.00")
    first = books.run("2026-10")
    books.bill("@a", "100.00", invoice="LATE", paid="2026-11-20")
    books.run("2026-11")
    assert (books.stars("@a", "2026-10"), books.stars("@a", "2026-11")) == (10, 100)
    assert books.scalar("SELECT service_month::text FROM charges WHERE invoice_no = 'LATE'") == "2026-10-01"
    assert books.scalar("SELECT result_hash FROM runs WHERE period = '2026-10-01'") == first.result_hash
    assert books.scalar("SELECT sum(amount) FROM entries") == 110


def test_lfc_9_a_line_that_arrives_after_its_month_closed_is_not_lost(books: Books) -> None:
    """Paid in October, imported in November: the open round takes it."""
    books.bill("@a", "1.00")
    books.run("2026-10")
    books.bill("@a", "100.00", paid="2026-10-21")
    books.run("2026-11")
    assert books.stars("@a", "2026-11") == 100


def test_lfc_9_paid_ahead_counts_in_the_service_month(books: Books) -> None:
    """A line paid before its month counts in the run of its month."""
    books.bill("@a", "100.00", month="2026-12", paid="2026-10-20")
    books.bill("@a", "1.00")
    for period in ("2026-10", "2026-11", "2026-12"):
        books.run(period)
    assert [books.stars("@a", period) for period in ("2026-10", "2026-11", "2026-12")] == [1, 0, 100]


def test_lfc_10_rounded_down_once_on_the_sum(books: Books, session: Session) -> None:
    """LFC-10: 99.99 + 0.01 is 100; 99.99 alone is 99; the fraction is not carried to the next month."""
    for name in ("@b", "@c"):
        account(session, name)
    books.bill("@a", "99.99")
    books.bill("@a", "0.01")
    books.bill("@b", "99.99")
    books.bill("@c", "0.99")
    books.bill("@c", "0.99", month="2026-11", paid="2026-11-20")
    books.run("2026-10")
    books.run("2026-11")
    assert [books.stars(name, "2026-10") for name in ("@a", "@b", "@c")] == [100, 99, 0]
    assert (books.stars("@c", "2026-11"), books.entry("@c", "2026-11").total) == (0, 0)


def test_lfc_10_a_late_line_is_rounded_with_the_month_that_counts_it(books: Books) -> None:
    """0.50 of October paid in November and 0.50 of November are one star."""
    books.bill("@a", "0.50", paid="2026-11-02")
    books.bill("@a", "0.50", month="2026-11", paid="2026-11-20")
    books.run("2026-11")
    assert books.stars("@a", "2026-11") == 1


def test_a_reversal_is_counted_by_the_next_run_and_the_rest_is_carried(books: Books) -> None:
    """A run's stars are never below zero; the unused negative remainder goes on, to the satang."""
    books.bill("@a", "100.00")
    books.run("2026-10")
    books.bill("@a", "-150.25", month="2026-10", paid="2026-11-03")
    books.bill("@a", "20.00", month="2026-11", paid="2026-11-20")
    books.run("2026-11")
    entry = books.entry("@a", "2026-11")
    assert (entry.amount, entry.counted_satang, entry.brought_satang, entry.carried_satang) == (0, -13025, 0, -13025)
    books.run("2026-12")
    entry = books.entry("@a", "2026-12")
    assert (entry.amount, entry.counted_satang, entry.brought_satang, entry.carried_satang) == (0, 0, -13025, -13025)
    books.bill("@a", "131.25", month="2027-01", paid="2027-01-20")
    books.run("2027-01")
    entry = books.entry("@a", "2027-01")
    assert (entry.amount, entry.brought_satang, entry.carried_satang, entry.total) == (1, -13025, 0, 101)


def test_the_remainder_waits_for_an_account_that_was_away(books: Books, session: Session) -> None:
    """Premium for a month: no entry then; its negative remainder is still there when it comes back."""
    books.bill("@a", "-5.00")
    books.run("2026-10")
    session.execute(text("UPDATE members SET badge = 'green' WHERE external_id = '@a'"))
    session.commit()
    assert books.run("2026-11").accounts == 0
    session.execute(text("UPDATE members SET badge = 'grey' WHERE external_id = '@a'"))
    session.commit()
    books.bill("@a", "7.00", month="2026-12", paid="2026-12-20")
    books.run("2026-12")
    assert (books.entry("@a", "2026-12").brought_satang, books.stars("@a", "2026-12")) == (-500, 2)


def test_lfc_12_a_tier_holds_until_the_next_adjustment_and_may_then_go_down(books: Books) -> None:
    """LFC-12: stars of the last 12 computed months; up at one adjustment, down when the month falls out of the window."""
    books.bill("@a", "60000.00", month="2025-10", paid="2025-10-20")
    books.run("2025-10")
    for index in range(1, 12):
        books.run(month_name(add_months(date(2025, 10, 1), index)))
        assert books.member("@a").tier == "gold"
    books.bill("@a", "5000.00", month="2026-10", paid="2026-10-20")
    assert books.member("@a").tier == "gold"
    books.run("2026-10")
    assert (books.member("@a").tier, books.member("@a").total_stars) == ("silver", 5000)
    moves = [(facts["before"], facts["after"]) for facts in _facts(books, "tier_changed")]
    assert moves == [("welcome", "gold"), ("gold", "silver")]


def _facts(books: Books, action: str) -> list[dict[str, str]]:
    with books.sessions() as session:
        query = select(JournalEntry.facts).where(JournalEntry.action == action).order_by(JournalEntry.id)
        return list(session.scalars(query))


def test_lfc_11_a_threshold_is_reached_at_its_number(books: Books, session: Session) -> None:
    """LFC-11: the tier of the stars, from the club file."""
    cases = {
        "@t1": ("4999.99", "welcome"),
        "@t2": ("5000.00", "silver"),
        "@t3": ("49999.99", "silver"),
        "@t4": ("50000", "gold"),
        "@t5": ("200000", "platinum"),
    }
    for name, (baht, _) in cases.items():
        account(session, name, tier="gold")
        books.bill(name, baht)
    books.run("2026-10")
    assert {name: books.member(name).tier for name in cases} == {name: tier for name, (_, tier) in cases.items()}


def test_lfc_3_stars_before_joining_count_at_the_next_adjustment(books: Books, session: Session) -> None:
    """LFC-3: charges are kept for accounts that have not joined; tiers are not. After joining, earlier stars count."""
    shop = account(session, "@b", joined=False)
    books.bill("@b", "6000.00")
    books.run("2026-10")
    assert (books.member("@b").tier, books.member("@b").total_stars, books.entry("@b", "2026-10").tier) == (
        None,
        6000,
        None,
    )
    person = factories.person(session)
    session.execute(
        text("INSERT INTO memberships (member_id, joined_at, agreed_by, terms_version) VALUES (:m, now(), :p, '1')"),
        {"m": shop.id, "p": person.id},
    )
    session.execute(text("UPDATE members SET tier = 'welcome', tier_since = now() WHERE id = :m"), {"m": shop.id})
    session.commit()
    books.run("2026-11")
    assert books.member("@b").tier == "silver"


def test_an_override_lies_over_the_tier_until_its_end(books: Books, session: Session) -> None:
    """The round respects it: the tier in force stays, nobody is told of a change; when it ends the stars' tier is there."""
    end = start_of(date(2026, 12, 15))
    session.execute(
        text("UPDATE members SET tier_override = 'platinum', override_reason = 'Goodwill', override_until = :end"),
        {"end": end},
    )
    session.commit()
    books.bill("@a", "6000.00")
    books.run("2026-10")
    member = books.member("@a")
    assert (member.tier, tier_of(member, end - timedelta(seconds=1)), tier_of(member, end)) == (
        "silver",
        "platinum",
        "silver",
    )
    entry = books.entry("@a", "2026-10")
    assert (entry.tier_before, entry.tier) == ("platinum", "platinum")
    assert books.scalar("SELECT count(*) FROM notices") == 0


def test_lfc_4_lines_of_a_premium_account_wait_until_it_is_no_longer(books: Books, session: Session) -> None:
    """LFC-4: it became premium before its month closed; the round leaves its lines, a later one adopts them."""
    books.bill("@a", "100.00")
    session.execute(text("UPDATE members SET badge = 'green' WHERE external_id = '@a'"))
    session.commit()
    assert books.run("2026-10").lines == 0
    assert books.scalar("SELECT count_month FROM charges") is None
    session.execute(text("UPDATE members SET badge = 'blue' WHERE external_id = '@a'"))
    session.commit()
    books.run("2026-11")
    assert books.stars("@a", "2026-11") == 100


def test_lfc_1_a_service_that_comes_to_count_later_is_adopted_and_one_that_goes_is_left(
    books: Books, club: Club
) -> None:
    """LFC-1: the list is data; what the club file says when the month closes decides."""
    books.bill("@a", "100.00", service="line_ads")
    books.bill("@a", "7.00", service="premium_id")
    books.run("2026-09", at=on_the_day(club, date(2026, 10, 1)))
    services = ("official_account", "line_ads")
    books.club = replace(club, stars=replace(club.stars, services=services))
    books.run("2026-10")
    assert books.stars("@a", "2026-10") == 100


def test_each_friend_among_the_administrators_is_told_once(books: Books, session: Session) -> None:
    """A tier that changed waits for the next reply; operators, removed admins and those who are no friends are not told."""
    member = session.scalars(select(Member)).one()
    for friend, role, removed in [
        (True, "administrator", None),
        (False, "administrator", None),
        (True, "operator", None),
        (True, "administrator", factories.NOON),
    ]:
        factories.administers(session, factories.person(session, friend=friend), member, role).removed_at = removed
    session.commit()
    books.bill("@a", "6000.00")
    books.run("2026-10")
    told = session.scalars(select(Notice).order_by(Notice.person_id)).all()
    assert session.get_one(Person, told[0].person_id).line_user_id == factories.line_user_id(0xAAAA)
    facts = {
        "member_id": member.id,
        "account": member.name,
        "period": "2026-10",
        "before": "welcome",
        "after": "silver",
    }
    assert [(n.kind, n.key, n.facts, n.push_at) for n in told] == [
        ("tier_changed", f"tier:2026-10:{member.id}", facts, None)
    ] * 2


def test_a_tier_change_is_pushed_when_the_club_file_says_so(books: Books, session: Session, club: Club) -> None:
    """`tier_change = "push"`."""
    books.club = replace(club, notices=replace(club.notices, tier_change="push"))
    books.bill("@a", "6000.00")
    books.run("2026-10")
    assert session.scalars(select(Notice.push_at)).one() == on_the_day(club, date(2026, 10, 1))


def test_due_asks_what_is_not_done_yet(books: Books, session: Session, club: Club) -> None:
    """From the first month with a line to count; later from the last run; nothing before the day."""
    assert rounds.due(session, club, factories.NOON) == []
    books.bill("@a", "1.00", month="2026-08", paid="2026-08-20")
    months = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
    session.rollback()
    assert rounds.due(session, club, factories.NOON) == months
    assert rounds.due(session, club, on_the_day(club, months[1]) - timedelta(hours=4)) == months[:1]
    books.run("2026-08")
    session.rollback()
    assert rounds.due(session, club, factories.NOON) == months[1:]


def test_rounds_run_in_order(books: Books, session: Session, club: Club) -> None:
    """A later round took the lines of a month left out; an interrupted one comes before the next."""
    books.bill("@a", "1.00", month="2026-08", paid="2026-08-20")
    books.run("2026-09")
    with pytest.raises(rounds.LaterRoundDone):
        books.run("2026-08", at=factories.NOON)
    session.execute(text("UPDATE runs SET state = 'running', lease_until = NULL"))
    session.commit()
    with pytest.raises(rounds.EarlierRoundOpen):
        books.run("2026-10")
    assert rounds.due(session, club, factories.NOON) == [date(2026, 9, 1), date(2026, 10, 1)]


def test_a_dry_run_tells_every_difference_and_writes_nothing(books: Books, session: Session, club: Club) -> None:
    """It may run from the end of the month on; the real run then comes to the same."""
    account(session, "@b", tier="gold")
    books.bill("@a", "6000.00")
    charges = "SELECT md5(string_agg(charges::text, '' ORDER BY id)) FROM charges"
    before = books.scalar(charges)
    changes: list[rounds.Change] = []
    first = start_of(date(2026, 11, 1))
    dry = rounds.run(books.engine, club=club, period=date(2026, 10, 1), now=first, dry_run=True, changes=changes.append)
    assert changes == [
        rounds.Change("@a", 6000, 0, 6000, "welcome", "silver"),
        rounds.Change("@b", 0, 0, 0, "gold", "welcome"),
    ]
    for table in ("runs", "entries", "notices"):
        assert books.scalar(f"SELECT count(*) FROM {table}") == 0
    assert books.scalar(charges) == before
    real = books.run("2026-10")
    assert (dry.moves, dry.stars, dry.lines, dry.input_hash) == (real.moves, real.stars, real.lines, real.input_hash)
    assert {(move.before, move.after, move.accounts) for move in real.moves} == {
        ("welcome", "silver", 1),
        ("gold", "welcome", 1),
    }


def test_an_account_of_another_club_is_not_touched(books: Books, session: Session) -> None:
    """One database serves many clubs."""
    other = account(session, "@o", club="other_club", total_stars=5)
    factories.charge(session, other, "100.00", club="other_club", count_month=date(2026, 10, 1))
    session.commit()
    assert books.run("2026-10").lines == 0
    assert books.member("@o").total_stars == 5
    assert session.scalars(select(Charge.count_month)).one() == date(2026, 10, 1)
