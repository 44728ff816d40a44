"""Narrowcast: accepted at once, sent a little later on the simulator's clock, watched by its request id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route, body_errors, invalid_parameter
from simulator.audiences import recipients, uses_demographics
from simulator.check import Check, dotted
from simulator.clock import iso
from simulator.limits import PROGRESS_SECONDS
from simulator.people import Person
from simulator.sending import MONTHLY
from simulator.validate import check_messages

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
#: LINE refuses attributes below this reach, and fails a delivery to fewer recipients (REF restrictions).
_LEAST_REACH, _LEAST_RECIPIENTS = 100, 50
_FAILED = {
    1: "An internal error occurred.",
    2: "There were not enough recipients.",
    5: "The number of recipients exceeds the maximum number of messages to send.",
}


class Narrowcast:
    """One accepted narrowcast and how far it is."""

    def __init__(self, id: str, messages: list[Json], body: Json, accepted: float, reserved: int) -> None:
        self.id = id
        self.messages = messages
        self.body = body
        self.accepted = accepted
        self.reserved = reserved
        self.phase = "waiting"
        self.people: list[Person] = []
        self.sent: list[str] = []
        self.error: int | None = None
        self.completed: float | None = None

    def json(self) -> Json:
        """LINE's progress object."""
        found: Json = {"phase": self.phase, "acceptedTime": iso(self.accepted)}
        if self.phase != "waiting":
            failed = len(self.people) - len(self.sent) if self.phase == "succeeded" else 0
            found |= {"successCount": len(self.sent), "failureCount": failed, "targetCount": len(self.people)}
        if self.error is not None:
            found |= {"errorCode": self.error, "failedDescription": _FAILED[self.error]}
        if self.completed is not None:
            found["completedTime"] = iso(self.completed)
        return found


def send(line: Line, call: Call) -> Answer:
    """POST /v2/bot/message/narrowcast: 202. Reserves the target reach, or the limit, from the month's messages."""
    key = line.retries.check(call)
    body = call.json()
    messages = check_messages(line, body, method="narrowcast")
    limit = _checked_limit(body)
    if limit.get("forbidPartialDelivery") and not limit.get("upToRemainingQuota"):
        raise Refusal(400, "The option forbidPartialDelivery must be used with upToRemainingQuota.")
    recipients(line, body.get("recipient"))  # refuses what names no audience or narrowcast of ours
    reach = sum(person.reachable for person in line.people.values())
    if uses_demographics(body) and reach < _LEAST_REACH:
        raise Refusal(403, "Your account does not have enough friends")
    reserved = min(reach, _most(line, limit, reach))
    if not line.quota.fits(reserved):
        raise Refusal(429, MONTHLY)
    job = Narrowcast(call.request_id, messages, body, line.clock.time(), reserved)
    line.quota.reserved += reserved
    line.narrowcasts[call.request_id] = job
    line.timers.after(line.settings.narrowcast_seconds, lambda: _start(line, job))
    line.retries.accept(key, call)
    call.note = f"reserved {reserved}"
    return Answer(status=202)


def _checked_limit(body: Json) -> Json:
    check = Check(deep=False)
    check.object(check.object(body, "filter", ()) or {}, "demographic", ("filter",))
    limit = check.object(body, "limit", ()) or {}
    check.number(limit, "max", ("limit",), least=1)
    for name in ("upToRemainingQuota", "forbidPartialDelivery"):
        check.boolean(limit, name, ("limit",))
    if check.problems:
        raise body_errors(*((dotted(path), words) for path, words in check.problems))
    return limit


def _most(line: Line, limit: Json, reach: int) -> int:
    """How many may be sent to, by the limit object."""
    most = reach
    if isinstance(limit.get("max"), int):
        most = min(most, limit["max"])
    room = line.quota.room()
    if limit.get("upToRemainingQuota") and room is not None:
        most = min(most, room)
    return most


def _start(line: Line, job: Narrowcast) -> None:
    limit = job.body.get("limit") or {}
    chosen = [person for person in recipients(line, job.body.get("recipient")) if person.reachable]
    if uses_demographics(job.body):
        chosen = []  # Nobody here has an age, a gender or a region that LINE would know.
    if uses_demographics(job.body) and len(chosen) < _LEAST_RECIPIENTS:
        _fail(line, job, 2)
        return
    most = min(
        _most(line, limit, len(chosen)) if not limit.get("upToRemainingQuota") else min(len(chosen), job.reserved),
        len(chosen),
    )
    if most < len(chosen):
        if limit.get("forbidPartialDelivery"):
            _fail(line, job, 5)
            return
        chosen = line.rng.sample(chosen, most)
    job.phase, job.people = "sending", chosen
    line.timers.after(line.settings.narrowcast_seconds, lambda: _finish(line, job))


def _finish(line: Line, job: Narrowcast) -> None:
    line.quota.reserved -= job.reserved
    entries = line.entries(job.messages, "narrowcast")
    for person in job.people:
        if person.reachable:
            line.deliver(person, entries)
            job.sent.append(person.id)
    line.quota.count("narrowcast", len(job.sent))
    line.publish_quota()
    job.phase, job.completed = "succeeded", line.clock.time()
    line.deliveries[job.id] = (job.completed, len(job.sent), len(job.messages))


def _fail(line: Line, job: Narrowcast, error: int) -> None:
    line.quota.reserved -= job.reserved
    job.phase, job.error, job.completed = "failed", error, line.clock.time()


def progress(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/progress/narrowcast?requestId=: for 14 days."""
    id = call.query.get("requestId")
    if not id:
        raise invalid_parameter("requestId")
    job = line.narrowcasts.get(id)
    if job is None or line.clock.time() - job.accepted > PROGRESS_SECONDS:
        raise Refusal(404, NOT_FOUND)
    return Answer(job.json())


ROUTES = (
    Route("POST", "/v2/bot/message/narrowcast", send),
    Route("GET", "/v2/bot/message/progress/narrowcast", progress),
)
