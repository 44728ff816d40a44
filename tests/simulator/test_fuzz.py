"""H3, D17: whatever JSON a caller sends, the answer is LINE's refusal or success, never a crash of ours."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.api import Answer, Call, Refusal, Route
from simulator.line import Line
from simulator.phones import add_person
from simulator.server import ROUTES
from tests.simulator.builders import MENUS, MESSAGES
from tests.simulator.conftest import menu_object

_ID = "U" + "0" * 32
_WORDS = [
    "type",
    "text",
    "messages",
    "to",
    "flex",
    "contents",
    "bubble",
    "action",
    "uri",
    "limit",
    "recipient",
    "and",
    "filter",
    "demographic",
    "operations",
    "link",
    "from",
    "userIds",
    "richMenuId",
    "audiences",
    "size",
    "areas",
    "customAggregationUnits",
    "substitution",
    "template",
    "carousel",
    "columns",
    "quickReply",
    "items",
    _ID,
    "\ud800",
]
_LEAVES = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | st.sampled_from(_WORDS)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=12,
)


def _state() -> Line:
    line = Line(webhook=None, secret="s")
    add_person(line, "ก", id=_ID, friend=True)
    line.settings.rate_limits = False
    return line


def _run(line: Line, route: Route, body: Any) -> None:
    call = Call(
        route.method,
        route.path,
        {},
        {"Content-Type": "application/json"},
        json.dumps(body).encode(),
        line.ids.request(),
        dict.fromkeys(("userId", "richMenuId", "groupId", "messageId", "richMenuAliasId", "audienceGroupId"), _ID),
    )
    refused = None
    try:
        answer = route.handler(line, call)
        assert isinstance(answer, Answer)
    except Refusal as refusal:
        refused = refusal
    if refused is not None:
        assert 400 <= refused.status < 500
        assert json.dumps(refused.body)
        return
    line.timers.clock.advance(10)
    line.timers.run()
    line.timers.run()


_TAKES_JSON = [
    route for route in ROUTES if route.method in ("POST", "PUT") and not inspect.iscoroutinefunction(route.handler)
]


@pytest.mark.parametrize("route", _TAKES_JSON, ids=lambda route: route.endpoint)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.dictionaries(st.sampled_from(_WORDS), _JSON, max_size=5))
def test_any_json_is_answered(route: Route, body: dict[str, Any]) -> None:
    """H3: random properties LINE knows, with values it does not expect"""
    good = {
        "messages": [{"type": "text", "text": "a"}],
        "to": [_ID] if "multicast" in route.path else _ID,
        "operations": [{"type": "unlinkAll"}],
        "userIds": [_ID],
        "description": "d",
    }
    _run(_state(), route, good | body)


_WRONG: tuple[Any, ...] = (None, 7, "x", [], {}, False, 1.5, [[None]], {"type": []})


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, inner in pairs for place in _places(inner, (*path, name)))]


def _broken(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _broken(value[path[0]], path[1:], wrong)
    return copy


@pytest.mark.parametrize("name", [*MESSAGES, *MENUS])
def test_any_wrong_value_anywhere_in_a_good_object_is_answered(name: str) -> None:
    """H3: every property of a valid object in turn becomes null, number, text, list, object, false"""
    line = _state()
    routes = {route.endpoint: route for route in ROUTES}
    good = MESSAGES[name](20) if name in MESSAGES else menu_object(**MENUS[name](20))
    if name in ("flex.bubble", "flex.carousel"):
        good = MESSAGES[name](41_000)
    for path in _places(good)[:60]:
        for wrong in _WRONG:
            item = _broken(good, path, wrong)
            if name in MESSAGES:
                _run(line, routes["POST /v2/bot/message/push"], {"to": _ID, "messages": [item]})
            else:
                _run(line, routes["POST /v2/bot/richmenu/validate"], item)
