"""Making things wrong on purpose: JSON, texts, button data and CSV files, from a seeded source of chance."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from bot.actions import REGISTRY, Action
from tests.faults.sim.scene import user_id

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, -0.0, 10**18, 2**63, 10**400, -(10**400), 1e308),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "\u202e",
        "🙂" * 40,
        "A" * 6000,
        "ก" * 301,
        "'; DROP TABLE turns; --",
        "%s%n{0}{x}",
        "=1+1",
    ),
    *([], {}, [[]], {"": ""}, [None], {"\0": "\0"}, "U" + "0" * 32, "1" * 4000, "٣", "９", "null", "0x10", "1e9"),
)
LETTERS = "abc XYZ019:%{}[]()'\"\\/.,;=+-@#\0\t\r\n\u200b\u0e01\u0e49\u0e33\u0e2a\u0660\uff11\U0001f642é"
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "message", "message": {"id": "1", "type": "text", "text": "help", "quoteToken": "q"}},
    {"type": "message", "message": {"id": "2", "type": "sticker", "packageId": "1", "stickerId": "2"}},
    {"type": "message", "message": {"id": "3", "type": "image", "contentProvider": {"type": "line"}}},
    {"type": "message", "message": {"id": "4", "type": "location", "latitude": 13.7, "longitude": 100.5}},
    {"type": "postback", "postback": {"data": "pv:0", "params": {"newRichMenuAliasId": "a", "status": "SUCCESS"}}},
    {"type": "follow", "follow": {"isUnblocked": False}},
    {"type": "unfollow"},
    {"type": "unsend", "unsend": {"messageId": "1"}},
    {"type": "join"},
    {"type": "memberJoined", "joined": {"members": [{"type": "user", "userId": "U" + "1" * 32}]}},
    {"type": "accountLink", "link": {"result": "ok", "nonce": "n"}},
    {"type": "videoPlayComplete", "videoPlayComplete": {"trackingId": "t"}},
    {"type": "beacon", "beacon": {"hwid": "d41d8cd98f", "type": "enter"}},
    {"type": "messageEdited", "message": {"id": "1", "type": "text", "text": "edited"}},
)
_SOURCES: tuple[dict[str, Any], ...] = (
    {"type": "group", "groupId": "C" + "1" * 32, "userId": user_id(0)},
    {"type": "room", "roomId": "R" + "1" * 32},
)


def event(chance: Random, number: int) -> dict[str, Any]:
    """A well-formed event of one of the five phones, or of a group."""
    kind = chance.choice(EVENTS)
    person = {"type": "user", "userId": user_id(chance.randrange(5))}
    source = chance.choice(_SOURCES) if chance.random() < 0.1 else person
    return {
        **kind,
        "mode": "standby" if chance.random() < 0.05 else "active",
        "timestamp": 1_794_000_000_000 + number,
        "source": source,
        "webhookEventId": f"fuzz-{number}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": f"{number:032x}",
    }


def mangled(chance: Random, thing: Any) -> Any:
    """The same JSON with one to three places made wrong: replaced, taken out, doubled, put deeper."""
    for _ in range(chance.randint(1, 3)):
        thing = _mangled_once(chance, thing)
    return thing


def _mangled_once(chance: Random, thing: Any) -> Any:
    if chance.random() < 0.25 or not isinstance(thing, dict | list) or not thing:
        return chance.choice((chance.choice(NASTY), [thing], {"x": thing}, deep(chance.choice((50, 400, 900)))))
    if isinstance(thing, list):
        at = chance.randrange(len(thing))
        return [*thing[:at], _mangled_once(chance, thing[at]), *thing[at + chance.randint(0, 1) :]]
    key = chance.choice(list(thing))
    rest = {name: value for name, value in thing.items() if name != key}
    if chance.random() < 0.2:
        return rest
    return {
        **rest,
        (chance.choice(("", "\0", "type", key)) if chance.random() < 0.1 else key): _mangled_once(chance, thing[key]),
    }


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


def body(chance: Random, events: list[Any]) -> bytes:
    """A webhook body; one in four has its bytes broken too."""
    raw = json.dumps({"destination": "U" + "0" * 32, "events": events}).encode()
    if chance.random() < 0.1:
        raw = raw.replace(b"179400", chance.choice((b"1e999", b"NaN", b"-Infinity", b"9" * 5000)), 1)
    return broken(chance, raw) if chance.random() < 0.25 else raw


def broken(chance: Random, raw: bytes) -> bytes:
    """Some bytes changed, put in, taken out, or the end cut off."""
    for _ in range(chance.randint(1, 6)):
        at, end = chance.randrange(len(raw) + 1), chance.randint(0, 8)
        piece = bytes(chance.randrange(256) for _ in range(chance.randint(0, 4)))
        raw = raw[:at] + piece + raw[at + end :] if chance.random() < 0.9 else raw[:at]
    return raw


def text(chance: Random, phrases: tuple[str, ...]) -> str:
    """Something typed: a phrase of ours with any number, one changed a little, or anything at all."""
    if chance.random() < 0.3:
        return "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 80)))
    number = chance.choice(
        ("1", "2", "0", "007", "99999999999999999999", "๑", "１", "-1", "1.5", str(2**63 - 1), str(2**31))
    )
    phrase = chance.choice(phrases).replace("{n}", number)
    if chance.random() < 0.3:
        at = chance.randrange(len(phrase) + 1)
        phrase = phrase[:at] + chance.choice(LETTERS) + phrase[at:]
    return phrase


def data(chance: Random) -> str:
    """A button's data: real ones with any fields, too few, too many, or nonsense."""
    code = chance.choice((*REGISTRY, "zz", ""))
    kind: type[Action] | None = REGISTRY.get(code)
    wanted = len(kind.__dataclass_fields__) if kind is not None else 2
    count = wanted if chance.random() < 0.8 else chance.randint(0, 5)
    fields = (
        "1",
        "2",
        "3",
        "0",
        "17",
        "2026-10",
        "2026-99",
        "0000-00",
        "9999-12",
        "kept",
        "used",
        "th",
        "ru",
        "on",
        "off",
        "",
    )
    wild = ("%00", "%0a", "%ff", "%ed%a0%80", "9" * 18, "9" * 19, "-1", "๑", "１", "a" * 200, "%", ":", "2026-01", "²")
    made = ":".join([code, *(chance.choice(fields if chance.random() < 0.8 else wild) for _ in range(count))])
    return made if chance.random() < 0.95 else "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, 300)))
