"""H5: who receives what, what it costs, retry keys, reply tokens, narrowcast, statistics."""

from __future__ import annotations

import pytest

from simulator import Simulator
from tests.simulator.builders import text
from tests.simulator.conftest import Raw
from tests.simulator.listener import Listener

KEY = "123e4567-e89b-12d3-a456-426614174000"
_REPLY = "/v2/bot/message/reply"
_PUSH = "/v2/bot/message/push"
_MULTICAST = "/v2/bot/message/multicast"
DAY = 24 * 3600


def _token(line: Simulator, person: object = None) -> str:
    who = line.person("นิด", friend=True) if person is None else person
    line.say(who, "hi")  # type: ignore[arg-type]
    line.wait_idle(quiet=0.02)
    return str(line.events("message")[-1]["replyToken"])


def test_a_reply_token_works_once_and_for_a_minute(line: Simulator, raw: Raw) -> None:
    """REF reply token"""
    token = _token(line)
    assert raw.post(_REPLY, {"replyToken": token, "messages": [text()]}).status_code == 200
    again = raw.post(_REPLY, {"replyToken": token, "messages": [text()]})
    assert (again.status_code, again.json()) == (400, {"message": "Invalid reply token"})
    slow = _token(line)
    line.advance(60)
    quick = _token(line)
    line.advance(0.5)
    assert raw.post(_REPLY, {"replyToken": slow, "messages": [text()]}).status_code == 400
    assert raw.post(_REPLY, {"replyToken": quick, "messages": [text()]}).status_code == 200


def test_a_refused_reply_leaves_its_token_alive(line: Simulator, raw: Raw) -> None:
    """Nothing is sent and nothing is spent when the message is wrong."""
    token = _token(line)
    assert raw.post(_REPLY, {"replyToken": token, "messages": [text(text="")]}).status_code == 400
    assert raw.post(_REPLY, {"replyToken": token, "messages": [text()]}).status_code == 200


def test_replies_are_free_and_refuse_a_retry_key(line: Simulator, raw: Raw) -> None:
    """D14: the header on a reply is 400"""
    token = _token(line)
    body = {"replyToken": token, "messages": [text()]}
    assert raw.post(_REPLY, body, headers={"X-Line-Retry-Key": KEY}).status_code == 400
    assert raw.post(_REPLY, body).status_code == 200
    assert raw("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 0}


def test_a_push_reaches_friends_and_recent_writers_only(line: Simulator, raw: Raw) -> None:
    """REF conditions for sending push message: 200 is not delivered"""
    friend, stranger, writer = line.person("ก", friend=True), line.person("ข"), line.person("ค")
    line.say(writer, "hello")
    for person in (friend, stranger, writer):
        assert raw.post(_PUSH, {"to": person.id, "messages": [text()]}).status_code == 200
    assert [len(line.said(person)) for person in (friend, stranger, writer)] == [1, 0, 1]
    line.advance(7 * DAY + 1)
    raw.post(_PUSH, {"to": writer.id, "messages": [text()]})
    line.block(friend)
    raw.post(_PUSH, {"to": friend.id, "messages": [text()]})
    assert [len(line.said(person)) for person in (friend, writer)] == [1, 1]
    unknown = raw.post(_PUSH, {"to": "U" + "0" * 32, "messages": [text()]})
    assert (unknown.status_code, unknown.json()) == (400, {"message": "Failed to send messages"})
    assert raw("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 2}


def test_a_vanished_person_gets_nothing_and_says_nothing(line: Simulator, raw: Raw, bot: Listener) -> None:
    """A deleted account: no event, 200, nothing delivered, no profile."""
    person = line.person("ก", friend=True)
    line.vanish(person)
    assert raw.post(_PUSH, {"to": person.id, "messages": [text()]}).status_code == 200
    assert line.said(person) == []
    assert raw("GET", f"/v2/bot/profile/{person.id}").status_code == 404
    assert bot.events == []


def test_one_malformed_id_keeps_a_multicast_from_everyone(line: Simulator, raw: Raw) -> None:
    """REF send multicast message: to[1]"""
    friend = line.person("ก", friend=True)
    group = line.group("ร้าน", [friend])
    answer = raw.post(_MULTICAST, {"to": [friend.id, group.id], "messages": [text()]})
    assert answer.json() == {"message": "The property, to[1], in the request body is invalid (line: -, column: -)"}
    assert line.said(friend) == []
    stranger = "U" + "0" * 32
    blocker = line.person("ข", friend=True)
    line.block(blocker)
    to = [friend.id, stranger, friend.id, blocker.id]
    assert raw.post(_MULTICAST, {"to": to, "messages": [text()]}).json() == {}
    assert (len(line.said(friend)), len(line.said(blocker))) == (1, 0)
    assert raw("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 1}
    raw.post("/v2/bot/message/broadcast", {"messages": [text()]})
    assert (len(line.said(friend)), len(line.said(blocker))) == (2, 0)


def test_a_retry_key_is_accepted_once_in_24_hours(line: Simulator, raw: Raw) -> None:
    """RETRY: 409 with the accepted id and, for a push, what was sent; after 24 hours it is a new request"""
    person = line.person("ก", friend=True)
    body = {"to": person.id, "messages": [text()]}
    first = raw.post(_PUSH, body, headers={"X-Line-Retry-Key": KEY})
    line.advance(DAY - 1)
    again = raw.post(_PUSH, body, headers={"X-Line-Retry-Key": KEY})
    assert again.status_code == 409
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert again.headers["x-line-request-id"] != first.headers["x-line-request-id"]
    assert again.json() == {"message": "The retry key is already accepted", **first.json()}
    line.advance(1)
    assert raw.post(_PUSH, body, headers={"X-Line-Retry-Key": KEY}).status_code == 200
    assert len(line.said(person)) == 2
    assert raw.post(_PUSH, body, headers={"X-Line-Retry-Key": "no-uuid"}).status_code == 400


@pytest.mark.parametrize("path", ["multicast", "broadcast", "narrowcast"])
def test_the_others_conflict_without_messages(path: str, line: Simulator, raw: Raw) -> None:
    """RETRY: only a push tells what was sent"""
    person = line.person("ก", friend=True)
    body = {"messages": [text()], **({"to": [person.id]} if path == "multicast" else {})}
    assert raw.post(f"/v2/bot/message/{path}", body, headers={"X-Line-Retry-Key": KEY}).status_code in (200, 202)
    again = raw.post(f"/v2/bot/message/{path}", body, headers={"X-Line-Retry-Key": KEY})
    assert (again.status_code, again.json()) == (409, {"message": "The retry key is already accepted"})


def test_a_refused_request_does_not_use_up_its_key(line: Simulator, raw: Raw) -> None:
    """RETRY: only accepted requests are remembered"""
    person = line.person("ก", friend=True)
    headers = {"X-Line-Retry-Key": KEY}
    assert raw.post(_PUSH, {"to": person.id, "messages": []}, headers=headers).status_code == 400
    assert raw.post(_PUSH, {"to": person.id, "messages": [text()]}, headers=headers).status_code == 200


def test_the_months_quota_refuses_whole_sends_and_turns_with_the_month(line: Simulator, raw: Raw) -> None:
    """REF 429: You have reached your monthly limit. Nobody of a send that does not fit gets it."""
    people = [line.person(name, friend=True) for name in "กขค"]
    line.set(quota_limit=4)
    to = [person.id for person in people]
    assert raw.post(_MULTICAST, {"to": to, "messages": [text(), text()]}).status_code == 200
    refused = raw.post(_MULTICAST, {"to": to, "messages": [text()]})
    assert (refused.status_code, refused.json()) == (429, {"message": "You have reached your monthly limit."})
    assert raw.post(_PUSH, {"to": to[0], "messages": [text()]}).status_code == 200
    assert [len(line.said(person)) for person in people] == [3, 2, 2]
    assert raw("GET", "/v2/bot/message/quota").json() == {"type": "limited", "value": 4}
    assert raw("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 4}
    line.advance(11 * DAY)
    assert raw("GET", "/v2/bot/message/quota/consumption").json() == {"totalUsage": 0}
    assert raw.post(_PUSH, {"to": to[0], "messages": [text()]}).status_code == 200


def test_traffic_says_what_a_call_cost(line: Simulator, raw: Raw) -> None:
    """Each call with status, body and quota"""
    people = [line.person(name, friend=True).id for name in "กข"]
    raw.post(_MULTICAST, {"to": people, "messages": [text()]})
    call = line.calls(_MULTICAST)[-1]
    assert (call["quota"], call["status"], call["request"]["messages"]) == (2, 200, [text()])


def test_numbers_per_day_are_ready_the_next_day(line: Simulator, raw: Raw) -> None:
    """REF get number of sent push messages; UTC+9 days"""
    person = line.person("ก", friend=True)
    raw.post(_PUSH, {"to": person.id, "messages": [text()]})
    path = "/v2/bot/message/delivery/push?date="
    assert raw("GET", path + "20261120").json() == {"status": "unready"}
    assert raw("GET", path + "20180101").json() == {"status": "out_of_service"}
    assert raw("GET", path + "today").json() == {"message": "The value for the 'date' parameter is invalid"}
    line.advance(10 * 3600)  # midnight in UTC+9
    assert raw("GET", path + "20261120").json() == {"status": "ready", "success": 1}
    insight = raw("GET", "/v2/bot/insight/message/delivery?date=20261120").json()
    assert insight == {"status": "ready", "apiPush": 1}


def test_unit_statistics_hide_small_numbers(line: Simulator, raw: Raw) -> None:
    """UNITS: below 20 a number is null"""
    people = [line.person(str(number), friend=True).id for number in range(25)]

    def units(name: str, to: list[str]) -> None:
        assert raw.post(_MULTICAST, {"to": to, "messages": [text()], "customAggregationUnits": [name]}).ok

    units("big", people)
    units("small", people[:19])
    path = "/v2/bot/insight/message/event/aggregation?from=20261101&to=20261130&customAggregationUnit="
    assert raw("GET", path + "big").json()["overview"]["uniqueImpression"] == 25
    assert raw("GET", path + "small").json()["overview"]["uniqueImpression"] is None
    assert raw("GET", path.replace("20261130", "20261202") + "big").status_code == 400
    page = raw("GET", "/v2/bot/message/aggregation/list?limit=1").json()
    assert page["customAggregationUnits"] == ["big"]
    rest = raw("GET", f"/v2/bot/message/aggregation/list?limit=1&start={page['next']}").json()
    assert rest == {"customAggregationUnits": ["small"]}
    line.advance(DAY + 1)
    old = raw("GET", f"/v2/bot/message/aggregation/list?start={page['next']}")
    assert old.json() == {"message": "Invalid start param"}


def test_a_narrowcast_reserves_waits_and_is_sent_on_the_simulators_clock(line: Simulator, raw: Raw) -> None:
    """REF narrowcast: 202, reserve of the target reach, progress by request id for 14 days"""
    people = [line.person(name, friend=True) for name in "กขค"]
    line.set(quota_limit=5)
    audience = raw.post("/v2/bot/audienceGroup/upload", {"description": "a", "audiences": [{"id": people[0].id}]})
    recipient = {"type": "audience", "audienceGroupId": audience.json()["audienceGroupId"]}
    sent = raw.post("/v2/bot/message/narrowcast", {"messages": [text()], "recipient": recipient})
    assert (sent.status_code, sent.json()) == (202, {})
    progress = f"/v2/bot/message/progress/narrowcast?requestId={sent.headers['x-line-request-id']}"
    assert raw("GET", progress).json()["phase"] == "waiting"
    to = [person.id for person in people]
    assert raw.post(_MULTICAST, {"to": to, "messages": [text()]}).status_code == 429, "three are reserved"
    line.advance(2)
    assert raw("GET", progress).json()["phase"] == "sending"
    line.advance(2)
    done = raw("GET", progress).json()
    assert (done["phase"], done["successCount"], done["targetCount"]) == ("succeeded", 1, 1)
    assert [len(line.said(person)) for person in people] == [1, 0, 0]
    assert raw.post(_MULTICAST, {"to": to, "messages": [text()]}).status_code == 200
    line.advance(14 * DAY + 1)
    assert raw("GET", progress).status_code == 404


def test_a_narrowcast_within_limits(line: Simulator, raw: Raw) -> None:
    """REF limit object: max, upToRemainingQuota, forbidPartialDelivery (error 5)"""
    people = [line.person(name, friend=True) for name in "กขคง"]

    def send(**limit: object) -> dict[str, object]:
        sent = raw.post("/v2/bot/message/narrowcast", {"messages": [text()], "limit": limit})
        assert sent.status_code == 202, sent.text
        line.advance(2)
        line.advance(2)
        id = sent.headers["x-line-request-id"]
        return dict(raw("GET", f"/v2/bot/message/progress/narrowcast?requestId={id}").json())

    assert send(max=2)["successCount"] == 2
    line.set(quota_limit=3)
    assert raw.post("/v2/bot/message/narrowcast", {"messages": [text()]}).status_code == 429
    assert send(upToRemainingQuota=True, forbidPartialDelivery=True)["errorCode"] == 5
    assert send(upToRemainingQuota=True)["successCount"] == 1
    assert sum(len(line.said(person)) for person in people) == 3
    lonely = raw.post("/v2/bot/message/narrowcast", {"messages": [text()], "limit": {"forbidPartialDelivery": True}})
    assert lonely.json()["message"] == "The option forbidPartialDelivery must be used with upToRemainingQuota."


def test_a_narrowcast_by_attributes_needs_a_hundred_friends(line: Simulator, raw: Raw) -> None:
    """REF restrictions: 403"""
    line.person("ก", friend=True)
    body = {"messages": [text()], "filter": {"demographic": {"type": "gender", "oneOf": ["female"]}}}
    refused = raw.post("/v2/bot/message/narrowcast", body)
    assert (refused.status_code, refused.json()["message"]) == (403, "Your account does not have enough friends")


def test_followers_come_in_pages_and_only_to_verified_accounts(line: Simulator, raw: Raw) -> None:
    """REF followers ids"""
    people = [line.person(str(number), friend=True).id for number in range(5)]
    line.block(line.person("บล็อก", friend=True))
    first = raw("GET", "/v2/bot/followers/ids?limit=3").json()
    second = raw("GET", f"/v2/bot/followers/ids?limit=3&start={first['next']}").json()
    assert first["userIds"] + second["userIds"] == people
    assert "next" not in second
    line.set(verified_account=False)
    assert raw("GET", "/v2/bot/followers/ids").status_code == 403


def test_loading_is_for_one_person_and_a_multiple_of_five(line: Simulator, raw: Raw) -> None:
    """H5: REF's example of two errors"""
    person = line.person("ก", friend=True)
    wrong = raw.post("/v2/bot/chat/loading/start", {"chatId": person.id, "loadingSeconds": 61})
    assert wrong.json() == {
        "message": "The request body has 2 error(s)",
        "details": [
            {"message": "Must be between 5 and 60", "property": "loadingSeconds"},
            {"message": "must be a multiple of five", "property": "loadingSeconds"},
        ],
    }
    group = line.group("ร้าน", [person])
    wrong = raw.post("/v2/bot/chat/loading/start", {"chatId": group.id})
    assert wrong.json()["details"][0]["property"] == "chatId"


def test_a_menu_is_not_linked_to_who_is_no_friend_and_a_batch_resumes(line: Simulator, raw: Raw) -> None:
    """REF link rich menu, batch: independent operations, resume key acts once"""
    from tests.simulator.conftest import make_menu

    first, second, third = (make_menu(raw) for _ in range(3))
    ann, bob, eve = line.person("ก", friend=True), line.person("ข", friend=True), line.person("ค")
    for person, menu in ((ann, first), (bob, second), (eve, first)):
        assert raw.post(f"/v2/bot/user/{person.id}/richmenu/{menu}").status_code == 200
    assert line.menu(eve) is None
    body = {
        "operations": [{"type": "link", "from": first, "to": second}, {"type": "link", "from": second, "to": third}],
        "resumeRequestKey": "roll-out-1",
    }
    started = raw.post("/v2/bot/richmenu/batch", body)
    path = f"/v2/bot/richmenu/progress/batch?requestId={started.headers['x-line-request-id']}"
    assert raw("GET", path).json()["phase"] == "ongoing"
    line.advance(2)
    assert raw("GET", path).json()["phase"] == "succeeded"
    assert [line.menu(person)["richMenuId"] for person in (ann, bob)] == [second, third]  # type: ignore[index]
    assert raw.post("/v2/bot/richmenu/batch", body).status_code == 202
    line.advance(2)
    assert [line.menu(person)["richMenuId"] for person in (ann, bob)] == [second, third]  # type: ignore[index]
    twice = {"operations": [{"type": "unlink", "from": first}] * 2}
    assert "is duplicated" in raw.post("/v2/bot/richmenu/validate/batch", twice).text
    mixed = {"operations": [{"type": "unlinkAll"}, {"type": "unlink", "from": first}]}
    assert "can't be combined" in raw.post("/v2/bot/richmenu/validate/batch", mixed).text
    bulk = raw.post("/v2/bot/richmenu/bulk/link", {"richMenuId": third, "userIds": [ann.id, eve.id]})
    assert bulk.status_code == 202
    line.advance(0.1)
    assert line.menu(ann)["richMenuId"] == third  # type: ignore[index]
    assert line.menu(eve) is None
    line.block(ann)
    line.unblock(ann)
    assert line.menu(ann) is None, "a block takes the personal menu"
