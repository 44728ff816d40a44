"""How much was sent: the month's quota, numbers per day, followers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.api import Answer, Call, Refusal, Route, invalid_parameter
from simulator.clock import line_day
from simulator.days import parse_day

if TYPE_CHECKING:
    from simulator.line import Line

#: The first days LINE counts (reference of each endpoint); earlier ones are out of service.
_FIRST_DELIVERY, _FIRST_INSIGHT, _FIRST_FOLLOWERS = "20180331", "20170301", "20161101"


def quota(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/quota"""
    limit = line.settings.quota_limit
    return Answer({"type": "none"} if limit is None else {"type": "limited", "value": limit})


def consumption(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/quota/consumption"""
    return Answer({"totalUsage": line.quota.used})


def _status(line: Line, day: str, first: str) -> str:
    if day < first:
        return "out_of_service"
    return "ready" if day < line_day(line.clock.time()) else "unready"


def delivered(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/delivery/{method}?date=yyyyMMdd (UTC+9): ready from the next day."""
    day = call.query.get("date", "")
    if parse_day(day) is None:
        raise invalid_parameter("date")
    status = _status(line, day, _FIRST_DELIVERY)
    if status != "ready":
        return Answer({"status": status})
    return Answer({"status": status, "success": line.quota.on_day(day, call.path.rsplit("/", 1)[1])})


def _insight_day(call: Call) -> str:
    day = call.query.get("date", "")
    if parse_day(day) is None:
        raise Refusal(400, "Bad Request")
    return day


def insight_delivery(line: Line, call: Call) -> Answer:
    """GET /v2/bot/insight/message/delivery?date=yyyyMMdd (UTC+9)"""
    day = _insight_day(call)
    status = _status(line, day, _FIRST_INSIGHT)
    if status != "ready":
        return Answer({"status": status})
    sent = {
        f"api{method.capitalize()}": line.quota.on_day(day, method)
        for method in ("broadcast", "push", "multicast", "narrowcast", "reply")
    }
    return Answer({"status": status, **{name: number for name, number in sent.items() if number}})


def insight_followers(line: Line, call: Call) -> Answer:
    """GET /v2/bot/insight/followers: as of now, the simulator keeps no history of it."""
    status = _status(line, _insight_day(call), _FIRST_FOLLOWERS)
    if status != "ready":
        return Answer({"status": status, "followers": None, "targetedReaches": None, "blocks": None})
    friends = [person for person in line.people.values() if person.friend]
    return Answer(
        {
            "status": status,
            "followers": len(friends),
            "targetedReaches": sum(person.reachable for person in friends),
            "blocks": sum(person.blocked for person in friends),
        }
    )


def demographic(line: Line, call: Call) -> Answer:
    """GET /v2/bot/insight/demographic: never available, the people here have no age."""
    return Answer({"available": False})


ROUTES = (
    Route("GET", "/v2/bot/message/quota", quota),
    Route("GET", "/v2/bot/message/quota/consumption", consumption),
    *(
        Route("GET", f"/v2/bot/message/delivery/{method}", delivered)
        for method in ("reply", "push", "multicast", "broadcast")
    ),
    Route("GET", "/v2/bot/insight/message/delivery", insight_delivery),
    Route("GET", "/v2/bot/insight/followers", insight_followers),
    Route("GET", "/v2/bot/insight/demographic", demographic),
)
