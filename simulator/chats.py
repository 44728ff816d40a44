"""Inside a chat: loading animation, read marks, and the content people sent."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from simulator.api import Answer, Call, Refusal, Route, body_errors, invalid_property
from simulator.ids import USER_ID
from simulator.limits import within
from simulator.people import Entry

if TYPE_CHECKING:
    from simulator.line import Line

_DEFAULT_LOADING = 20
_ONLY_USERS = "Only user id is acceptable, please confirm if there are any group/room ids or illegal ids."
_BAD_READ_TOKEN = "Invalid markAsReadToken. Tokens must be used by the bot that received them via Webhook."
#: A grey dot, served when a person sent a picture without giving its bytes.
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def loading(line: Line, call: Call) -> Answer:
    """POST /v2/bot/chat/loading/start: 5 to 60 seconds, a multiple of five; one-to-one chats only."""
    body = call.json()
    chat, seconds = body.get("chatId"), body.get("loadingSeconds", _DEFAULT_LOADING)
    problems = []
    if not isinstance(chat, str) or not USER_ID.fullmatch(chat):
        problems.append(("chatId", _ONLY_USERS))
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise invalid_property("'loadingSeconds'")
    if not within("loading.seconds", seconds):
        problems.append(("loadingSeconds", "Must be between 5 and 60"))
    if seconds % 5:
        problems.append(("loadingSeconds", "must be a multiple of five"))
    if problems:
        raise body_errors(*problems)
    person = line.people.get(str(chat))
    if person is not None and person.reachable:
        line.stream.publish("loading", chat=chat, seconds=seconds)
    return Answer(status=202)


def mark_as_read(line: Line, call: Call) -> Answer:
    """POST /v2/bot/chat/markAsRead: everything up to the token's message counts as read by the bot."""
    token = call.json().get("markAsReadToken")
    found = line.read_tokens.get(token) if isinstance(token, str) else None
    if found is None:
        raise Refusal(400, _BAD_READ_TOKEN)
    chat, at = found
    person = line.people.get(chat)
    if person is not None:
        person.read_at = max(at, person.read_at or at)
    line.stream.publish("read", chat=chat, until=at)
    return Answer()


def _sent_by_user(line: Line, call: Call) -> Entry:
    entry = line.content.get(call.params["messageId"])
    if entry is None:
        raise Refusal(404, "not found")
    if entry.unsent:
        raise Refusal(410, "The content is gone")
    return entry


def content(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/{messageId}/content: what a person sent, as bytes."""
    return _bytes(_sent_by_user(line, call).message)


def _bytes(message: dict[str, Any]) -> Answer:
    given = message.get("content")
    default = {"image": "image/png", "video": "video/mp4", "audio": "audio/x-m4a"}
    kind = message.get("contentType") or default.get(message["type"], "application/octet-stream")
    return Answer(content=base64.b64decode(given) if given else _PIXEL, content_type=kind)


def preview(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/{messageId}/content/preview: images and videos."""
    entry = _sent_by_user(line, call)
    if entry.message["type"] not in ("image", "video"):
        raise Refusal(400, "The content can not be previewed")
    return Answer(content=_PIXEL, content_type="image/png")


def transcoding(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/{messageId}/content/transcoding: always ready."""
    if _sent_by_user(line, call).message["type"] not in ("video", "audio"):
        raise Refusal(400, "Transcoding status doesn't support this type of content")
    return Answer({"status": "succeeded"})


ROUTES = (
    Route("POST", "/v2/bot/chat/loading/start", loading),
    Route("POST", "/v2/bot/chat/markAsRead", mark_as_read),
    Route("GET", "/v2/bot/message/{messageId}/content", content),
    Route("GET", "/v2/bot/message/{messageId}/content/preview", preview),
    Route("GET", "/v2/bot/message/{messageId}/content/transcoding", transcoding),
)
