"""A simulator with its time standing still, a listening bot, and LINE's own SDK pointed at it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, MessagingApiBlob
from PIL import Image

from simulator import Simulator
from tests.simulator.listener import Listener

#: Connect and read timeout of every SDK call, seconds (the SDK has none of its own).
PATIENCE = (5, 20)
NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 12:00 in Bangkok, 14:00 in UTC+9
SECRET = "a-channel-secret"


@pytest.fixture
def bot() -> Iterator[Listener]:
    """A bot that records what it is sent."""
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def line(bot: Listener) -> Iterator[Simulator]:
    """A simulator at NOON; time moves only by `advance`."""
    with Simulator(bot.url, SECRET, clock=NOON, token="good-token") as simulator:
        yield simulator


@pytest.fixture
def client(line: Simulator) -> ApiClient:
    """The SDK's client with the right token."""
    return ApiClient(Configuration(host=line.url, access_token="good-token"))


@pytest.fixture
def api(client: ApiClient) -> MessagingApi:
    """The SDK's messaging API."""
    return MessagingApi(client)


@pytest.fixture
def blob(client: ApiClient) -> MessagingApiBlob:
    """The SDK's content API."""
    return MessagingApiBlob(client)


class Raw:
    """Plain HTTP with the right token, for requests the SDK would not let through."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = "Bearer good-token"

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        return self.session.request(method, self.url + path, json=json, timeout=PATIENCE, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> requests.Response:
        """POST JSON."""
        return self("POST", path, json, **more)


@pytest.fixture
def raw(line: Simulator) -> Raw:
    """Plain HTTP to the simulator."""
    return Raw(line.url)


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    """A plain image of this size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#06c755").save(out, kind)
    return out.getvalue()


def menu_object(**changes: Any) -> dict[str, Any]:
    """A valid rich menu object."""
    found: dict[str, Any] = {
        "size": {"width": 800, "height": 540},
        "selected": True,
        "name": "เมนูหลัก",
        "chatBarText": "เปิดเมนู",
        "areas": [
            {"bounds": {"x": 0, "y": 0, "width": 800, "height": 540}, "action": {"type": "postback", "data": "open"}}
        ],
    }
    return found | changes


def make_menu(raw: Raw, **changes: Any) -> str:
    """A rich menu with its image; returns its id."""
    id = raw.post("/v2/bot/richmenu", menu_object(**changes)).json()["richMenuId"]
    answer = raw(
        "POST", f"/v2/bot/richmenu/{id}/content", data=picture(800, 540), headers={"Content-Type": "image/png"}
    )
    assert answer.status_code == 200, answer.text
    return id
