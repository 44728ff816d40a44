"""An offer on its way: to everybody once, to nobody who may not get it, stopped within seconds, once however often asked."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from benefits.offers import batches, drafting, pace, running
from benefits.offers.progress import progress
from models import JournalEntry, Offer, Recipient
from tests.conversations.chat import CLUB
from tests.conversations.chat import world as standing
from tests.factories import NOON
from tests.jobs.offers import MULTICAST, PERSONAL, PUSH, Stage, user_ids

CLICKED = {"parts": [{"kind": "text", "th": "ไทย", "en": "English"}], "languages": ["th", "en"]}


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    """No frequency cap and no quiet hours; a standing clock."""
    with standing(database_url, tmp_path, NOON) as world:
        found = Stage(world)
        found.uncapped()
        yield found


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are taken singly, so that a test can step in between (with one thread)."""
    monkeypatch.setattr("jobs.offering.AT_ONCE", 1)


def test_e1_fifty_thousand_people_get_it_once_each(stage: Stage) -> None:
    """E1: two workers, LINE's real token buckets on a running clock: everybody once, nobody missed, 429 for at most one call
    in a hundred; and the counts of the rows say the same."""
    stage.line.clock._read = time.time
    stage.crowd(40_000)
    stage.crowd(9_900, first=50_001, language="en")
    stage.crowd(100, first=80_001, language="ru")
    stage.approved()
    workers = [stage.job(), stage.job()]
    threads = [threading.Thread(target=worker.run) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(3):
        stage.job().run()
    assert stage.heard() == {1: 50_000}
    assert (stage.outcomes(), stage.recipients()) == ({"accepted": (101, 50_000)}, {"batched": 50_000})
    calls = stage.line.calls(MULTICAST)
    assert sum(call["status"] == 429 for call in calls) <= len(calls) / 100
    with stage.world.parts.sessions() as session:
        found = progress(session, stage.offer())
    assert (found.state, found.accepted, found.recipients, found.waiting) == ("done", 50_000, 50_000, 0)
    assert stage.offer().reserved == 0


def test_each_reads_the_language_that_is_written_for_her(stage: Stage) -> None:
    """Thai and English as chosen; who reads a language it is not written in gets the first, in a batch of its own language."""
    stage.crowd(2)
    stage.crowd(1, first=10, language="en")
    stage.crowd(1, first=20, language="ru")
    stage.approved(content=CLICKED)
    stage.job().run()
    said = stage.line.do(lambda line: [line.people[key].entries[0].message["text"] for key in user_ids([1, 2, 10, 20])])
    assert said == ["ไทย", "ไทย", "English", "ไทย"]
    assert stage.outcomes() == {"accepted": (2, 4)}


def test_a_personal_offer_goes_out_one_by_one(stage: Stage) -> None:
    """Each gets her own body, by push; whoever lacks a value that the text cannot do without is left out as `incomplete`."""
    stage.crowd(3)
    stage.approved(content=PERSONAL)
    stage.job().run()
    assert (stage.outcomes(), stage.heard()) == ({"accepted": (3, 3)}, {1: 3})
    assert len(stage.line.calls(PUSH)) == 3
    lacking = {
        "parts": [{"kind": "text", "th": "คุณมี {stars} ดาว", "en": "You have {stars}"}],
        "languages": ["th", "en"],
    }
    stage.approved(name="lacking", content=lacking)
    stage.job().run()
    assert (stage.recipients(), stage.outcomes()) == ({"incomplete": 3}, {"empty": (3, 0)})
    assert (stage.offer().state, stage.heard()) == ("done", {1: 3})


def test_e3_two_consoles_and_four_workers_make_one_sending(stage: Stage) -> None:
    """E3: everybody presses at the same moment: the offer is prepared once, and everybody gets it once."""
    stage.crowd(2_000)
    stage.approved()
    together = threading.Barrier(4)

    def press() -> None:
        job = stage.job()
        together.wait()
        job.run()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stage.job().run()
    assert (stage.heard(), stage.recipients()) == ({1: 2_000}, {"batched": 2_000})
    with stage.world.parts.sessions() as session:
        begun = select(JournalEntry.id).where(JournalEntry.action == "offer_begun")
        assert len(session.scalars(begun).all()) == 1


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_e4_no_batch_begins_after_it_was_stopped_and_the_sentence_is_true(stage: Stage, how: str) -> None:
    """E4: stopped in the middle, at a pace of 2,000 a second: no call begins 5 s later, and what is told is what arrived."""
    stage.crowd(20_000)
    stage.approved(pace=2_000)
    sending = threading.Thread(target=stage.job().run)
    sending.start()
    while len(stage.line.calls(MULTICAST)) < 4:
        time.sleep(0.01)
    with stage.world.parts.sessions.begin() as session:
        offer = session.get_one(Offer, stage.offer_id)
        getattr(drafting, how)(session, offer=offer, by=offer.author_id, now=NOON)
    begun = time.monotonic()
    sending.join(30)
    assert time.monotonic() - begun < 5
    arrived = stage.heard()[1]
    assert 2_000 <= arrived < 20_000
    with stage.world.parts.sessions() as session:
        found = progress(session, offer)
    left = found.not_sent if how == "stop" else found.waiting
    assert (found.accepted, left, found.under_way) == (arrived, 20_000 - arrived, 0)
    stage.job().run()
    assert stage.heard()[1] == arrived
    assert stage.offer().state == {"stop": "stopped", "pause": "paused"}[how]


def test_e6_whoever_left_after_the_snapshot_gets_nothing(stage: Stage, one_by_one: None) -> None:
    """E6, B16: blocked, opted out or erased after the offer was prepared and before her batch was frozen: left out, with the
    reason; after her batch left, it is what it is."""
    stage.crowd(1_200)

    def gone() -> None:
        for number, change in ((1, "opted_out_at = now()"), (501, "friend = false"), (502, "opted_out_at = now()")):
            stage.change(f"UPDATE people SET {change} WHERE line_user_id = :id", id=user_ids([number])[0])
        stage.change("DELETE FROM people WHERE line_user_id = :id", id=user_ids([1_100])[0])

    stage.after(1, gone)
    stage.approved()
    stage.job(threads=1).run()
    assert stage.recipients() == {"batched": 1_197, "blocked": 1, "opted_out": 1, "erased": 1}
    assert (stage.outcomes(), stage.heard()) == ({"accepted": (3, 1_197)}, {0: 3, 1: 1_197})
    with stage.world.parts.sessions() as session:
        found = progress(session, stage.offer())
    assert (found.recipients, found.to_send, found.accepted) == (1_200, 1_197, 1_197)
    assert dict(found.skipped) == {"blocked": 1, "opted_out": 1, "erased": 1}


def test_e6_a_batch_that_may_have_left_is_never_built_anew(stage: Stage) -> None:
    """E6: LINE's answer did not come; she opts out; the retry is the very same call, for any other would be a new message."""
    stage.crowd(3)
    stage.approved()
    stage.line.fault("error_500_before", path=MULTICAST, times=1)
    stage.job().run()
    stage.change("UPDATE people SET opted_out_at = now(), friend = false")
    stage.later(minutes=1)
    stage.job().run()
    first, second = stage.line.calls(MULTICAST)
    assert (first["request"], first["status"], second["status"]) == (second["request"], 500, 200)
    assert (stage.heard(), stage.recipients()) == ({1: 3}, {"batched": 3})


def test_b16_a_batch_that_surely_did_not_leave_is_built_anew(stage: Stage) -> None:
    """B16: LINE said 429, so nobody has it; she opts out; the next try, under another key, leaves her out."""
    stage.crowd(3)
    stage.approved()
    stage.line.fault("rate_429", path=MULTICAST, times=1)
    stage.job().run()
    stage.change("UPDATE people SET opted_out_at = now() WHERE line_user_id = :id", id=user_ids([2])[0])
    stage.later(minutes=1)
    stage.at_full_speed()
    stage.job().run()
    assert [call["request"]["to"] for call in stage.line.calls(MULTICAST)] == [user_ids([1, 2, 3]), user_ids([1, 3])]
    assert (stage.outcomes(), stage.recipients()) == ({"accepted": (1, 2)}, {"batched": 2, "opted_out": 1})


def test_the_frequency_cap_counts_what_arrived(stage: Stage) -> None:
    """Two offers in seven days are allowed: the third leaves out who got two, and not who got one; a week later it may."""
    stage.change("UPDATE budgets SET cap_messages = 2, cap_days = 7")
    stage.crowd(5)
    stage.approved(name="one", audience={"languages": ["th"]})
    stage.job().run()
    stage.crowd(3, first=100)
    stage.approved(name="two")
    stage.job().run()
    stage.approved(name="three")
    stage.job().run()
    assert (stage.recipients(), stage.heard()) == ({"batched": 3, "capped": 5}, {2: 8})
    stage.later(24 * 7, minutes=1)
    stage.approved(name="four")
    stage.job().run()
    assert (stage.recipients(), stage.heard()) == ({"batched": 8}, {3: 8})


def test_two_offers_at_once_keep_the_cap(stage: Stage) -> None:
    """One offer a week is allowed, and two begin at the same moment: everybody gets one of them."""
    stage.change("UPDATE budgets SET cap_messages = 1, cap_days = 7")
    stage.crowd(3_000)
    ids = [stage.approved(name=name) for name in ("one", "two")]
    jobs = [threading.Thread(target=stage.job().run) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    stage.job().run()
    assert stage.heard() == {1: 3_000}
    with stage.world.parts.sessions() as session:
        states = set(session.scalars(select(Offer.state).where(Offer.id.in_(ids))))
    assert states == {"done"}


@pytest.mark.parametrize("known", [True, False], ids=["prepared before", "prepared meanwhile"])
def test_two_offers_freeze_one_after_the_other(stage: Stage, known: bool) -> None:
    """The cap allows one: what one offer is freezing, the other waits for, and then leaves out; also when the first did
    not know of the other, which was prepared only while it froze."""
    stage.crowd(3)
    ids = [stage.approved(name=name, pace=1) for name in ("one", "two")]
    job = stage.job()

    def prepare(offer_id: int) -> None:
        with stage.world.parts.sessions.begin() as session:
            running.begin(session, offer_id, NOON)
        job._prepare_one(stage.club, offer_id, NOON)

    for offer_id in ids if known else ids[:1]:
        prepare(offer_id)
    stage.change("UPDATE budgets SET cap_messages = 1, cap_days = 7")
    taken: list[int] = []

    def freeze(offer_id: int) -> None:
        with stage.world.parts.sessions.begin() as session:
            offer = session.get_one(Offer, offer_id)
            found = batches.freeze(session, club=stage.club, offer=offer, owner=uuid.uuid4(), now=NOON, limit=1)
            taken.append(len(found))
            if offer_id == ids[0]:
                if not known:
                    prepare(ids[1])
                other.start()
                other.join(0.5)

    other = threading.Thread(target=freeze, args=(ids[1],))
    freeze(ids[0])
    other.join(10)
    assert taken == [1, 0]
    with stage.world.parts.sessions() as session:
        capped = session.scalars(select(Recipient.offer_id).where(Recipient.state == "capped")).all()
    assert capped == [ids[1]] * 3


def test_the_held_out_share_stays_the_same_people(stage: Stage) -> None:
    """About a tenth gets nothing; asked again, of the same offer, it is the same tenth; of those who cannot be reached
    nobody is held out."""
    stage.crowd(4_000)
    stage.change("UPDATE people SET friend = false WHERE id % 4 = 0")
    stage.approved(holdout_percent=10)
    stage.job().run()
    found = stage.recipients()
    assert (found["blocked"], found["held_out"] + found["batched"]) == (1_000, 3_000)
    assert 200 < found["held_out"] < 400
    assert stage.heard()[1] == found["batched"]
    held = "SELECT array_agg(person_id ORDER BY person_id) FROM offer_recipients WHERE state = 'held_out'"
    with stage.world.parts.sessions() as session:
        first = session.execute(text(held)).scalar()
    stage.change("DELETE FROM offer_batches; DELETE FROM offer_bodies")
    stage.change("DELETE FROM offer_recipients")
    stage.change("UPDATE offers SET state = 'approved', prepared_at = NULL")
    stage.job().run()
    with stage.world.parts.sessions() as session:
        assert session.execute(text(held)).scalar() == first


def test_quiet_hours_and_the_hold_back_are_kept(stage: Stage) -> None:
    """Quiet from 21:00 to 9:00 in Bangkok: approved at 20:58 with five minutes to stop it, it begins at 9:00."""
    stage.change("UPDATE budgets SET quiet_from = 21, quiet_to = 9")
    stage.world.move_to(NOON.replace(hour=13, minute=58))
    stage.crowd(3)
    stage.approved(hold_back_minutes=5, approved_at=stage.world.clock.now())
    for minutes, state, heard in (
        (0, "approved", 0),
        (6, "approved", 0),
        (11 * 60 + 55, "approved", 0),
        (1, "done", 1),
    ):
        stage.later(minutes=minutes)
        stage.job().run()
        assert (stage.offer().state, stage.heard()) == (state, {heard: 3}), stage.world.clock.now()


def test_quiet_hours_begin_in_the_middle(stage: Stage, one_by_one: None) -> None:
    """At 21:00 the rest waits; at 9:00 it goes on."""
    stage.change("UPDATE budgets SET quiet_from = 21, quiet_to = 9")
    stage.world.move_to(NOON.replace(hour=13, minute=59))
    stage.crowd(1_200)
    stage.approved(pace=500)  # a batch a second; whether it is quiet is asked twice a second
    stage.after(1, lambda: setattr(stage.world.clock, "at", NOON.replace(hour=14)))
    stage.job(threads=1).run()
    assert stage.offer().state == "sending"
    assert stage.heard() in ({0: 700, 1: 500}, {0: 200, 1: 1_000}), "at most the batch whose place was taken already"
    stage.later(12)
    stage.job().run()
    assert (stage.offer().state, stage.heard()) == ("done", {1: 1_200})


def test_not_begun_in_time_it_is_not_begun_at_all(stage: Stage) -> None:
    """`not_after` has passed: expired, and nobody hears of it."""
    stage.crowd(3)
    stage.approved(not_after=NOON + timedelta(minutes=1), start_at=NOON + timedelta(minutes=1))
    stage.later(minutes=2)
    stage.job().run()
    assert (stage.offer().state, stage.heard(), stage.recipients()) == ("expired", {0: 3}, {})


def test_e10_what_was_changed_after_its_approval_is_not_sent(stage: Stage) -> None:
    """E10: its row says another text than was approved: it is a draft again, and nothing leaves."""
    stage.crowd(3)
    stage.approved()
    stage.change("UPDATE offers SET content = jsonb_set(content, '{parts,0,th}', '\"อย่างอื่น\"')")
    stage.job().run()
    assert (stage.offer().state, stage.heard()) == ("draft", {0: 3})


def test_late_answers_to_events_slow_offers_down(stage: Stage) -> None:
    """An answer has been waiting for 6 s: the pace is halved, once; when nothing waits any more it grows back."""
    stage.crowd(1)
    stage.approved()
    turn = "INSERT INTO turns (club, event_id, kind, event, received_at, state, reply_state, attempts, matters) VALUES (:club, 'e', 'message', '{}', :at, 'done', 'new', 1, false)"  # noqa: E501
    stage.change(turn, club=CLUB, at=NOON - timedelta(seconds=6))
    stage.job().run()
    stage.change("UPDATE send_rates SET changed_at = now() - interval '10 s'")
    for _ in range(3):
        stage.job().run()
    assert factor(stage) == 50
    stage.change("UPDATE turns SET reply_state = 'sent'")
    for expected in (63, 79, 99, 100, 100):
        stage.change("UPDATE send_rates SET changed_at = now() - interval '10 s'")
        stage.job().run()
        assert factor(stage) == expected


def factor(stage: Stage) -> int:
    """Percent of the pace."""
    with stage.world.parts.sessions() as session:
        return int(session.execute(text("SELECT factor FROM send_rates")).scalar_one())


def test_e8_more_than_a_million_are_told_in_stages() -> None:
    """E8: a tenth of the readers answering within the minute stays below what one machine takes; a million may be told as
    fast as LINE allows."""
    assert pace.bounded(100_000, 1_000_000) == 100_000
    assert pace.bounded(100_000, 1_000_001) * 0.1 <= 200
    assert pace.bounded(500, 5_000_000) == 500


def test_in_trouble_new_batches_wait_for_the_open_ones(stage: Stage, one_by_one: None) -> None:
    """LINE answers 500 to everything: with eight batches of unknown outcome nothing new is begun; one or two more may have
    been under way by then."""
    stage.crowd(6_000)
    stage.approved()
    stage.line.fault("error_500_before", path=MULTICAST)
    stage.job(threads=1).run()
    found = stage.outcomes()
    assert 8 <= found["sending"][0] <= 10
    assert found["sending"][0] + found["planned"][0] == 12
    stage.line.clear_faults()
    stage.later(minutes=1)
    stage.at_full_speed()
    stage.job().run()
    assert (stage.offer().state, stage.heard()) == ("done", {1: 6_000})


def test_g5_no_connection_is_held_while_line_thinks(stage: Stage) -> None:
    """G5: eight calls hang for two seconds; while all of them do, no transaction is open and no connection taken."""
    stage.crowd(4_000)
    stage.approved()
    stage.line.fault("slow", path=MULTICAST, seconds=2.0)
    sending = threading.Thread(target=stage.job().run)
    sending.start()
    while stage.line.do(lambda line: line.calls_open) < 8:
        assert sending.is_alive(), "eight never hung at once"
        time.sleep(0.005)
    taken, pool = 1, stage.world.parts.engine.pool
    while taken and stage.line.do(lambda line: line.calls_open) == 8:
        taken = pool.checkedout()  # type: ignore[attr-defined]
    stage.line.clear_faults()
    sending.join()
    assert taken == 0
    assert stage.heard() == {1: 4_000}


def test_a_clock_that_runs_is_what_the_rate_row_reads(stage: Stage) -> None:
    """Places are spaced by the database's clock: 40 calls at a fifth of LINE's rate take a second less what may be caught up."""
    stage.crowd(1)
    first = last = 0.0
    with stage.world.parts.sessions.begin() as session:
        assert pace.take(session, CLUB, kind="multicast", calls=1, people=1, pace=100_000) == 0.0
        session.execute(text("UPDATE send_rates SET share = 20"))
    begun = time.monotonic()
    for number in range(40):
        while True:
            with stage.world.parts.sessions.begin() as session:
                found = pace.take(session, CLUB, kind="multicast", calls=1, people=500, pace=100_000)
            if isinstance(found, pace.Places):
                break
            time.sleep(found)
        last = time.monotonic() - begun + found.first
        first = last if number == 0 else first
    assert 0.7 <= last - first <= 1.1
