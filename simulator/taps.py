"""Tapping a button or an area: what each kind of action does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator import acts, events
from simulator.people import Group, Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
#: Actions the phone does by itself; nothing reaches the bot.
_PHONE_ONLY = ("uri", "clipboard", "camera", "cameraRoll", "location")


def tap(line: Line, person: Person, action: Json, params: Json | None = None, group: Group | None = None) -> None:
    """The person taps something with this action. Raises Impossible for an action that cannot be tapped."""
    kind = action.get("type")
    if person.gone or (person.blocked and group is None):
        raise acts.Impossible(f"{person.name} cannot tap: blocked the bot or left LINE. Unblock first.")
    if kind == "message":
        acts.say(line, person, {"type": "text", "text": str(action.get("text", ""))}, group)
    elif kind == "postback":
        _postback(line, person, action, group)
    elif kind == "datetimepicker":
        _pick(line, person, action, params or {}, group)
    elif kind == "richmenuswitch":
        _switch(line, person, action)
    elif kind not in _PHONE_ONLY:
        raise acts.Impossible(f"There is no action of type {kind!r}.")


def _postback(line: Line, person: Person, action: Json, group: Group | None) -> None:
    shown, text = action.get("displayText"), action.get("text")
    if text:  # The old property: a real message of the person, with its own event.
        acts.say(line, person, {"type": "text", "text": str(text)}, group)
    elif shown:
        acts.say(line, person, {"type": "text", "text": str(shown)}, group, deliver=False)
    events.send(line, "postback", person, group, reply=True, postback={"data": str(action.get("data", ""))})


def _pick(line: Line, person: Person, action: Json, params: Json, group: Group | None) -> None:
    mode = str(action.get("mode", "date"))
    value = params.get(mode)
    if not isinstance(value, str):
        raise acts.Impossible(f'A datetimepicker in mode {mode} needs "params": {{"{mode}": "…"}}.')
    for end, wrong in (("min", value < action.get("min", value)), ("max", value > action.get("max", value))):
        if wrong:
            raise acts.Impossible(f"{value} is outside the picker's {end} {action[end]}.")
    postback = {"data": str(action.get("data", "")), "params": {mode: value}}
    events.send(line, "postback", person, group, reply=True, postback=postback)


def _switch(line: Line, person: Person, action: Json) -> None:
    alias = str(action.get("richMenuAliasId", ""))
    menu = line.menus.aliases.get(alias)
    params: Json = {"newRichMenuAliasId": alias, "status": "SUCCESS"}
    if menu is None:
        params = {"status": "RICHMENU_ALIAS_ID_NOTFOUND"}
    elif menu not in line.menus.all:
        params = {"status": "RICHMENU_NOTFOUND"}
    else:
        person.menu = menu
        line.publish_person(person)
    events.send(line, "postback", person, reply=True, postback={"data": str(action.get("data", "")), "params": params})
