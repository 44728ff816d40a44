"""H5: every line of the limits table, at the limit and one past it, through the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from simulator import Simulator
from simulator.limits import LIMITS, OTHER_RATE, RATES, rate_of
from simulator.server import ROUTES
from tests.simulator.builders import MENUS, MESSAGES, text
from tests.simulator.conftest import Raw, make_menu, menu_object, picture

_IDS = [f"U{number:032x}" for number in range(501)]
Send = Callable[[Raw, int], requests.Response]


def _upload(raw: Raw, data: bytes) -> requests.Response:
    id = raw.post("/v2/bot/richmenu", menu_object()).json()["richMenuId"]
    return raw("POST", f"/v2/bot/richmenu/{id}/content", data=data, headers={"Content-Type": "image/png"})


def _weighing(amount: int) -> bytes:
    """A PNG of exactly so many bytes: what follows its end is ignored by readers."""
    found = picture(800, 540)
    return found + b"\0" * (amount - len(found))


def _link(raw: Raw, amount: int) -> requests.Response:
    token = raw.post(f"/v2/bot/user/{_person(raw)}/linkToken").json()["linkToken"]
    return raw("GET", f"/dialog/bot/accountLink?linkToken={token}&nonce={'n' * amount}")


def _person(raw: Raw) -> str:
    return str(raw.post("/_sim/people", {"name": "นิด", "friend": True}).json()["id"])


def _push(raw: Raw, **more: object) -> requests.Response:
    return raw.post("/v2/bot/message/push", {"to": _person(raw), "messages": [text()], **more})


def _menu_of_height(raw: Raw, height: int) -> requests.Response:
    return raw.post("/v2/bot/richmenu", menu_object(size={"width": 1450, "height": height}, areas=[]))


#: Limits that are not about one message or menu object: how to send so much.
REQUESTS: dict[str, Send] = {
    "request.bytes": lambda raw, n: raw(
        "POST",
        "/v2/bot/message/validate/push",
        data=(b'{"messages":[{"type":"text","text":"x"}],"x":"' + b"x" * (n - 48) + b'"}'),
        headers={"Content-Type": "application/json"},
    ),
    "messages": lambda raw, n: raw.post("/v2/bot/message/validate/push", {"messages": [text()] * n}),
    "multicast.to": lambda raw, n: raw.post("/v2/bot/message/multicast", {"to": _IDS[:n], "messages": [text()]}),
    "units.per_message": lambda raw, n: _push(raw, customAggregationUnits=[f"u{i}" for i in range(n)]),
    "units.name": lambda raw, n: _push(raw, customAggregationUnits=["u" * n]),
    "units.page": lambda raw, n: raw("GET", f"/v2/bot/message/aggregation/list?limit={n}"),
    "followers.page": lambda raw, n: raw("GET", f"/v2/bot/followers/ids?limit={n}"),
    "loading.seconds": lambda raw, n: raw.post(
        "/v2/bot/chat/loading/start", {"chatId": _person(raw), "loadingSeconds": n if n <= 60 else 65}
    ),
    "narrowcast.audiences": lambda raw, n: raw.post(
        "/v2/bot/message/narrowcast",
        {
            "messages": [text()],
            "recipient": {"type": "operator", "or": [{"type": "audience", "audienceGroupId": _audience(raw)}] * n},
        },
    ),
    "richmenu.ratio": lambda raw, n: _menu_of_height(raw, n),
    "richmenu.image.width": lambda raw, n: _upload(raw, picture(n, 500)),
    "richmenu.image.height": lambda raw, n: _upload(raw, picture(800, n)),
    "richmenu.image.ratio": lambda raw, n: _upload(raw, picture(1450, n)),
    "richmenu.image.bytes": lambda raw, n: _upload(raw, _weighing(n)),
    "richmenu.alias": lambda raw, n: raw.post(
        "/v2/bot/richmenu/alias", {"richMenuAliasId": "a" * n, "richMenuId": make_menu(raw)}
    ),
    "richmenu.bulk.userIds": lambda raw, n: raw.post("/v2/bot/richmenu/bulk/unlink", {"userIds": _IDS[:n]}),
    "richmenu.batch.operations": lambda raw, n: raw.post(
        "/v2/bot/richmenu/validate/batch", {"operations": [{"type": "unlinkAll"}] * n}
    ),
    "richmenu.batch.resumeRequestKey": lambda raw, n: raw.post(
        "/v2/bot/richmenu/validate/batch", {"operations": [{"type": "unlinkAll"}], "resumeRequestKey": "k" * n}
    ),
    "accountLink.nonce": _link,
    "webhook.endpoint": lambda raw, n: raw(
        "PUT", "/v2/bot/channel/webhook/endpoint", {"endpoint": "https://example.com/" + "a" * (n - 20)}
    ),
}
#: Proved by tests of their own below: a number that only many requests reach, or that LINE lets pass.
ELSEWHERE = {"channel.richmenus", "channel.aliases", "units.per_month", "textV2.substitution"}
#: Ratios are tried by height; a URL of one character is no URL for another reason.
NO_FLOOR = {"richmenu.ratio", "richmenu.image.ratio", "webhook.endpoint"}


def _audience(raw: Raw) -> int:
    return int(
        raw.post("/v2/bot/audienceGroup/upload", {"description": "a", "audiences": [{"id": _IDS[0]}]}).json()[
            "audienceGroupId"
        ]
    )


def _send(raw: Raw, name: str, amount: int) -> requests.Response:
    if name in MESSAGES:
        method = "push" if name == "textV2.mentions" else "broadcast"
        return raw.post(f"/v2/bot/message/validate/{method}", {"messages": [MESSAGES[name](amount)]})
    if name in MENUS:
        return raw.post("/v2/bot/richmenu/validate", menu_object(**MENUS[name](amount)))
    return REQUESTS[name](raw, amount)


def test_every_line_of_the_table_is_walked() -> None:
    """H5: a limit without a test would go unnoticed."""
    assert set(MESSAGES) | set(MENUS) | set(REQUESTS) | ELSEWHERE == set(LIMITS)
    assert all(limit.source for limit in LIMITS.values())


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit.most and name not in ELSEWHERE])
def test_at_the_upper_limit_accepted_and_one_past_it_refused(name: str, line: Simulator, raw: Raw) -> None:
    """H5"""
    line.set(rate_limits=False)
    most = int(LIMITS[name].most or 0)
    accepted = _send(raw, name, most)
    assert accepted.status_code in (200, 202), accepted.text
    refused = _send(raw, name, most + 1)
    assert refused.status_code == (413 if name == "request.bytes" else 400), refused.text
    if name in MESSAGES or name in MENUS:
        assert len(refused.json()["details"]) == 1, "the limit alone is broken"


@pytest.mark.parametrize("name", [name for name, limit in LIMITS.items() if limit.least >= 1 and name not in NO_FLOOR])
def test_at_the_lower_limit_accepted_and_one_below_refused(name: str, line: Simulator, raw: Raw) -> None:
    """H5"""
    line.set(rate_limits=False)
    at = int(LIMITS[name].least)
    accepted = _send(raw, name, at)
    assert accepted.status_code in (200, 202), accepted.text
    refused = _send(raw, name, 0 if name == "loading.seconds" else at - 1)
    assert refused.status_code == 400, refused.text


@pytest.mark.parametrize("name", ["richmenu.ratio", "richmenu.image.ratio"])
def test_a_menu_is_wide_enough(name: str, raw: Raw) -> None:
    """H5: 1450 to 1000 is the ratio 1.45; one pixel higher is less."""
    assert _send(raw, name, 1000).status_code == 200
    assert _send(raw, name, 1001).status_code == 400


def test_substitutions_are_at_most_100(raw: Raw) -> None:
    """H5 textV2.substitution: 40 keys can carry emojis and mentions, so 101 is refused by number before anything."""
    item = {"type": "emoji", "productId": "p", "emojiId": "001"}
    message = {"type": "textV2", "text": "t", "substitution": {f"k{i}": item for i in range(101)}}
    answer = raw.post("/v2/bot/message/validate/push", {"messages": [message]})
    assert {"message": "Size must be between 0 and 100", "property": "messages[0].substitution"} in answer.json()[
        "details"
    ]
    del message["substitution"]["k100"]  # type: ignore[attr-defined]
    answer = raw.post("/v2/bot/message/validate/push", {"messages": [message]})
    assert "Size must be between 0 and 100" not in answer.text


def test_a_channel_has_at_most_1000_menus_and_1000_aliases(line: Simulator, raw: Raw) -> None:
    """H5 channel.richmenus, channel.aliases"""
    line.set(rate_limits=False)
    id = make_menu(raw)
    line.do(lambda state: [state.menus.add(menu_object()) for _ in range(998)])
    line.do(lambda state: state.menus.aliases.update({f"a{i}": id for i in range(999)}))
    assert raw.post("/v2/bot/richmenu", menu_object()).status_code == 200
    assert raw.post("/v2/bot/richmenu", menu_object()).status_code == 400
    alias = {"richMenuAliasId": "last", "richMenuId": id}
    assert raw.post("/v2/bot/richmenu/alias", alias).status_code == 200
    assert raw.post("/v2/bot/richmenu/alias", alias | {"richMenuAliasId": "more"}).status_code == 400


def test_the_1001st_unit_of_a_month_is_silently_not_assigned(line: Simulator, raw: Raw) -> None:
    """H5 units.per_month"""

    def use(names: int) -> None:
        line.do(lambda state: [state.units.count(f"u{i}", 1, [text()]) for i in range(names)])

    use(1000)
    assert _push(raw, customAggregationUnits=["one_more"]).status_code == 200
    assert raw("GET", "/v2/bot/message/aggregation/info").json() == {"numOfCustomAggregationUnits": 1000}
    assert "one_more" not in line.do(lambda state: state.units.names())
    line.advance(31 * 24 * 3600)
    _push(raw, customAggregationUnits=["one_more"])
    assert raw("GET", "/v2/bot/message/aggregation/info").json() == {"numOfCustomAggregationUnits": 1}


@pytest.mark.parametrize("endpoint", [*RATES, "POST /v2/bot/message/push"])
def test_a_bucket_holds_its_calls_and_refills_on_the_simulators_clock(endpoint: str, line: Simulator) -> None:
    """H5: rate limits"""
    calls, seconds = rate_of(endpoint)
    taken = line.do(lambda state: [state.buckets.take(endpoint) for _ in range(calls + 1)])
    assert taken == [True] * calls + [False]
    line.advance(1.5 * seconds / calls)
    assert line.do(lambda state: [state.buckets.take(endpoint) for _ in range(2)]) == [True, False]


def test_rates_name_only_endpoints_that_exist() -> None:
    """A mistyped name would leave the endpoint at 2,000 a second."""
    assert set(RATES) <= {route.endpoint for route in ROUTES}
    assert OTHER_RATE == (2000, 1)


def test_past_the_rate_the_api_answers_429_in_lines_words(line: Simulator, raw: Raw) -> None:
    """H5: buckets, over the wire; another endpoint has its own."""
    answers = [raw("POST", "/v2/bot/richmenu/batch", {"operations": [{"type": "unlinkAll"}]}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[3].json() == {"message": "The API rate limit has been exceeded. Try again later."}
    assert raw("GET", "/v2/bot/message/quota").status_code == 200
    line.advance(1200)
    assert raw("POST", "/v2/bot/richmenu/batch", {"operations": [{"type": "unlinkAll"}]}).status_code == 202
