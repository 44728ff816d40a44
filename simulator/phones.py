"""Control API for one person: add, follow, block, say, tap, unsend, edit, link, read the chat."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from simulator import accountlink, acts, oauth, taps
from simulator.ids import USER_ID
from simulator.line import Line
from simulator.people import Group, Person

Json = dict[str, Any]
_LARGEST_CROWD = 5_000_000


def add_person(
    line: Line,
    name: str,
    language: str = "th",
    id: str | None = None,
    *,
    friend: bool = False,
    picture: str | None = None,
) -> Person:
    """A new person. With `friend` the person is one from the start and no event is sent. Raises ValueError."""
    id = id or line.ids.chat("U")
    if not USER_ID.fullmatch(id):
        raise ValueError("id must be U and 32 hex digits.")
    if id in line.people:
        raise ValueError(f"There is already a person {id}.")
    person = line.people[id] = Person(id, name, language, picture)
    person.friend = friend
    line.publish_person(person)
    return person


def find(line: Line, id: str) -> Person:
    """The person of an id. Raises KeyError."""
    if id not in line.people:
        raise KeyError(f"person {id}")
    return line.people[id]


def _person(line: Line, request: web.Request) -> Person:
    return find(line, request.match_info["id"])


def _group(line: Line, body: Json) -> Group | None:
    id = body.get("group")
    if id is None:
        return None
    if id not in line.groups:
        raise KeyError(f"group {id}")
    return line.groups[id]


def _add(line: Line, request: web.Request, body: Json) -> Json:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        raise ValueError('A person needs a "name".')
    person = add_person(
        line, name.strip(), str(body.get("language", "th")), body.get("id"), picture=body.get("picture")
    )
    if body.get("friend"):
        acts.follow(line, person)
    return line.person_json(person)


def _crowd(line: Line, request: web.Request, body: Json) -> Json:
    """Very many friends at once, named by number, without an event each: for trying sends to a crowd."""
    count, language = int(body.get("count", 0)), str(body.get("language", "th"))
    if not 0 < count <= _LARGEST_CROWD:
        raise ValueError(f'A crowd needs a "count" from 1 to {_LARGEST_CROWD}.')
    for number in range(count):
        id = f"U{number:032x}"
        if id not in line.people:
            person = line.people[id] = Person(id, str(number), language)
            person.friend = True
    return {"people_total": len(line.people)}


def _change(line: Line, request: web.Request, body: Json) -> Json:
    person = _person(line, request)
    person.name = str(body.get("name", person.name))
    person.language = str(body.get("language", person.language))
    person.gone = bool(body.get("gone", person.gone))
    line.publish_person(person)
    return line.person_json(person)


def _remove(line: Line, request: web.Request, body: Json) -> Json:
    person = _person(line, request)
    del line.people[person.id]
    for group in line.groups.values():
        if person.id in group.members:
            group.members.remove(person.id)
    line.stream.publish("gone", id=person.id)
    return {"ok": True}


def _simple(act: Any) -> Any:
    def handle(line: Line, request: web.Request, body: Json) -> Json:
        person = _person(line, request)
        act(line, person)
        return line.person_json(person)

    return handle


def _chat(line: Line, request: web.Request, body: Json) -> Json:
    person = _person(line, request)
    person.watched = True
    _mark_read(line, person)
    limit = int(request.query.get("limit", 500))
    return {"messages": [entry.json() for entry in (person.entries or [])[-limit:]]}


def _mark_read(line: Line, person: Person) -> None:
    if person.unread:
        person.unread = 0
        line.publish_person(person)


def _say(line: Line, request: web.Request, body: Json) -> Json:
    message = body.get("message") or {"type": "text", "text": body.get("text")}
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise ValueError('A message needs a "type" such as text, sticker, image or location.')
    if message["type"] == "text" and (not isinstance(message.get("text"), str) or not message["text"]):
        raise ValueError('Say {"text": "…"} or {"message": {"type": …}}.')
    entry = acts.say(line, _person(line, request), message, _group(line, body))
    return {"ok": True, "entry": entry.json()}


def _tap(line: Line, request: web.Request, body: Json) -> Json:
    person = _person(line, request)
    action = body.get("action")
    if not isinstance(action, dict):
        raise ValueError('A tap needs an "action", the LINE action object.')
    taps.tap(line, person, action, body.get("params"), _group(line, body))
    return {"ok": True, "menu": line.menus.shown_to(person)}


def _unsend(line: Line, request: web.Request, body: Json) -> Json:
    acts.unsend(line, _person(line, request), str(body.get("messageId")))
    return {"ok": True}


def _edit(line: Line, request: web.Request, body: Json) -> Json:
    acts.edit(line, _person(line, request), str(body.get("messageId")), str(body.get("text", "")))
    return {"ok": True}


def _link(line: Line, request: web.Request, body: Json) -> Json:
    result = accountlink.finish(line, _person(line, request), str(body.get("linkToken")), str(body.get("nonce")))
    return {"ok": result == "ok", "result": result}


def _id_token(line: Line, request: web.Request, body: Json) -> Json:
    return {"id_token": oauth.make_id_token(line, _person(line, request), body)}


def _watched(line: Line, request: web.Request, body: Json) -> Json:
    acts.watch_video(line, _person(line, request), str(body.get("trackingId")))
    return {"ok": True}


def _read(line: Line, request: web.Request, body: Json) -> Json:
    person = _person(line, request)
    _mark_read(line, person)
    return line.person_json(person)


_ONE = "/_sim/people/{id}"
ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/_sim/people", _add),
    ("POST", "/_sim/people/crowd", _crowd),
    ("PATCH", _ONE, _change),
    ("DELETE", _ONE, _remove),
    ("GET", _ONE, lambda line, request, body: line.person_json(_person(line, request))),
    ("POST", _ONE + "/follow", _simple(acts.follow)),
    ("POST", _ONE + "/block", _simple(acts.block)),
    ("POST", _ONE + "/unblock", _simple(acts.unblock)),
    ("GET", _ONE + "/chat", _chat),
    ("POST", _ONE + "/read", _read),
    ("POST", _ONE + "/say", _say),
    ("POST", _ONE + "/tap", _tap),
    ("POST", _ONE + "/unsend", _unsend),
    ("POST", _ONE + "/edit", _edit),
    ("POST", _ONE + "/link", _link),
    ("POST", _ONE + "/id-token", _id_token),
    ("POST", _ONE + "/video-watched", _watched),
)
