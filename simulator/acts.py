"""What people do with their phones: follow, block, write, tap, unsend, edit; each act sends its webhook event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import events
from simulator.people import Entry, Group, Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_WITH_CONTENT = ("image", "video", "audio", "file")
_QUOTABLE = ("text", "sticker", "image", "video")


class Impossible(ValueError):
    """A person cannot do that; the message is a sentence saying what to do."""


def follow(line: Line, person: Person) -> None:
    """Adds the bot as a friend, or unblocks it: `follow` with isUnblocked. Nothing when already a friend."""
    if person.gone:
        raise Impossible(f"{person.name} has left LINE and cannot do anything.")
    unblocked = person.blocked
    if person.friend and not unblocked:
        return
    person.friend, person.blocked = True, False
    events.send(line, "follow", person, reply=True, follow={"isUnblocked": unblocked})
    line.publish_person(person)


def block(line: Line, person: Person) -> None:
    """Blocks the bot: `unfollow`. The personal rich menu is unlinked."""
    if not person.friend or person.blocked:
        return
    person.blocked = True
    person.menu = None
    events.send(line, "unfollow", person)
    line.publish_person(person)


def unblock(line: Line, person: Person) -> None:
    """Takes the block back: `follow` with isUnblocked true."""
    if person.blocked:
        follow(line, person)


def say(line: Line, person: Person, message: Json, group: Group | None = None, *, deliver: bool = True) -> Entry:
    """The person sends a message (text, sticker, image, location …). Returns its entry."""
    if person.gone or (person.blocked and group is None):
        raise Impossible(f"{person.name} cannot write: blocked the bot or left LINE. Unblock first.")
    if group is not None and person.id not in group.members:
        raise Impossible(f"{person.name} is no member of {group.name}. Add the person to the group first.")
    entry = _entry(line, person, message, group)
    if group is None:
        person.wrote_at = entry.at
    if not deliver or (group is not None and not group.joined):
        return entry
    events.send(line, "message", person, group, reply=True, message=_webhook_message(line, entry, group or person))
    return entry


def _entry(line: Line, person: Person, message: Json, group: Group | None) -> Entry:
    entry = Entry(line.ids.message(), "user", person.id, line.clock.time(), message)
    chat: Person | Group = group or person
    chat.add(entry)
    if message.get("type") in _WITH_CONTENT:
        line.content[entry.id] = entry
    line.stream.publish("message", chat=chat.id, entry=entry.json())
    return entry


def _webhook_message(line: Line, entry: Entry, chat: Person | Group) -> Json:
    message = {name: value for name, value in entry.message.items() if name not in ("content", "contentType")}
    found: Json = {"id": entry.id, **message}
    kind = message.get("type")
    if kind in _QUOTABLE:
        found["quoteToken"] = line.ids.token(90)
    if kind in ("image", "video", "audio"):
        found.setdefault("contentProvider", {"type": "line"})
    if kind == "sticker":
        found.setdefault("stickerResourceType", "STATIC")
    token = line.ids.token(60)
    line.read_tokens[token] = (chat.id, entry.at)
    found["markAsReadToken"] = token
    return found


def unsend(line: Line, person: Person, entry_id: str) -> None:
    """Takes a message back: `unsend`. Its content is gone from the chat and from the content endpoint."""
    chat, entry = _own_entry(line, person, entry_id)
    entry.unsent = True
    entry.message = {"type": entry.message.get("type", "text")}
    group = chat if isinstance(chat, Group) else None
    events.send(line, "unsend", person, group, unsend={"messageId": entry.id})
    line.stream.publish("message", chat=chat.id, entry=entry.json())


def edit(line: Line, person: Person, entry_id: str, text: str) -> None:
    """Changes a text in a group: `messageEdited`, same message id. One-to-one chats have no editing."""
    chat, entry = _own_entry(line, person, entry_id)
    if not isinstance(chat, Group) or entry.message.get("type") != "text" or entry.unsent:
        raise Impossible("Only a text in a group chat can be edited.")
    entry.message = {**entry.message, "text": text}
    entry.edited = True
    message = {"id": entry.id, "type": "text", "quoteToken": line.ids.token(90), "text": text}
    if chat.joined:
        events.send(line, "messageEdited", person, chat, reply=True, message=message)
    line.stream.publish("message", chat=chat.id, entry=entry.json())


def _own_entry(line: Line, person: Person, entry_id: str) -> tuple[Person | Group, Entry]:
    chats: list[Person | Group] = [person, *(group for group in line.groups.values() if person.id in group.members)]
    for chat in chats:
        for entry in reversed(chat.entries or []):
            if entry.id == entry_id and entry.sender == person.id:
                return chat, entry
    raise Impossible(f"{person.name} sent no message {entry_id}.")


def watch_video(line: Line, person: Person, tracking_id: str) -> None:
    """The person watched a video with a trackingId to its end: `videoPlayComplete`."""
    events.send(line, "videoPlayComplete", person, reply=True, videoPlayComplete={"trackingId": tracking_id})
