"""The message budget: LINE's own figures, what is kept and set aside, and pushes beside replies day by day (C17)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from benefits import traffic
from benefits.offers import budget
from benefits.vault import Vault
from models import Batch, Notice, Offer, TurnRow
from simulator.inprocess import Simulator
from tests import factories
from tests.factories import NOON
from tests.web.console.desk import CLUB, Desk, make_desk

TOKEN = "token-of-the-budget-tests"


@pytest.fixture
def line() -> Iterator[Simulator]:
    """LINE, with 1,000 messages a month, 300 of them used."""
    with Simulator(token=TOKEN, clock=NOON) as line:
        line.set(quota_limit=1000)
        line.do(lambda platform: platform.quota.count("push", 300))
        yield line


@pytest.fixture
def desk(database_url: str, tmp_path: Path, vault: Vault, line: Simulator) -> Iterator[Desk]:
    """A console whose club has that channel."""
    given = {"LINE_API_URL": line.url, f"SITTHI_{CLUB.upper()}_CHANNEL_TOKEN": TOKEN,
             f"SITTHI_{CLUB.upper()}_CHANNEL_SECRET": "0123456789abcdef0123456789abcdef"}  # fmt: skip
    desk = make_desk(database_url, tmp_path, vault, **given)
    yield desk
    desk.sessions.kw["bind"].dispose()


def said(answer: Any) -> str:
    """What a page says."""
    assert answer.status_code == 200, answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def sent(desk: Desk) -> None:
    """An offer of three recipients under way with 40 set aside, a reminder pushed, one that rode, replies of two days."""
    staff = desk.hire("marketer")
    with desk.sessions.begin() as session:
        who = factories.person(session)
        offer = Offer(club=CLUB, name="Songkran", author_id=staff.id, digest=b"x", approved_digest=b"x", created_at=NOON,
                      changed_at=NOON, begun_at=NOON, state="sending", reserved=40)  # fmt: skip
        session.add(offer)
        session.flush()
        for state, people in (("accepted", 3), ("refused", 5)):
            session.add(
                Batch(
                    offer_id=offer.id,
                    kind="multicast",
                    language="th",
                    first_person_id=1,
                    last_person_id=9,
                    size=people,
                    retry_key=uuid.uuid4(),
                    state=state,
                    answered_at=NOON,
                    first_attempt_at=NOON,
                )
            )
        for key, state in (("a", "pushed"), ("b", "told"), ("c", "dropped")):
            session.add(
                Notice(club=CLUB, person_id=who.id, kind="x", key=key, state=state, created_at=NOON, told_at=NOON)
            )
        midnight = datetime(2026, 11, 11, 17, 0, tzinfo=UTC)
        for n, (at, state) in enumerate([(midnight, "sent"), (midnight - timedelta(seconds=1), "sent"), (NOON, "pushed"),
                                         (NOON, "unknown"), (NOON - timedelta(days=31), "sent")]):  # fmt: skip
            session.add(TurnRow(club=CLUB, event_id=str(n), kind="message", event={}, received_at=at, state="done",
                                reply_state=state))  # fmt: skip


def test_c17_days_are_bangkok_days_and_only_what_surely_went_out_is_counted(desk: Desk) -> None:
    """Refused and unknown are not counted; midnight belongs to the day that begins; empty days are there."""
    sent(desk)
    with desk.sessions() as session:
        found = traffic.by_day(session, club=desk.parts.clubs[CLUB], now=NOON, days=30)
    assert len(found) == 30
    today, yesterday = found[-1], found[-2]
    assert (today.offers, today.notices, today.rode, today.late_replies, today.replies) == (3, 1, 1, 1, 1)
    assert (today.paid, yesterday.replies, yesterday.paid, sum(day.replies for day in found)) == (5, 1, 0, 2)


def test_what_is_left_is_lines_figure_less_what_is_kept_and_set_aside(desk: Desk, line: Simulator) -> None:
    """1,000 − 300 used − 100 kept − 40 set aside; every number of the chart stands in a table; LINE away is said."""
    sent(desk)
    with desk.sessions.begin() as session:
        budget.configure(
            session, desk.parts.clubs[CLUB], by=desk.hire("admin").id, now=NOON, reserve=100, cost_satang=30
        )
    viewer = desk.staff("viewer")
    page = said(viewer.get("/console/budget/"))
    for shown in ("560 messages are left for new offers", "Kept back 100", "Set aside 40", "Songkran 40", "90.00 baht",
                  "from 21:00 to 09:00, Bangkok time", "12 Nov 2026 3 0 1 1 1 1"):  # fmt: skip
        assert shown in page, shown
    line.set(quota_limit=None)
    assert "LINE sets no limit" in said(viewer.get("/console/budget/"))
    line.stop()
    away = said(viewer.get("/console/budget/"))
    assert "LINE does not answer, so what is left of the month is not known." in away
    assert "Songkran 40" in away


def test_only_an_admin_sets_it_and_wrong_numbers_are_told_at_their_field(desk: Desk) -> None:
    """Nothing is set then, and what was typed is kept; the journal says who set what."""
    admin, typed = desk.staff("admin"), dict.fromkeys(budget.BOUNDS, "9")
    assert desk.staff("marketer", "finance").post("/console/budget/", typed).status_code == 403
    for wrong in ("", "-1", "1.5", "x", "99999999999", "๕"):
        answer = admin.post("/console/budget/", {**typed, "reserve": wrong})
        assert (answer.status_code, "from 0 to 10,000,000" in answer.text) == (400, True), wrong
        assert f'name="reserve" inputmode="numeric" autocomplete="off" value="{wrong}"' in answer.text
    assert admin.post("/console/budget/", typed).status_code == 303
    page = said(admin.get("/console/budget/"))
    assert "0.09 baht" in page
    assert "At most to one person 9 offers in 9 days Quiet hours none" in page
