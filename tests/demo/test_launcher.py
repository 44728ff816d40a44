"""`python -m demo` as a newcomer runs it: it starts, answers, keeps what was done, and leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from demo.accounts import people
from demo.plan import CLUB, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
MAY = people()[0].id
ENTRANCE = "everything runs"


class Demo:
    """A demo on free ports, with its data in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bot, self.line = _free_port(), _free_port()
        self.process: subprocess.Popen[str] | None = None
        self.said = ""

    def start(self, *arguments: str) -> float:
        """Starts it; the seconds until it said that everything runs. What it said is kept."""
        ports = {"SITTHI_DEMO_PORT": str(self.bot), "SITTHI_DEMO_LINE_PORT": str(self.line)}
        environ = {**os.environ, **ports, "SITTHI_DATA_DIR": str(self.folder)}
        environ.pop("DATABASE_URL", None)
        command = [sys.executable, "-m", "demo", *arguments]
        begun = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if ENTRANCE in line:
                assert f"http://127.0.0.1:{self.line}" in line
                return time.monotonic() - begun
        raise AssertionError(self.said)

    def end(self) -> float:
        """Ctrl-C; the seconds until it had ended."""
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        output, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, output
        assert "Traceback" not in output
        return time.monotonic() - begun

    def family(self) -> list[psutil.Process]:
        """Every process that was started with this demo's folder among its settings or arguments."""
        return [one for one in psutil.process_iter() if one.pid != os.getpid() and _mentions(one, str(self.folder))]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The simulator's control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.line}{path}", data)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def heard(self, person: str) -> list[dict[str, Any]]:
        """What the bot has said to somebody."""
        chat = self.ask(f"/_sim/people/{person}/chat")["messages"]
        return [entry["message"] for entry in chat if entry["from"] == "bot"]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that is gone after the test, whatever happened."""
    one = Demo(tmp_path / "var")
    yield one
    if one.process is not None and one.process.poll() is None:
        one.process.send_signal(signal.SIGINT)
        one.process.wait(60)


def test_make_run_starts_answers_keeps_its_data_says_what_died_and_starts_over(demo: Demo) -> None:
    """A1, D14: two minutes to a page are plenty; a tap is answered; Ctrl-C leaves nothing; the next start is faster and has
    what was done; a part that dies ends it with a reason; `--fresh` forgets. One story, as each start takes seconds."""
    assert demo.start() < 120
    assert "rows of charges.csv" in demo.said
    first = _work(demo)
    _check_doors(demo)
    _check_story(demo)
    _check_over(demo)
    _check_story(demo)
    assert demo.end() < 20
    _until(lambda: not demo.family())
    _check_kept(demo, first)
    _check_a_death(demo)
    _check_fresh(demo)


def _check_over(demo: Demo) -> None:
    """D6: “Start over” on the phones' page, while the jobs run: members, chats, menus and clock as at first; it tells how far
    it is; another site's page cannot ask for it; and everything works afterwards."""
    demo.ask("/_sim/clock", {"to": "the-2nd"})
    request = urllib.request.Request(f"http://127.0.0.1:{demo.line}/_sim/start-over", b"{}")
    request.add_header("Sec-Fetch-Site", "cross-site")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10)
    assert demo.ask("/_sim/state")["owner"]["start_over"] is True
    assert demo.ask("/_sim/start-over", {})["state"] == "working"
    _until(lambda: any("are empty" in line for line in demo.ask("/_sim/start-over")["said"]))
    assert demo.ask("/_sim/start-over", {})["state"] == "working", "asked twice, done once"
    _until(lambda: demo.ask("/_sim/start-over")["state"] == "ready")
    said = demo.ask("/_sim/start-over")["said"]
    assert any("rows of charges.csv" in line for line in said)
    assert sum("are empty" in line for line in said) == 1
    state = demo.ask("/_sim/state")
    assert not any(one["friend"] for one in state["people"][:2])
    assert demo.heard(MAY) == []
    assert abs(state["offset_seconds"]) < 5
    for path in ("/", "/console/sign-in", "/readyz"):
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.bot}{path}", timeout=10) as answer:
            assert answer.status == 200


def _check_kept(demo: Demo, first: float) -> None:
    demo.start()
    assert "is there already" in demo.said
    assert "rows of" not in demo.said
    assert _work(demo) < first
    may = next(one for one in demo.ask("/_sim/state")["people"] if one["id"] == MAY)
    assert may["friend"]
    _until(lambda: _menu(demo, MAY) is not None)
    demo.ask(f"/_sim/people/{MAY}/say", {"text": "บัญชีทางการ"})
    _until(lambda: "นู้ดเดิ้ลบาร์" in json.dumps(demo.heard(MAY), ensure_ascii=False))


def _check_a_death(demo: Demo) -> None:
    """The name of the process and the end of its log, instead of a page that no longer answers."""
    bots = [one for one in demo.family() if "gunicorn" in " ".join(one.cmdline())]
    leader = next(one for one in bots if one.ppid() == (demo.process.pid if demo.process else 0))
    leader.kill()
    assert demo.process is not None
    output, _ = demo.process.communicate(timeout=60)
    assert demo.process.returncode == 1
    assert "bot was ended by SIGKILL. The end of" in output
    _until(lambda: not demo.family())


def _check_fresh(demo: Demo) -> None:
    """`--fresh --yes`: who had joined has not; the folder's other files stay."""
    keep = demo.folder / "mine.txt"
    keep.write_text("keep")
    demo.start("--fresh", "--yes")
    assert "rows of charges.csv" in demo.said
    may = next(one for one in demo.ask("/_sim/state")["people"] if one["id"] == MAY)
    assert not may["friend"]
    assert keep.read_text() == "keep"
    assert demo.end() < 20
    _until(lambda: not demo.family())


def _work(demo: Demo) -> float:
    """Processor seconds the launcher itself has used: how fast it was, whatever else this machine does."""
    assert demo.process is not None
    times = psutil.Process(demo.process.pid).cpu_times()
    return float(times.user + times.system)


def _check_doors(demo: Demo) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.line}/", timeout=10) as page:
        assert b"<html" in page.read()[:2000]
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.bot}/readyz", timeout=10) as answer:
        assert json.load(answer)["ready"] is True
    forged = urllib.request.Request(f"http://127.0.0.1:{demo.bot}/callback/{CLUB}", b'{"events":[]}')
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(forged, timeout=10)
    assert refused.value.code == 400
    state = demo.ask("/_sim/state")
    assert [one["name"] for one in state["people"]][:3] == ["เมย์", "บอย", "Emma"]
    assert not any(one["friend"] for one in state["people"][:2])


def _check_story(demo: Demo) -> None:
    """May adds the bot and is welcomed, taps Agree, and finds herself with a member's menu."""
    _join(demo, MAY)
    _until(lambda: "member" in json.dumps(_menu(demo, MAY)))


def _join(demo: Demo, person: str) -> None:
    demo.ask(f"/_sim/people/{person}/follow", {})
    _until(lambda: bool(demo.heard(person)))
    for label in ("เข้าร่วมคลับ", "ตกลง"):
        heard = demo.heard(person)
        button = next(button for button in _buttons(heard[-1]) if button.get("label") == label)
        demo.ask(f"/_sim/people/{person}/tap", {"action": button})
        _until_more(demo, person, len(heard))


def _until_more(demo: Demo, person: str, before: int) -> None:
    try:
        _until(lambda: len(demo.heard(person)) > before)
    except AssertionError:
        raise AssertionError(json.dumps(demo.ask("/_sim/traffic?limit=9"), ensure_ascii=False, indent=1)) from None


def _menu(demo: Demo, person: str) -> Any:
    people = demo.ask("/_sim/state")["people"]
    return next(one["menu"] for one in people if one["id"] == person)


def _buttons(found: Any) -> Iterator[dict[str, Any]]:
    """Every action anywhere in messages."""
    if isinstance(found, dict):
        if found.get("type") in ("postback", "message", "uri"):
            yield found
        found = list(found.values())
    if isinstance(found, list):
        for part in found:
            yield from _buttons(part)


def _mentions(process: psutil.Process, folder: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return folder in " ".join(process.cmdline()) or process.environ().get("SITTHI_DATA_DIR") == folder
    except psutil.Error:
        return False


def _until(true: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port
