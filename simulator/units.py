"""Unit statistics: names given to pushes and multicasts, counted per UTC+9 day."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route, body_errors, invalid_parameter
from simulator.clock import Clock, line_day
from simulator.days import parse_day
from simulator.limits import LIMITS, at_most, within

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_]+")
_OVERVIEW = ("uniqueImpression", "uniqueClick", "uniqueMediaPlayed", "uniqueMediaPlayed100Percent")
#: LINE shows no number below this, to protect privacy (REF get statistics per unit).
SHOWN_FROM = 20


def read_unit(body: Json) -> str | None:
    """The aggregation unit of a push or multicast, if any. Raises Refusal 400."""
    units = body.get("customAggregationUnits")
    if units is None or units == []:
        return None
    if not isinstance(units, list) or not at_most("units.per_message", len(units)):
        raise body_errors(("customAggregationUnits", "Size must be between 0 and 1"))
    name = units[0]
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not within("units.name", len(name)):
        raise body_errors(("customAggregationUnits[0]", "Invalid aggregation unit name"))
    return name


class Units:
    """Names used per month, and recipients per name, day and number of bubbles."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._months: dict[str, dict[str, None]] = defaultdict(dict)
        self.sent: dict[tuple[str, str], Json] = {}

    def names(self) -> list[str]:
        """This month's names in order of first use."""
        return list(self._months[line_day(self.clock.time())[:6]])

    def count(self, name: str | None, recipients: int, messages: list[Json]) -> None:
        """Books a message under a name. The 1,001st name of a month is silently not assigned, as at LINE."""
        if name is None:
            return
        day = line_day(self.clock.time())
        month = self._months[day[:6]]
        if name not in month and not at_most("units.per_month", len(month) + 1):
            return
        month[name] = None
        row = self.sent.setdefault((name, day), {"recipients": 0, "bubbles": 0})
        row["recipients"] += recipients
        row["bubbles"] = max(row["bubbles"], len(messages))


def info(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/aggregation/info"""
    return Answer({"numOfCustomAggregationUnits": len(line.units.names())})


def list_names(line: Line, call: Call) -> Answer:
    """GET /v2/bot/message/aggregation/list: `limit` is a string up to 100, `start` a continuation token."""
    limit = call.query.get("limit", str(LIMITS["units.page"].most))
    if not limit.isdigit() or not within("units.page", int(limit)):
        raise invalid_parameter("limit")
    names, following = line.pages.cut(line.units.names(), int(limit), call.query.get("start"))
    answer: Json = {"customAggregationUnits": names}
    return Answer(answer | ({"next": following} if following else {}))


def statistics(line: Line, call: Call) -> Answer:
    """GET /v2/bot/insight/message/event/aggregation: everyone reached counts as having seen it; nobody clicked."""
    name, start, end = (call.query.get(field) for field in ("customAggregationUnit", "from", "to"))
    first, last = parse_day(start), parse_day(end)
    if not name or first is None or last is None or not 0 <= (last - first).days <= 30:
        raise Refusal(400, None, body={"message": None, "key": None, "stacktrace": None, "code": None})
    rows = [row for (unit, day), row in line.units.sent.items() if unit == name and str(start) <= day <= str(end)]
    seen = sum(row["recipients"] for row in rows)
    overview: Json = dict.fromkeys(_OVERVIEW)
    overview["uniqueImpression"] = _shown(seen)
    bubbles = [_bubble(number + 1, seen) for number in range(max((row["bubbles"] for row in rows), default=0))]
    return Answer({"overview": overview, "messages": bubbles, "clicks": []})


def _shown(number: int) -> int | None:
    return number if number >= SHOWN_FROM else None


def _bubble(seq: int, seen: int) -> Json:
    played = (
        "mediaPlayed",
        "mediaPlayed25Percent",
        "mediaPlayed50Percent",
        "mediaPlayed75Percent",
        "mediaPlayed100Percent",
        "uniqueMediaPlayed",
        "uniqueMediaPlayed25Percent",
        "uniqueMediaPlayed50Percent",
        "uniqueMediaPlayed75Percent",
        "uniqueMediaPlayed100Percent",
    )
    return {"seq": seq, "impression": _shown(seen), "uniqueImpression": _shown(seen), **dict.fromkeys(played)}


def interaction(line: Line, call: Call) -> Answer:
    """GET /v2/bot/insight/message/event?requestId=: for narrowcasts and broadcasts, once they are sent."""
    id = call.query.get("requestId")
    if not id:
        raise invalid_parameter("requestId")
    if id not in line.deliveries:
        raise Refusal(404, NOT_FOUND)
    at, delivered, bubbles = line.deliveries[id]
    overview: Json = {"requestId": id, "timestamp": int(at), "delivered": delivered, **dict.fromkeys(_OVERVIEW)}
    overview["uniqueImpression"] = _shown(delivered)
    return Answer({"overview": overview, "messages": [_bubble(n + 1, delivered) for n in range(bubbles)], "clicks": []})


ROUTES = (
    Route("GET", "/v2/bot/insight/message/event", interaction),
    Route("GET", "/v2/bot/message/aggregation/info", info),
    Route("GET", "/v2/bot/message/aggregation/list", list_names),
    Route("GET", "/v2/bot/insight/message/event/aggregation", statistics),
)
