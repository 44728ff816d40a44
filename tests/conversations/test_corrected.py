"""*Why this number* after a correction: what staff gave or took, and the month that counts it (A12, LFC-16)."""

from __future__ import annotations

from datetime import date

from benefits import corrections
from models import Staff
from tests.conversations.chat import World
from tests.conversations.test_accounts import charged, computed
from tests.conversations.test_claiming import member_of


def test_a_correction_is_told_with_the_month_that_counts_it_and_without_what_colleagues_wrote(world: World) -> None:
    """Before the adjustment it stands in the open month's statement; the reason was written for colleagues."""
    emma = world.phone("Emma", language="en")
    member = member_of(world, emma, name="Emma's Bakery")
    charged(world, member, "100.00")
    computed(world, date(2026, 10, 1))
    club, now = world.parts.clubs["family_club"], world.clock.at
    with world.parts.sessions.begin() as session:
        for name in ("nok", "may"):
            session.add(Staff(email=f"{name}@x.org", name=name, password="-", fs_uniquifier=name, created_at=now))
        session.flush()
        nok, may = (row.id for row in session.query(Staff).order_by(Staff.id))
        asked = corrections.ask_tier(
            session, club=club, tier=None, stars=-40, period=date(2026, 10, 1), reason="secret words", by=nok, now=now
        )
        corrections.decide(session, club=club, correction_id=asked.id, by=may, yes=True, now=now)
    said = emma.says(f"why {member}")
    assert "October 2026: 100 stars" in said
    assert "Corrected by staff, counted in November 2026" in said
    assert "-40 stars" in said
    assert "secret" not in said
