"""LINE's end of a bench, as little of it as both sides need: takes replies, remembers their tokens, says when.

`python -m bench.line_end PORT`. `GET /seen` tells how many different reply tokens came since the last `POST /forget`,
and when the last of them did (monotonic seconds, the same for every process of the machine). `POST /forget?think=0.1`: from
then on a reply is answered after so many seconds of thought.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

from aiohttp import web

TOKEN = re.compile(rb'"replyToken": ?"([^"]+)"')
ANSWER = json.dumps({"sentMessages": [{"id": "1", "quoteToken": "q"}]})


class Seen:
    """The replies that came."""

    def __init__(self) -> None:
        self.tokens: set[bytes] = set()
        self.last = 0.0
        self.calls = 0
        self.other = 0
        self.think = 0.0

    async def reply(self, request: web.Request) -> web.Response:
        """A reply: counted."""
        found = TOKEN.search(await request.read())
        if found is None:
            return web.json_response({"message": "no reply token"}, status=400)
        self.tokens.add(found[1])
        self.calls += 1
        if self.think:
            await asyncio.sleep(self.think)
        self.last = time.monotonic()
        return web.Response(text=ANSWER, content_type="application/json")

    async def seen(self, request: web.Request) -> web.Response:
        """How many, and when the last one."""
        found = {"replies": len(self.tokens), "calls": self.calls, "other": self.other, "last": self.last}
        return web.json_response(found)

    async def forget(self, request: web.Request) -> web.Response:
        """Begin anew."""
        self.tokens.clear()
        self.last, self.calls, self.other = 0.0, 0, 0
        self.think = float(request.query.get("think", 0))
        return web.json_response({})

    async def quota(self, request: web.Request) -> web.Response:
        """No limit, nothing used."""
        return web.json_response({"type": "none", "totalUsage": 0})

    async def anything(self, request: web.Request) -> web.Response:
        """Profiles and menus: answered, and told apart."""
        self.other += 1
        return web.json_response({})


def main(port: int) -> None:
    """Serve on this machine until ended."""
    seen = Seen()
    app = web.Application()
    app.router.add_post("/v2/bot/message/reply", seen.reply)
    app.router.add_get("/seen", seen.seen)
    app.router.add_post("/forget", seen.forget)
    app.router.add_get("/v2/bot/message/quota{rest:(/consumption)?}", seen.quota)
    app.router.add_route("*", "/{path:.*}", seen.anything)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
