"""The demo's ear for "Start over": the phones' page asks through the simulator, the launcher does it, the page reads on.

A port of this machine that nobody is told but the simulator; a page of another site cannot send the header it wants.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HEADER = "X-Start-Over"


class StartOver:
    """What was asked, and how far it is: `state` is `ready`, `working` or `failed`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._state, self._said = "ready", list[str]()
        over = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if self.headers.get(HEADER) != "yes":
                    self._answer(403)
                    return
                over.ask()
                self._answer(200)

            def do_GET(self) -> None:
                self._answer(200)

            def _answer(self, status: int) -> None:
                body = json.dumps(over.told(), ensure_ascii=False).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *values: object) -> None:
                """Nothing: the launcher's terminal is for people."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, name="start over", daemon=True).start()

    def ask(self) -> None:
        """It is wanted; while it is being done already, that is enough."""
        with self._lock:
            if self._state != "working":
                self._state, self._said = "working", []
                self._wanted.set()

    def wanted(self, seconds: float) -> bool:
        """Wait so long for somebody to ask; whether somebody did. Asked once, said once."""
        found = self._wanted.wait(seconds)
        self._wanted.clear()
        return found

    def say(self, text: str) -> None:
        """One more thing is done."""
        with self._lock:
            self._said.append(text)

    def done(self, state: str = "ready") -> None:
        """It is over, well or not."""
        with self._lock:
            self._state = state

    def told(self) -> dict[str, object]:
        """As the page reads it."""
        with self._lock:
            return {"state": self._state, "said": list(self._said)}

    def close(self) -> None:
        """Nobody is heard any more."""
        self._server.shutdown()
        self._server.server_close()
