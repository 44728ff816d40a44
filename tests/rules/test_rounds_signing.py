"""Sign-off: where the club file says so, a round waits until two different persons have signed its figures (A15, F4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import requests, rounds, rounds_preview
from benefits.periods import start_of
from clubs import Club, ClubFileError, load_club
from clubs.catalogue import SHIPPED
from models import JournalEntry, RoundPreview, Staff
from tests import factories
from tests.rules.books import Books, on_the_day

OCTOBER = date(2026, 10, 1)
ENDED = start_of(date(2026, 11, 1))


@pytest.fixture
def books(engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session) -> Books:
    """A club that signs; @a and @b, of which @b will fall."""
    factories.member(session, external_id="@a")
    factories.member(session, external_id="@b", tier="gold", total_stars=60_000)
    for name in ("nok", "may", "lek"):
        session.add(Staff(email=f"{name}@example.org", name=name, password="-", fs_uniquifier=name, created_at=ENDED))
    session.commit()
    signing = replace(club, round=replace(club.round, sign_off=True))
    books = Books(engine, sessions, signing, tmp_path)
    books.bill("@a", "6000.00")
    return books


def staff(books: Books, name: str) -> int:
    """A colleague's id."""
    with books.sessions() as session:
        return session.scalars(select(Staff.id).where(Staff.name == name)).one()


def preview(books: Books) -> RoundPreview:
    """Ask for the difference of October and have it computed."""
    with books.sessions.begin() as session:
        rounds_preview.ask(session, club=books.club, period=OCTOBER, by=staff(books, "nok"), now=ENDED)
    rounds_preview.compute(books.engine, club=books.club, now=ENDED)
    with books.sessions() as session:
        found = rounds_preview.latest(session, books.club, OCTOBER)
        assert found is not None
        return found


def sign(books: Books, name: str, found: RoundPreview) -> str:
    """Sign as somebody; the state of the request afterwards."""
    with books.sessions.begin() as session:
        by = staff(books, name)
        return rounds_preview.sign(session, club=books.club, preview_id=found.id, by=by, now=ENDED).state


def test_lfc_8_a_round_waits_for_two_different_persons_and_then_comes_to_what_they_signed(books: Books) -> None:
    """Nobody signed, one signed, one signed twice: nothing is written. The second person lets it go; twice is once (F4)."""
    found = preview(books)
    for step in range(2):
        with pytest.raises(rounds.NotSigned):
            books.run("2026-10")
        assert books.scalar("SELECT count(*) FROM runs") == 0
        if step == 0:
            assert sign(books, "nok", found) == "open"
            with pytest.raises(requests.OwnRequest):
                sign(books, "nok", found)
    assert sign(books, "may", found) == "granted"
    with pytest.raises(requests.AlreadyDecided):
        sign(books, "lek", found)
    done = books.run("2026-10")
    assert (done.stars, books.member("@a").tier, books.member("@b").tier) == (6000, "silver", "welcome")
    with pytest.raises(rounds.RoundAlreadyDone):
        books.run("2026-10")
    with books.sessions() as session:
        told = session.execute(
            select(JournalEntry.action, JournalEntry.actor).where(JournalEntry.subject_kind == "round_preview")
        ).all()
    assert [action for action, _ in told] == ["round_previewed", "request_asked", "request_granted"]
    assert told[1].actor != told[2].actor


def test_a_preview_tells_the_population_and_leaves_no_trace_in_the_ledger(books: Books) -> None:
    """Pairs of tiers with those that stay, the biggest changes, totals: the numbers the round then posts."""
    with books.sessions.begin() as session:
        factories.member(session, external_id="@c", joined=False)
    found = preview(books)
    assert (found.state, found.step) == ("ready", len(rounds_preview.STEPS) - 1)
    assert found.facts["pairs"] == [
        ["", "", 1, 0, 0, 0],
        ["gold", "welcome", 1, 0, 1, -60_000],
        ["welcome", "silver", 1, 1, 0, 6000],
    ]
    assert [(row[0], row[2], row[3]) for row in found.facts["biggest"]] == [("@b", 60_000, 0), ("@a", 0, 6000)]
    sums = {key: found.facts[key] for key in ("accounts", "lines", "stars", "total_before", "total", "corrections")}
    assert sums == {"accounts": 3, "lines": 1, "stars": 6000, "total_before": 60_000, "total": 6000, "corrections": 0}
    for table in ("runs", "entries"):
        assert books.scalar(f"SELECT count(*) FROM {table}") == 0


def test_what_is_counted_since_makes_signatures_lapse_and_who_joins_does_not(books: Books) -> None:
    """A payment that arrives after the second signature: the round is not published; signed anew, it is."""
    found = preview(books)
    sign(books, "nok", found)
    sign(books, "may", found)
    books.bill("@b", "51000.00")
    with pytest.raises(rounds.NotSigned):
        books.run("2026-10")
    assert books.scalar("SELECT count(*) FROM runs") == 0, "and it holds no lease that would keep the next one out"
    assert books.scalar("SELECT state FROM round_previews") == "lapsed"
    with pytest.raises(rounds_preview.PreviewLapsed):
        sign(books, "lek", found)
    again = preview(books)
    assert again.figures_hash != found.figures_hash
    sign(books, "may", again)
    sign(books, "nok", again)
    with books.sessions.begin() as session:
        factories.member(session, external_id="@new", tier="welcome")
    books.run("2026-10")
    assert books.member("@b").tier == "gold"


def test_an_interrupted_round_is_finished_without_signing_again(books: Books) -> None:
    """Its month was closed under the signatures; who takes over asks nobody."""
    found = preview(books)
    sign(books, "nok", found)
    sign(books, "may", found)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rounds.run(books.engine, club=books.club, period=OCTOBER, now=on_the_day(books.club, OCTOBER), progress=killed)
    with books.sessions.begin() as session:
        session.execute(update(RoundPreview).values(state="lapsed"))
        session.connection().exec_driver_sql("UPDATE runs SET lease_until = NULL")
    assert books.run("2026-10").stars == 6000


def test_previews_are_of_the_month_that_comes_next_once_it_has_ended(books: Books) -> None:
    """Not before its end, not of another month, not of one computed; two asking at once share one; a dead one is redone."""
    nok = staff(books, "nok")
    early = ENDED - timedelta(microseconds=1)
    with books.sessions.begin() as session:
        with pytest.raises(rounds.RoundNotDue):
            rounds_preview.ask(session, club=books.club, period=OCTOBER, by=nok, now=early)
        with pytest.raises(rounds_preview.NothingToPreview):
            rounds_preview.ask(session, club=books.club, period=date(2026, 9, 1), by=nok, now=ENDED)
        first = rounds_preview.ask(session, club=books.club, period=OCTOBER, by=nok, now=ENDED)
        assert rounds_preview.ask(session, club=books.club, period=OCTOBER, by=nok, now=ENDED).id == first.id
        first.state = "running"  # and its worker is gone
    assert rounds_preview.compute(books.engine, club=books.club, now=ENDED) == 1
    assert rounds_preview.compute(books.engine, club=books.club, now=ENDED) == 0


def test_a_club_that_says_nothing_of_signing_needs_no_signature(books: Books, tmp_path: Path, club: Club) -> None:
    """The key may be left out: as before. Anything but true and false is refused by name."""
    text = (SHIPPED / "family_club.toml").read_text()
    file = tmp_path / "family_club.toml"
    line = next(line for line in text.splitlines() if line.startswith("sign_off"))
    file.write_text(text.replace(line, ""))
    assert load_club(file).round.sign_off is club.round.sign_off is False
    file.write_text(text.replace("sign_off = false", 'sign_off = "no"'))
    with pytest.raises(
        ClubFileError, match=r"family_club\.toml: round\.sign_off: is 'no'; write for example sign_off = false"
    ):
        load_club(file)
    books.club = club
    assert books.run("2026-10").stars == 6000
