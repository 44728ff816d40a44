"""H5, D: signed delivery, order, the two-second deadline, redelivery, duplicates, shuffling, odd bodies, groups."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests
from linebot.v3 import WebhookParser
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.webhook import UnknownEvent
from linebot.v3.webhooks import (
    FollowEvent,
    JoinEvent,
    LeaveEvent,
    MemberJoinedEvent,
    MemberLeftEvent,
    MessageEvent,
    PostbackEvent,
    UnfollowEvent,
    UnsendEvent,
    VideoPlayCompleteEvent,
)

from simulator import Simulator
from simulator.webhooks import signature
from tests.simulator.builders import text
from tests.simulator.conftest import NOON, PATIENCE, SECRET, Raw, make_menu
from tests.simulator.listener import Listener


def test_the_signature_is_lines_published_vector() -> None:
    """H5: the example of verify-webhook-signature"""
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert signature("8c570fa6dd201bb328f1c1eac23a96d8", body) == "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


def test_the_sdks_parser_reads_every_event(line: Simulator, bot: Listener, raw: Raw) -> None:
    """H5: signature and shape of each event the simulator makes"""
    somchai, nid = line.person("สมชาย"), line.person("นิด")
    line.follow(somchai)
    said = line.say(somchai, "สวัสดี")
    line.say(somchai, {"type": "sticker", "packageId": "446", "stickerId": "1988"})
    line.say(somchai, {"type": "image"})
    line.say(somchai, {"type": "location", "title": "t", "address": "a", "latitude": 13.7, "longitude": 100.5})
    line.unsend(somchai, said)
    line.tap(somchai, {"type": "postback", "data": "d", "displayText": "กด"})
    line.tap(somchai, {"type": "datetimepicker", "data": "d", "mode": "date"}, {"date": "2026-12-02"})
    raw.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "tab", "richMenuId": make_menu(raw)})
    line.tap(somchai, {"type": "richmenuswitch", "data": "d", "richMenuAliasId": "tab"})
    line.tap(somchai, {"type": "richmenuswitch", "data": "d", "richMenuAliasId": "none"})
    raw.post(f"/_sim/people/{somchai.id}/video-watched", {"trackingId": "v"})
    line.block(somchai)
    group = line.group("ร้าน", [somchai])
    line.do(_members, group, nid)
    raw.post(f"/_sim/groups/{group.id}/leave")
    line.wait_idle()
    parser, events = WebhookParser(SECRET), []
    for headers, body in bot.requests:
        events += parser.parse(body.decode(), headers["x-line-signature"])
    assert not [event for event in events if isinstance(event, UnknownEvent)]
    kinds = [
        FollowEvent,
        MessageEvent,
        MessageEvent,
        MessageEvent,
        MessageEvent,
        UnsendEvent,
        PostbackEvent,
        PostbackEvent,
        PostbackEvent,
        PostbackEvent,
        VideoPlayCompleteEvent,
        UnfollowEvent,
    ]
    person = [event for event in events if event.source.type == "user"]
    assert [type(event) for event in person] == kinds
    assert [type(event) for event in events if event.source.type == "group"] == [
        JoinEvent,
        MemberJoinedEvent,
        MemberLeftEvent,
        LeaveEvent,
    ]
    assert person[7].postback.params == {"date": "2026-12-02"}
    assert person[8].postback.params == {"newRichMenuAliasId": "tab", "status": "SUCCESS"}
    assert person[9].postback.params == {"status": "RICHMENU_ALIAS_ID_NOTFOUND"}
    with pytest.raises(InvalidSignatureError):
        parser.parse(bot.requests[0][1].decode() + " ", bot.requests[0][0]["x-line-signature"])


def _members(state: Any, group: Any, person: Any) -> None:
    from simulator import groups

    groups.change_members(state, group, [person.id], [])
    groups.change_members(state, group, [], [person.id])


def test_follow_tells_an_unblock_and_a_friend_follows_once(line: Simulator, bot: Listener) -> None:
    """REF follow event"""
    person = line.person("นิด")
    line.follow(person)
    line.follow(person)
    line.block(person)
    line.unblock(person)
    line.wait_idle()
    assert bot.kinds() == ["follow", "unfollow", "follow"]
    assert [event["follow"]["isUnblocked"] for event in bot.events if event["type"] == "follow"] == [False, True]
    assert "replyToken" not in bot.events[1]


def test_edited_messages_exist_in_groups_only(line: Simulator, bot: Listener) -> None:
    """REF edit event: the same message id, another quote token, no read token"""
    person = line.person("นิด", friend=True)
    group = line.group("ร้าน", [person])
    said = line.say(person, "ก่อน", group)
    line.edit(person, said, "หลัง")
    alone = line.say(person, "เดี่ยว")
    with pytest.raises(ValueError, match="group"):
        line.edit(person, alone, "ไม่ได้")
    line.wait_idle()
    edited = next(event for event in bot.events if event["type"] == "messageEdited")
    assert (edited["message"]["id"], edited["message"]["text"]) == (said.id, "หลัง")
    assert edited["source"] == {"type": "group", "groupId": group.id, "userId": person.id}
    assert "markAsReadToken" not in edited["message"]
    assert said.edited


def test_an_unsent_picture_is_gone(line: Simulator, raw: Raw) -> None:
    """REF get content: 410"""
    person = line.person("นิด", friend=True)
    photo = line.say(person, {"type": "image", "content": "aGVsbG8="})
    path = f"/v2/bot/message/{photo.id}/content"
    assert raw("GET", path).content == b"hello"
    line.unsend(person, photo)
    assert (raw("GET", path).status_code, raw("GET", path).json()["message"]) == (410, "The content is gone")
    assert "content" not in photo.message


def test_a_slow_bot_freezes_nobody_and_times_out_after_two_seconds(line: Simulator, bot: Listener, raw: Raw) -> None:
    """Delivery waits for nobody; the deadline counts as a failure"""
    line.set(deadline_seconds=0.5)
    bot.delay = 1.0
    ann, bob = line.person("ก", friend=True), line.person("ข", friend=True)
    line.say(ann, "1")
    line.say(ann, "2")
    started = time.monotonic()
    line.say(bob, "3")
    assert raw("GET", "/_sim/state").ok
    assert raw("GET", "/v2/bot/info").ok
    assert time.monotonic() - started < 0.5
    line.wait_idle()
    assert [event["message"]["text"] for event in bot.events if event["source"]["userId"] == ann.id] == ["1", "2"]
    errors = raw("GET", "/_sim/webhook/errors").json()["errors"]
    assert [(row["reason"], row["detail"], row["errors"]) for row in errors] == [
        ("request_timeout", "Request timeout", 3)
    ]
    assert (errors[0]["date"], errors[0]["start"]) == ("2026-11-20", "14:00:00"), "UTC+9"


def test_error_statistics_keep_kinds_and_minutes_apart(line: Simulator, bot: Listener, raw: Raw) -> None:
    """Check-webhook-error-statistics: one row per kind within 60 seconds"""
    person = line.person("ก", friend=True)
    for status, wait in ((500, 0), (500, 0), (404, 61), (500, 0)):
        line.advance(wait)
        bot.status = status
        line.say(person, "hi")
        line.wait_idle()
    raw("PUT", "/v2/bot/channel/webhook/endpoint", {"endpoint": "http://127.0.0.1:9/nobody"})
    line.say(person, "hi")
    line.wait_idle()
    rows = raw("GET", "/_sim/webhook/errors").json()["errors"]
    assert [(row["reason"], row["detail"], row["errors"]) for row in rows] == [
        ("error_status_code", "500", 2),
        ("error_status_code", "404", 1),
        ("error_status_code", "500", 1),
        ("could_not_connect", "Connection failed", 1),
    ]


def test_redelivery_repeats_the_same_event_until_it_is_taken(line: Simulator, bot: Listener, raw: Raw) -> None:
    """Same id, same token, original timestamp, isRedelivery true; the token lives a minute anew"""
    line.set(redelivery=True, redelivery_after_seconds=300)
    person = line.person("ก", friend=True)
    bot.status = 500
    line.say(person, "hi")
    line.wait_idle()
    line.advance(300)
    line.wait_idle()
    bot.status = 200
    line.advance(300)
    line.wait_idle()
    line.advance(300)
    line.wait_idle()
    first, second, third = bot.events
    assert second == {**first, "deliveryContext": {"isRedelivery": True}} == third
    answer = raw.post("/v2/bot/message/reply", {"replyToken": first["replyToken"], "messages": [text()]})
    assert answer.status_code == 400, "five minutes after the last delivery"
    bot.status = 500
    line.say(person, "again")
    line.wait_idle()
    bot.status = 200
    line.advance(300)
    line.wait_idle()
    token = bot.events[-1]["replyToken"]
    assert raw.post("/v2/bot/message/reply", {"replyToken": token, "messages": [text()]}).status_code == 200


def test_without_redelivery_a_failed_event_is_lost(line: Simulator, bot: Listener) -> None:
    """DOC: off by default"""
    bot.status = 503
    line.say(line.person("ก", friend=True), "hi")
    line.wait_idle()
    line.advance(24 * 3600)
    line.wait_idle()
    assert len(bot.events) == 1


def test_duplicates_carry_the_same_id(line: Simulator, bot: Listener) -> None:
    """DOC: the same event can come twice without redelivery"""
    line.set(duplicates=1)
    line.say(line.person("ก", friend=True), "hi")
    line.wait_idle()
    first, second = bot.events
    assert first == second


def test_one_persons_events_keep_their_order_unless_shuffled(line: Simulator, bot: Listener) -> None:
    """Order per person; with shuffle, another order (seeded)"""
    person = line.person("ก", friend=True)
    numbers = [str(number) for number in range(12)]
    for number in numbers:
        line.say(person, number)
    line.wait_idle()
    assert [event["message"]["text"] for event in bot.events] == numbers
    bot.requests.clear()
    line.set(shuffle=True, delivery_paused=True)
    for number in numbers:
        line.say(person, number)
    line.set(delivery_paused=False)
    line.wait_idle()
    got = [event["message"]["text"] for event in bot.events]
    assert sorted(got) == sorted(numbers)
    assert got != numbers


def test_one_body_holds_several_events_of_several_people(line: Simulator, bot: Listener) -> None:
    """REF webhooks: a single webhook may contain multiple events"""
    line.set(events_per_body=3, delivery_paused=True)
    for name in "กขคง":
        line.follow(line.person(name))
    assert bot.requests == []
    line.set(delivery_paused=False)
    line.wait_idle()
    assert [len(body["events"]) for body in bot.bodies] == [3, 1]
    assert len({event["source"]["userId"] for event in bot.events}) == 4


def test_standby_events_have_no_reply_token(line: Simulator, bot: Listener) -> None:
    """REF mode standby"""
    line.set(standby=True)
    line.follow(line.person("ก"))
    line.wait_idle()
    assert bot.events[0]["mode"] == "standby"
    assert "replyToken" not in bot.events[0]


def test_hand_made_webhooks_may_be_anything(line: Simulator, bot: Listener, raw: Raw) -> None:
    """Unknown types and fields, empty events, wrong or no signature, bytes that are no JSON"""

    def send(body: dict[str, Any]) -> dict[str, Any]:
        return dict(raw.post("/_sim/send-webhook", body).json())

    assert send({"events": [{"type": "teleport", "spin": 1}]})["status"] == 200
    assert send({"events": []})["reason"] == "OK"
    send({"events": [], "sign": False})
    send({"events": [], "secret": "another"})
    send({"raw": "bm8gSlNPTg=="})
    signed = [headers.get("x-line-signature") for headers, _ in bot.requests]
    bodies = [body for _, body in bot.requests]
    good = [signature(SECRET, body) for body in bodies]
    assert signed[:2] == good[:2]
    assert signed[2] is None
    assert signed[3] == signature("another", bodies[3])
    assert (bodies[4], signed[4]) == (b"no JSON", good[4])
    assert json.loads(bodies[0])["events"] == [{"type": "teleport", "spin": 1}]


def test_the_webhook_test_reports_what_went_wrong(line: Simulator, bot: Listener, raw: Raw) -> None:
    """REF test webhook endpoint; not counted in the error statistics"""
    bot.status = 500
    answer = raw.post("/v2/bot/channel/webhook/test", {}).json()
    assert (answer["success"], answer["statusCode"], answer["reason"], answer["detail"]) == (
        False,
        500,
        "ERROR_STATUS_CODE",
        "500",
    )
    assert bot.bodies[0]["events"] == []
    answer = raw.post("/v2/bot/channel/webhook/test", {"endpoint": "http://127.0.0.1:9/none"}).json()
    assert answer["reason"] == "COULD_NOT_CONNECT"
    assert raw("PUT", "/v2/bot/channel/webhook/endpoint", {"endpoint": "no url"}).json() == {
        "message": "Invalid webhook endpoint URL"
    }


def test_two_simulators_with_one_seed_send_the_same(bot: Listener) -> None:
    """Seeded randomness; whether the bot had answered the first event when the second one happened changes nothing."""

    def bodies(delay: float) -> list[bytes]:
        bot.requests.clear()
        bot.delay = delay
        with Simulator(bot.url, SECRET, clock=NOON, seed=7) as line:
            person = line.person("ก")
            line.follow(person)
            if not delay:
                line.wait_idle()
            line.say(person, "hi")
            line.wait_idle()
        return [body for _, body in bot.requests]

    assert bodies(0) == bodies(0.2)


def test_a_switched_off_webhook_stays_silent(line: Simulator, bot: Listener, raw: Raw) -> None:
    """REF webhook endpoint: active"""
    line.set(webhook_active=False)
    line.follow(line.person("ก"))
    line.wait_idle()
    assert bot.requests == []
    assert requests.get(
        line.url + "/v2/bot/channel/webhook/endpoint", headers=dict(raw.session.headers), timeout=PATIENCE
    ).json() == {"endpoint": bot.url, "active": False}
