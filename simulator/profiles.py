"""Who people are: profile, followers, groups, bot info."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route, invalid_parameter
from simulator.ids import CHAT_ID, USER_ID
from simulator.limits import within
from simulator.people import Group, Person

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
_FOLLOWERS_PAGE = 300
_MEMBERS_PAGE = 100
_NOT_ALLOWED = "Access to this API is not available for your account"


def user_parameter(call: Call) -> str:
    """The user id of the path. Raises Refusal 400."""
    if not USER_ID.fullmatch(call.params["userId"]):
        raise invalid_parameter("userId")
    return call.params["userId"]


def _card(person: Person) -> Json:
    found: Json = {"displayName": person.name, "userId": person.id}
    if person.picture:
        found["pictureUrl"] = person.picture
    return found


def profile(line: Line, call: Call) -> Answer:
    """GET /v2/bot/profile/{userId}: friends only."""
    person = line.people.get(user_parameter(call))
    if person is None or not person.reachable:
        raise Refusal(404, NOT_FOUND)
    return Answer(_card(person) | {"language": person.language})


def followers(line: Line, call: Call) -> Answer:
    """GET /v2/bot/followers/ids: verified accounts only, up to 1,000 a page."""
    if not line.settings.verified_account:
        raise Refusal(403, _NOT_ALLOWED)
    limit = call.query.get("limit", str(_FOLLOWERS_PAGE))
    if not limit.isdigit() or not within("followers.page", int(limit)):
        raise invalid_parameter("limit")
    start = call.query.get("start")
    everyone = [] if start else [person.id for person in line.people.values() if person.reachable]
    ids, following = line.pages.cut(everyone, int(limit), start)
    return Answer({"userIds": ids} | ({"next": following} if following else {}))


def bot_info(line: Line, call: Call) -> Answer:
    """GET /v2/bot/info"""
    return Answer(
        {
            "userId": line.bot_id,
            "basicId": "@" + line.bot_id[1:9],
            "displayName": line.bot_name,
            "chatMode": "bot",
            "markAsReadMode": "auto",
        }
    )


def _group(line: Line, call: Call) -> Group:
    id = call.params["groupId"]
    name, letter = ("groupId", "C") if call.path.startswith("/v2/bot/group/") else ("roomId", "R")
    if not CHAT_ID.fullmatch(id) or not id.startswith(letter):
        raise invalid_parameter(name)
    group = line.groups.get(id)
    if group is None or not group.joined:
        raise Refusal(404, NOT_FOUND)
    return group


def summary(line: Line, call: Call) -> Answer:
    """GET /v2/bot/group/{groupId}/summary"""
    group = _group(line, call)
    return Answer({"groupId": group.id, "groupName": group.name})


def member_count(line: Line, call: Call) -> Answer:
    """GET /v2/bot/group/{groupId}/members/count: without the bot."""
    return Answer({"count": len(_group(line, call).members)})


def member_ids(line: Line, call: Call) -> Answer:
    """GET /v2/bot/group/{groupId}/members/ids: verified accounts only, 100 a page."""
    group = _group(line, call)
    if not line.settings.verified_account:
        raise Refusal(403, _NOT_ALLOWED)
    ids, following = line.pages.cut(list(group.members), _MEMBERS_PAGE, call.query.get("start"))
    return Answer({"memberIds": ids} | ({"next": following} if following else {}))


def member_profile(line: Line, call: Call) -> Answer:
    """GET /v2/bot/group/{groupId}/member/{userId}: friend or not."""
    group, user = _group(line, call), user_parameter(call)
    if user not in group.members or user not in line.people:
        raise Refusal(404, NOT_FOUND)
    return Answer(_card(line.people[user]))


def leave(line: Line, call: Call) -> Answer:
    """POST /v2/bot/group/{groupId}/leave: the bot goes; no event."""
    group = _group(line, call)
    group.joined = False
    line.stream.publish("group", group=group.json())
    return Answer()


def _both(method: str, rest: str, handler: Any) -> tuple[Route, Route]:
    return (
        Route(method, "/v2/bot/group/{groupId}" + rest, handler),
        Route(method, "/v2/bot/room/{groupId}" + rest, handler),
    )


ROUTES = (
    Route("GET", "/v2/bot/profile/{userId}", profile),
    Route("GET", "/v2/bot/followers/ids", followers),
    Route("GET", "/v2/bot/info", bot_info),
    Route("GET", "/v2/bot/group/{groupId}/summary", summary),
    *_both("GET", "/members/count", member_count),
    *_both("GET", "/members/ids", member_ids),
    *_both("GET", "/member/{userId}", member_profile),
    *_both("POST", "/leave", leave),
)
