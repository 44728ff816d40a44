"""A bot that only listens: records each webhook and answers as told."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


class Listener:
    """`status` and `delay` (seconds) decide the next answers; `bodies` are the raw webhooks in order of arrival."""

    def __init__(self) -> None:
        self.status = 200
        self.delay = 0.0
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                outer.paths.append(self.path)
                status = outer.status
                time.sleep(outer.delay)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://127.0.0.1:{self._server.server_port}/callback"

    @property
    def bodies(self) -> list[Json]:
        """The webhooks as JSON."""
        return [json.loads(body) for _, body in self.requests]

    @property
    def events(self) -> list[Json]:
        """All events in order of arrival."""
        return [event for body in self.bodies for event in body["events"]]

    def kinds(self) -> list[str]:
        """The types of the events."""
        return [event["type"] for event in self.events]

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
