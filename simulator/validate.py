"""Checks of message objects (first slice)."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import body_errors

if TYPE_CHECKING:
    from simulator.line import Line

def check_messages(line: Line, body: Any, *, method: str) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
        raise body_errors(("messages", "Size must be between 1 and 5"))
    return messages
