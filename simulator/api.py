"""What an endpoint gets and gives: a Call, an Answer, or a Refusal worded as LINE words it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]


class Refusal(Exception):
    """LINE refuses the call: status, message, `details[]` of message and property, extra headers."""

    def __init__(
        self,
        status: int,
        message: str | None,
        details: list[Json] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.body: Json = {"message": message} if body is None else body
        if details:
            self.body["details"] = details


def body_errors(*problems: tuple[str, str]) -> Refusal:
    """400 `The request body has N error(s)`; each problem is (property, message)."""
    details = [{"message": message, "property": prop} for prop, message in problems]
    return Refusal(400, f"The request body has {len(details)} error(s)", details)


def invalid_property(name: str) -> Refusal:
    """400 for an id in the body that cannot be one."""
    return Refusal(400, f"The property, {name}, in the request body is invalid (line: -, column: -)")


def invalid_parameter(name: str) -> Refusal:
    """400 for a path or query parameter that cannot be right."""
    return Refusal(400, f"The value for the '{name}' parameter is invalid")


NOT_FOUND = "Not found"


@dataclass(slots=True)
class Answer:
    """A success: JSON `body`, or `content` bytes when given."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"


@dataclass(slots=True)
class Call:
    """One request to LINE's API. `cost` is what it took from the month's quota; `note` is shown in the traffic."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    params: Mapping[str, str] = field(default_factory=dict)
    cost: int = 0
    note: str | None = None
    endpoint: str = ""

    def json(self) -> Json:
        """The body as a JSON object. Raises Refusal 400 in LINE's words."""
        content_type = self.headers.get("Content-Type", "").split(";")[0].strip()
        if content_type != "application/json":
            raise Refusal(415, f"The content type, {content_type or '(none)'}, is not supported")
        try:
            found = json.loads(self.body)
        except json.JSONDecodeError as error:
            where = f"(line: {error.lineno}, column: {error.colno})"
            raise Refusal(400, f"The request body could not be parsed as JSON {where}") from None
        except (UnicodeDecodeError, RecursionError):
            raise Refusal(400, "The request body could not be parsed as JSON (line: -, column: -)") from None
        if not isinstance(found, dict):
            raise Refusal(400, "The request body could not be parsed as JSON (line: 1, column: 1)")
        return found

    def form(self) -> dict[str, str]:
        """The body as form fields, first value of each."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in fields.items()}


Handler = Callable[["Line", Call], "Answer | Awaitable[Answer]"]


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. `token`: whether a channel access token is needed."""

    method: str
    path: str
    handler: Handler
    token: bool = True

    @property
    def endpoint(self) -> str:
        """`POST /v2/bot/message/push`: the name under which limits and faults know it."""
        return f"{self.method} {self.path}"
