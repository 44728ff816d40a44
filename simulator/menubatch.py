"""Rich menu batches: replace or unlink the menus of many people, safe to repeat with a resume key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route, body_errors, invalid_parameter
from simulator.clock import iso
from simulator.limits import PROGRESS_SECONDS, within
from simulator.richmenus import checked_menu_id

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_KEY = re.compile(r"[0-9a-zA-Z_-]+")
_SECONDS = 2.0


class Batch:
    """One accepted batch."""

    def __init__(self, operations: list[Json], key: str | None, accepted: float) -> None:
        self.operations = operations
        self.key = key
        self.accepted = accepted
        self.completed: float | None = None

    def json(self) -> Json:
        """LINE's progress object."""
        found: Json = {
            "phase": "ongoing" if self.completed is None else "succeeded",
            "acceptedTime": iso(self.accepted),
        }
        if self.completed is not None:
            found["completedTime"] = iso(self.completed)
        return found


def check(line: Line, body: Json) -> list[Json]:
    """The operations of a request. Raises Refusal 400 or 404 in LINE's words."""
    operations = body.get("operations")
    if not isinstance(operations, list) or not within("richmenu.batch.operations", len(operations)):
        raise body_errors(("operations", "Size must be between 1 and 1000"))
    key = body.get("resumeRequestKey")
    if key is not None and (
        not isinstance(key, str) or not _KEY.fullmatch(key) or not within("richmenu.batch.resumeRequestKey", len(key))
    ):
        raise body_errors(("resumeRequestKey", "invalid resumeRequestKey"))
    kinds = {str(item.get("type")) if isinstance(item, dict) else None for item in operations}
    if not kinds <= {"link", "unlink", "unlinkAll"}:
        raise body_errors(("operations[].type", "Must be one of the following values: [link, unlink, unlinkAll]"))
    if "unlinkAll" in kinds and len(kinds) > 1:
        raise body_errors(("operations[].type", "'unlinkAll' type can't be combined with other type"))
    seen: set[str] = set()
    for number, operation in enumerate(operations):
        if operation["type"] != "unlinkAll":
            _check_one(line, operation, number, seen)
    return operations


def _check_one(line: Line, operation: Json, number: int, seen: set[str]) -> None:
    names = ("from", "to") if operation["type"] == "link" else ("from",)
    for name in names:
        where = f"operations[{number}].{name}"
        id = checked_menu_id(operation, name, where)
        menu = line.menus.all.get(id)
        if menu is None:
            raise Refusal(
                404,
                "The request body has 1 error(s)",
                [{"message": f"Richmenu ({id}) is not found", "property": where}],
            )
        if name == "to" and menu.image is None:
            raise body_errors((where, f"'to' richmenu ({id}) must have image but it doesn't"))
    if operation["from"] in seen:
        raise body_errors(("operations[].from", f"from richmenu ({operation['from']}) is duplicated"))
    seen.add(operation["from"])


def start(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/batch: 202. A known resume key of the last 14 days does not act again."""
    body = call.json()
    operations = check(line, body)
    now = line.clock.time()
    batch = Batch(operations, body.get("resumeRequestKey"), now)
    known = [
        old
        for old in line.batches.values()
        if batch.key is not None and old.key == batch.key and now - old.accepted <= PROGRESS_SECONDS
    ]
    line.batches[call.request_id] = batch
    if known:
        batch.completed = now
        call.note = "resumed: already done"
    else:
        before = {person.id: person.menu for person in line.people.values() if person.menu is not None}
        line.timers.after(_SECONDS, lambda: _run(line, batch, before))
    return Answer(status=202)


def _run(line: Line, batch: Batch, before: dict[str, str]) -> None:
    """Every operation looks at the links as they were when the batch was accepted; a person changed since is left."""
    moves = {item["from"]: item.get("to") for item in batch.operations if item["type"] != "unlinkAll"}
    everyone = any(item["type"] == "unlinkAll" for item in batch.operations)
    for id, menu in before.items():
        person = line.people.get(id)
        if person is not None and person.menu == menu and (everyone or menu in moves):
            person.menu = None if everyone else moves[menu]
            line.publish_person(person)
    batch.completed = line.clock.time()


def validate(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/validate/batch"""
    check(line, call.json())
    return Answer()


def progress(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/progress/batch?requestId=: for 14 days."""
    id = call.query.get("requestId")
    if not id:
        raise invalid_parameter("requestId")
    batch = line.batches.get(id)
    if batch is None or line.clock.time() - batch.accepted > PROGRESS_SECONDS:
        raise Refusal(404, NOT_FOUND)
    return Answer(batch.json())


ROUTES = (
    Route("POST", "/v2/bot/richmenu/batch", start),
    Route("POST", "/v2/bot/richmenu/validate/batch", validate),
    Route("GET", "/v2/bot/richmenu/progress/batch", progress),
)
