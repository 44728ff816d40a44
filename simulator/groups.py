"""Control API for group chats: make one, the bot joins and leaves, members come and go."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator import events
from simulator.line import Line
from simulator.people import Group

Json = dict[str, Any]


def add_group(line: Line, name: str, members: list[str], *, room: bool = False) -> Group:
    """A new group (or multi-person chat) without the bot. Raises KeyError for an unknown member."""
    for id in members:
        if id not in line.people:
            raise KeyError(f"person {id}")
    group = Group(line.ids.chat("R" if room else "C"), name, list(dict.fromkeys(members)))
    line.groups[group.id] = group
    publish(line, group)
    return group


def publish(line: Line, group: Group) -> None:
    """Tells watchers about the group."""
    line.stream.publish("group", group=group.json())


def join(line: Line, group: Group) -> None:
    """The bot is invited: `join`."""
    if not group.joined:
        group.joined = True
        events.send(line, "join", None, group, reply=True)
        publish(line, group)


def leave(line: Line, group: Group) -> None:
    """The bot is removed: `leave`."""
    if group.joined:
        events.send(line, "leave", None, group)
        group.joined = False
        publish(line, group)


def change_members(line: Line, group: Group, add: list[str], remove: list[str]) -> None:
    """People come and go: `memberJoined`, `memberLeft`. Raises KeyError for an unknown person."""
    for id in [*add, *remove]:
        if id not in line.people:
            raise KeyError(f"person {id}")
    came = [id for id in add if id not in group.members]
    went = [id for id in remove if id in group.members]
    group.members = [id for id in group.members if id not in went] + came
    if group.joined and came:
        events.send(line, "memberJoined", None, group, reply=True, joined={"members": _users(came)})
    if group.joined and went:
        events.send(line, "memberLeft", None, group, left={"members": _users(went)})
    publish(line, group)


def _users(ids: list[str]) -> list[Json]:
    return [{"type": "user", "userId": id} for id in ids]


def _group(line: Line, request: web.Request) -> Group:
    id = request.match_info["id"]
    if id not in line.groups:
        raise KeyError(f"group {id}")
    return line.groups[id]


def _add(line: Line, request: web.Request, body: Json) -> Json:
    name, members = body.get("name"), body.get("members", [])
    if not isinstance(name, str) or not name.strip() or not isinstance(members, list):
        raise ValueError('A group needs a "name" and may have "members", a list of person ids.')
    return add_group(line, name.strip(), members, room=body.get("kind") == "room").json()


def _join(line: Line, request: web.Request, body: Json) -> Json:
    group = _group(line, request)
    join(line, group)
    return group.json()


def _leave(line: Line, request: web.Request, body: Json) -> Json:
    group = _group(line, request)
    leave(line, group)
    return group.json()


def _members(line: Line, request: web.Request, body: Json) -> Json:
    group = _group(line, request)
    change_members(line, group, body.get("add", []), body.get("remove", []))
    return group.json()


def _chat(line: Line, request: web.Request, body: Json) -> Json:
    return {"messages": [entry.json() for entry in _group(line, request).entries or []]}


_ONE = "/_sim/groups/{id}"
ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/_sim/groups", _add),
    ("GET", _ONE + "/chat", _chat),
    ("POST", _ONE + "/join", _join),
    ("POST", _ONE + "/leave", _leave),
    ("POST", _ONE + "/members", _members),
)
