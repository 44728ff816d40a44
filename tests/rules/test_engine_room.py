"""G12: what needs attention is told while it does, and no longer; jobs are overdue by the engine's own tables."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from benefits import engine_room
from benefits.engine_room import Need, Timed
from clubs import Club
from models import Budget, Notice, Run, Staff, StaffRequest, TurnRow
from tests import factories
from tests.factories import NOON

QUICK, SLOW = Timed("quick", 60, "asks each minute"), Timed("slow", 3600, "asks each hour")


def job(session: Session, name: str, status: str, beats: float | None = None, **ago: float) -> None:
    """A task of the engine: `ago` names its events and the seconds since; `beats`: since its worker's last sign of life."""
    worker = None
    if beats is not None:
        made = (
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => :s)) RETURNING id"
        )
        worker = session.execute(text(made), {"s": beats}).scalar_one()
    job_id = session.execute(
        text("INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id) "
             "VALUES ('timetable', :name, CAST(:status AS procrastinate_job_status), :worker) RETURNING id"),
        {"name": name, "status": status, "worker": worker},
    ).scalar_one()  # fmt: skip
    session.execute(
        text("DELETE FROM procrastinate_events WHERE job_id = :job"), {"job": job_id}
    )  # the trigger's, of now
    for kind, seconds in ago.items():
        session.execute(
            text("INSERT INTO procrastinate_events (job_id, type, at) "
                 "VALUES (:job, CAST(:kind AS procrastinate_job_event_type), now() - make_interval(secs => :s))"),
            {"job": job_id, "kind": kind, "s": seconds},
        )  # fmt: skip


def states(session: Session) -> list[engine_room.JobState]:
    """Quick and slow as they stand."""
    return engine_room.job_states(session, (QUICK, SLOW))


def test_g12_a_job_that_ended_well_lately_is_in_time(rolled_back: Session) -> None:
    """G12: the newest success counts, and says when it is asked next."""
    job(rolled_back, "quick", "succeeded", succeeded=900)
    job(rolled_back, "quick", "succeeded", succeeded=20, started=21, deferred=30)
    job(rolled_back, "slow", "succeeded", succeeded=3000)
    quick, slow = states(rolled_back)
    assert quick.done_ago == pytest.approx(20, abs=5)
    assert quick.next_in == pytest.approx(40, abs=5)
    assert slow.next_in == pytest.approx(600, abs=5)
    assert not any(state.overdue or state.failing for state in (quick, slow))


def test_g12_a_job_that_was_never_or_long_ago_well_is_overdue(rolled_back: Session) -> None:
    """G12: two turns and two minutes of patience; a long one that shows life is not late, a dead worker's is."""
    job(rolled_back, "quick", "succeeded", succeeded=245)
    assert [(state.overdue, state.next_in) for state in states(rolled_back)] == [(True, 0.0), (True, 0.0)]
    job(rolled_back, "quick", "doing", beats=5, started=200)
    assert not states(rolled_back)[0].overdue
    rolled_back.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'"))
    quick = states(rolled_back)[0]
    assert (quick.overdue, quick.running_for) == (True, None)


def test_g12_a_failure_after_the_last_success_is_told(rolled_back: Session) -> None:
    """G12: failing until it ends well again; one that waits says since when."""
    job(rolled_back, "quick", "succeeded", succeeded=100)
    job(rolled_back, "quick", "failed", failed=50)
    job(rolled_back, "quick", "todo", deferred=3)
    quick = states(rolled_back)[0]
    assert quick.failing
    assert quick.waiting_for == pytest.approx(3, abs=5)
    job(rolled_back, "quick", "succeeded", succeeded=1)
    assert not states(rolled_back)[0].failing


def needs(session: Session, club: Club, **values: Any) -> list[Need]:
    """What needs attention at noon, jobs left out unless a timetable is given."""
    session.flush()
    return engine_room.needs(session, club=club, **{"timetable": (), "disk": None, "now": NOON, **values})


def test_g12_no_job_at_all_is_said_in_one_sentence(rolled_back: Session, club: Club) -> None:
    """G12: where nothing runs, naming every job would hide that."""
    assert [need.kind for need in needs(rolled_back, club, timetable=(QUICK, SLOW))] == ["jobs_down"]


def turn(session: Session, event_id: str, **values: Any) -> None:
    """An event of a minute and a second ago."""
    defaults = {"club": "family_club", "kind": "message", "event": {}, "state": "done"}
    received = NOON - timedelta(seconds=61)
    session.add(TurnRow(**{**defaults, "event_id": event_id, "received_at": received, **values}))


def test_g12_a_quiet_house_needs_nothing(rolled_back: Session, club: Club) -> None:
    """G12: everything clears itself; another club's troubles are not ours."""
    turn(rolled_back, "fresh", reply_state="new", received_at=NOON)
    turn(rolled_back, "old", reply_state="unknown", received_at=NOON - timedelta(days=2))
    turn(rolled_back, "seen", state="parked", seen_at=NOON)
    turn(rolled_back, "theirs", state="parked", club="another_club")
    rolled_back.add(Budget(club=club.key, quota=100, used=90, asked_at=NOON))
    job(rolled_back, "quick", "succeeded", succeeded=5)
    assert needs(rolled_back, club, timetable=(QUICK,), disk=(5, 100)) == []


def test_g12_each_trouble_is_told_with_its_count(rolled_back: Session, club: Club) -> None:
    """G12: parked, late and unknown replies, unknown pushes, requests, quota, disk, jobs, rounds; the grave ones first."""
    turn(rolled_back, "parked", state="parked")
    turn(rolled_back, "late", reply_state="retrying")
    turn(rolled_back, "unknown", reply_state="unknown")
    someone = factories.person(rolled_back)
    values = {
        "club": club.key,
        "person_id": someone.id,
        "kind": "x",
        "key": "x",
        "created_at": NOON,
        "retry_key": uuid4(),
    }
    rolled_back.add(Notice(**values, state="unknown", first_attempt_at=NOON - timedelta(hours=23)))
    staff = Staff(email="nok@example.org", name="nok", password="-", fs_uniquifier="nok", created_at=NOON)
    rolled_back.add(staff)
    rolled_back.flush()
    asked = {
        "kind": "undo_use",
        "subject_kind": "s",
        "subject_id": 1,
        "reason": "r",
        "asked_by": staff.id,
        "asked_at": NOON,
    }
    rolled_back.add(StaffRequest(club=club.key, **asked))
    rolled_back.add(Budget(club=club.key, quota=100, used=91, asked_at=NOON))
    rolled_back.add(
        Run(club=club.key, kind="stars", period=date(2026, 9, 1), state="done", started_at=NOON, finished_at=NOON)
    )
    job(rolled_back, "slow", "succeeded", succeeded=5)
    found = needs(rolled_back, club, timetable=(QUICK, SLOW), disk=(4 * 2**20, 100 * 2**20))
    assert [(need.kind, need.count, need.names, need.grave) for need in found] == [
        ("jobs_overdue", 1, ("quick",), True),
        ("rounds_overdue", 1, ("2026-10-01",), True),
        ("parked", 1, (), True),
        ("replies_late", 1, (), True),
        ("disk_low", 4, (), True),
        ("quota_low", 9, (), True),
        ("replies_unknown", 1, (), False),
        ("notices_unknown", 1, (), False),
        ("undo_asked", 1, (), False),
    ]
