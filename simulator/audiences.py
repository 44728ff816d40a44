"""Audiences of uploaded user ids, and who a narrowcast's `recipient` means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import Answer, Call, Refusal, Route, body_errors, invalid_property
from simulator.ids import USER_ID
from simulator.limits import PROGRESS_SECONDS, at_most
from simulator.people import Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]


class Audience:
    """An uploaded audience: ready at once."""

    def __init__(self, id: int, description: str, created: int) -> None:
        self.id = id
        self.description = description
        self.created = created
        self.members: dict[str, None] = {}

    def json(self) -> Json:
        """LINE's audience object, as far as it concerns uploads."""
        return {
            "audienceGroupId": self.id,
            "type": "UPLOAD",
            "description": self.description,
            "status": "READY",
            "audienceCount": len(self.members),
            "created": self.created,
            "permission": "READ_WRITE",
            "isIfaAudience": False,
            "createRoute": "MESSAGING_API",
        }


def create(line: Line, call: Call) -> Answer:
    """POST /v2/bot/audienceGroup/upload: 202 with the new audience."""
    body = call.json()
    description = body.get("description")
    if not isinstance(description, str) or not 1 <= len(description) <= 120:
        raise body_errors(("description", "Size must be between 1 and 120"))
    audience = Audience(4_000_000_000_000 + len(line.audiences) + 1, description, int(line.clock.time()))
    _add(audience, body)
    line.audiences[audience.id] = audience
    return Answer({**audience.json(), "expireTimestamp": audience.created + 180 * 24 * 3600}, 202)


def extend(line: Line, call: Call) -> Answer:
    """PUT /v2/bot/audienceGroup/upload: more user ids."""
    body = call.json()
    _add(_known(line, body.get("audienceGroupId")), body)
    return Answer(status=202)


def _add(audience: Audience, body: Json) -> None:
    rows = body.get("audiences") or []
    if not isinstance(rows, list):
        raise invalid_property("'audiences'")
    for number, row in enumerate(rows):
        id = row.get("id") if isinstance(row, dict) else None
        if not isinstance(id, str) or not USER_ID.fullmatch(id):
            raise body_errors((f"audiences[{number}].id", "UPLOAD_AUDIENCE_GROUP_INVALID_AUDIENCE_ID_FORMAT"))
        audience.members[id] = None


def _known(line: Line, id: Any) -> Audience:
    if not isinstance(id, int) or id not in line.audiences:
        raise Refusal(400, "audience group not found", [{"message": "AUDIENCE_GROUP_NOT_FOUND"}])
    return line.audiences[id]


def _of_path(line: Line, call: Call) -> Audience:
    text = call.params["audienceGroupId"]
    return _known(line, int(text) if text.isdigit() else None)


def get(line: Line, call: Call) -> Answer:
    """GET /v2/bot/audienceGroup/{audienceGroupId}"""
    return Answer({"audienceGroup": _of_path(line, call).json(), "jobs": []})


def delete(line: Line, call: Call) -> Answer:
    """DELETE /v2/bot/audienceGroup/{audienceGroupId}"""
    del line.audiences[_of_path(line, call).id]
    return Answer()


def recipients(line: Line, wanted: Any) -> list[Person]:
    """The people a `recipient` object means; None means all friends. Raises Refusal 400."""
    if wanted is None:
        return list(line.people.values())
    if not at_most("narrowcast.audiences", _leaves(wanted)):
        raise body_errors(("recipient", "The number of audiences and redeliveries must be 10 or less"))
    ids = _ids(line, wanted)
    return [person for id, person in line.people.items() if id in ids]


def _leaves(wanted: Any) -> int:
    if isinstance(wanted, dict):
        return int(wanted.get("type") in ("audience", "redelivery")) + sum(_leaves(item) for item in wanted.values())
    return sum(_leaves(item) for item in wanted) if isinstance(wanted, list) else 0


def _ids(line: Line, wanted: Any) -> set[str]:
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "audience":
        id = wanted.get("audienceGroupId")
        if not isinstance(id, int) or id not in line.audiences:
            raise Refusal(400, f"Invalid audience group id: {id}")
        return set(line.audiences[id].members)
    if kind == "redelivery":
        return _delivered(line, str(wanted.get("requestId")))
    if kind == "operator" and isinstance(wanted.get("and"), list) and wanted["and"]:
        return set.intersection(*(_ids(line, item) for item in wanted["and"]))
    if kind == "operator" and isinstance(wanted.get("or"), list):
        return set().union(*(_ids(line, item) for item in wanted["or"]))
    if kind == "operator" and "not" in wanted:
        return set(line.people) - _ids(line, wanted["not"])
    raise body_errors(("recipient.type", "Must be one of the following values: [audience, operator, redelivery]"))


def _delivered(line: Line, request_id: str) -> set[str]:
    job = line.narrowcasts.get(request_id)
    if job is None or job.phase != "succeeded" or line.clock.time() - job.accepted >= PROGRESS_SECONDS:
        raise Refusal(400, f"Invalid request id: {request_id}")
    return set(job.sent)


def uses_demographics(body: Json) -> bool:
    """Whether a narrowcast filters by attributes."""
    return bool((body.get("filter") or {}).get("demographic"))


ROUTES = (
    Route("POST", "/v2/bot/audienceGroup/upload", create),
    Route("PUT", "/v2/bot/audienceGroup/upload", extend),
    Route("GET", "/v2/bot/audienceGroup/{audienceGroupId}", get),
    Route("DELETE", "/v2/bot/audienceGroup/{audienceGroupId}", delete),
)
