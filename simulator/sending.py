"""Sending: reply, push, multicast, broadcast. Narrowcast is in narrowcast.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import Answer, Call, Refusal, Route, body_errors, invalid_property
from simulator.ids import CHAT_ID, USER_ID
from simulator.limits import NON_FRIEND_SECONDS, at_most
from simulator.people import Entry, Group, Person
from simulator.units import read_unit
from simulator.validate import check_messages

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
MONTHLY = "You have reached your monthly limit."
#: Message types whose sent message can be quoted (reference, sentMessages.quoteToken).
_QUOTABLE = {"text", "textV2", "sticker", "image", "video", "template", "flex"}


def sent(line: Line, entries: list[Entry], messages: list[Json]) -> list[Json]:
    """`sentMessages[]` of the entries made of these messages, with new quote tokens."""
    return [
        {"id": entry.id, **({"quoteToken": line.ids.token(90)} if message["type"] in _QUOTABLE else {})}
        for entry, message in zip(entries, messages, strict=True)
    ]


def reserve_quota(line: Line, recipients: int) -> None:
    """Raises Refusal 429 in LINE's words when the month has no room for that many recipients."""
    if recipients and not line.quota.fits(recipients):
        raise Refusal(429, MONTHLY)


def book(line: Line, call: Call, method: str, recipients: int) -> None:
    """Counts what was sent and notes it on the call."""
    line.quota.count(method, recipients)
    if method != "reply":
        call.cost = recipients
        line.publish_quota()


def reply(line: Line, call: Call) -> Answer:
    """POST /v2/bot/message/reply: free, once per reply token."""
    if "X-Line-Retry-Key" in call.headers:
        raise Refusal(400, "Retry key is not supported for this API")
    body = call.json()
    token = body.get("replyToken")
    if not isinstance(token, str):
        raise body_errors(("replyToken", "May not be empty")) if token is None else invalid_property("'replyToken'")
    messages = check_messages(line, body, method="reply")
    chat = line.replies.chat(token)
    if chat is None:
        raise Refusal(400, "Invalid reply token")
    check_place(line, messages, chat)
    line.replies.use(token)
    entries = line.entries(messages, "reply")
    book(line, call, "reply", put(line, chat, entries))
    return Answer({"sentMessages": sent(line, entries, messages)})


def push(line: Line, call: Call) -> Answer:
    """POST /v2/bot/message/push: to one user, group or room."""
    key = line.retries.check(call)
    body = call.json()
    to = body.get("to")
    if not isinstance(to, str) or not CHAT_ID.fullmatch(to):
        raise invalid_property("'to'")
    messages = check_messages(line, body, method="push")
    unit = read_unit(body)
    if to not in line.people and not (to in line.groups and line.groups[to].joined):
        raise Refusal(400, "Failed to send messages")
    check_place(line, messages, to)
    reserve_quota(line, len(receivers(line, to)))
    entries = line.entries(messages, "push")
    answer = sent(line, entries, messages)
    recipients = put(line, to, entries)
    book(line, call, "push", recipients)
    line.units.count(unit, recipients, messages)
    line.retries.accept(key, call, answer)
    return Answer({"sentMessages": answer})


def multicast(line: Line, call: Call) -> Answer:
    """POST /v2/bot/message/multicast: to at most 500 users; one malformed id and nobody gets it."""
    key = line.retries.check(call)
    body = call.json()
    people = multicast_people(line, body)
    messages = check_messages(line, body, method="multicast")
    unit = read_unit(body)
    reserve_quota(line, len(people))
    entries = line.entries(messages, "multicast")
    for person in people:
        line.deliver(person, entries)
    book(line, call, "multicast", len(people))
    line.units.count(unit, len(people), messages)
    line.retries.accept(key, call)
    return Answer()


def multicast_people(line: Line, body: Json) -> list[Person]:
    """The friends among `to`, each once. Raises Refusal 400 for a wrong size or an id that is no user id."""
    to = body.get("to")
    if not isinstance(to, list) or not to or not at_most("multicast.to", len(to)):
        raise body_errors(("to", "Size must be between 1 and 500"))
    everyone = line.people
    found: dict[str, Person] = {}
    for index, id in enumerate(to):
        if not isinstance(id, str) or not USER_ID.fullmatch(id):
            raise invalid_property(f"to[{index}]")
        person = everyone.get(id)
        if person is not None and person.reachable:
            found[id] = person
    return list(found.values())


def broadcast(line: Line, call: Call) -> Answer:
    """POST /v2/bot/message/broadcast: to every friend."""
    key = line.retries.check(call)
    messages = check_messages(line, call.json(), method="broadcast")
    people = [person for person in line.people.values() if person.reachable]
    reserve_quota(line, len(people))
    entries = line.entries(messages, "broadcast")
    for person in people:
        line.deliver(person, entries)
    book(line, call, "broadcast", len(people))
    line.deliveries[call.request_id] = (line.clock.time(), len(people), len(messages))
    line.retries.accept(key, call)
    return Answer()


def receivers(line: Line, chat: str) -> list[Person]:
    """Who gets a message put into this chat: the person if reachable or writing lately, or the group's members."""
    if chat in line.groups:
        group = line.groups[chat]
        return [line.people[id] for id in group.members if id in line.people] if group.joined else []
    person = line.people.get(chat)
    return [person] if person is not None and can_receive(line, person) else []


def can_receive(line: Line, person: Person) -> bool:
    """A friend, or somebody who wrote in the last 7 days; never who blocked or left."""
    if person.blocked or person.gone:
        return False
    wrote = person.wrote_at
    return person.friend or (wrote is not None and line.clock.time() - wrote <= NON_FRIEND_SECONDS)


def put(line: Line, chat: str, entries: list[Entry]) -> int:
    """Puts the entries into a chat. Returns the recipients LINE counts: members of a group, one or none else."""
    found = receivers(line, chat)
    group: Group | None = line.groups.get(chat)
    if group is not None and group.joined:
        line.deliver_group(group, entries)
    elif found:
        line.deliver(found[0], entries)
    return len(found)


def check_place(line: Line, messages: list[Json], chat: str) -> None:
    """Rules that depend on the chat: mentions only of members of a group, no trackingId there."""
    group = line.groups.get(chat)
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if message["type"] == "video" and group is not None and "trackingId" in message:
            raise body_errors((f"{where}.trackingId", "trackingId is not allowed for group or room"))
        for name, item in (message.get("substitution") or {}).items():
            if item.get("type") != "mention":
                continue
            user = item["mentionee"].get("userId")
            if group is None or (user is not None and user not in group.members):
                raise body_errors((f"{where}.substitution.{name}", "Invalid mentionee"))


ROUTES = (
    Route("POST", "/v2/bot/message/reply", reply),
    Route("POST", "/v2/bot/message/push", push),
    Route("POST", "/v2/bot/message/multicast", multicast),
    Route("POST", "/v2/bot/message/broadcast", broadcast),
)
