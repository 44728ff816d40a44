"""What single jobs do: tidying up, one club's trouble, a push that cannot be worded or whose token has expired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from benefits import people, rounds
from jobs.wiring import make_work
from jobs.work import KEEP_TURNS, Work
from models import Notice, Person, Run, TurnRow
from tests import factories
from tests.conversations.chat import CLUB, Chat, World
from tests.conversations.chat import world as running
from tests.factories import NOON

OLD, YOUNG = NOON - KEEP_TURNS - timedelta(seconds=1), NOON - KEEP_TURNS + timedelta(seconds=1)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """The program and a LINE platform; the jobs are called by hand."""
    with running(database_url, tmp_path, NOON) as found:
        yield found


@pytest.fixture
def work(world: World) -> Work:
    """Its jobs."""
    return make_work(world.parts)


def turn(event_id: str, **values: Any) -> TurnRow:
    """An event that was handled and answered."""
    defaults = {"club": CLUB, "kind": "message", "event": {"message": {"text": "my name is May"}}, "state": "done"}
    answered = {"reply": [{"type": "text", "text": "hello May"}], "reply_token": "t", "reply_state": "sent"}
    return TurnRow(**{**defaults, **answered, "event_id": event_id, "message_id": "m1", "received_at": OLD, **values})


def notice(world: World, phone: Chat, **values: Any) -> int:
    """Something to be pushed to a friend now; the notice's id."""
    with world.parts.sessions.begin() as session:
        friend = session.scalar(select(Person).where(Person.line_user_id == phone.user_id))
        friend = friend or factories.person(session, line_user_id=phone.user_id)
        defaults = {"club": CLUB, "person_id": friend.id, "kind": "news", "key": f"k{values}", "facts": {}}
        row = Notice(**{**defaults, "created_at": NOON, "push_at": NOON, **values})
        session.add(row)
        session.flush()
        return int(row.id)


def state(world: World, notice_id: int) -> str:
    """What became of a notice."""
    with world.parts.sessions() as session:
        return session.get_one(Notice, notice_id).state


def pushed(world: World, phone: Chat) -> int:
    """How many messages the person got."""
    return len(world.line.said(phone.phone))


def test_tidy_empties_old_turns_and_keeps_what_somebody_must_still_see(world: World, work: Work) -> None:
    """B18: after 90 days content and reply are gone, that it was handled once remains; parked and young ones stay whole."""
    with world.parts.sessions.begin() as session:
        session.add_all([turn("old"), turn("parked", state="parked", error="x"), turn("young", received_at=YOUNG)])
        session.add(turn("seen", state="parked", error="ValueError: my name is May", seen_at=OLD))
    assert work.tidy() == 2
    assert work.tidy() == 0, "running again changes nothing"
    with world.parts.sessions() as session:
        found = {row.event_id: row for row in session.scalars(select(TurnRow))}
    assert set(found) == {"old", "parked", "young", "seen"}
    assert (found["seen"].event, found["seen"].error) == ({}, "ValueError"), "somebody put it aside"
    gone = found["old"]
    assert (gone.event, gone.reply, gone.reply_token, gone.message_id, gone.state) == ({}, None, None, None, "done")
    for kept in (found["parked"], found["young"]):
        assert kept.event == {"message": {"text": "my name is May"}}
        assert kept.reply


def test_what_staff_asks_for_is_handled_again_once(world: World, work: Work) -> None:
    """A parked press is tried again because somebody asked, whatever its kind; one that fails again waits to be asked."""
    may = world.phone("เมย์", friend=True)
    said = {"type": "message", "source": {"type": "user", "userId": may.user_id}, "timestamp": 1}
    good = {**said, "message": {"id": "1", "type": "text", "text": "help"}}
    with world.parts.sessions.begin() as session:
        values = {"state": "parked", "error": "x", "received_at": YOUNG, "reply_state": "none", "retry_asked_at": NOON}
        session.add(turn("good", event=good, **values))
        session.add(turn("bad", event=["not an event"], **values))
        session.add(turn("unasked", event=good, **{**values, "retry_asked_at": None}))
    assert work.parked() == 1
    assert work.parked() == 0, "nobody asked again"
    with world.parts.sessions() as session:
        found = {row.event_id: row for row in session.scalars(select(TurnRow))}
    told = {key: (row.state, row.attempts, row.retry_asked_at) for key, row in found.items()}
    assert told == {"good": ("done", 2, None), "bad": ("parked", 2, None), "unasked": ("parked", 1, None)}


def test_tidy_removes_settled_notices_and_finished_jobs(world: World, work: Work, database_url: str) -> None:
    """B18: what was told long ago and tasks done a week ago go; what waits and what runs stays."""
    may = world.phone("เมย์", friend=True)
    told = notice(world, may, state="told", created_at=OLD, key="told")
    waits = notice(world, may, state="waiting", created_at=OLD, key="waits", push_at=None)
    young = notice(world, may, state="told", created_at=YOUNG, key="young")
    states = ("todo", "doing", "succeeded", "failed", "aborted")
    with psycopg.connect(database_url, autocommit=True) as connection:
        for status in (*states, "now"):
            connection.execute("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('q', %s)", (status,))
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name <> 'todo'")
        for end in ("succeeded", "failed", "aborted"):  # step by step, so that the engine notes each
            connection.execute(f"UPDATE procrastinate_jobs SET status = '{end}' WHERE task_name = '{end}'")
        connection.execute("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE task_name = 'now'")
        now = "SELECT id FROM procrastinate_jobs WHERE task_name = 'now'"
        connection.execute(
            f"UPDATE procrastinate_events SET at = now() - interval '8 days' WHERE job_id NOT IN ({now})"
        )
        work.tidy()
        left = {row[0] for row in connection.execute("SELECT task_name FROM procrastinate_jobs").fetchall()}
    assert left == {"todo", "doing", "now"}
    with world.parts.sessions() as session:
        assert set(session.scalars(select(Notice.id))) == {waits, young}
    assert told not in (waits, young)


def test_one_clubs_trouble_does_not_stop_anothers_round(
    world: World, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F10: the round of the first club fails; the second club's is run, and the failure is still told."""
    club = world.parts.clubs[CLUB]
    with world.parts.sessions.begin() as session:
        factories.charge(session, factories.member(session), count_month=date(2026, 10, 1))
    broken = replace(club, key="broken_club")
    due = rounds.due

    def failing(session: Any, asked: Any, now: Any) -> Any:
        if asked.key == "broken_club":
            raise RuntimeError("its file names a tier that is gone")
        return due(session, asked, now)

    monkeypatch.setattr(rounds, "due", failing)
    with pytest.raises(RuntimeError, match="a tier that is gone"):
        replace(work, clubs={"broken_club": broken, CLUB: club}).rounds()
    with world.parts.sessions() as session:
        assert session.scalars(select(Run.state)).all() == ["done"]


def test_a_notice_nobody_can_word_does_not_hold_up_the_others(world: World, work: Work) -> None:
    """D4: a poisoned one is dropped, and the next person's is pushed in the same run."""
    may, boy = world.phone("เมย์", friend=True), world.phone("บอย", friend=True)
    poison = notice(
        world, may, kind="tier_changed", facts={"after": "a tier that is gone"}, push_at=NOON - timedelta(days=1)
    )
    good = notice(world, boy)
    assert work.pushes() == 1
    assert (state(world, poison), state(world, good)) == ("dropped", "pushed")
    assert (pushed(world, may), pushed(world, boy)) == (0, 1)


def test_d9_an_expired_token_drops_no_notice(world: World, work: Work) -> None:
    """D9: 401 says nothing of the message: it waits, and is pushed once when the token is good again."""
    may = world.phone("เมย์", friend=True)
    waiting = notice(world, may)
    world.line.fault("expired_token", path="/v2/bot/message/push")
    assert work.pushes() == 0
    assert (state(world, waiting), pushed(world, may)) == ("waiting", 0)
    world.line.clear_faults()
    world.move_to(NOON + timedelta(minutes=2))
    assert work.pushes() == 1
    assert (state(world, waiting), pushed(world, may)) == ("pushed", 1)
    assert work.pushes() == 0


def test_d11_a_push_without_outcome_is_given_up_after_23_hours(world: World, work: Work) -> None:
    """D11: retried under its key while LINE remembers it, then left for a person to decide; never sent anew."""
    may = world.phone("เมย์", friend=True)
    waiting = notice(world, may)
    world.line.fault("error_500_before", path="/v2/bot/message/push")
    work.pushes()
    world.move_to(NOON + timedelta(hours=22, minutes=59))
    work.pushes()
    assert state(world, waiting) == "pushing"
    world.line.clear_faults()
    world.move_to(NOON + timedelta(hours=23, minutes=1))
    assert work.pushes() == 0
    assert (state(world, waiting), pushed(world, may)) == ("unknown", 0)


def test_a_profile_is_asked_for_again_after_a_month(world: World) -> None:
    """People change their names: a friend's is learnt anew when it is older than 30 days, not at every turn."""
    may = world.phone("เมย์")
    may.follows()
    world.line.do(lambda _: setattr(may.phone, "name", "เมย์ (ใหม่)"))
    for days, name in ((29, "เมย์"), (31, "เมย์ (ใหม่)")):
        world.move_to(NOON + timedelta(days=days))
        may.says("help")
        with world.parts.sessions() as session:
            assert people.name_of(session, session.scalars(select(Person)).one()) == name
