"""LINE's calls under every fault: what each becomes, and that a message arrives at most once (D9)."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from linebot.v3.messaging.exceptions import ApiException

import bot.line
from bot.line import Line, LineError, NotFound, NotSent, TooMany, Unknown, _judge
from simulator import Simulator
from simulator.people import Person

TOKEN = "t" * 32
HELLO = [{"type": "text", "text": "hello"}]
PUSH, REPLY = "/v2/bot/message/push", "/v2/bot/message/reply"

FAULTS: list[tuple[dict[str, Any], type[Exception] | None, bool]] = [
    ({"kind": "html_body", "status": 400}, LineError, False),
    ({"kind": "expired_token"}, LineError, False),
    ({"kind": "html_body", "status": 403}, LineError, False),
    ({"kind": "html_body", "status": 404}, NotFound, False),
    ({"kind": "html_body", "status": 410}, LineError, False),
    ({"kind": "html_body", "status": 413}, LineError, False),
    ({"kind": "rate_429"}, TooMany, False),
    ({"kind": "quota_429"}, TooMany, False),
    ({"kind": "error_500_before"}, Unknown, False),
    ({"kind": "error_500_after"}, Unknown, True),
    ({"kind": "html_body"}, Unknown, False),
    ({"kind": "html_body", "status": 200}, Unknown, False),
    ({"kind": "html_body", "status": 503}, Unknown, False),
    ({"kind": "outage", "seconds": 1}, Unknown, False),
    ({"kind": "timeout_before"}, Unknown, False),
    ({"kind": "timeout_after"}, Unknown, True),
    ({"kind": "reset_before"}, Unknown, False),
    ({"kind": "reset_after"}, Unknown, True),
    ({"kind": "slow", "seconds": 3}, Unknown, True),
    ({"kind": "slow", "seconds": 0.05}, None, True),
    ({"kind": "half_body"}, Unknown, True),
]
"""What goes wrong, what it becomes for the caller (none: nothing), and whether LINE had accepted the message."""


def named(case: tuple[dict[str, Any], object, object]) -> str:
    """`html_body-404` and the like."""
    return "-".join(str(value) for value in case[0].values())


@pytest.fixture(scope="module")
def platform() -> Iterator[Simulator]:
    """A LINE platform that calls nobody."""
    with Simulator(token=TOKEN) as found:
        yield found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds in a test."""
    monkeypatch.setattr(bot.line, "TIMEOUT", (1.0, 0.5))


@pytest.fixture
def line(platform: Simulator) -> Iterator[Line]:
    """Our calls to it, with no fault planned."""
    platform.clear_faults()
    yield Line(TOKEN, platform.url, platform.url)
    platform.clear_faults()


def heard(platform: Simulator, who: Person) -> int:
    """How many messages arrived."""
    return len(platform.said(who))


def plan(platform: Simulator, fault: dict[str, Any], path: str) -> None:
    """The next call there meets this fault; an outage lasts until it is cleared."""
    values = {**fault, "path": path}
    if fault["kind"] != "outage":
        values["times"] = 1
    platform.fault(**values)


def reply_token(platform: Simulator, who: Person) -> str:
    """The reply token of a message this person sends now."""
    platform.do(lambda found: setattr(found, "webhook", "http://127.0.0.1:9"))
    platform.say(who, "hi")
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for event in platform.events("message"):
            if event["source"]["userId"] == who.id:
                return str(event["replyToken"])
        time.sleep(0.005)
    raise TimeoutError("no webhook was tried")


@pytest.mark.parametrize(("fault", "error", "accepted"), FAULTS, ids=[named(case) for case in FAULTS])
def test_d9_a_push_retried_under_its_key_arrives_exactly_once(
    platform: Simulator, line: Line, fault: dict[str, Any], error: type[Exception] | None, accepted: bool
) -> None:
    """D9: whatever went wrong first, the same key again brings the message once, and says when it was there already."""
    who, key = platform.person("เมย์", friend=True), uuid.uuid4()
    plan(platform, fault, PUSH)
    if error is None:
        assert not line.push(who.id, HELLO, key).already
    else:
        with pytest.raises(error) as raised:
            line.push(who.id, HELLO, key)
        assert raised.type is error
    assert heard(platform, who) == int(accepted)
    platform.clear_faults()
    again = line.push(who.id, HELLO, key)
    assert again.already is accepted
    assert again.request_id
    assert heard(platform, who) == 1
    assert line.push(who.id, HELLO, key).already
    assert heard(platform, who) == 1


@pytest.mark.parametrize(("fault", "error", "accepted"), FAULTS, ids=[named(case) for case in FAULTS])
def test_d9_a_reply_arrives_at_most_once(
    platform: Simulator, line: Line, fault: dict[str, Any], error: type[Exception] | None, accepted: bool
) -> None:
    """D9: a reply whose outcome is unknown may have arrived; tried again its token tells, and it is never there twice."""
    who = platform.person("เมย์", friend=True)
    token = reply_token(platform, who)
    plan(platform, fault, REPLY)
    if error is None:
        line.reply(token, HELLO)
    else:
        with pytest.raises(error) as raised:
            line.reply(token, HELLO)
        assert raised.type is error
    assert heard(platform, who) == int(accepted)
    platform.clear_faults()
    if accepted:
        with pytest.raises(LineError, match="400: Invalid reply token"):
            line.reply(token, HELLO)
    else:
        line.reply(token, HELLO)
    assert heard(platform, who) == 1


def test_d9_what_line_refuses_is_told_with_its_details(platform: Simulator, line: Line) -> None:
    """D9: LINE's own 400, 401, 404 and 429: status, message and details are kept."""
    who = platform.person("เมย์", friend=True)
    with pytest.raises(LineError) as raised:
        line.push(who.id, [{"type": "text", "text": ""}], uuid.uuid4())
    assert (raised.value.status, raised.value.details[0]["property"]) == (400, "messages[0].text")
    with pytest.raises(NotFound):
        line.profile("U" + "0" * 32)
    with pytest.raises(LineError) as raised:
        Line("wrong", platform.url, platform.url).bot_info()
    assert raised.value.status == 401
    platform.set(quota_limit=0)
    with pytest.raises(TooMany, match="monthly limit"):
        line.push(who.id, HELLO, uuid.uuid4())
    platform.set(quota_limit=None)
    assert heard(platform, who) == 0


def test_d9_too_large_is_refused_by_line(platform: Simulator, line: Line) -> None:
    """D9: 413, surely refused."""
    who = platform.person("เมย์", friend=True)
    with pytest.raises(LineError, match="413"):
        line.push(who.id, [{"type": "text", "text": "x" * (2 * 1024 * 1024)}], uuid.uuid4())


def test_d9_nobody_listens() -> None:
    """D9: no connection came about, so surely nothing was sent."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    nowhere = Line(TOKEN, url, url)
    for call in (lambda: nowhere.reply("x", HELLO), lambda: nowhere.push("U", HELLO, uuid.uuid4())):
        with pytest.raises(NotSent, match="can't be reached"):
            call()
    with pytest.raises(NotSent):
        Line(TOKEN, "http://no-such-host.invalid", "http://no-such-host.invalid").bot_info()


def test_d9_a_listener_that_never_answers() -> None:
    """D9: connected, and then silence or a closed door: unknown, after the timeout and not after ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=5) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = datetime.now(UTC)
        with pytest.raises(Unknown):
            Line(TOKEN, url, url).reply("x", HELLO)
        assert datetime.now(UTC) - begun < timedelta(seconds=5)


def test_d9_tls_that_breaks_is_unknown() -> None:
    """D9: status 0 is how the SDK says that TLS broke; LINE may have read everything by then."""
    with pytest.raises(Unknown):
        _judge(ApiException(status=0, reason="SSLError"))


def test_lines_clock_is_the_date_of_its_answer(line: Line) -> None:
    """To the second, aware."""
    assert abs(line.time() - datetime.now(UTC)) < timedelta(seconds=30)


def test_what_is_gone_already_is_no_error(line: Line) -> None:
    """Deleting a menu or an alias twice; asking for a default menu when there is none."""
    line.delete_menu("richmenu-" + "0" * 32)
    line.delete_alias("nobody")
    assert line.default_menu() is None


def test_the_quota_is_asked_not_guessed(platform: Simulator, line: Line) -> None:
    """No limit is None; a limit is a number; used counts recipients."""
    who = platform.person("เมย์", friend=True)
    limit, used = line.quota()
    assert limit is None
    platform.set(quota_limit=500)
    line.push(who.id, [*HELLO, *HELLO], uuid.uuid4())
    assert line.quota() == (500, used + 1)
    platform.set(quota_limit=None)


def test_the_token_is_in_no_text_of_ours(line: Line) -> None:
    """Errors and objects may end up in logs."""
    with pytest.raises(LineError) as raised:
        line.profile("U" + "0" * 32)
    assert TOKEN not in f"{raised.value!r} {raised.value}"
    assert TOKEN not in repr(line)
