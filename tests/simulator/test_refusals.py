"""H5: what LINE refuses, in LINE's words with LINE's paths."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import Simulator
from tests.simulator.builders import URL, bubble, flex, text
from tests.simulator.conftest import Raw, make_menu, menu_object, picture

BODY = "The request body has 1 error(s)"
MESSAGE = "A message (messages[0]) in the request body is invalid"


def _first_detail(raw: Raw, message: dict[str, Any], method: str = "push") -> tuple[str, str, str]:
    answer = raw.post(f"/v2/bot/message/validate/{method}", {"messages": [message]})
    assert answer.status_code == 400, answer.text
    body = answer.json()
    return body["message"], body["details"][0]["message"], body["details"][0].get("property")


def _button(**action: Any) -> dict[str, Any]:
    return flex(bubble({"type": "button", "action": action}))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (text(text=""), (BODY, "May not be empty", "messages[0].text")),
        (
            {"type": "song"},
            (
                BODY,
                "Must be one of the following values: [text, textV2, sticker, image, video, audio, "
                "location, coupon, imagemap, template, flex]",
                "messages[0].type",
            ),
        ),
        (text(text="x" * 5001), (BODY, "Length must be between 0 and 5000", "messages[0].text")),
        ({"type": "flex", "contents": bubble()}, (BODY, "May not be empty", "messages[0].altText")),
        (flex({"type": "bubble"}), (MESSAGE, "At least one block must be specified", "/")),
        (flex(bubble({"type": "spacer"})), (MESSAGE, "invalid property", "/body/contents/0")),
        (flex(bubble({"type": "icon", "url": URL})), (MESSAGE, "invalid property", "/body/contents/0")),
        (
            flex(bubble(hero={"type": "image", "url": "http://example.com/a.png"})),
            (MESSAGE, "invalid uri scheme", "/hero/url"),
        ),
        (
            flex(bubble({"type": "text", "text": "a", "colour": "#000000"})),
            (MESSAGE, "unknown field", "/body/contents/0/colour"),
        ),
        (flex(bubble({"type": "text", "text": ""})), (MESSAGE, "must be specified", "/body/contents/0/text")),
        (
            flex(bubble({"type": "text", "text": "a", "color": "red"})),
            (MESSAGE, "invalid property", "/body/contents/0/color"),
        ),
        (
            flex(bubble({"type": "text", "text": "a", "size": "huge"})),
            (MESSAGE, "invalid property", "/body/contents/0/size"),
        ),
        (
            _button(type="uri", label="l", uri="ftp://example.com"),
            (MESSAGE, "invalid uri scheme", "/body/contents/0/action/uri"),
        ),
        (
            _button(type="uri", label="l", uri="https://example.com/สวัสดี"),
            (MESSAGE, "invalid uri", "/body/contents/0/action/uri"),
        ),
        (_button(type="postback", data="d"), (MESSAGE, "must be specified", "/body/contents/0/action/label")),
        (
            _button(type="postback", label="l" * 41, data="d"),
            (MESSAGE, "must not be longer than 40 characters", "/body/contents/0/action/label"),
        ),
        (
            _button(type="richmenuswitch", label="l", data="d", richMenuAliasId="a"),
            (MESSAGE, "invalid property", "/body/contents/0/action/type"),
        ),
        (
            _button(type="postback", label="l", data="d", displayText="a", text="b"),
            (MESSAGE, "text and displayText can't be used together", "/body/contents/0/action/text"),
        ),
        (
            flex({"type": "carousel", "contents": [bubble(), bubble(size="kilo")]}),
            (MESSAGE, "all bubbles in a carousel must have the same size", "/contents"),
        ),
        (
            {
                "type": "template",
                "altText": "t",
                "template": {
                    "type": "carousel",
                    "columns": [
                        {"text": "t", "title": "x" * 41, "actions": [{"type": "message", "label": "l", "text": "t"}]}
                    ],
                },
            },
            (MESSAGE, "must not be longer than 40 characters", "template/columns/0/title"),
        ),
        (
            {
                "type": "template",
                "altText": "t",
                "template": {
                    "type": "carousel",
                    "columns": [
                        {"text": "t", "actions": [{"type": "message", "label": "l", "text": "t"}] * n} for n in (1, 2)
                    ],
                },
            },
            (MESSAGE, "the number of actions in columns must be the same", "template/columns"),
        ),
        (
            {
                "type": "template",
                "altText": "t",
                "template": {
                    "type": "buttons",
                    "text": "t",
                    "actions": [{"type": "uri", "label": "l", "uri": URL + "a" * 1000}],
                },
            },
            (MESSAGE, "size must be between 0 and 1000", "template/actions/0/uri"),
        ),
        (
            text(quickReply={"items": [{"type": "action", "action": {"type": "message", "text": "t"}}]}),
            (MESSAGE, "must be specified", "quickReply/items/0/action/label"),
        ),
        (
            {"type": "text", "text": "a$", "emojis": [{"index": 0, "productId": "p", "emojiId": "1"}]},
            (BODY, "invalid property", "messages[0].emojis[0].index"),
        ),
        (text(sender={"name": "LINE"}), (BODY, "Must not contain prohibited words", "messages[0].sender.name")),
        ({"type": "textV2", "text": "{a}"}, (BODY, "no substitution for {a}", "messages[0].text")),
        ({"type": "textV2", "text": "{a"}, (BODY, "'{' and '}' must be used in pairs", "messages[0].text")),
    ],
)
def test_a_wrong_message_is_refused_with_its_place(
    raw: Raw, message: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """H5: details[].message and details[].property"""
    assert _first_detail(raw, message) == expected


def test_several_errors_are_counted(raw: Raw) -> None:
    """H5: REF's own example of two errors in one body."""
    answer = raw.post("/v2/bot/message/validate/push", {"messages": [text(text=""), {"type": "foo"}]})
    assert answer.json()["message"] == "The request body has 2 error(s)"
    assert [item["property"] for item in answer.json()["details"]] == ["messages[0].text", "messages[1].type"]


@pytest.mark.parametrize(
    "message",
    [
        text(text="🍎" * 2500),
        text(text="{}"),
        {
            "type": "textV2",
            "text": "{{a}} {b}",
            "substitution": {"b": {"type": "emoji", "productId": "p", "emojiId": "1"}},
        },
        {"type": "sticker", "packageId": "446", "stickerId": "1988"},
        {"type": "audio", "originalContentUrl": URL, "duration": 60000},
        flex(
            bubble(
                {
                    "type": "box",
                    "layout": "baseline",
                    "contents": [
                        {"type": "icon", "url": URL, "size": "lg", "aspectRatio": "1.91:1"},
                        {
                            "type": "text",
                            "contents": [{"type": "span", "text": "蛙", "size": "xxl", "style": "italic"}],
                            "wrap": True,
                        },
                    ],
                    "background": {
                        "type": "linearGradient",
                        "angle": "90deg",
                        "startColor": "#FFFF00",
                        "endColor": "#0080ff",
                    },
                    "justifyContent": "space-evenly",
                    "alignItems": "center",
                    "width": "30px",
                    "maxHeight": "50%",
                },
                {"type": "separator", "color": "#000000"},
                {"type": "filler"},
                {
                    "type": "button",
                    "style": "primary",
                    "height": "sm",
                    "color": "#0000ff",
                    "adjustMode": "shrink-to-fit",
                    "action": {
                        "type": "uri",
                        "label": "โทร",
                        "uri": "tel:0812345678",
                        "altUri": {"desktop": "https://example.com"},
                    },
                },
                size="giga",
                direction="rtl",
                styles={"footer": {"separator": True, "separatorColor": "#000000"}},
            )
        ),
        flex(
            bubble(
                size="kilo",
                hero={
                    "type": "video",
                    "url": URL,
                    "previewUrl": URL,
                    "aspectRatio": "20:13",
                    "altContent": {"type": "image", "url": URL, "size": "full"},
                },
            )
        ),
        flex(bubble({"type": "image", "url": "http://127.0.0.1:5000/card.png"})),
    ],
)
def test_what_line_accepts_is_accepted(raw: Raw, message: dict[str, Any]) -> None:
    """H5"""
    answer = raw.post("/v2/bot/message/validate/reply", {"messages": [message]})
    assert answer.status_code == 200, answer.text


def test_http_to_this_machine_passes_for_https_only_while_the_setting_says_so(line: Simulator, raw: Raw) -> None:
    """A local bot has no certificate; `insecure_local_urls` false is LINE's own rule."""
    card = flex(bubble({"type": "image", "url": "http://localhost/card.png"}))
    assert raw.post("/v2/bot/message/validate/push", {"messages": [card]}).status_code == 200
    line.set(insecure_local_urls=False)
    assert _first_detail(raw, card)[1] == "invalid uri scheme"


def test_a_body_that_is_no_json_and_a_property_of_the_wrong_type(raw: Raw) -> None:
    """H5: error messages of the reference"""
    sent = raw("POST", "/v2/bot/message/push", data=b'{"to":', headers={"Content-Type": "application/json"})
    assert sent.json() == {"message": "The request body could not be parsed as JSON (line: 1, column: 7)"}
    sent = raw("POST", "/v2/bot/message/push", data=b"{}", headers={"Content-Type": "text/plain"})
    assert (sent.status_code, sent.json()["message"]) == (415, "The content type, text/plain, is not supported")
    sent = raw.post("/v2/bot/message/validate/push", {"messages": [{"type": "text", "text": 5}]})
    assert sent.json()["message"].startswith("The property, 'messages[0].text', in the request body is invalid")
    sent = raw.post("/v2/bot/message/push", {"to": "somchai", "messages": [text()]})
    assert sent.json()["message"] == "The property, 'to', in the request body is invalid (line: -, column: -)"
    assert raw("GET", "/v2/bot/no/such/thing").status_code == 404


def test_mentions_need_a_group_and_reply_or_push(line: Simulator, raw: Raw) -> None:
    """REF mention object"""
    message = {
        "type": "textV2",
        "text": "{a}",
        "substitution": {"a": {"type": "mention", "mentionee": {"type": "all"}}},
    }
    assert _first_detail(raw, message, "multicast")[1] == "mention is not allowed for this API"
    person = line.person("นิด", friend=True)
    group = line.group("ร้าน", [person])
    assert raw.post("/v2/bot/message/push", {"to": person.id, "messages": [message]}).status_code == 400
    assert raw.post("/v2/bot/message/push", {"to": group.id, "messages": [message]}).status_code == 200


@pytest.mark.parametrize(
    ("change", "words", "place"),
    [
        ({"name": None}, "must be specified", "name"),
        (
            {
                "areas": [
                    {
                        "bounds": {"x": 0, "y": 0, "width": 9, "height": 9},
                        "action": {"type": "uri", "uri": "ftp://example.com"},
                    }
                ]
            },
            "invalid uri",
            "areas[0].action.uri",
        ),
        (
            {
                "areas": [
                    {
                        "bounds": {"x": 700, "y": 0, "width": 200, "height": 9},
                        "action": {"type": "message", "text": "t"},
                    }
                ]
            },
            "the area must be inside the rich menu",
            "areas[0].bounds.width",
        ),
        ({"selected": None}, "must be specified", "selected"),
    ],
)
def test_a_wrong_menu_is_refused_with_its_place(raw: Raw, change: dict[str, Any], words: str, place: str) -> None:
    """H5: REF's examples of the rich menu object"""
    answer = raw.post("/v2/bot/richmenu", menu_object(**change))
    assert (answer.status_code, answer.json()["message"]) == (400, BODY)
    assert answer.json()["details"] == [{"message": words, "property": place}]


def test_a_menus_image_is_set_once_and_is_an_image(raw: Raw) -> None:
    """H5: upload rich menu image"""
    id = make_menu(raw)
    path = f"/v2/bot/richmenu/{id}/content"
    again = raw("POST", path, data=picture(800, 540), headers={"Content-Type": "image/png"})
    assert again.json()["message"] == "An image has already been uploaded to the richmenu"
    other = raw.post("/v2/bot/richmenu", menu_object()).json()["richMenuId"]
    path = f"/v2/bot/richmenu/{other}/content"
    assert raw("GET", path).status_code == 404
    assert raw("POST", path, data=b"gif", headers={"Content-Type": "image/gif"}).status_code == 415
    small = raw("POST", path, data=picture(799, 500), headers={"Content-Type": "image/png"})
    assert small.json()["message"] == "The image size is not allowed for richmenu"
    jpeg = raw("POST", path, data=picture(800, 500, "JPEG"), headers={"Content-Type": "image/jpeg"})
    assert jpeg.status_code == 200


def test_words_of_menus_and_aliases_that_are_not_there(line: Simulator, raw: Raw) -> None:
    """H5: 404s have words of their own"""
    person = line.person("นิด", friend=True)
    nobody = "richmenu-" + "0" * 32
    assert raw("GET", f"/v2/bot/user/{person.id}/richmenu").json() == {"message": "the user has no richmenu"}
    assert raw("GET", "/v2/bot/user/all/richmenu").json() == {"message": "no default richmenu"}
    assert raw("GET", f"/v2/bot/richmenu/{nobody}").json() == {"message": "Not found"}
    assert raw("GET", "/v2/bot/richmenu/alias/tab").json() == {"message": "richmenu alias not found"}
    wrong = raw.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "tab", "richMenuId": nobody})
    assert (wrong.status_code, wrong.json()["message"]) == (400, "richmenu not found")
    raw.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "tab", "richMenuId": make_menu(raw)})
    twice = raw.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "tab", "richMenuId": make_menu(raw)})
    assert twice.json()["message"] == "conflict richmenu alias id"
    ids = raw.post("/v2/bot/richmenu/bulk/unlink", {"userIds": ["x"]})
    assert ids.json()["message"] == "The property, 'userIds[0]', in the request body is invalid (line: -, column: -)"
    assert raw("GET", "/v2/bot/user/x/richmenu").json()["message"] == "The value for the 'userId' parameter is invalid"
