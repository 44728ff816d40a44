"""The webhook: signatures, bodies of every kind, one event's trouble staying its own, and nothing stored by halves."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from bot.webhook import signed, try_again
from models import Person, TurnRow
from tests.conversations.chat import CLUB, SECRET, World
from tests.conversations.chat import world as running
from tests.factories import NOON, line_user_id

GOLDEN_SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
GOLDEN_BODY = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
GOLDEN_SIGNATURE = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Everything running, nobody there yet."""
    with running(database_url, tmp_path, NOON) as found:
        yield found


def sign(body: bytes, secret: str = SECRET) -> str:
    """LINE's signature of a body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def post(world: World, body: bytes | Any, signature: str | None = None, **headers: str) -> requests.Response:
    """A webhook, signed unless a signature is given."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"x-line-signature": sign(raw) if signature is None else signature, **headers}
    return requests.post(f"{world.url}/callback/{CLUB}", data=raw, headers=sent, timeout=10)


def event(user: str | None = None, said: str = "help", **values: Any) -> dict[str, Any]:
    """A text event as LINE sends it."""
    n = line_user_id()[1:]
    return {
        "type": "message",
        "mode": "active",
        "timestamp": 1794000000000,
        "source": {"type": "user", "userId": user or line_user_id()},
        "webhookEventId": f"01{n[-24:]}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": n,
        "message": {"id": n[-18:], "type": "text", "text": said, "quoteToken": "q"},
        **values,
    }


def stored(world: World) -> list[TurnRow]:
    """Every turn, in order of receipt."""
    with world.parts.sessions() as session:
        return list(session.scalars(select(TurnRow).order_by(TurnRow.received_at, TurnRow.event_id)))


def test_c9_lines_golden_vector() -> None:
    """C9: LINE's published example verifies."""
    assert signed(GOLDEN_BODY, GOLDEN_SIGNATURE, [GOLDEN_SECRET])
    assert not signed(GOLDEN_BODY + b" ", GOLDEN_SIGNATURE, [GOLDEN_SECRET])


def test_c9_a_wrong_signature_stores_nothing(world: World) -> None:
    """C9: wrong, missing, empty, non-ASCII, truncated, of other bytes: 4xx, never 5xx, nothing stored."""
    good = json.dumps({"destination": "U" + "0" * 32, "events": [event()]}).encode()
    url = f"{world.url}/callback/{CLUB}"
    wrong = ["", "x", sign(good)[:-2], sign(good, "another-secret"), sign(good + b" "), "Ã©\xff", "=" * 5000]
    answers = [post(world, good, signature).status_code for signature in wrong]
    answers.append(requests.post(url, data=good, timeout=10).status_code)
    answers.append(post(world, json.dumps(json.loads(good), indent=1).encode(), sign(good)).status_code)
    answers.append(post(world, b"\xef\xbb\xbf" + good, sign(good)).status_code)
    answers.append(post(world, gzip.compress(good), sign(good), **{"content-encoding": "gzip"}).status_code)
    assert set(answers) == {400}
    assert stored(world) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff\xfe\xfd",
        b'{"events": 3}',
        b'{"events": {}}',
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
    ],
)
def test_c9_signed_nonsense_is_refused(world: World, body: bytes) -> None:
    """C9: signed, but no webhook body: 400, nothing stored."""
    assert post(world, body).status_code == 400
    assert stored(world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        '"timestamp": 1' + "0" * 400,
        '"timestamp": -1' + "0" * 400,
        '"timestamp": 1e999',
        '"replyToken": "a\\u0000b"',
        '"somethingNew": 1e999',
        '"somethingNew": "\\u0000\\ud800"',
    ],
)
def test_h3_what_json_allows_and_no_column_holds_is_taken(world: World, wrong: str) -> None:
    """H3, D17: numbers without end, infinities and NULs in an event: 200, stored, never 5xx."""
    usual = json.dumps({"events": [event(type="brandNew", message=None, replyToken=None)]})
    name = wrong.partition(":")[0]
    body = usual.replace(name, '"was"').replace('"type": "brandNew"', f'"type": "brandNew", {wrong}')
    assert post(world, body.encode()).status_code == 200
    assert [row.state for row in stored(world)] == ["ignored"]


@pytest.mark.parametrize("levels", [70, 450, 5000])
def test_h3_json_nested_too_deep_is_refused(world: World, levels: int) -> None:
    """H3: what is nested deeper than anything of LINE's is no webhook body: 400, never 5xx, nothing stored."""
    body = json.dumps({"events": [event(deep="HERE")]}).replace('"HERE"', "[" * levels + "]" * levels)
    assert post(world, body.encode()).status_code == 400
    assert stored(world) == []


def test_c9_more_than_2_mb_is_refused(world: World) -> None:
    """C9: a body past LINE's 2 MB is not read."""
    assert post(world, b"{" + b" " * (2 * 1024 * 1024) + b"}").status_code == 413


def test_d6_a_verification_without_events_is_answered_200(world: World) -> None:
    """D6: the console's Verify button sends no events, and older ones dummy users and no destination."""
    assert post(world, {"destination": "U" + "0" * 32, "events": []}).status_code == 200
    assert post(world, {"events": []}).status_code == 200
    dummy = event("Udeadbeefdeadbeefdeadbeefdeadbeef", replyToken="0" * 32)
    assert post(world, {"events": [dummy]}).status_code == 200


def test_c11_two_secrets_while_rotating() -> None:
    """C11: either secret verifies, in any order."""
    body = b'{"events":[]}'
    for secret in ("old-secret", "new-secret"):
        assert signed(body, sign(body, secret), ["new-secret", "old-secret"])
    assert not signed(body, sign(body, "third"), ["new-secret", "old-secret"])


def test_d3_one_bad_event_of_a_hundred_is_parked_alone(world: World) -> None:
    """D3: 97 well-formed, one malformed, one of unknown type, one that breaks its handler: 99 handled, one parked."""
    events: list[Any] = [event() for _ in range(97)]
    events.insert(10, ["not", "an", "object"])
    events.insert(50, event(type="somethingNew", message=None))
    events.insert(70, event(said="\0 \ud800 help"))
    assert post(world, {"events": events}).status_code == 200
    world.settle(30)
    rows = stored(world)
    assert len(rows) == 100
    parked = [row for row in rows if row.state == "parked"]
    assert [row.kind for row in parked] == ["malformed"]
    assert "TypeError" in (parked[0].error or "")
    assert [row.state for row in rows if row.kind == "somethingNew"] == ["ignored"]


@pytest.mark.parametrize(
    "kind",
    [
        "messageEdited",
        "join",
        "leave",
        "memberJoined",
        "memberLeft",
        "unsend",
        "videoPlayComplete",
        "beacon",
        "accountLink",
        "membership",
        "module",
        "activated",
        "deactivated",
        "botSuspended",
        "botResumed",
        "delivery",
        "things",
        "brandNew",
    ],
)
def test_d17_every_event_type_is_survived(world: World, kind: str) -> None:
    """D17: known or not, with fields nobody knows, even without a source: 200, stored."""
    strange = event(type=kind, message=None, unheardOf={"deep": [1, {"x": None}]}, source=None)
    assert post(world, {"events": [strange, {"type": kind}], "alsoNew": 1}).status_code == 200
    assert {row.kind for row in stored(world)} == {kind}
    assert {row.state for row in stored(world)} <= {"ignored", "done"}


def test_d7_standby_is_stored_and_silent(world: World) -> None:
    """D7: while another channel holds the chat we keep what happened and say nothing."""
    user = line_user_id()
    follow = {**event(user, mode="standby", type="follow"), "follow": {"isUnblocked": False}}
    del follow["replyToken"]
    assert post(world, {"events": [follow, event(user, mode="standby")]}).status_code == 200
    world.settle()
    assert {row.state for row in stored(world)} == {"standby"}
    assert world.line.calls("/v2/bot/message") == []
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.friend).where(Person.line_user_id == user)) is True


def test_a7_the_same_event_fifty_times_at_once_and_weeks_later(world: World) -> None:
    """A7: one effect, one answer, whether redelivered at once from all sides or after 40 days."""
    may = world.phone("เมย์", friend=True)
    same = event(may.user_id)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(world, {"events": [same]}).status_code, range(50)))
    assert set(answers) == {200}
    world.settle()
    world.move_to(NOON + timedelta(days=40))
    late = {**same, "deliveryContext": {"isRedelivery": True}}
    assert post(world, {"events": [late]}).status_code == 200
    world.settle()
    assert len(stored(world)) == 1
    assert len(world.line.calls("/v2/bot/message/reply")) == 1


def test_an_event_without_an_id_is_known_by_its_content(world: World) -> None:
    """No `webhookEventId`: the digest of the event is its key, so the same one is still taken once."""
    nameless = event()
    del nameless["webhookEventId"]
    for _ in range(2):
        assert post(world, {"events": [nameless]}).status_code == 200
    assert [row.event_id[:7] for row in stored(world)] == ["sha256:"]


def test_d5_one_persons_messages_take_effect_in_order_of_time(world: World) -> None:
    """D5: five quick messages shuffled in one body, and the same five again from four sides at once."""
    may = world.phone("เมย์", friend=True)
    turns = [
        event(may.user_id, said, timestamp=1794000000000 + n)
        for n, said in enumerate(["ภาษาไทย", "english"] * 2 + ["ภาษาไทย"])
    ]
    shuffled = [turns[3], turns[0], turns[4], turns[2], turns[1]]
    assert post(world, {"events": shuffled}).status_code == 200
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda e: post(world, {"events": [e]}), shuffled))
    world.settle()
    with world.parts.sessions() as session:
        assert session.scalar(select(Person.language).where(Person.line_user_id == may.user_id)) == "th"
    assert len(stored(world)) == 5


def test_d3_a_parked_event_can_be_tried_again(world: World) -> None:
    """D3: what was parked is handled later, once, and says that it was."""
    broken = {"type": "follow", "timestamp": 1, "source": {"type": "user", "userId": line_user_id()}, "follow": {}}
    with world.parts.sessions.begin() as session:
        values = {
            "club": CLUB,
            "event_id": "e1",
            "kind": "follow",
            "event": broken,
            "received_at": NOON,
            "state": "parked",
        }
        session.add(TurnRow(**values))
    assert try_again(world.parts.doors, CLUB, "e1")
    assert not try_again(world.parts.doors, CLUB, "e1")
    [row] = stored(world)
    assert (row.state, row.attempts) == ("done", 2)
    with world.parts.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_an_unknown_club_is_404(world: World) -> None:
    """Another path is no webhook of ours."""
    assert requests.post(f"{world.url}/callback/nobody", data=b"{}", timeout=5).status_code == 404
