"""Corrections: two persons, entries that are added, one action to take them back, counted at the next adjustment."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import corrections, requests, rounds, standings
from benefits.corrections_file import Fault
from benefits.counting import counting_lock
from benefits.reasons import ReasonMissing
from benefits.statement import statement
from clubs import Club
from models import Correction, Entry, JournalEntry, Member, Staff
from tests import factories
from tests.factories import NOON
from tests.rules.books import Books

MANY = 100_000
OCTOBER = date(2026, 10, 1)


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """@a (6,000 stars of October, silver by now) and @b; Nok and May of finance."""
    factories.member(session, external_id="@a")
    factories.member(session, external_id="@b")
    for name in ("nok", "may"):
        session.add(Staff(id=len(name) + (name == "may") * 10, email=f"{name}@example.org", name=name, password="-",
                          fs_uniquifier=name, created_at=NOON))  # fmt: skip
    session.commit()
    books = Books(engine, sessions, club, tmp_path)
    books.bill("@a", "6000.00")
    books.run("2026-10")
    return books


NOK, MAY = 3, 13


def ask(books: Books, account: str, stars: int, period: date | None = None) -> int:
    """Nok asks for stars of one account."""
    with books.sessions.begin() as session:
        return corrections.ask_one(
            session,
            club=books.club,
            account=account,
            stars=stars,
            period=period,
            reason="slip of 3 Nov",
            by=NOK,
            now=NOON,
        ).id


def grant(books: Books, correction_id: int, by: int = MAY) -> Correction:
    """May grants it."""
    with books.sessions.begin() as session:
        return corrections.decide(session, club=books.club, correction_id=correction_id, by=by, yes=True, now=NOON)


def take_back(books: Books, correction_id: int) -> int:
    """The one action."""
    with books.sessions.begin() as session:
        found = corrections.ask_reversal(
            session, club=books.club, correction_id=correction_id, reason="by mistake", by=NOK, now=NOON
        )
        return found.id


def crowd(books: Books, many: int) -> None:
    """So many joined accounts of the entry tier."""
    with books.sessions.begin() as session:
        person = factories.person(session)
        session.execute(
            text("INSERT INTO members (club, kind, external_id, name, badge, tier, total_stars, created_at) "
                 "SELECT 'family_club', 'account', '@m' || n, 'M', 'grey', 'welcome', 0, now() FROM generate_series(1, :n) n"),
            {"n": many},
        )  # fmt: skip
        session.execute(
            text("INSERT INTO memberships (member_id, joined_at, agreed_by, terms_version) "
                 "SELECT id, now(), :p, '1' FROM members WHERE external_id LIKE '@m%'"),
            {"p": person.id},
        )  # fmt: skip
        session.execute(text("ANALYZE members, memberships"))  # as the server does by itself within a minute


def test_a15_stars_given_by_mistake_to_100_000_accounts_are_taken_back_by_one_action(books: Books) -> None:
    """A15: a second person is needed, both ways; every entry of the reversal names the one it takes back; the journal
    shows both."""
    crowd(books, MANY)
    with books.sessions.begin() as session:
        given = corrections.ask_tier(
            session, club=books.club, tier="welcome", stars=7000, period=None, reason="promised", by=NOK, now=NOON
        )
        found = corrections.sums(session, books.club, given)
    assert (found.accounts, found.stars, found.moves) == (
        MANY + 1,
        7000 * (MANY + 1),
        (("welcome", "silver", MANY + 1),),
    )
    with pytest.raises(requests.OwnRequest):
        grant(books, given.id, by=NOK)
    assert books.scalar("SELECT count(*) FROM entries WHERE kind = 'correction'") == 0
    grant(books, given.id)
    assert books.scalar("SELECT sum(amount) FROM entries WHERE kind = 'correction'") == 7000 * (MANY + 1)
    back = take_back(books, given.id)
    with pytest.raises(requests.OwnRequest):
        grant(books, back, by=NOK)
    grant(books, back)
    assert books.scalar("SELECT sum(amount) FROM entries WHERE kind = 'correction'") == 0
    pairs = """SELECT count(*) FROM entries back JOIN entries given ON given.id = back.corrects_id
               WHERE back.member_id = given.member_id AND back.amount = -given.amount AND back.period = given.period"""
    assert books.scalar(pairs) == MANY + 1
    with pytest.raises(corrections.AlreadyReversed):
        take_back(books, given.id)
    with books.sessions() as session:
        told = session.execute(
            select(JournalEntry.subject_id, JournalEntry.action, JournalEntry.actor)
            .where(JournalEntry.subject_kind == "correction").order_by(JournalEntry.id)
        ).all()  # fmt: skip
    deeds = [(which, action, who) for which in (given.id, back)
             for action, who in (("request_asked", str(NOK)), ("request_granted", str(MAY)))]  # fmt: skip
    assert [tuple(row) for row in told] == deeds


def test_a15_what_was_taken_back_leaves_no_trace_in_the_next_round(books: Books) -> None:
    """Given and taken back before the adjustment, or given before it and taken back after: the totals are as without it."""
    with books.sessions.begin() as session:
        values: dict[str, Any] = {
            "club": books.club,
            "tier": None,
            "stars": 7000,
            "period": None,
            "reason": "promised",
            "now": NOON,
        }
        first, second = (corrections.ask_tier(session, by=NOK, **values).id for _ in range(2))
    grant(books, take_back_granted(books, first))
    grant(books, second)
    books.run("2026-11")
    assert (books.member("@a").total_stars, books.member("@b").total_stars) == (13_000, 7000)
    grant(books, take_back(books, second))
    result = books.run("2026-12")
    assert {(move.before, move.after) for move in result.moves} == {("silver", "welcome")}
    assert (books.member("@a").total_stars, books.member("@b").total_stars) == (6000, 0)


def take_back_granted(books: Books, correction_id: int) -> int:
    """Grant it, then ask to take it back."""
    grant(books, correction_id)
    return take_back(books, correction_id)


def test_a12_a_correction_counts_at_the_next_adjustment_and_is_told(books: Books, tmp_path: Path) -> None:
    """Not before it; then in total, tier, statement and standings; a closed month's hash and entries stay as they were."""
    hash_before = books.scalar("SELECT result_hash FROM runs")
    grant(books, ask(books, "@b", 5000))
    assert (books.member("@b").total_stars, books.member("@b").tier) == (0, "welcome")
    with books.sessions() as session:
        member = session.scalars(select(Member).where(Member.external_id == "@b")).one()
        told = statement(session, club=books.club, member=member, period=date(2026, 11, 1), now=NOON).corrections
        assert [(each.stars, each.round, each.reason) for each in told] == [(5000, date(2026, 11, 1), "slip of 3 Nov")]
        assert statement(session, club=books.club, member=member, period=OCTOBER, now=NOON).corrections == ()
    books.run("2026-11")
    assert (books.member("@b").total_stars, books.member("@b").tier) == (5000, "silver")
    assert books.scalar("SELECT result_hash FROM runs WHERE period = '2026-10-01'") == hash_before
    with books.sessions() as session:
        standings.export(session, club=books.club, period=date(2026, 11, 1), file=tmp_path / "s.csv")
    assert (tmp_path / "s.csv").read_text().splitlines()[1:] == ["@a,0,6000,silver", "@b,0,5000,silver"]


def test_lfc_12_a_correction_leaves_the_window_with_the_month_it_corrects(books: Books) -> None:
    """6,000 of October were wrong: −6,000 names October's entry, and is gone from the window when October is."""
    grant(books, ask(books, "@a", -6000, OCTOBER))
    with books.sessions() as session:
        entry = session.scalars(select(Entry).where(Entry.kind == "correction")).one()
        assert session.get_one(Entry, entry.corrects_id).amount == 6000
        assert (entry.period, entry.count_month) == (OCTOBER, date(2026, 11, 1))
    books.bill("@a", "10.00", month="2026-11", paid="2026-11-20")
    books.run("2026-11")
    assert (books.member("@a").total_stars, books.member("@a").tier) == (10, "welcome")
    for month in ("2026-12", *(f"2027-{n:02d}" for n in range(1, 11))):
        books.run(month)
        assert books.member("@a").total_stars == 10, month
    books.run("2027-11")
    assert books.member("@a").total_stars == 0, "November's 10 are out; the correction did not outlive October"


def test_a_correction_made_while_a_round_is_interrupted_waits_for_the_next(books: Books) -> None:
    """F3: the month was closed before it; whoever takes over comes to the same result as without it."""
    books.bill("@b", "100.00", month="2026-11", paid="2026-11-20")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    november = date(2026, 11, 1)
    with pytest.raises(KeyboardInterrupt):
        rounds.run(
            books.engine, club=books.club, period=november, now=factories.NOON.replace(month=12), progress=killed
        )
    with books.sessions.begin() as session:
        session.execute(text("UPDATE runs SET lease_until = NULL"))
    grant(books, ask(books, "@b", 500, OCTOBER))
    books.run("2026-11")
    assert books.member("@b").total_stars == 100
    books.run("2026-12")
    assert books.member("@b").total_stars == 600


def test_two_who_grant_at_the_same_moment_post_it_once(books: Books) -> None:
    """Whoever comes second finds it decided."""
    with books.sessions.begin() as session:
        session.add(
            Staff(id=99, email="lek@example.org", name="lek", password="-", fs_uniquifier="lek", created_at=NOON)
        )
    asked, start = ask(books, "@b", 5), threading.Barrier(2)
    found: list[str] = []

    def press(by: int) -> None:
        start.wait()
        try:
            found.append(grant(books, asked, by).state)
        except requests.AlreadyDecided:
            found.append("late")

    presses = [threading.Thread(target=press, args=(by,)) for by in (MAY, 99)]
    for each in presses:
        each.start()
    for each in presses:
        each.join()
    assert sorted(found) == ["late", "posted"]
    assert books.scalar("SELECT count(*) FROM entries WHERE kind = 'correction'") == 1


def test_a_correction_granted_while_a_month_closes_is_of_the_next(books: Books) -> None:
    """It waits for the closing to commit, and only then asks which month is open: none is ever changed after it closed."""
    asked = ask(books, "@b", 5)
    with books.engine.connect() as closing:
        counting_lock(closing, books.club, alone=True)
        granting = threading.Thread(target=grant, args=(books, asked))
        granting.start()
        while not books.scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert granting.is_alive(), "it did not wait"
        closing.execute(
            text("INSERT INTO runs (club, kind, period, state, cursor, facts, started_at) "
                 "VALUES ('family_club', 'stars', '2026-11-01', 'running', '0', '{}', now())")
        )  # fmt: skip
        closing.commit()
        granting.join()
    assert books.scalar("SELECT count_month::text FROM entries WHERE kind = 'correction'") == "2026-12-01"


def test_the_input_hash_covers_corrections_and_is_unchanged_without(books: Books, club: Club) -> None:
    """Two alike do not cancel out; a round without any hashes as it always did."""
    months = [books.run("2026-11").input_hash]
    for _ in range(2):
        grant(books, ask(books, "@b", 1))
    months += [books.run("2026-12").input_hash, books.run("2027-01").input_hash]
    assert months[0] == months[2] != months[1]


def test_never_below_nought_and_what_is_missing_is_made_up_first(books: Books) -> None:
    """Taking 10,000 of 6,000: shown as 0; 4,500 later ones leave 500. The sums said so before."""
    asked = ask(books, "@a", -10_000)
    with books.sessions() as session:
        found = corrections.sums(session, books.club, corrections.find(session, books.club, asked))
        assert (found.below, found.taken, found.moves) == (1, -10_000, (("silver", "welcome", 1),))
    grant(books, asked)
    books.run("2026-11")
    assert books.member("@a").total_stars == 0
    books.bill("@a", "4500.00", month="2026-12", paid="2026-12-20")
    books.run("2026-12")
    assert books.member("@a").total_stars == 500


@pytest.mark.parametrize(("window", "idle", "total"), [(1, 1, 0), (2, 0, 6500)])
def test_lfc_12_a_correction_of_a_month_that_leaves_is_told_to_change_nothing(
    books: Books, window: int, idle: int, total: int
) -> None:
    """LFC-12: what the second person is told before she grants it is what the next adjustment then does."""
    books.club = replace(books.club, round=replace(books.club.round, window=window))
    asked = ask(books, "@a", 500, OCTOBER)
    with books.sessions() as session:
        assert corrections.sums(session, books.club, corrections.find(session, books.club, asked)).idle == idle
    grant(books, asked)
    books.run("2026-11")
    assert books.member("@a").total_stars == total


def from_file(books: Books, content: str) -> Correction:
    """Ask for what a file says."""
    file = books.folder / "corrections.csv"
    file.write_bytes(content.encode())
    with books.sessions.begin() as session:
        return corrections.ask_file(session, club=books.club, file=file, reason="lost lines", by=NOK, now=NOON)


def test_a_file_is_taken_whole_or_not_at_all(books: Books) -> None:
    """Every line that cannot be is named with its cell and why; nothing was asked then."""
    with pytest.raises(corrections.BadFile) as refused:
        from_file(books, "member_id,stars,period\n@a,5,\n@x,5,\n@a,6,\n@b,0,\n@b,1.5,\n@b,9999999999,\n@b,1,2026-13\n"
                         "@b,1,2026-11\n@b,1\n=1+1,3,\n")  # fmt: skip
    assert refused.value.faults == (
        Fault(3, "@x", "unknown"), Fault(4, "@a", "twice"), Fault(5, "0", "stars"), Fault(6, "1.5", "stars"),
        Fault(7, "9999999999", "stars"), Fault(8, "2026-13", "period"), Fault(9, "2026-11", "month"), Fault(10, "", "line"),
        Fault(11, "=1+1", "unknown"),
    )  # fmt: skip
    for other in ("", "id,stars\n@a,5\n", "PK\x03\x04\0\0\0"):
        with pytest.raises(corrections.BadFile) as refused:
            from_file(books, other)
        assert refused.value.count == 0
    with pytest.raises(corrections.NobodyToCorrect):
        from_file(books, "member_id,stars\n")
    assert books.scalar("SELECT count(*) FROM corrections") == 0
    asked = from_file(books, "\ufeffMember_ID,stars,period\r\n@a,-5,2026-10\r\n@b,+7,\r\n")
    grant(books, asked.id)
    rows = books.sessions().execute(text("SELECT amount, period::text, corrects_id IS NULL FROM entries "
                                         "WHERE kind = 'correction' ORDER BY member_id")).all()  # fmt: skip
    assert [tuple(row) for row in rows] == [(-5, "2026-10-01", False), (7, "2026-11-01", True)]


REFUSED: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"account": "@nobody"}, corrections.NobodyToCorrect),
    ({"stars": 0}, corrections.NoSuchAmount),
    ({"stars": 10**9 + 1}, corrections.NoSuchAmount),
    ({"period": date(2026, 11, 1)}, corrections.MonthNotComputed),
    ({"reason": "  "}, ReasonMissing),
]


def test_what_cannot_be_asked_and_what_becomes_of_a_refusal(books: Books) -> None:
    """Each by its name; a refused or withdrawn one posts nothing, ever; only what was posted can be taken back."""
    plain: dict[str, Any] = {"account": "@a", "stars": 1, "period": None, "reason": "x"}
    for wrong, refusal in REFUSED:
        with books.sessions() as session, pytest.raises(refusal):
            corrections.ask_one(session, club=books.club, by=NOK, now=NOON, **{**plain, **wrong})
    first, second = ask(books, "@a", 5), ask(books, "@a", 6)
    with books.sessions.begin() as session:
        refused = corrections.decide(
            session, club=books.club, correction_id=first, by=MAY, yes=False, reason="no", now=NOON
        )
        assert refused.state == "refused"
        assert (
            corrections.withdraw(session, club=books.club, correction_id=second, by=NOK, now=NOON).state == "withdrawn"
        )
    for each in (first, second):
        with pytest.raises(requests.AlreadyDecided):
            grant(books, each)
        with pytest.raises(corrections.NotPosted):
            take_back(books, each)
    assert books.scalar("SELECT count(*) FROM entries WHERE kind = 'correction'") == 0
    with books.sessions() as session:
        session.execute(update(Correction).values(club="other_club"))
        with pytest.raises(corrections.UnknownCorrection):
            corrections.find(session, books.club, first)
