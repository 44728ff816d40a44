"""The few platform calls we make. The only caller of the SDK.

Messages travel as the JSON they were built as: the SDK's models drop what they do not know and cost milliseconds a
card. Its client is what we use of it: one pool per process, its authentication, its typed errors; replies, of which
there is one for every turn, carry its headers over connections of `bot.kept`.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import urllib3
from linebot.v3.messaging import ApiClient, Configuration
from linebot.v3.messaging.exceptions import ApiException, OpenApiException
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError

from bot.kept import Kept, Lost, Unreached

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
TIMEOUT = (2.0, 10.0)
"""Seconds to connect and to read: the SDK's default is to wait for ever."""


class LineError(Exception):
    """LINE surely did not do what was asked. `status` is 0 when nothing was sent."""

    def __init__(self, status: int, message: str, details: Sequence[Any] = ()) -> None:
        super().__init__(f"{status}: {message}" + (f" {list(details)}" if details else ""))
        self.status, self.message, self.details = status, message, details


class NotFound(LineError):
    """404: the user blocked us or gave no consent, or the menu is gone."""


class TooMany(LineError):
    """429: the rate, or the month's quota; the text is no proof, ask `quota` (D9)."""


class NotSent(LineError):
    """No connection to LINE came about: surely nothing was sent, and trying again is safe."""


class Unknown(Exception):
    """LINE may or may not have done it: a timeout, a broken connection, a 5xx. Retry only with the same retry key."""


@dataclass(frozen=True)
class Answer:
    """What LINE said: the JSON and the request id for the log."""

    data: Any
    request_id: str | None = None
    date: str | None = None
    """LINE's clock when it answered, as the HTTP Date header says it."""
    already: bool = False
    """True when a retry key shows that an earlier attempt was accepted (409)."""


@dataclass
class Line:
    """One channel's calls. Share one per process: the pool of connections is what makes it quick."""

    token: str = field(repr=False)
    api_url: str
    data_url: str
    pool: int = 32
    _api: ApiClient = field(init=False, repr=False)
    _data: ApiClient = field(init=False, repr=False)
    _kept: Kept = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._api = _client(self.api_url, self.token, self.pool)
        self._kept = Kept(self.api_url)
        self._data = self._api if self.data_url == self.api_url else _client(self.data_url, self.token, self.pool)

    def reply(self, reply_token: str, messages: list[dict[str, Any]]) -> Answer:
        """Answer an event. Free; the token works once, within a minute. No retry key: there it is an error (D14)."""
        path, headers = "/v2/bot/message/reply", {**self._api.default_headers, **JSON}
        body = json.dumps({"replyToken": reply_token, "messages": messages}).encode()
        try:
            status, said, data = self._kept.post(path, body, headers, TIMEOUT)
        except Unreached as error:
            raise NotSent(0, f"POST {path}: LINE can't be reached") from error
        except Lost as error:
            raise Unknown(f"POST {path}: {error}") from error
        if status < 300:
            return _answer(f"POST {path}", data, said)
        refused = ApiException(status=status)
        refused.headers, refused.body = said, data
        return _judge(refused)

    def push(self, to: str, messages: list[dict[str, Any]], retry_key: UUID, unit: str | None = None) -> Answer:
        """Send to one person. Counts to the quota; 200 does not mean delivered. `unit`: see `multicast`."""
        body = {"to": to, "messages": messages, **({"customAggregationUnits": [unit]} if unit else {})}
        return self._post("/v2/bot/message/push", body, retry_key)

    def multicast(
        self, to: Sequence[str], messages: list[dict[str, Any]], retry_key: UUID, unit: str | None = None
    ) -> Answer:
        """Send one body to up to 500 people in one call: all of them or, with one malformed id among them, nobody.

        `unit` (letters, digits, underscores, at most 30; 1,000 names a month) is what LINE counts its statistics under.
        """
        body = {"to": list(to), "messages": messages, **({"customAggregationUnits": [unit]} if unit else {})}
        return self._post("/v2/bot/message/multicast", body, retry_key)

    def validate_multicast(self, messages: list[dict[str, Any]]) -> None:
        """Ask LINE whether these messages could be sent to many. Raises `LineError` with LINE's details."""
        self._post("/v2/bot/message/validate/multicast", {"messages": messages})

    def unit_figures(self, unit: str, first: date, last: date) -> dict[str, Any]:
        """LINE's statistics of a unit on its days (UTC+9) `first` to `last`, at most 30 apart; null: fewer than 20."""
        asked = {"customAggregationUnit": unit, "from": f"{first:%Y%m%d}", "to": f"{last:%Y%m%d}"}
        return dict(self._get(f"/v2/bot/insight/message/event/aggregation?{urlencode(asked)}"))

    def validate_reply(self, messages: list[dict[str, Any]]) -> None:
        """Ask LINE whether these messages could be replied. Raises `LineError` with LINE's details."""
        self._post("/v2/bot/message/validate/reply", {"messages": messages})

    def profile(self, user_id: str) -> dict[str, Any]:
        """Display name and language of a friend. Raises `NotFound` when blocked or without consent."""
        return dict(self._get(f"/v2/bot/profile/{user_id}"))

    def bot_info(self) -> dict[str, Any]:
        """The channel's own name and user id: the cheapest question that needs the token."""
        return dict(self._get("/v2/bot/info"))

    def time(self) -> datetime:
        """LINE's clock, to the second. Raises `LineError` when its answer carries none."""
        date = self._call("GET", "/v2/bot/info", None).date
        if date is None:
            raise LineError(0, "LINE's answer carries no date")
        return parsedate_to_datetime(date)

    def quota(self) -> tuple[int | None, int]:
        """Messages of this month: (limit or None, used). `used` is LINE's approximation."""
        limit = self._get("/v2/bot/message/quota")
        used = self._get("/v2/bot/message/quota/consumption")
        return (limit.get("value") if limit.get("type") == "limited" else None), int(used["totalUsage"])

    def webhook(self) -> dict[str, Any]:
        """The webhook address LINE knows, and whether it is switched on."""
        return dict(self._get("/v2/bot/channel/webhook/endpoint"))

    def set_webhook(self, url: str) -> None:
        """Tell LINE where to send events; takes up to a minute to be in force."""
        self._call("PUT", "/v2/bot/channel/webhook/endpoint", {"endpoint": url})

    def test_webhook(self) -> dict[str, Any]:
        """Have LINE call our webhook now; at most 60 an hour."""
        return dict(self._post("/v2/bot/channel/webhook/test", {}).data)

    def create_menu(self, menu: dict[str, Any]) -> str:
        """Create a rich menu; its id. At most 100 an hour."""
        return str(self._post("/v2/bot/richmenu", menu).data["richMenuId"])

    def validate_menu(self, menu: dict[str, Any]) -> None:
        """Ask LINE whether this rich menu could be created."""
        self._post("/v2/bot/richmenu/validate", menu)

    def upload_menu_image(self, menu_id: str, image: bytes, content_type: str) -> None:
        """Give a rich menu its picture, once: a picture cannot be replaced."""
        headers = {"Content-Type": content_type}
        self._call("POST", f"/v2/bot/richmenu/{menu_id}/content", image, headers=headers, client=self._data)

    def menus(self) -> list[dict[str, Any]]:
        """Every rich menu of the channel made through the API."""
        return list(self._get("/v2/bot/richmenu/list")["richmenus"])

    def delete_menu(self, menu_id: str) -> None:
        """Delete a rich menu; one that is gone already is no error. At most 100 an hour."""
        self._forgiving("DELETE", f"/v2/bot/richmenu/{menu_id}")

    def set_default_menu(self, menu_id: str) -> None:
        """The menu of everybody without one of their own."""
        self._call("POST", f"/v2/bot/user/all/richmenu/{menu_id}", None)

    def default_menu(self) -> str | None:
        """The default menu's id; none when there is none or it was set elsewhere."""
        try:
            return str(self._get("/v2/bot/user/all/richmenu")["richMenuId"])
        except LineError as error:
            if error.status in (403, 404):
                return None
            raise

    def aliases(self) -> dict[str, str]:
        """Rich-menu aliases: alias → menu id."""
        found = self._get("/v2/bot/richmenu/alias/list")["aliases"]
        return {alias["richMenuAliasId"]: alias["richMenuId"] for alias in found}

    def create_alias(self, alias: str, menu_id: str) -> None:
        """Name a menu, so that tabs can switch to it."""
        self._post("/v2/bot/richmenu/alias", {"richMenuAliasId": alias, "richMenuId": menu_id})

    def update_alias(self, alias: str, menu_id: str) -> None:
        """Point an alias at another menu."""
        self._post(f"/v2/bot/richmenu/alias/{alias}", {"richMenuId": menu_id})

    def delete_alias(self, alias: str) -> None:
        """Remove an alias; one that is gone already is no error. At most 100 an hour."""
        self._forgiving("DELETE", f"/v2/bot/richmenu/alias/{alias}")

    def link_menu(self, user_id: str, menu_id: str) -> None:
        """Show one person this menu, at once. To somebody who blocked us LINE answers 200 and does nothing."""
        self._call("POST", f"/v2/bot/user/{user_id}/richmenu/{menu_id}", None)

    def link_menu_bulk(self, user_ids: list[str], menu_id: str) -> None:
        """Show up to 500 people this menu, within seconds, without a receipt."""
        self._post("/v2/bot/richmenu/bulk/link", {"richMenuId": menu_id, "userIds": user_ids})

    def show_loading(self, user_id: str, seconds: int) -> None:
        """Dots while we work; ends with the next message. `seconds` in fives, 5 to 60."""
        self._post("/v2/bot/chat/loading/start", {"chatId": user_id, "loadingSeconds": seconds})

    def _get(self, path: str) -> Any:
        return self._call("GET", path, None).data

    def _post(self, path: str, body: Any, retry_key: UUID | None = None) -> Answer:
        return self._call("POST", path, body, headers={"X-Line-Retry-Key": str(retry_key)} if retry_key else None)

    def _forgiving(self, method: str, path: str) -> None:
        with contextlib.suppress(NotFound):
            self._call(method, path, None)

    def _call(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        headers: dict[str, str] | None = None,
        client: ApiClient | None = None,
    ) -> Answer:
        api = client or self._api
        url, sent = api.configuration.host + path, {**api.default_headers, **JSON, **(headers or {})}
        try:
            found = api.rest_client.request(method, url, headers=sent, body=body, _request_timeout=TIMEOUT)
        except ApiException as error:
            return _judge(error)
        except MaxRetryError as error:
            if isinstance(error.reason, (NewConnectionError, ConnectTimeoutError)):
                raise NotSent(0, f"{method} {path}: LINE can't be reached") from error
            raise Unknown(f"{method} {path}: {type(error.reason).__name__}") from error
        except (HTTPError, OpenApiException) as error:
            raise Unknown(f"{method} {path}: {type(error).__name__}") from error
        return _answer(f"{method} {path}", found.data, found.getheaders())


def _answer(call: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        data = json.loads(body) if body else None
    except ValueError:
        data = body
    if data and not isinstance(data, dict):
        raise Unknown(f"{call}: 200, but not LINE's answer")  # somebody between us and LINE said this
    return Answer(data, headers.get("x-line-request-id"), headers.get("date"))


def _judge(error: ApiException) -> Answer:
    """An error of LINE's as one of ours; a 409 with the accepted id is a success."""
    headers = error.headers or {}
    body = _json(error.body)
    if error.status == 409 and headers.get("x-line-accepted-request-id"):
        return Answer(body, headers["x-line-accepted-request-id"], already=True)
    # 0: TLS broke, maybe after LINE had read everything; 3xx: LINE sends nobody elsewhere, this was not LINE.
    if not error.status or not 400 <= error.status < 500:
        raise Unknown(f"{error.status}") from error
    kind = {404: NotFound, 429: TooMany}.get(error.status, LineError)
    raise kind(error.status, str(body.get("message", "no message")), body.get("details", ())) from error


def _json(body: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(body or "")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _client(url: str, token: str, pool: int) -> ApiClient:
    configuration = Configuration(host=url, access_token=token)
    configuration.connection_pool_maxsize = pool
    # Only connecting is tried again: then LINE has surely read nothing. Whether a pooled connection still stands is
    # looked at before it is used.
    configuration.retries = urllib3.Retry(total=2, connect=2, read=0, status=0, other=0, redirect=0)
    client = ApiClient(configuration)
    client.set_default_header("Authorization", f"Bearer {token}")
    return client
