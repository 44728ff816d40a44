"""The channel's webhook endpoint: reading, changing, testing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator.api import Answer, Call, Refusal, Route, body_errors
from simulator.clock import iso
from simulator.limits import within

if TYPE_CHECKING:
    from simulator.line import Line

_NO_ENDPOINT = "Webhook endpoint not found"
_WRONG_ENDPOINT = "Invalid webhook endpoint URL"


def _checked(url: Any) -> str:
    # LINE demands https; a simulator on this machine also takes http.
    if not isinstance(url, str) or not within("webhook.endpoint", len(url)):
        raise body_errors(("endpoint", "Size must be between 1 and 500"))
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refusal(400, _WRONG_ENDPOINT)
    return url


def get(line: Line, call: Call) -> Answer:
    """GET /v2/bot/channel/webhook/endpoint"""
    if not line.webhook:
        raise Refusal(404, _NO_ENDPOINT)
    return Answer({"endpoint": line.webhook, "active": line.settings.webhook_active})


def put(line: Line, call: Call) -> Answer:
    """PUT /v2/bot/channel/webhook/endpoint"""
    line.webhook = _checked(call.json().get("endpoint"))
    return Answer()


async def test(line: Line, call: Call) -> Answer:
    """POST /v2/bot/channel/webhook/test: sends an empty `events` and tells how it went."""
    body = call.json() if call.body else {}
    url = _checked(body["endpoint"]) if "endpoint" in body else line.webhook
    if not url:
        raise Refusal(404, _NO_ENDPOINT)
    outcome = await line.webhooks.post([], url=url, note="webhook test")
    return Answer(
        {
            "success": outcome.ok,
            "timestamp": iso(line.clock.time()),
            "statusCode": outcome.status,
            "reason": outcome.reason,
            "detail": outcome.detail,
        }
    )


ROUTES = (
    Route("GET", "/v2/bot/channel/webhook/endpoint", get),
    Route("PUT", "/v2/bot/channel/webhook/endpoint", put),
    Route("POST", "/v2/bot/channel/webhook/test", test),
)
