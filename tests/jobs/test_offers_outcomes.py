"""Every answer of LINE to an offer's batch, and what becomes of the batch, the offer and the people (D9, D11, D16, E5)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import bot.line
from benefits.offers import batches
from models import JournalEntry
from simulator import sending
from simulator.api import invalid_property
from tests.conversations.chat import world as running
from tests.factories import NOON
from tests.jobs.offers import HELLO, MULTICAST, PERSONAL, PUSH, QUOTA, Stage, user_ids

PEOPLE = 3


@pytest.fixture
def stage(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Three friends, no frequency cap, and a program that waits a third of a second for LINE."""
    monkeypatch.setattr(bot.line, "TIMEOUT", (0.3, 0.3))
    with running(database_url, tmp_path, NOON) as world:
        found = Stage(world)
        found.uncapped()
        yield found


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches are taken singly, so that a test can step in between (with one thread)."""
    monkeypatch.setattr("jobs.offering.AT_ONCE", 1)


@dataclass(frozen=True)
class Mode:
    """One way a call goes: the fault, the batch's and the offer's state after it, and what people have in the end."""

    name: str
    fault: dict[str, Any] | None
    first: str
    offer: str
    arrives: bool
    statuses: tuple[int | None, ...]
    """Of all calls, the later ones included; None: nothing came back."""


def _fault(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "times": 1, **more}


MODES = [
    Mode("200", None, "accepted", "done", True, (200,)),
    Mode("409", _fault("error_500_after"), "sending", "sending", True, (500, 409)),
    *(Mode(str(n), _fault("html_body", status=n), "refused", "paused", False, (n,)) for n in (400, 403, 404, 410, 413)),
    Mode("401", _fault("expired_token"), "planned", "paused", True, (401, 200)),
    Mode("429 of the rate", _fault("rate_429"), "planned", "sending", True, (429, 200)),
    Mode("429 of the quota, with quota left", _fault("quota_429"), "planned", "sending", True, (429, 200)),
    Mode("500", _fault("error_500_before"), "sending", "sending", True, (500, 200)),
    Mode("502 with HTML", _fault("html_body"), "sending", "sending", True, (502, 200)),
    Mode("200 with HTML", _fault("html_body", status=200), "sending", "sending", True, (200, 200)),
    Mode("timeout before", _fault("timeout_before", seconds=0.6), "sending", "sending", True, (None, 200)),
    Mode("timeout after", _fault("timeout_after", seconds=0.6), "sending", "sending", True, (200, 409)),
    Mode("slow", _fault("slow", seconds=0.6), "sending", "sending", True, (200, 409)),
    Mode("reset before", _fault("reset_before"), "sending", "sending", True, (None, 200)),
    Mode("reset after", _fault("reset_after"), "sending", "sending", True, (200, 409)),
    Mode("half a body", _fault("half_body"), "sending", "sending", True, (200, 409)),
]


@pytest.mark.parametrize("kind", ["multicast", "push"])
def test_d9_at_most_once_and_if_accepted_exactly_once(stage: Stage, kind: str) -> None:
    """D9: after every answer everybody has the message at most once, and exactly once where LINE can be moved to take it;
    what may have been accepted is tried again with the same key and the same body."""
    path, content, people = (MULTICAST, HELLO, PEOPLE) if kind == "multicast" else (PUSH, PERSONAL, 1)
    stage.crowd(people)
    arrived = 0
    for mode in MODES:
        if mode.fault:
            stage.line.fault(path=path, **mode.fault)
        before = len(stage.line.calls(path))
        stage.approved(name=mode.name, content=content)
        stage.at_full_speed()
        stage.job().run()
        # A single person's message that is refused says nothing about the others'.
        offer = "done" if kind == "push" and mode.name == "400" else mode.offer
        assert (stage.outcomes(), stage.offer().state) == ({mode.first: (1, people)}, offer), mode.name
        stage.later(minutes=1)
        stage.at_full_speed()
        stage.job().run()
        stage.line.wait_idle(quiet=0.01)
        calls = sorted(stage.line.calls(path)[before:], key=lambda call: call["at"])
        assert [call["status"] for call in calls] == list(mode.statuses), mode.name
        assert stage.outcomes() == {"accepted" if mode.arrives else "refused": (1, people)}, mode.name
        assert stage.offer().state == ("done" if mode.arrives else offer), mode.name
        if mode.first == "sending":
            assert calls[0]["request"] == calls[1]["request"], mode.name
        arrived += mode.arrives
        assert stage.heard() == {arrived: people}, mode.name


def test_d10_a_worker_killed_between_sending_and_writing_down(stage: Stage) -> None:
    """D10: LINE has it, nobody wrote that down and the worker is gone: the next one asks with the same key, and hears 409."""
    stage.crowd(PEOPLE)
    stage.approved()
    stage.line.fault("error_500_after", path=MULTICAST, times=1)
    stage.job().run()
    stage.change(
        "UPDATE offer_batches SET owner = gen_random_uuid(), lease_until = now() + interval '20 s', next_attempt_at = NULL"
    )
    stage.job().run()
    assert len(stage.line.calls(MULTICAST)) == 1, "another worker has it"
    stage.lapse()
    stage.job().run()
    assert [call["status"] for call in stage.line.calls(MULTICAST)] == [500, 409]
    assert (stage.outcomes(), stage.offer().state, stage.heard()) == ({"accepted": (1, 3)}, "done", {1: 3})


def test_d10_two_workers_never_have_one_batch(stage: Stage) -> None:
    """D10: what one worker tries again is its own for as long as its lease lasts, whatever another asks for."""
    stage.crowd(PEOPLE)
    stage.approved()
    stage.line.fault("error_500_before", path=MULTICAST, times=1)
    stage.job().run()
    now = stage.later(minutes=1)
    mine, theirs = uuid.uuid4(), uuid.uuid4()
    with stage.world.parts.sessions.begin() as session:
        assert len(batches.retry(session, stage.offer_id, mine, now, 10)) == 1
    with stage.world.parts.sessions.begin() as session:
        assert batches.retry(session, stage.offer_id, theirs, now, 10) == []


def test_d10_an_open_outcome_and_then_429_is_no_proof(stage: Stage) -> None:
    """D9, D10: LINE took it and did not say so; the retry hears 429, which is true of the retry alone: same key again."""
    stage.crowd(PEOPLE)
    stage.approved()
    for kind in ("error_500_after", "rate_429", "html_body"):
        more = {"status": 400} if kind == "html_body" else {}
        stage.line.fault(kind, path=MULTICAST, times=1, **more)
        stage.job().run()
        stage.later(minutes=1)
        stage.at_full_speed()
        stage.change("UPDATE offers SET state = 'sending', paused_reason = NULL")
    assert stage.outcomes() == {"unknown": (1, 3)}, "400 after a doubt: nobody knows"
    assert len({call["request"]["to"][0] for call in stage.line.calls(MULTICAST)}) == 1
    stage.job().run()
    assert stage.heard() == {1: 3}


@pytest.mark.parametrize(("hours", "state", "calls"), [(22.98, "accepted", 2), (23.02, "unknown", 1)])
def test_d11_after_23_hours_a_batch_is_unknown_and_left_to_people(
    stage: Stage, hours: float, state: str, calls: int
) -> None:
    """D11: LINE forgets keys after 24 hours; we stop an hour before, and then nothing is sent again by itself."""
    stage.crowd(PEOPLE)
    stage.approved()
    stage.line.fault("error_500_after", path=MULTICAST, times=1)
    stage.job().run()
    stage.later(hours)
    stage.job().run()
    stage.later(2)
    stage.job().run()
    assert (stage.outcomes(), len(stage.line.calls(MULTICAST))) == ({state: (1, 3)}, calls)
    assert (stage.heard(), stage.offer().state) == ({1: 3}, "done")


def test_e7_paused_for_a_day_nothing_unknown_is_sent_again(stage: Stage, one_by_one: None) -> None:
    """E7: paused with one batch of unknown outcome; resumed after 25 hours that one waits for a person, the others go on."""
    stage.crowd(3)
    stage.crowd(2, first=100, language="en")
    stage.approved()
    stage.line.fault("error_500_after", path=MULTICAST, times=1)
    stage.after(1, lambda: stage.change("UPDATE offers SET state = 'paused', paused_reason = 'asked'"))
    stage.job(threads=1).run()
    assert stage.outcomes() == {"sending": (1, 2), "planned": (1, 3)}
    stage.later(25)
    stage.job().run()
    assert stage.outcomes() == {"unknown": (1, 2), "planned": (1, 3)}
    stage.change("UPDATE offers SET state = 'sending', paused_reason = NULL")
    stage.job().run()
    assert (stage.outcomes(), stage.offer().state) == ({"unknown": (1, 2), "accepted": (1, 3)}, "done")
    assert stage.heard() == {1: 5}, "LINE had taken it, which we cannot know"


def test_d16_a_revoked_token_pauses_once_and_goes_on_with_a_new_one(stage: Stage) -> None:
    """D16: LINE takes our token no longer: the offer pauses for that reason, is sent to nobody twice, and goes on by itself
    when LINE takes the token again."""
    stage.crowd(1200)
    stage.approved()
    stage.line.fault("expired_token")
    stage.job().run()
    assert (stage.offer().state, stage.offer().paused_reason) == ("paused", "token")
    stage.job().run()
    assert (stage.offer().state, deeds(stage)) == ("paused", ["offer_halted"])
    stage.line.clear_faults()
    stage.job().run()
    stage.job().run()
    assert (stage.offer().state, stage.heard()) == ("done", {1: 1200})
    assert deeds(stage) == ["offer_halted", "offer_resumed", "offer_begun", "offer_done"]


def test_d16_revoked_in_the_middle_what_was_not_sent_is_sent_afterwards(stage: Stage, one_by_one: None) -> None:
    """D16: two batches left, then 401: the others are planned again, and nobody gets it twice."""
    stage.crowd(1700)
    stage.approved()
    stage.after(2, lambda: stage.line.line.faults.add({"kind": "expired_token"}))
    stage.job(threads=1).run()
    assert (stage.offer().paused_reason, stage.heard()) == ("token", {0: 700, 1: 1000})
    stage.line.clear_faults()
    stage.later(minutes=5)
    stage.job().run()
    assert (stage.offer().state, stage.heard(), stage.outcomes()) == ("done", {1: 1700}, {"accepted": (4, 1700)})


def test_e5_the_quota_runs_out_midway(stage: Stage, one_by_one: None) -> None:
    """E5: somebody else uses the channel, and LINE has no messages left: the offer pauses once, with the numbers; it goes on
    only when a person says so."""
    stage.crowd(1200)
    stage.line.set(quota_limit=1300)
    stage.approved()
    stage.after(1, lambda: stage.line.line.quota.count("push", 700))
    stage.job(threads=1).run()
    assert (stage.offer().state, stage.offer().paused_reason) == ("paused", "quota")
    assert stage.heard() == {0: 700, 1: 500}
    assert (deeds(stage), facts(stage)) == (
        ["offer_begun", "offer_halted"],
        {"reason": "quota", "limit": 1300, "used": 1200},
    )
    stage.later(24)
    stage.line.set(quota_limit=None)
    stage.job().run()
    assert stage.heard() == {0: 700, 1: 500}, "not by itself"
    stage.change("UPDATE offers SET state = 'sending', paused_reason = NULL")
    stage.job().run()
    assert (stage.offer().state, stage.heard()) == ("done", {1: 1200})


def facts(stage: Stage) -> Any:
    """The numbers with which it was halted."""
    with stage.world.parts.sessions() as session:
        return session.scalars(select(JournalEntry.facts).where(JournalEntry.action == "offer_halted")).one()


def deeds(stage: Stage) -> list[str]:
    """What the journal says of the offer, in order."""
    with stage.world.parts.sessions() as session:
        found = select(JournalEntry.action).where(JournalEntry.subject_kind == "offer").order_by(JournalEntry.id)
        return list(session.scalars(found))


def test_e5_a_quota_that_is_too_small_is_refused_beforehand_with_numbers(stage: Stage) -> None:
    """E5: 1,200 messages needed, 1,000 left, 100 of them kept for reminders: nothing is sent, and the journal has the numbers."""
    stage.crowd(1200)
    stage.line.set(quota_limit=1000)
    stage.change("UPDATE budgets SET reserve = 100")
    stage.approved()
    stage.job().run()
    assert (stage.offer().state, stage.offer().paused_reason, stage.offer().prepared_at) == ("paused", "quota", None)
    assert facts(stage) == {"reason": "quota", "needed": 1200, "room": 900}
    assert stage.offer().recipients is None
    assert (stage.recipients(), stage.heard(), stage.line.calls(MULTICAST)) == ({}, {0: 1200}, [])
    assert stage.line.calls(QUOTA)


def test_a_malformed_id_costs_its_owner_the_message_and_nobody_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LINE refuses 500 for one malformed id and says which: that one is left out, the others get it, once. Ids that we can
    see to be malformed never come so far."""
    stage.crowd(8)
    stage.change("UPDATE people SET line_user_id = 'Unobody' WHERE id % 8 = 3")
    stage.approved()
    stage.job().run()
    assert (stage.recipients(), stage.outcomes()) == ({"batched": 7, "malformed": 1}, {"accepted": (1, 7)})
    monkeypatch.setattr(sending, "multicast_people", _strict(sending.multicast_people, user_ids([5])[0]))
    stage.approved(name="again")
    stage.job().run()
    assert [call["status"] for call in stage.line.calls(MULTICAST)] == [200, 400, 200]
    assert (stage.recipients(), stage.outcomes()) == ({"batched": 6, "malformed": 2}, {"accepted": (1, 6)})
    assert stage.offer().reserved == 0
    assert stage.heard() == {0: 1, 1: 1, 2: 6}


def _strict(real: Any, user_id: str) -> Any:
    """LINE cannot read this id any more, and refuses whoever stands beside it."""

    def people(line: Any, body: Any) -> Any:
        if user_id in body["to"]:
            raise invalid_property(f"to[{body['to'].index(user_id)}]")
        return real(line, body)

    return people
