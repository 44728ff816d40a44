"""Rich menus: creating, images, default, the menu of one person or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route, body_errors, invalid_parameter, invalid_property
from simulator.ids import USER_ID
from simulator.images import image_size
from simulator.limits import LIMITS, at_most, within
from simulator.menucheck import check_menu
from simulator.menus import Menu

if TYPE_CHECKING:
    from simulator.line import Line

Json = dict[str, Any]
NO_IMAGE = "must upload richmenu image before applying it to user"
_WRONG_IMAGE = "The image size is not allowed for richmenu"


def create(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu"""
    spec = check_menu(call.json(), here_is_safe=line.settings.insecure_local_urls)
    if not at_most("channel.richmenus", len(line.menus.all) + 1):
        raise Refusal(400, f"The maximum number of rich menus ({LIMITS['channel.richmenus'].most}) has been reached")
    return Answer({"richMenuId": line.menus.add(spec).id})


def validate(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/validate"""
    check_menu(call.json(), here_is_safe=line.settings.insecure_local_urls)
    return Answer()


def menu_of(line: Line, call: Call) -> Menu:
    """The menu named in the path. Raises Refusal 404."""
    menu = line.menus.all.get(call.params["richMenuId"])
    if menu is None:
        raise Refusal(404, NOT_FOUND)
    return menu


def upload(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/{richMenuId}/content: once per menu, 1 MB, 800 to 2500 px wide, ratio 1.45 or more."""
    menu = menu_of(line, call)
    content_type = call.headers.get("Content-Type", "").split(";")[0].strip()
    if content_type not in ("image/png", "image/jpeg"):
        raise Refusal(415, f"The content type, {content_type or '(none)'}, is not supported")
    if menu.image is not None:
        raise Refusal(400, "An image has already been uploaded to the richmenu")
    found = image_size(call.body)
    if found is None or found[0] != content_type:
        raise Refusal(400, "The image format is not allowed for richmenu")
    _, width, height = found
    if not (
        within("richmenu.image.width", width)
        and within("richmenu.image.height", height)
        and within("richmenu.image.ratio", width / height)
        and at_most("richmenu.image.bytes", len(call.body))
    ):
        raise Refusal(400, _WRONG_IMAGE)
    menu.image, menu.content_type = call.body, content_type
    return Answer()


def download(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/{richMenuId}/content"""
    menu = menu_of(line, call)
    if menu.image is None:
        raise Refusal(404, NOT_FOUND)
    return Answer(content=menu.image, content_type=menu.content_type)


def get(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/{richMenuId}"""
    return Answer(menu_of(line, call).json())


def list_all(line: Line, call: Call) -> Answer:
    """GET /v2/bot/richmenu/list"""
    return Answer({"richmenus": [menu.json() for menu in line.menus.all.values()]})


def delete(line: Line, call: Call) -> Answer:
    """DELETE /v2/bot/richmenu/{richMenuId}"""
    line.menus.remove(menu_of(line, call).id)
    line.publish_everyone()
    return Answer()


def applicable(line: Line, call: Call) -> Menu:
    """The menu of the path, ready to be shown. Raises Refusal 404, or 400 without an image."""
    menu = menu_of(line, call)
    if menu.image is None:
        raise Refusal(400, NO_IMAGE)
    return menu


def set_default(line: Line, call: Call) -> Answer:
    """POST /v2/bot/user/all/richmenu/{richMenuId}"""
    line.menus.default = applicable(line, call).id
    line.publish_everyone()
    return Answer()


def get_default(line: Line, call: Call) -> Answer:
    """GET /v2/bot/user/all/richmenu"""
    if line.menus.default is None:
        raise Refusal(404, "no default richmenu")
    return Answer({"richMenuId": line.menus.default})


def clear_default(line: Line, call: Call) -> Answer:
    """DELETE /v2/bot/user/all/richmenu"""
    line.menus.default = None
    line.publish_everyone()
    return Answer()


def _user(call: Call) -> str:
    if not USER_ID.fullmatch(call.params["userId"]):
        raise invalid_parameter("userId")
    return call.params["userId"]


def link(line: Line, call: Call) -> Answer:
    """POST /v2/bot/user/{userId}/richmenu/{richMenuId}: 200 also for who is no friend, but nothing is linked."""
    user, menu = _user(call), applicable(line, call)
    set_menu(line, [user], menu.id)
    return Answer()


def get_link(line: Line, call: Call) -> Answer:
    """GET /v2/bot/user/{userId}/richmenu"""
    person = line.people.get(_user(call))
    menu = line.menus.linked_to(person) if person else None
    if menu is None:
        raise Refusal(404, "the user has no richmenu")
    return Answer({"richMenuId": menu.id})


def unlink(line: Line, call: Call) -> Answer:
    """DELETE /v2/bot/user/{userId}/richmenu"""
    set_menu(line, [_user(call)], None)
    return Answer()


def set_menu(line: Line, users: list[str], menu: str | None) -> None:
    """Links a menu to those of `users` who are reachable friends, or unlinks with None."""
    for user in users:
        person = line.people.get(user)
        if person is not None and (menu is None or person.reachable):
            person.menu = menu
            line.publish_person(person)


def _users(body: Json) -> list[str]:
    users = body.get("userIds")
    if not isinstance(users, list) or not users or not at_most("richmenu.bulk.userIds", len(users)):
        raise body_errors(("userIds", f"Size must be between 1 and {LIMITS['richmenu.bulk.userIds'].most}"))
    for index, user in enumerate(users):
        if not isinstance(user, str) or not USER_ID.fullmatch(user):
            raise invalid_property(f"'userIds[{index}]'")
    return users


def bulk_link(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/bulk/link: 202; done a moment later on the simulator's clock."""
    body = call.json()
    users = _users(body)
    menu = line.menus.all.get(checked_menu_id(body))
    if menu is None:
        raise Refusal(404, "richmenu not found")
    if menu.image is None:
        raise Refusal(400, NO_IMAGE)
    line.timers.after(0, lambda: set_menu(line, users, menu.id))
    return Answer(status=202)


def bulk_unlink(line: Line, call: Call) -> Answer:
    """POST /v2/bot/richmenu/bulk/unlink: 202; done a moment later on the simulator's clock."""
    users = _users(call.json())
    line.timers.after(0, lambda: set_menu(line, users, None))
    return Answer(status=202)


def checked_menu_id(body: Json, name: str = "richMenuId", where: str = "richMenuId") -> str:
    """A rich menu id of the right shape in the body. Raises Refusal 400 `invalid richMenuId`."""
    id = body.get(name)
    if not isinstance(id, str) or not id.startswith("richmenu-") or len(id) != 41:
        raise body_errors((where, "invalid richMenuId"))
    return id


ROUTES = (
    Route("POST", "/v2/bot/richmenu", create),
    Route("POST", "/v2/bot/richmenu/validate", validate),
    Route("GET", "/v2/bot/richmenu/list", list_all),
    Route("POST", "/v2/bot/richmenu/bulk/link", bulk_link),
    Route("POST", "/v2/bot/richmenu/bulk/unlink", bulk_unlink),
    Route("POST", "/v2/bot/richmenu/{richMenuId}/content", upload),
    Route("GET", "/v2/bot/richmenu/{richMenuId}/content", download),
    Route("GET", "/v2/bot/richmenu/{richMenuId}", get),
    Route("DELETE", "/v2/bot/richmenu/{richMenuId}", delete),
    Route("POST", "/v2/bot/user/all/richmenu/{richMenuId}", set_default),
    Route("GET", "/v2/bot/user/all/richmenu", get_default),
    Route("DELETE", "/v2/bot/user/all/richmenu", clear_default),
    Route("POST", "/v2/bot/user/{userId}/richmenu/{richMenuId}", link),
    Route("GET", "/v2/bot/user/{userId}/richmenu", get_link),
    Route("DELETE", "/v2/bot/user/{userId}/richmenu", unlink),
)
