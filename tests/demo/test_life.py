"""The example data through the real imports, rounds and claims: what a newcomer finds after the first start."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from benefits.vault import Vault
from clubs import Club
from demo.accounts import accounts
from demo.privileges import privileges
from demo.seed import load_example
from models import Charge, Claim, Code, Member, Membership, Person, Privilege

Sessions = sessionmaker[Session]
NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


def _load(engine: Engine, sessions: Sessions, vault: Vault, club: Club, folder: Path, now: datetime) -> list[bool]:
    """Load twice; what each time answered."""
    given: dict[str, Any] = {"club": club, "vault": vault, "data_dir": folder, "now": now}
    return [load_example(engine, sessions, say=lambda text: None, **given) for _ in range(2)]


def test_first_start_finds_a_club_with_a_past(
    engine: Engine, sessions: Sessions, vault: Vault, club: Club, tmp_path: Path
) -> None:
    """Every row lands; tiers are spread (LFC-8, LFC-12); the story's account has not joined; loading again does nothing."""
    assert _load(engine, sessions, vault, club, tmp_path, NOW) == [True, False]
    with sessions() as session:
        members = {row.external_id: row for row in session.scalars(select(Member))}
        assert len(members) == 20
        tiers = Counter(row.tier for row in members.values())
        assert tiers == {"welcome": 4, "silver": 6, "gold": 5, "platinum": 2, None: 3}
        assert sorted(key for key, row in members.items() if row.tier is None) == [
            "@noodlebar",
            "@ployjewel",
            "@quickwash",
        ]
        assert members["@maybloom"].tier == "gold"
        stays = session.scalars(select(Membership)).all()
        assert len(stays) == 17
        assert [stay.member_id for stay in stays if stay.new_until and stay.new_until > NOW] == [
            members["@emmasbakehouse"].id
        ]
        assert len(session.scalars(select(Charge)).all()) > 400
        _check_stars(members)
        _check_privileges(session)


def _check_stars(members: dict[str, Member]) -> None:
    for account in accounts():
        if account.joined is not None and account.package != "free":
            # Twelve rounds round down; what they may lose was put on top.
            assert abs(members[account.id].total_stars - account.stars) <= 15, account.id


def _check_privileges(session: Session) -> None:
    rows = {row.key: row for row in session.scalars(select(Privilege))}
    assert [row.key for row in sorted(rows.values(), key=lambda row: row.position)] == [
        row["id"] for row in privileges()
    ]
    cards, boxes = rows["name-cards"], rows["parcel-boxes"]
    assert (cards.stock or 0) - cards.taken == 2
    assert boxes.stock == boxes.taken == 3
    wanted = sum(len(row.get("taken_by", ())) for row in privileges())
    claims = session.scalars(select(Claim)).all()
    assert len(claims) == wanted
    assert all(claim.claimed_at < NOW for claim in claims)
    assert len(session.scalars(select(Code).where(Code.claim_id.is_not(None))).all()) == 7
    assert all(person.display_name for person in session.scalars(select(Person)))


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2026-11-01", "2026-11-02", "2027-01-05", "2028-02-29"])
def test_any_day_is_good_to_begin_on(
    engine: Engine, sessions: Sessions, vault: Vault, club: Club, tmp_path: Path, day: str
) -> None:
    """Every tier is there, and nothing is refused by an import, on the 1st, on the 2nd, and across a year's end."""
    now = datetime.fromisoformat(f"{day}T09:30:00+07:00")
    assert _load(engine, sessions, vault, club, tmp_path, now) == [True, False]
    with sessions() as session:
        assert set(session.scalars(select(Member.tier))) == {"welcome", "silver", "gold", "platinum", None}
