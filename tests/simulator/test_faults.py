"""D9: faults on demand, each kind; what was accepted before the fault stays accepted."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
import urllib3
from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, PushMessageRequest, TextMessage
from linebot.v3.messaging.exceptions import ApiException, ServiceException, UnauthorizedException

from simulator import Simulator
from simulator.faults import KINDS
from simulator.people import Person
from tests.simulator.builders import text
from tests.simulator.conftest import Raw

PUSH = "/v2/bot/message/push"
#: kind -> (status the caller sees, None for a broken answer; whether LINE had accepted)
EXPECTED: dict[str, tuple[int | None, bool]] = {
    "rate_429": (429, False),
    "quota_429": (429, False),
    "error_500_before": (500, False),
    "error_500_after": (500, True),
    "timeout_before": (None, False),
    "timeout_after": (None, True),
    "reset_before": (None, False),
    "reset_after": (None, True),
    "slow": (200, True),
    "half_body": (None, True),
    "html_body": (502, False),
    "expired_token": (401, False),
    "outage": (503, False),
}


def _push(raw: Raw, person: Person, **more: Any) -> int | None:
    try:
        return raw.post(PUSH, {"to": person.id, "messages": [text()]}, **more).status_code
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.JSONDecodeError):
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_once_then_all_is_well(kind: str, line: Simulator, raw: Raw) -> None:
    """D9: status and acceptance of every kind"""
    person = line.person("ก", friend=True)
    line.fault(kind, path=PUSH, times=1, seconds=3600 if kind == "outage" else 0.1)
    status, accepted = EXPECTED[kind]
    assert _push(raw, person) == status
    assert len(line.said(person)) == int(accepted)
    if kind == "outage":
        line.advance(3601)
    assert _push(raw, person) == 200
    assert f"fault: {kind}" in [item["note"] for item in line.calls(PUSH)]


def test_after_an_accepted_fault_the_retry_key_answers_409(line: Simulator, raw: Raw) -> None:
    """D9, D10: the retry finds the accepted request"""
    person = line.person("ก", friend=True)
    key = {"X-Line-Retry-Key": "123e4567-e89b-12d3-a456-426614174000"}
    line.fault("error_500_after", times=1)
    line.fault("reset_before", times=1)
    assert _push(raw, person, headers=key) == 500
    assert _push(raw, person, headers=key) is None
    assert _push(raw, person, headers=key) == 409
    assert len(line.said(person)) == 1


def test_a_timeout_is_the_callers_own(line: Simulator) -> None:
    """D9: the SDK's read timeout strikes while the simulator hangs; the message was accepted"""
    person = line.person("ก", friend=True)
    api = MessagingApi(ApiClient(Configuration(host=line.url, access_token="good-token")))
    line.fault("timeout_after", path=PUSH, times=1, seconds=30)
    request = PushMessageRequest(to=person.id, messages=[TextMessage(text="a")])
    with pytest.raises(urllib3.exceptions.HTTPError):
        api.push_message(request, _request_timeout=(1, 0.3))
    assert len(line.said(person)) == 1
    line.wait_idle()
    assert line.calls(PUSH)[-1]["status"] is not None


def test_the_sdks_typed_errors_of_faults(line: Simulator) -> None:
    """H5: 401 and 5xx have classes"""
    api = MessagingApi(ApiClient(Configuration(host=line.url, access_token="good-token")))
    for kind, error, status in (
        ("expired_token", UnauthorizedException, 401),
        ("outage", ServiceException, 503),
        ("error_500_before", ServiceException, 500),
        ("rate_429", ApiException, 429),
    ):
        line.clear_faults()
        line.fault(kind)
        with pytest.raises(error) as caught:
            api.get_bot_info(_request_timeout=(5, 20))
        assert caught.value.status == status


def test_a_fault_is_for_its_endpoint_and_method(line: Simulator, raw: Raw) -> None:
    """Path prefix, method"""
    line.fault("rate_429", path="/v2/bot/richmenu", method="GET")
    assert raw("GET", "/v2/bot/richmenu/list").status_code == 429
    assert raw("GET", "/v2/bot/message/quota").status_code == 200
    assert raw.post("/v2/bot/richmenu/validate", {}).status_code == 400


def test_an_outage_lasts_its_seconds_of_the_simulators_clock(line: Simulator, raw: Raw) -> None:
    """D15: an hour without LINE, the page stays"""
    line.fault("outage", seconds=5400)
    assert raw("GET", "/v2/bot/info").status_code == 503
    assert raw("GET", "/_sim/state").status_code == 200
    line.advance(5399)
    assert raw("GET", "/v2/bot/info").status_code == 503
    line.advance(2)
    assert raw("GET", "/v2/bot/info").status_code == 200
    assert raw("GET", "/_sim/faults").json() == {"faults": []}


def test_by_probability(line: Simulator, raw: Raw) -> None:
    """About half of a hundred calls, the same half with the same seed"""
    line.fault("error_500_before", probability=0.5)
    hit = sum(raw("GET", "/v2/bot/info").status_code == 500 for _ in range(100))
    assert 30 <= hit <= 70


def test_slow_waits_its_seconds(line: Simulator, raw: Raw) -> None:
    """A slow answer is slow for this caller alone"""
    line.fault("slow", path="/v2/bot/info", seconds=0.4)
    started = time.monotonic()
    assert raw("GET", "/v2/bot/info").status_code == 200
    assert time.monotonic() - started >= 0.4


def test_faults_are_planned_and_taken_back_through_the_control_api(raw: Raw) -> None:
    """GET/POST/DELETE /_sim/faults, errors are sentences"""
    made = raw.post("/_sim/faults", {"kind": "slow", "seconds": 1, "times": 2}).json()
    assert raw("GET", "/_sim/faults").json()["faults"] == [made]
    assert raw("DELETE", f"/_sim/faults/{made['id']}").json() == {"ok": True}
    assert raw("DELETE", f"/_sim/faults/{made['id']}").status_code == 404
    for wrong in (
        {"kind": "earthquake"},
        {"kind": "slow", "probability": 2},
        {"kind": "slow", "times": 0},
        {"kind": "slow", "color": "red"},
    ):
        answer = raw.post("/_sim/faults", wrong)
        assert answer.status_code == 400
        assert answer.json()["error"].endswith(".")
