"""What is told of an offer: progress that adds up at every moment, results beside those held out, LINE's own figures."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from benefits.offers.progress import Progress, progress
from benefits.offers.results import results
from models import Click, Link, Offer, Person, Tester, TestSend
from tests import factories
from tests.conversations.chat import CLUB
from tests.conversations.chat import world as standing
from tests.factories import NOON
from tests.jobs.offers import MULTICAST, PUSH, Stage, user_ids


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    """No frequency cap and no quiet hours; a standing clock."""
    with standing(database_url, tmp_path, NOON) as world:
        found = Stage(world)
        found.uncapped()
        yield found


def told(stage: Stage) -> Progress:
    """The progress now."""
    with stage.world.parts.sessions() as session:
        return progress(session, session.get_one(Offer, stage.offer_id))


def adds_up(found: Progress) -> bool:
    """Whether every person of the audience is counted once."""
    settled = found.accepted + found.refused + found.unknown
    whole = found.to_send == settled + found.waiting + found.not_sent
    return whole and found.recipients == found.to_send + sum(found.skipped.values())


def test_e4_the_counts_add_up_at_every_moment(stage: Stage) -> None:
    """E4: asked a hundred times while it is prepared and sent, while people opt out and calls fail: always everybody once,
    and never more told as sent than arrived."""
    stage.crowd(6_000)
    stage.change("UPDATE people SET opted_out_at = now() WHERE id % 10 = 0")
    stage.approved(holdout_percent=10, pace=20_000)
    stage.line.fault("rate_429", path=MULTICAST, probability=0.3, times=4)
    stage.line.fault("error_500_after", path=MULTICAST, probability=0.3, times=2)
    stage.after(3, lambda: stage.change("UPDATE people SET friend = false WHERE id % 10 = 1"))
    job = threading.Thread(target=stage.job().run)
    job.start()
    seen: list[Progress] = []
    while job.is_alive():
        seen.append(told(stage))
        assert adds_up(seen[-1]), seen[-1]
        assert seen[-1].accepted <= stage.line.do(lambda line: line.quota.used)
        time.sleep(0.01)
    stage.line.clear_faults()
    stage.later(minutes=2)
    stage.at_full_speed()
    stage.job().run()
    last = told(stage)
    assert adds_up(last)
    assert last.recipients == 6_000
    assert (last.state, last.waiting, last.seconds_left) == ("done", 0, None)
    assert last.skipped["opted_out"] == 600
    assert last.skipped["blocked"] > 0
    assert stage.heard()[1] == last.accepted
    assert len({found.accepted for found in [*seen, last]}) > 2, "it was seen to move"


def test_before_it_was_prepared_nothing_is_told(stage: Stage) -> None:
    """Zeros, and the state."""
    stage.approved()
    found = told(stage)
    assert (found.state, found.recipients, found.to_send, found.seconds_left) == ("approved", 0, 0, None)


def test_the_rest_is_estimated_by_the_pace(stage: Stage) -> None:
    """1,000 people at 100 a second: ten seconds and the one begun."""
    stage.crowd(1_000)
    stage.approved(pace=100)
    stage.line.fault("rate_429", path=MULTICAST)
    stage.job().run()
    assert told(stage).seconds_left == 11


def test_results_beside_those_held_out(stage: Stage) -> None:
    """A tenth of those who got it claim, a twentieth of those held out: five more in a hundred; every use has its price."""
    stage.crowd(400)
    with stage.world.parts.sessions.begin() as session:
        coffee = factories.privilege(session).id
    card = {"parts": [{"kind": "card", "privilege_id": coffee}], "languages": ["th", "en"]}
    stage.approved(content=card, holdout_percent=50)
    stage.job().run()
    stage.change("UPDATE budgets SET cost_satang = 25")
    stage.later(1)
    with stage.world.parts.sessions.begin() as session:
        shop = factories.member(session, factories.person(session, line_user_id=f"U{'f' * 32}"))
        groups = {
            state: session.execute(
                text("SELECT person_id FROM offer_recipients WHERE state = :s ORDER BY person_id"), {"s": state}
            ).scalars()
            for state in ("batched", "held_out")
        }
        everybody = {state: list(people) for state, people in groups.items()}
        claimers = everybody["batched"][:20] + everybody["held_out"][:10]
        claim = text("""
            INSERT INTO claims (privilege_id, member_id, person_id, holder, period, slot, state, claimed_at, used_at)
            VALUES (:privilege, :member, :person, 'p' || :person, '', 1, :state, :at, :used)
        """)
        for number, person in enumerate(claimers):
            used = stage.world.clock.now() if number < 4 else None
            values = {"privilege": coffee, "member": shop.id, "person": person, "at": stage.world.clock.now()}
            session.execute(claim, {**values, "state": "used" if used else "kept", "used": used})
        before = {"person": everybody["batched"][50], "at": NOON - timedelta(days=1), "state": "kept", "used": None}
        session.execute(claim, {"privilege": coffee, "member": shop.id, **before})
    with stage.world.parts.sessions() as session:
        found = results(session, session.get_one(Offer, stage.offer_id), stage.world.clock.now())
    sent, held = len(everybody["batched"]), len(everybody["held_out"])
    assert (found.sent.people, found.sent.claimers, found.sent.claims, found.sent.uses) == (sent, 20, 20, 4)
    assert (found.held_out.people, found.held_out.claimers, found.held_out.uses) == (held, 10, 0)
    assert found.more_per_hundred == pytest.approx(100 * (20 / sent - 10 / held))
    assert (found.cost_satang, found.cost_per_use_satang) == (25 * sent, round(25 * sent / 4))


def test_clicks_are_told_by_link(stage: Stage) -> None:
    """Each link with its openings, those of nobody too."""
    stage.crowd(1)
    stage.approved()
    with stage.world.parts.sessions.begin() as session:
        for position in range(2):
            target = f"https://shop.example/{position}"
            session.add(
                Link(offer_id=stage.offer_id, language="th", position=position, token=f"t{position}", target=target)
            )
        session.flush()
        first = session.scalars(select(Link.id).order_by(Link.id)).first()
        session.add_all([Click(link_id=first, at=NOON), Click(link_id=first, at=NOON)])
    with stage.world.parts.sessions() as session:
        found = results(session, session.get_one(Offer, stage.offer_id), NOON)
    assert ([(link.target, link.clicks) for link in found.links], found.clicks) == (
        [("https://shop.example/0", 2), ("https://shop.example/1", 0)], 2
    )  # fmt: skip


@pytest.mark.parametrize(("people", "seen"), [(25, 25), (15, None)])
def test_lines_own_figures_and_its_silence_below_twenty(stage: Stage, people: int, seen: int | None) -> None:
    """LINE counts by the offer's name; below 20 it gives no number, and none is told, not 0."""
    stage.crowd(people)
    stage.approved()
    stage.job().run()
    stage.later(2)
    stage.job().run()
    with stage.world.parts.sessions() as session:
        found = results(session, session.get_one(Offer, stage.offer_id), stage.world.clock.now())
    assert found.line == {"seen": seen, "clicked": None}
    assert found.line_asked_at == stage.world.clock.now()
    asked = len(stage.line.calls("/v2/bot/insight"))
    stage.job().run()
    assert len(stage.line.calls("/v2/bot/insight")) == asked == 1, "not again within hours"


def test_e12_a_test_message_goes_to_a_named_tester_once(stage: Stage) -> None:
    """E12: LINE took it and did not say so: the same key again; it goes to nobody who is no tester any more, and it never
    becomes a sending."""
    stage.crowd(3)
    stage.approved(state="draft")
    asked_for(stage, 1, named=True)
    asked_for(stage, 2, named=False)
    stage.line.fault("error_500_after", path=PUSH, times=1)
    stage.job().run()
    stage.change("UPDATE offer_tests SET lease_until = now() - interval '1 s'")
    stage.job().run()
    assert [call["status"] for call in stage.line.calls(PUSH)] == [500, 409]
    with stage.world.parts.sessions() as session:
        rows = session.execute(select(TestSend.state, TestSend.error).order_by(TestSend.id)).all()
    assert [tuple(row) for row in rows] == [("accepted", None), ("refused", "no longer a tester")]
    assert (stage.heard(), stage.offer().state, stage.line.calls(MULTICAST)) == ({0: 2, 1: 1}, "draft", [])


def asked_for(stage: Stage, number: int, *, named: bool) -> None:
    """A test message to this person of the crowd, who is a tester or was one."""
    with stage.world.parts.sessions.begin() as session:
        user = user_ids([number])[0]
        person = session.scalars(select(Person).where(Person.line_user_id == user)).one()
        offer = session.get_one(Offer, stage.offer_id)
        by = offer.author_id
        if named:
            session.add(Tester(club=CLUB, person_id=person.id, name="May", added_by=by, added_at=NOON))
        values = {
            "offer_id": offer.id,
            "person_id": person.id,
            "by_staff": by,
            "digest": offer.digest,
            "asked_at": NOON,
        }
        session.add(TestSend(**values, retry_key=uuid.uuid4(), messages=[{"type": "text", "text": "ลอง"}]))
