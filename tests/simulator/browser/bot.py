"""A small bot for the browser tests: it answers what a test taught it, else it repeats what it heard."""

from __future__ import annotations

import io
import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

Json = dict[str, Any]
Answer = list[Json] | Callable[[Json], list[Json]]
WIDTH, HEIGHT, TABS = 800, 540, 90


def text(words: str, **more: Any) -> Json:
    """A text message."""
    return {"type": "text", "text": words, **more}


def postback(label: str, data: str, **more: Any) -> Json:
    """A postback action."""
    return {"type": "postback", "label": label, "data": data, **more}


def flex(contents: Json, alt: str = "card") -> Json:
    """A Flex message."""
    return {"type": "flex", "altText": alt, "contents": contents}


def box(*contents: Json, **more: Any) -> Json:
    """A vertical Flex box."""
    return {"type": "box", "layout": "vertical", "contents": list(contents), **more}


def quick(*actions: Json) -> Json:
    """A quickReply property."""
    return {"items": [{"type": "action", "action": action} for action in actions]}


class TeachableBot:
    """Serves a webhook; `answers` maps "follow", a text or a postback's data to messages; `events` keeps what came."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.events: list[Json] = []
        self.api = ""
        bot = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.wfile.flush()
                for event in body["events"]:
                    bot.hear(event)

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def close(self) -> None:
        """Stops listening."""
        self.server.shutdown()
        self.server.server_close()

    def hear(self, event: Json) -> None:
        """Keeps the event and replies."""
        self.events.append(event)
        key = event["type"]
        if key == "message":
            key = event["message"].get("text", event["message"]["type"])
        elif key == "postback":
            key = event["postback"]["data"]
        answer = self.answers.get(key, [])
        messages = answer(event) if callable(answer) else answer
        if messages and "replyToken" in event:
            self.call("POST", "/v2/bot/message/reply", {"replyToken": event["replyToken"], "messages": messages})

    def postbacks(self) -> list[Json]:
        """The postback objects that came, oldest first."""
        return [event["postback"] for event in self.events if event["type"] == "postback"]

    def call(self, method: str, path: str, body: Json | None = None, raw: bytes | None = None) -> Json:
        """Calls the platform's API; raises urllib.error.HTTPError for a refusal."""
        data = raw if raw is not None else json.dumps(body or {}).encode()
        kind = "image/png" if raw is not None else "application/json"
        headers = {"Authorization": "Bearer any", "Content-Type": kind}
        request = urllib.request.Request(self.api + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = answer.read()
        return json.loads(found) if found else {}

    def push(self, to: str, *messages: Json) -> None:
        """Pushes messages to a person."""
        self.call("POST", "/v2/bot/message/push", {"to": to, "messages": list(messages)})

    def menu(self, name: str, color: str, areas: list[Json]) -> str:
        """A rich menu with a picture of one colour; returns its id."""
        size = {"width": WIDTH, "height": HEIGHT}
        made = self.call(
            "POST",
            "/v2/bot/richmenu",
            {"size": size, "selected": True, "name": name, "chatBarText": name, "areas": areas},
        )
        picture = io.BytesIO()
        Image.new("RGB", (WIDTH, HEIGHT), color).save(picture, "PNG")
        self.call("POST", f"/v2/bot/richmenu/{made['richMenuId']}/content", raw=picture.getvalue())
        return str(made["richMenuId"])


def area(x: int, y: int, width: int, height: int, action: Json) -> Json:
    """One area of a rich menu, in its pixels."""
    return {"bounds": {"x": x, "y": y, "width": width, "height": height}, "action": action}


MAIN_ACTIONS = (
    postback("สิทธิ์ของฉัน", "benefits", displayText="ขอดูสิทธิ์"),
    postback("Close it", "closing", inputOption="closeRichMenu"),
    postback("Type a code", "typing", inputOption="openKeyboard", fillInText="CODE-"),
    {
        "type": "datetimepicker",
        "label": "เลือกวัน",
        "data": "day",
        "mode": "date",
        "initial": "2026-12-02",
        "min": "2026-12-01",
        "max": "2026-12-31",
    },
    {"type": "clipboard", "label": "Copy", "clipboardText": "STAR-2569"},
    {"type": "uri", "label": "Website", "uri": "PAGE"},
)


def publish_menus(bot: TeachableBot, website: str) -> tuple[str, str]:
    """Two menus that are tabs of each other; the first is everybody's default. Returns their ids."""
    actions = [{**action, "uri": website} if action["type"] == "uri" else action for action in MAIN_ACTIONS]
    tiles = [area((i % 3) * 266, TABS + (i // 3) * 225, 266, 225, action) for i, action in enumerate(actions)]
    to_account = {"type": "richmenuswitch", "label": "บัญชี", "richMenuAliasId": "account", "data": "tab"}
    to_main = {"type": "richmenuswitch", "label": "สิทธิ์", "richMenuAliasId": "main", "data": "tab"}
    main = bot.menu("เมนูสิทธิ์", "#0b7a43", [area(400, 0, 400, TABS, to_account), *tiles])
    hello = {"type": "message", "label": "โปรไฟล์", "text": "โปรไฟล์"}
    account = bot.menu(
        "เมนูบัญชี",
        "#2d6cdf",
        [area(0, 0, 400, TABS, to_main), area(400, 0, 400, TABS, to_account), area(0, TABS, 800, 450, hello)],
    )
    for alias, menu in (("main", main), ("account", account)):
        bot.call("POST", "/v2/bot/richmenu/alias", {"richMenuAliasId": alias, "richMenuId": menu})
    bot.call("POST", f"/v2/bot/user/all/richmenu/{main}")
    return main, account
