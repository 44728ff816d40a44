"""The control API of the page: people, chats, groups, clock, traffic, settings, stream; and the process itself."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from simulator import Clock, Simulator
from simulator.clock import next_second_of_month
from tests.simulator.builders import text
from tests.simulator.conftest import NOON, PATIENCE, SECRET, Raw, make_menu
from tests.simulator.listener import Listener

Json = dict[str, Any]


@contextmanager
def _stream(line: Simulator, last: str) -> Iterator[list[Json]]:
    """Collects what the page is told, until it is told something of the kind `last`."""
    items: list[Json] = []
    connection = http.client.HTTPConnection(line.url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/_sim/stream")
    door, answer = connection.sock, connection.getresponse()

    def read() -> None:
        while row := answer.readline():
            if row.startswith(b"data: "):
                items.append(json.loads(row[6:]))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    _wait_for(lambda: line.do(lambda it: it.stream.watched))
    yield items
    _wait_for(lambda: any(item["kind"] == last for item in items))
    # The end of the line, also for the reader that waits at it: closing alone would wait for the next sign of life.
    door.shutdown(socket.SHUT_RDWR)
    reader.join(60)
    connection.close()


def _wait_for(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


def test_the_state_has_all_that_the_page_draws(line: Simulator, raw: Raw) -> None:
    """GET /_sim/state"""
    person = line.person("สมชาย", friend=True)
    make_menu(raw)
    line.group("ร้าน", [person])
    raw.post(f"/v2/bot/user/all/richmenu/{make_menu(raw)}")
    state = raw("GET", "/_sim/state").json()
    assert state["now"] == "2026-11-20T05:00:00.000Z"
    assert set(state["people"][0]) == {
        "id",
        "name",
        "language",
        "picture",
        "friend",
        "blocked",
        "gone",
        "unread",
        "menu",
    }
    assert set(state["people"][0]["menu"]) == {
        "richMenuId",
        "name",
        "chatBarText",
        "selected",
        "size",
        "areas",
        "image",
    }
    assert (state["groups"][0]["name"], state["groups"][0]["members"]) == ("ร้าน", [person.id])
    assert (state["quota"], state["offset_seconds"], state["bot"]["name"]) == ({"limit": None, "used": 0}, 0, "Bot")
    assert state["settings"]["deadline_seconds"] == 2


def test_a_person_through_the_control_api(line: Simulator, raw: Raw, bot: Listener) -> None:
    """People, follow, say, chat, PATCH, DELETE"""
    person = raw.post("/_sim/people", {"name": "นิด", "language": "en"}).json()
    path = f"/_sim/people/{person['id']}"
    assert raw.post(path + "/follow").json()["friend"] is True
    said = raw.post(path + "/say", {"text": "สวัสดี"}).json()
    raw.post("/v2/bot/message/push", {"to": person["id"], "messages": [text()]})
    assert raw("GET", path).json()["unread"] == 1
    entries = raw("GET", path + "/chat").json()["messages"]
    assert [(entry["from"], entry["via"]) for entry in entries] == [("user", None), ("bot", "push")]
    assert entries[0] == {
        "id": said["entry"]["id"],
        "from": "user",
        "sender": person["id"],
        "at": "2026-11-20T05:00:00.000Z",
        "message": {"type": "text", "text": "สวัสดี"},
        "unsent": False,
        "edited": False,
        "via": None,
    }
    assert raw("GET", path).json()["unread"] == 0
    assert raw("PATCH", path, {"name": "หน่อย", "gone": True}).json()["name"] == "หน่อย"
    assert raw.post(path + "/say", {"text": "x"}).status_code == 400
    assert raw("DELETE", path).json() == {"ok": True}
    assert raw("GET", path).status_code == 404
    line.wait_idle()
    assert bot.kinds() == ["follow", "message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/_sim/people", {}, 400),
        ("POST", "/_sim/people", {"name": "x", "id": "me"}, 400),
        ("POST", "/_sim/people/U0/follow", {}, 404),
        ("POST", "/_sim/clock", {}, 400),
        ("POST", "/_sim/clock", {"now": "soon"}, 400),
        ("POST", "/_sim/settings", {"speed": 1}, 400),
        ("POST", "/_sim/settings", {"duplicates": 2}, 400),
        ("POST", "/_sim/settings", {"redelivery": "yes"}, 400),
        ("POST", "/_sim/settings", {"quota_limit": -1}, 400),
        ("POST", "/_sim/groups", {"name": "x", "members": ["U0"]}, 404),
        ("POST", "/_sim/groups/C0/join", {}, 404),
        ("GET", "/_sim/richmenus/none/image", None, 404),
    ],
)
def test_errors_are_sentences(raw: Raw, method: str, path: str, body: Json | None, status: int) -> None:
    """400 and 404 with a sentence saying what to do"""
    answer = raw(method, path, body)
    assert (answer.status_code, set(answer.json())) == (status, {"error"})
    assert len(answer.json()["error"]) > 10


def test_a_tap_does_what_its_action_says(line: Simulator, raw: Raw, bot: Listener) -> None:
    """POST tap"""
    person = line.person("นิด", friend=True)
    path = f"/_sim/people/{person.id}/tap"
    first, second = make_menu(raw), make_menu(raw, name="สอง")
    raw.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "two", "richMenuId": second})
    raw.post(f"/v2/bot/user/{person.id}/richmenu/{first}")

    def tap(action: Json, params: Json | None = None) -> requests.Response:
        return raw.post(path, {"action": action, "params": params})

    assert tap({"type": "message", "label": "l", "text": "ดู"}).json()["ok"]
    tap({"type": "postback", "data": "d", "displayText": "กดแล้ว"})
    tap({"type": "postback", "data": "e", "text": "เก่า"})
    tap({"type": "datetimepicker", "data": "f", "mode": "time"}, {"time": "09:00"})
    tap({"type": "uri", "uri": "https://example.com"})
    tap({"type": "clipboard", "clipboardText": "x"})
    switched = tap({"type": "richmenuswitch", "data": "g", "richMenuAliasId": "two"}).json()
    assert switched["menu"]["richMenuId"] == second
    assert tap({"type": "teleport"}).status_code == 400
    assert (
        tap(
            {"type": "datetimepicker", "data": "f", "mode": "date", "max": "2026-01-01"}, {"date": "2026-12-01"}
        ).status_code
        == 400
    )
    line.wait_idle()
    shown = [
        event["message"]["text"] if event["type"] == "message" else event["postback"]["data"] for event in bot.events
    ]
    assert shown == ["ดู", "d", "เก่า", "e", "f", "g"]
    assert [entry.message["text"] for entry in line.chat(person)] == ["ดู", "กดแล้ว", "เก่า"]


def test_the_clock_moves_and_tells_the_bot(bot: Listener) -> None:
    """Clock, the-2nd at 09:00 in Bangkok, --clock-url on every change"""
    clock_url = bot.url.replace("callback", "clock")
    with Simulator(bot.url, SECRET, clock=NOON, clock_url=clock_url) as line:
        raw = Raw(line.url)
        assert raw.post("/_sim/clock", {"advance_seconds": 86400}).json() == {
            "now": "2026-11-21T05:00:00.000Z",
            "offset_seconds": 86400,
        }
        assert raw.post("/_sim/clock", {"to": "the-2nd"}).json()["now"] == "2026-12-02T02:00:00.000Z"
        assert raw.post("/_sim/clock", {"to": "the-2nd"}).json()["now"] == "2027-01-02T02:00:00.000Z"
        assert raw.post("/_sim/clock", {"now": "2026-12-31T16:59:59+00:00"}).json()["now"] == "2026-12-31T16:59:59.000Z"
        assert raw.post("/_sim/clock", {"reset": True}).json()["offset_seconds"] == 0
        assert bot.paths == ["/clock"] * 5
        assert bot.bodies[0] == {"now": "2026-11-21T05:00:00.000Z", "offset_seconds": 86400}
        bot.close()
        assert raw.post("/_sim/clock", {"advance_seconds": 1}).ok, "a bot that does not listen blocks nothing"
        assert [item["note"][:5] for item in line.traffic("out")] == ["clock"] * 6


def test_a_clock_runs_with_its_source_unless_frozen() -> None:
    """Offset and frozen base"""
    ticks = iter([10.0, 12.0, 20.0])
    clock = Clock(source=lambda: next(ticks))
    clock.advance(5)
    assert [clock.time(), clock.time()] == [15.0, 17.0]
    frozen = Clock(NOON)
    assert frozen.now() == frozen.now() == NOON
    assert next_second_of_month(datetime(2026, 12, 2, 2, 0, tzinfo=UTC)) == datetime(2027, 1, 2, 2, 0, tzinfo=UTC)
    assert next_second_of_month(datetime(2026, 12, 1, 17, 0, tzinfo=UTC)) == datetime(2026, 12, 2, 2, 0, tzinfo=UTC)


def test_the_page_is_told_as_it_happens(line: Simulator, raw: Raw) -> None:
    """GET /_sim/stream, each kind"""
    with _stream(line, last="gone") as items:
        person = line.person("นิด")
        line.follow(person)
        line.say(person, "hi")
        raw.post("/v2/bot/message/push", {"to": person.id, "messages": [text()]})
        raw.post("/v2/bot/chat/loading/start", {"chatId": person.id, "loadingSeconds": 10})
        line.advance(60)
        raw.post("/_sim/settings", {"quota_limit": 7})
        raw.post("/_sim/faults", {"kind": "slow", "seconds": 0})
        line.group("ร้าน", [person])
        raw("DELETE", f"/_sim/people/{person.id}")
    kinds = {item["kind"] for item in items}
    assert kinds >= {"message", "person", "gone", "traffic", "clock", "loading", "group", "quota", "faults", "settings"}
    loading = next(item for item in items if item["kind"] == "loading")
    assert loading == {"kind": "loading", "chat": person.id, "seconds": 10}
    pushed = [item for item in items if item["kind"] == "message" and item["entry"]["from"] == "bot"]
    assert (pushed[0]["chat"], pushed[0]["entry"]["message"]) == (person.id, text())
    assert {"kind": "quota", "limit": 7, "used": 1} in items
    outs = [item["item"]["direction"] for item in items if item["kind"] == "traffic"]
    assert set(outs) == {"in", "out"}


def test_traffic_is_read_in_pages_saved_and_forgotten(line: Simulator, raw: Raw, tmp_path: Path) -> None:
    """Traffic?after=, traffic.json, DELETE, save"""
    for _ in range(5):
        raw("GET", "/v2/bot/info")
    first = raw("GET", "/_sim/traffic?limit=2").json()["items"]
    assert [item["n"] for item in first] == [4, 5]
    assert [item["n"] for item in raw("GET", "/_sim/traffic?after=1&limit=2").json()["items"]] == [2, 3]
    assert len(raw("GET", "/_sim/traffic.json").json()["items"]) == 5
    line.save(tmp_path / "traffic.json")
    assert len(json.loads((tmp_path / "traffic.json").read_text("utf-8"))["items"]) == 5
    raw("DELETE", "/_sim/traffic")
    assert line.traffic() == []
    raw.post("/v2/bot/message/validate/push", {"messages": [text(text="x" * 4000)] * 5 + [text(text="ก" * 20_000)]})
    shown = line.traffic()[-1]["request"]
    assert isinstance(shown, str)
    assert len(shown) <= 20_001, "a long body is cut"


def test_reset_keeps_people_when_asked(line: Simulator, raw: Raw) -> None:
    """POST /_sim/reset"""
    person = line.person("นิด", friend=True)
    raw.post(f"/v2/bot/user/{person.id}/richmenu/{make_menu(raw)}")
    line.say(person, "hi")
    line.fault("outage")
    state = raw.post("/_sim/reset", {"keep_people": True}).json()
    assert [(item["name"], item["friend"], item["menu"]) for item in state["people"]] == [("นิด", True, None)]
    assert state["faults"] == []
    assert line.chat(person) == []
    assert raw.post("/_sim/reset", {}).json()["people"] == []


def test_a_crowd_is_not_listed_whole(line: Simulator, raw: Raw) -> None:
    """The page stays usable with very many people; one multicast is one entry in memory"""
    ids = [line.person(str(number), friend=True) for number in range(600)]
    state = raw("GET", "/_sim/state").json()
    assert (len(state["people"]), state["people_total"]) == (200, 600)
    raw.post("/v2/bot/message/multicast", {"to": [person.id for person in ids[:500]], "messages": [text()]})
    assert line.chat(ids[0])[0] is line.chat(ids[499])[0]
    assert ids[500].entries is None


def test_it_imports_nothing_of_ours() -> None:
    """Architecture: simulator → nothing of ours, so that anybody with a LINE bot can use it"""
    code = (
        "import sys; import simulator.__main__; "
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('app','bot','handlers','richmenu','models','benefits','clubs','jobs','web','wording','database','settings')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"


def test_the_process_starts_and_stops(bot: Listener) -> None:
    """The command starts it and SIGTERM ends it."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "simulator",
            "--port",
            "0",
            "--webhook",
            bot.url,
            "--secret",
            SECRET,
            "--bot-name",
            "ร้าน",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().rsplit("=", 1)[1]
        state = requests.get(url + "/_sim/state", timeout=PATIENCE).json()
        assert (state["bot"]["name"], state["bot"]["webhook"]) == ("ร้าน", bot.url)
        assert requests.get(url + "/", timeout=PATIENCE).status_code == 200
        assert requests.post(url + "/_sim/people", json={"name": "นิด", "friend": True}, timeout=PATIENCE).ok
        _wait_for(lambda: bot.requests)
        assert bot.kinds() == ["follow"]
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
