"""A round taken up again under a changed club file: what was begun under one is ended under the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

from benefits.rounds_steps import Steps
from clubs import Club
from tests import factories
from tests.rules.books import Bill, Books

ACCOUNTS = [f"@a{number}" for number in range(5)]
EXPIRE = "UPDATE runs SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'running'"
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")


class Killed(Exception):
    """The process is gone."""


@pytest.fixture
def twins(
    engine: Engine, sessions: sessionmaker[Session], club: Club, tmp_path: Path, session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Books, Books]:  # fmt: skip
    """Two clubs with the same accounts, lines and computed months, looking back three months; two accounts a chunk."""
    monkeypatch.setattr("benefits.rounds_steps.CHUNK", 2)
    found = []
    for key in (club.key, "twin_club"):
        for name in ACCOUNTS:
            factories.member(session, external_id=name, club=key)
        session.commit()
        books = Books(engine, sessions, replace(club, key=key, round=replace(club.round, window=3)), tmp_path)
        for month in MONTHS:
            books.bills(
                Bill(name, f"{1000 * (number + 1)}", month, f"{month}-10") for number, name in enumerate(ACCOUNTS)
            )
            if month != MONTHS[-1]:
                books.run(month)
        found.append(books)
    return found[0], found[1]


def killed(books: Books, step: str, monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Run the last month until `step` has been done `after` times; the lease of who died is over."""
    left, real = after, getattr(Steps, step)

    def dies(self: Steps, *given: Any) -> None:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        real(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Steps, step, dies)
        with pytest.raises(Killed):
            books.run(MONTHS[-1])
    with books.sessions.begin() as session:
        session.execute(text(EXPIRE))


def changed(club: Club) -> Club:
    """Another price of a star, another window, other thresholds, another unit."""
    dearer = replace(club.stars, baht_per_star=club.stars.baht_per_star * Decimal(4), unit="points")
    tiers = tuple(replace(tier, threshold=tier.threshold * 2) for tier in club.tiers)
    return replace(club, stars=dearer, tiers=tiers, round=replace(club.round, window=1))


@pytest.mark.parametrize(("step", "after"), [("post", 0), ("post", 1), ("finish", 0)])
def test_f3_a_round_resumed_under_another_club_file_ends_as_it_began(
    twins: tuple[Books, Books], monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    """F3, LFC-10: no account of a month at another price, tier or window than the account before it."""
    killed_one, whole = twins
    before, undisturbed = killed_one.club, whole.run(MONTHS[-1])
    killed(killed_one, step, monkeypatch, after)
    killed_one.club = changed(before)
    resumed = killed_one.run(MONTHS[-1])
    assert (resumed.result_hash, resumed.stars) == (undisturbed.result_hash, undisturbed.stars)
    # and the next one is computed as the file then says
    for books in twins:
        books.club = replace(changed(before), key=books.club.key)
        books.bill("@a1", "4001", "2026-11", "2026-11-10")
    assert killed_one.run("2026-11").result_hash == whole.run("2026-11").result_hash


def test_f3_a_round_that_closed_nothing_yet_begins_under_the_club_file_of_now(
    twins: tuple[Books, Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F3: killed before its month closed, nothing was computed: there is nothing to stay true to."""
    killed_one, whole = twins
    killed(killed_one, "close", monkeypatch)
    for books in twins:
        books.club = replace(changed(books.club), key=books.club.key)
    assert killed_one.run(MONTHS[-1]).result_hash == whole.run(MONTHS[-1]).result_hash


def test_lfc_12_totals_of_a_round_that_changed_its_window_halfway_are_not_gone_on_from(
    twins: tuple[Books, Books], monkeypatch: pytest.MonkeyPatch
) -> None:
    """LFC-12: a month closed by a program that did not keep its terms; the first two accounts look back further than the rest."""
    books = twins[0]
    killed(books, "post", monkeypatch, after=1)
    with books.sessions.begin() as session:
        session.execute(
            text("UPDATE runs SET facts = :old WHERE state = 'running'"), {"old": '{"window": 3, "unit": "stars"}'}
        )
    books.club = replace(books.club, round=replace(books.club.round, window=1))
    books.run(MONTHS[-1])
    books.run("2026-11")
    assert books.scalar("SELECT array_agg(DISTINCT total) FROM entries WHERE period = '2026-11-01'") == [0]
