"""Webhook events, built as LINE builds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.people import Group, Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]


def source(person: Person | None, group: Group | None = None) -> Json:
    """The `source` object: a user, or a user in a group or room, or the group alone."""
    if group is None:
        assert person is not None
        return {"type": "user", "userId": person.id}
    found: Json = {"type": group.kind, f"{group.kind}Id": group.id}
    if person is not None:
        found["userId"] = person.id
    return found


def build(line: Line, kind: str, origin: Json | None, *, reply: bool = False, **fields: Any) -> Json:
    """One event of `kind` now. `reply`: with a reply token, unless the channel is on standby."""
    standby = line.settings.standby
    event: Json = {
        "type": kind,
        **fields,
        "webhookEventId": line.ids.event(),
        "deliveryContext": {"isRedelivery": False},
        "timestamp": int(line.clock.time() * 1000),
        "mode": "standby" if standby else "active",
    }
    if origin is not None:
        event["source"] = origin
    if reply and origin is not None and not standby:
        event["replyToken"] = line.replies.issue(chat_of(origin))
    return event


def chat_of(origin: Json) -> str:
    """The chat an event belongs to: the group's or room's id, else the user's."""
    return str(origin.get("groupId") or origin.get("roomId") or origin.get("userId"))


def send(
    line: Line, kind: str, person: Person | None, group: Group | None = None, *, reply: bool = False, **fields: Any
) -> Json:
    """Builds an event and hands it to delivery. Returns the event."""
    origin = source(person, group)
    event = build(line, kind, origin, reply=reply, **fields)
    line.webhooks.put(event, chat_of(origin))
    return event
