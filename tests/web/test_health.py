"""Health, readiness, metrics and the demo's clock, on a real database and without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from clock import MovableClock
from database.engine import make_engine
from models import Claim, Notice, TurnRow
from tests.factories import NOON, member, person, privilege
from web import demo, health


def client_on(engine: Engine, now: datetime = NOON) -> FlaskClient:
    app = Flask("health-tests")
    app.register_blueprint(health.pages(engine, lambda: now))
    return app.test_client()


def turn(session: Session, n: int, state: str, **values: object) -> None:
    row = {
        "club": "family_club",
        "event_id": f"e{n}",
        "kind": "message",
        "event": {},
        "received_at": NOON,
        "state": state,
    }
    session.add(TurnRow(**{**row, **values}))


def test_ready_with_a_database_that_stands_at_the_newest_migration(engine: Engine) -> None:
    answer = client_on(engine).get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "reasons": []})


def test_not_ready_with_an_old_schema_and_says_the_remedy(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client_on(engine).get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "flask db upgrade" in answer.json["reasons"][0]


def test_alive_but_not_ready_without_a_database_and_names_no_host() -> None:
    client = client_on(make_engine("postgresql://nobody:secret@127.0.0.1:1/none"))
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "does not answer" in answer.text
    assert "127.0.0.1" not in answer.text
    assert "secret" not in answer.text
    assert "sitthi_up 0.0" in client.get("/metrics").text


def test_metrics_count_what_the_database_holds(engine: Engine, session: Session) -> None:
    for n, state in enumerate(("done", "done", "refused")):
        turn(session, n, state)
    turn(session, 10, "parked", received_at=NOON - timedelta(days=2), error="ValueError: x")
    turn(session, 11, "done", received_at=NOON - timedelta(minutes=6))
    turn(session, 12, "done", reply_state="new")
    turn(session, 13, "done", reply_state="unknown")
    ann = person(session)
    shop = member(session, ann)
    session.add(Notice(club="family_club", person_id=ann.id, kind="k", key="k1", created_at=NOON))
    for at in (NOON, datetime(2026, 11, 11, 17, 0, tzinfo=UTC), datetime(2026, 11, 11, 16, 59, tzinfo=UTC)):
        gift = privilege(session)
        row = {
            "privilege_id": gift.id,
            "member_id": shop.id,
            "person_id": ann.id,
            "holder": f"m{shop.id}",
            "period": "",
        }
        session.add(Claim(**row, slot=1, claimed_at=at))
    session.commit()
    lines = client_on(engine).get("/metrics").text.splitlines()
    assert 'sitthi_turns{state="done"} 4.0' in lines
    assert 'sitthi_turns{state="refused"} 1.0' in lines
    assert 'sitthi_turns{state="parked"} 0.0' in lines
    assert "sitthi_events_parked 1.0" in lines
    assert "sitthi_replies_open 1.0" in lines
    assert "sitthi_replies_unknown 1.0" in lines
    assert "sitthi_notices_waiting 1.0" in lines
    assert 'sitthi_claims_today{club="family_club"} 2.0' in lines
    assert "sitthi_up 1.0" in lines


@pytest.mark.parametrize(
    ("remote", "headers"),
    [
        ("10.0.0.7", {}),
        ("203.0.113.9", {}),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("::1", {"Forwarded": "for=203.0.113.9"}),
    ],
)
def test_c17_metrics_hidden_from_everyone_but_this_machine(
    engine: Engine, remote: str, headers: dict[str, str]
) -> None:
    answer = client_on(engine).get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": remote})
    assert answer.status_code == 404
    assert "sitthi" not in answer.text


def test_demo_clock_moves_for_every_process_that_shares_the_file(tmp_path: Path) -> None:
    app = Flask("demo-tests")
    app.register_blueprint(demo.pages(MovableClock(tmp_path / "clock.json")))
    other = MovableClock(tmp_path / "clock.json")
    answer = app.test_client().post("/_demo/clock", json={"now": "2026-12-02T00:00:00+07:00"})
    assert answer.status_code == 200
    assert abs(other.now() - datetime(2026, 12, 1, 17, 0, tzinfo=UTC)) < timedelta(seconds=5)
    told = app.test_client().get("/_demo/clock").json
    assert told is not None
    assert datetime.fromisoformat(told["now"]) - other.now() < timedelta(seconds=5)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"now": 5}',
        '{"now": "soon"}',
        '{"now": "2026-12-02T00:00:00"}',
        '{"now": "9999-12-31T23:59:59-12:00"}',
    ],
)
def test_demo_clock_refuses_what_is_no_instant(tmp_path: Path, body: str) -> None:
    app = Flask("demo-tests")
    app.register_blueprint(demo.pages(MovableClock(tmp_path / "clock.json")))
    answer = app.test_client().post("/_demo/clock", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["error"]
    assert not (tmp_path / "clock.json").exists()
