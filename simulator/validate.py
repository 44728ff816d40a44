"""Checks of the `messages` array, for sending and for the validate endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator import messagecheck as kinds
from simulator.api import Answer, Call, Route, body_errors, invalid_property
from simulator.check import Check, Path, dotted, refuse_message, slashed
from simulator.flex import check_flex
from simulator.limits import within
from simulator.templates import check_imagemap, check_template

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_BODY: dict[str, Callable[[Check, Json, Path], None]] = {
    "text": kinds.text,
    "textV2": kinds.text_v2,
    "sticker": kinds.sticker,
    "image": kinds.image,
    "video": kinds.video,
    "audio": kinds.audio,
    "location": kinds.location,
    "coupon": kinds.coupon,
    "imagemap": check_imagemap,
}
_WITH_ALT_TEXT = ("imagemap", "template", "flex")
_TYPES = ("text", "textV2", "sticker", "image", "video", "audio", "location", "coupon", "imagemap", "template", "flex")


def check_messages(line: Line, body: Json, *, method: str) -> list[Json]:
    """The messages of a request. Raises Refusal 400: first the body's errors together, then the first bad message's."""
    messages = body.get("messages")
    if messages is None:
        raise body_errors(("messages", "May not be empty"))
    if not isinstance(messages, list):
        raise invalid_property("'messages'")
    if not within("messages", len(messages)):
        raise body_errors(("messages", "Size must be between 1 and 5"))
    here = line.settings.insecure_local_urls
    shallow = Check(deep=False, here_is_safe=here)
    for number, message in enumerate(messages):
        _check_body(shallow, message, number, method)
    if "notificationDisabled" in body:
        shallow.boolean(body, "notificationDisabled", ())
    if shallow.problems:
        raise body_errors(*((dotted(path), words) for path, words in shallow.problems))
    for number, message in enumerate(messages):
        _check_inside(message, number, here)
    return messages


def _check_body(check: Check, message: Any, number: int, method: str) -> None:
    path: Path = ("messages", number)
    if not isinstance(message, dict):
        raise invalid_property(f"'messages[{number}]'")
    check.choice(message, "type", path, _TYPES, required=True)
    kind = message.get("type")
    if kind in _WITH_ALT_TEXT:
        kinds.alt_text(check, message, path)
    if kind in _BODY:
        _BODY[str(kind)](check, message, path)
    if kind == "textV2" and method not in ("reply", "push"):
        for key, item in (message.get("substitution") or {}).items():
            if isinstance(item, dict) and item.get("type") == "mention":
                check.add((*path, "substitution", key), "mention is not allowed for this API")
    kinds.sender(check, message, path)


def _check_inside(message: Json, number: int, here: bool) -> None:
    inside = Check(deep=True, here_is_safe=here)
    if message["type"] == "template":
        check_template(inside, message)
    kinds.quick_reply(inside, message)
    problems = [(slashed(path), words) for path, words in inside.problems]
    if message["type"] == "flex":
        card = Check(deep=True, here_is_safe=here)
        check_flex(card, message.get("contents"))
        problems = [("/" + slashed(path), words) for path, words in card.problems] + problems
    if problems:
        raise refuse_message(number, problems)


def _endpoint(method: str) -> Route:
    def validate(line: Line, call: Call) -> Answer:
        check_messages(line, call.json(), method=method)
        return Answer()

    return Route("POST", f"/v2/bot/message/validate/{method}", validate)


ROUTES = tuple(_endpoint(method) for method in ("reply", "push", "multicast", "narrowcast", "broadcast"))
