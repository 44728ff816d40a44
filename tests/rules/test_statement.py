"""The statement: every line of a month, counted or not and why, and the figures of the round retold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker

from benefits.periods import start_of
from benefits.statement import Line, Outlook, Statement, outlook, statement
from clubs import Club
from models import Member
from tests import factories
from tests.factories import NOON
from tests.rules.books import Books


class Teller:
    """Tells statements of @a."""

    def __init__(self, books: Books) -> None:
        self.books = books

    def statement(self, period: str | None = None, now: datetime = NOON) -> Statement:
        """The statement of a month."""
        with self.books.sessions() as session:
            member = session.scalars(select(Member).where(Member.external_id == "@a")).one()
            month = date.fromisoformat(f"{period}-01") if period else None
            return statement(session, club=self.books.club, member=member, period=month, now=now)

    def outlook(self, now: datetime = NOON) -> Outlook:
        """The account at a glance."""
        with self.books.sessions() as session:
            member = session.scalars(select(Member).where(Member.external_id == "@a")).one()
            return outlook(session, club=self.books.club, member=member, now=now)


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """The account @a, joined."""
    factories.member(session, external_id="@a")
    session.commit()
    return Books(engine, sessions, club, tmp_path)


@pytest.fixture
def tell(books: Books) -> Teller:
    """Tells statements."""
    return Teller(books)


def why(found: Statement) -> dict[str, tuple[str, str | None]]:
    """Invoice → (why, round)."""
    return {line.invoice_no: (line.why, f"{line.round:%Y-%m}" if line.round else None) for line in found.lines}


def line(found: Statement, invoice: str) -> Line:
    """One line."""
    return next(line for line in found.lines if line.invoice_no == invoice)


def test_lfc_1_5_6_9_every_line_says_whether_it_counts_and_why(books: Books, tell: Teller) -> None:
    """LFC-1, LFC-5, LFC-6, LFC-9: counted, late, ahead, unpaid, of a service that does not count; in every month it touches."""
    books.bill("@a", "99.99", invoice="IN")
    books.bill("@a", "50.00", invoice="OTHER", service="line_ads")
    books.bill("@a", "20.00", invoice="LATE", paid="2026-11-05")
    books.bill("@a", "30.00", invoice="OPEN", paid="")
    books.bill("@a", "40.00", invoice="AHEAD", month="2026-12", paid="2026-10-25")
    books.bill("@a", "0.01", invoice="OLD", month="2026-09")
    books.run("2026-10")
    october = tell.statement()
    assert why(october) == {
        "IN": ("counted", "2026-10"),
        "OTHER": ("service", None),
        "LATE": ("later", "2026-11"),
        "OPEN": ("unpaid", "2026-11"),
        "AHEAD": ("ahead", "2026-12"),
        "OLD": ("paid_late", "2026-10"),
    }
    assert (october.computed, october.counted_satang, october.stars, october.rounded_off_satang) == (
        True,
        10000,
        100,
        0,
    )
    assert (october.total, october.tier, october.next_tier, october.missing) == (100, "welcome", "silver", 4900)
    assert october.next_adjustment == date(2026, 12, 2)
    assert line(october, "IN").vat_satang == 700
    assert why(tell.statement("2026-09")) == {"OLD": ("later", "2026-10")}
    assert why(tell.statement("2026-11")) == {"LATE": ("paid_late", "2026-11"), "OPEN": ("unpaid", "2026-11")}
    assert why(tell.statement("2026-12"))["AHEAD"] == ("ahead", "2026-12")


def test_lfc_10_the_one_rounding_is_shown(books: Books, tell: Teller) -> None:
    """LFC-10: what rounding down left out, once, to the satang; the same before the round (as a forecast) and after."""
    books.bill("@a", "99.99")
    books.bill("@a", "0.98")
    for computed in (False, True):
        if computed:
            books.run("2026-10")
        found = tell.statement("2026-10")
        assert (found.computed, found.counted_satang, found.stars, found.rounded_off_satang) == (
            computed,
            10097,
            100,
            97,
        )


def test_lfc_5_what_paying_an_unpaid_line_now_would_bring_and_when(books: Books, tell: Teller) -> None:
    """LFC-5: to the star, the fraction of other lines included; shown from the adjustment of the month that counts it."""
    books.bill("@a", "0.60", invoice="NOV", month="2026-11", paid="2026-11-03")
    books.bill("@a", "10.50", invoice="A", paid="")
    books.bill("@a", "0.30", invoice="B", month="2026-09", paid="")
    books.bill("@a", "7.00", invoice="C", month="2026-12", paid="")
    books.bill("@a", "500.00", invoice="ADS", service="line_ads", paid="")
    found = tell.statement("2026-11")
    assert {row.invoice_no: (row.would_bring, row.shows_on) for row in found.lines if row.would_bring is not None} == {
        "A": (11, date(2026, 12, 2)),
        "B": (0, date(2026, 12, 2)),
    }
    assert found.unpaid_stars == 11
    december = line(tell.statement("2026-12"), "C")
    assert (december.would_bring, december.shows_on) == (7, date(2027, 1, 2))


def test_what_is_promised_for_an_unpaid_line_is_what_paying_it_brings(books: Books, tell: Teller) -> None:
    """The promise kept: pay it now, run the round, and the stars are there on the day named."""
    books.bill("@a", "-3.00", paid="2026-10-20")
    books.bill("@a", "10.50", invoice="A", paid="")
    books.run("2026-10")
    promised = line(tell.statement(), "A").would_bring
    books.bill("@a", "10.50", invoice="A", paid=NOON.isoformat())
    books.run("2026-11")
    assert promised == 7 == books.stars("@a", "2026-11")


def test_a_negative_remainder_is_shown_where_it_comes_from_and_goes(books: Books, tell: Teller) -> None:
    """Carried out of October, brought into November, gone in December; forecast and computed alike."""
    books.bill("@a", "-12.34")
    books.bill("@a", "20.00", month="2026-12", paid="2026-12-05")
    forecast = [
        (s.brought_satang, s.carried_satang, s.stars) for s in map(tell.statement, ["2026-10", "2026-11", "2026-12"])
    ]
    for period in ("2026-10", "2026-11", "2026-12"):
        books.run(period)
    computed = [
        (s.brought_satang, s.carried_satang, s.stars) for s in map(tell.statement, ["2026-10", "2026-11", "2026-12"])
    ]
    assert forecast == computed == [(0, -1234, 0), (-1234, -1234, 0), (-1234, 0, 7)]


def test_lfc_4_lines_of_a_premium_or_deleted_account_say_so(books: Books, tell: Teller, session: Session) -> None:
    """LFC-4: what a finished round counted stays counted; the rest counts nowhere as long as the account is barred."""
    books.bill("@a", "10.00", invoice="DONE")
    books.run("2026-10")
    books.bill("@a", "5.00", invoice="NEW", month="2026-11", paid="2026-11-05")
    session.execute(text("UPDATE members SET badge = 'green'"))
    session.commit()
    assert why(tell.statement("2026-10")) == {"DONE": ("counted", "2026-10")}
    assert why(tell.statement("2026-11")) == {"NEW": ("premium", None)}
    session.execute(text("UPDATE members SET badge = 'grey', deleted_at = now()"))
    session.commit()
    assert why(tell.statement("2026-11")) == {"NEW": ("deleted", None)}


def test_a_line_the_next_round_adopts_says_so(books: Books, tell: Teller, session: Session) -> None:
    """Paid when its account was premium: it waits for the next round."""
    books.bill("@a", "10.00", invoice="WAIT")
    session.execute(text("UPDATE charges SET count_month = NULL"))
    session.commit()
    books.run("2026-09")
    assert why(tell.statement("2026-10")) == {"WAIT": ("waiting", "2026-10")}
    books.run("2026-10")
    assert why(tell.statement("2026-10")) == {"WAIT": ("counted", "2026-10")}


def test_lfc_16_the_outlook_of_an_account(books: Books, tell: Teller, session: Session) -> None:
    """LFC-16: stars, tier, what is missing, the next adjustment, months to explain; an override with reason and end."""
    books.bill("@a", "6000.00")
    books.run("2026-10")
    look = tell.outlook()
    assert (look.total, look.tier, look.next_tier, look.missing) == (6000, "silver", "gold", 44000)
    assert (look.next_adjustment, look.months) == (date(2026, 12, 2), (date(2026, 11, 1), date(2026, 10, 1)))
    assert (look.override_until, look.override_reason) == (None, None)
    end = NOON + timedelta(days=3)
    session.execute(
        text("UPDATE members SET tier_override = 'platinum', override_reason = 'Goodwill', override_until = :end"),
        {"end": end},
    )
    session.commit()
    look = tell.outlook()
    assert (look.tier, look.next_tier, look.missing, look.override_until, look.override_reason) == (
        "platinum",
        None,
        0,
        end,
        "Goodwill",
    )
    assert tell.outlook(end).tier == "silver"


def test_lfc_3_an_account_that_has_not_joined_has_stars_and_no_tier(
    books: Books, tell: Teller, session: Session
) -> None:
    """LFC-3: its statement is the same; tier and next tier are for members."""
    books.bill("@a", "6000.00")
    session.execute(
        text("UPDATE memberships SET left_at = now(), left_reason = 'asked'; UPDATE members SET tier = NULL")
    )
    session.commit()
    books.run("2026-10")
    found = tell.statement()
    assert (found.total, found.stars, found.tier, found.next_tier, found.missing) == (6000, 6000, None, None, 0)


def test_lfc_3_with_enough_stars_at_joining_the_next_adjustment_decides(
    books: Books, tell: Teller, session: Session
) -> None:
    """LFC-3: the entry tier until then, and nothing missing."""
    books.bill("@a", "6000.00")
    books.run("2026-10")
    session.execute(text("UPDATE members SET tier = 'welcome'"))
    session.commit()
    assert (tell.outlook().next_tier, tell.outlook().missing) == ("silver", 0)


@pytest.mark.parametrize(
    ("day", "ran", "expected"),
    [
        (date(2026, 11, 1), False, date(2026, 11, 2)),
        (date(2026, 11, 2), False, date(2026, 11, 2)),
        (date(2026, 11, 2), True, date(2026, 12, 2)),
        (date(2026, 11, 3), True, date(2026, 12, 2)),
        (date(2026, 12, 31), False, date(2027, 1, 2)),
    ],
)
def test_lfc_11_the_next_adjustment_day(books: Books, tell: Teller, day: date, ran: bool, expected: date) -> None:
    """LFC-11: the 2nd; on the 2nd itself today until the round has run."""
    if ran:
        books.run("2026-10")
    assert tell.outlook(start_of(day) + timedelta(hours=4)).next_adjustment == expected


def test_lfc_10_a_computed_month_is_told_at_the_price_it_was_computed_at(tell: Teller, books: Books) -> None:
    """LFC-10: a club file that makes stars dearer changes no number of the past, and no reason given for one."""
    books.bill("@a", "100.50")
    books.run("2026-10")
    books.club = replace(books.club, stars=replace(books.club.stars, baht_per_star=Decimal(3)))
    found = tell.statement("2026-10")
    assert (found.stars, found.satang_per_star, found.rounded_off_satang) == (100, 100, 50)
    books.bill("@a", "100.50", "2026-11", "2026-11-10")
    found = tell.statement("2026-11")
    assert (found.stars, found.satang_per_star, found.rounded_off_satang) == (33, 300, 150)
