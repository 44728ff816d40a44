"""The port: LINE's API, the page, the control API. Each API call runs to its end without waiting for anything else."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import struct
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from simulator import (
    accountlink,
    aliases,
    audiences,
    channel,
    chats,
    control,
    counts,
    menubatch,
    narrowcast,
    oauth,
    profiles,
    richmenus,
    sending,
    units,
    validate,
)
from simulator.api import NOT_FOUND, Answer, Call, Refusal, Route
from simulator.faults import Fault
from simulator.limits import LIMITS, at_most
from simulator.line import Line
from simulator.tokens import INVALID
from simulator.traffic import Item

PAGE = Path(__file__).parent / "page"
_FAMILIES = (
    sending,
    narrowcast,
    validate,
    audiences,
    richmenus,
    menubatch,
    aliases,
    profiles,
    chats,
    channel,
    counts,
    units,
    oauth,
    accountlink,
)
ROUTES: tuple[Route, ...] = tuple(route for family in _FAMILIES for route in family.ROUTES)
#: The page takes scripts and styles from here alone; bots' pictures and pages may come from anywhere.
PAGE_POLICY = "default-src 'self'; img-src * data:; frame-src *; style-src 'self' 'unsafe-inline'"
_TICK = 0.05
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_LINE = web.AppKey("line", Line)


def make_app(line: Line) -> web.Application:
    """The web application around a platform."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[_LINE] = line
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _endpoint(line, route))
    control.add_routes(app, line)
    _add_page(app)
    app.router.add_route("*", "/{path:.*}", _endpoint(line, Route("*", "*", _unknown, token=False)))
    app.cleanup_ctx.append(_background)
    return app


def _unknown(line: Line, call: Call) -> Answer:
    raise Refusal(404, NOT_FOUND)


async def _background(app: web.Application) -> Any:
    line = app[_LINE]

    async def tick() -> None:
        while True:
            line.timers.run()
            await asyncio.sleep(_TICK)

    ticking = asyncio.get_running_loop().create_task(tick())
    yield
    ticking.cancel()
    line.stream.close_all()
    await line.webhooks.close()


def _add_page(app: web.Application) -> None:
    async def index(request: web.Request) -> web.StreamResponse:
        file = PAGE / "index.html"
        if not file.is_file():
            return web.Response(text="The page is not installed; the API and /_sim/ work.", content_type="text/plain")
        return web.FileResponse(file, headers={"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY})

    app.router.add_get("/", index)
    for prefix, folder in (("/page/", PAGE), ("/vendor/", PAGE / "node_modules")):
        if folder.is_dir():
            app.router.add_static(prefix, folder)


def _endpoint(line: Line, route: Route) -> Any:
    endpoint = route.endpoint

    async def handle(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        line.calls_open += 1
        item = line.traffic.start(line.clock.time(), "in", request.method, request.path_qs)
        call = Call(
            request.method,
            request.path,
            request.query,
            request.headers,
            b"",
            line.ids.request(),
            request.match_info,
            endpoint=endpoint,
        )
        try:
            call.body = await request.read()
            return await _answer(line, route, call, request, item)
        except asyncio.CancelledError:
            item.note = item.note or "the caller hung up"
            raise
        finally:
            line.calls_open -= 1
            item.ms = (time.perf_counter() - started) * 1000
            item.request, item.request_id, item.quota = call.body, call.request_id, call.cost
            line.traffic.record(item)

    return handle


async def _answer(line: Line, route: Route, call: Call, request: web.Request, item: Item) -> web.StreamResponse:
    fault = line.faults.next(call.method, call.path) if route.endpoint != "* *" else None
    if fault is not None:
        item.note = f"fault: {fault.kind}"
        line.publish_faults()
        before = await _before(fault, call, request)
        if before is not None:
            return _finish(item, before, call)
    answer = await _run(line, route, call)
    if call.note and not item.note:
        item.note = call.note
    if fault is not None:
        return await _after(fault, answer, call, request, item)
    return _finish(item, answer, call)


async def _run(line: Line, route: Route, call: Call) -> Answer:
    try:
        if route.token:
            line.tokens.check(call)
        if not at_most("request.bytes", len(call.body)):
            raise Refusal(413, f"Request body must not exceed {LIMITS['request.bytes'].most} bytes")
        if line.settings.rate_limits and route.handler is not _unknown and not line.buckets.take(route.endpoint):
            raise Refusal(429, "The API rate limit has been exceeded. Try again later.")
        answer = route.handler(line, call)
        return await answer if inspect.isawaitable(answer) else answer
    except Refusal as refusal:
        return Answer(refusal.body, refusal.status, refusal.headers)


def _finish(item: Item, answer: Answer, call: Call) -> web.Response:
    item.status = answer.status
    headers = {"x-line-request-id": call.request_id, **answer.headers}
    if answer.content is not None:
        item.response = f"({len(answer.content)} bytes)"
        return web.Response(
            body=answer.content,
            status=answer.status,
            headers=headers,
            content_type=answer.content_type,
            charset="utf-8" if answer.content_type.startswith("text/") else None,
        )
    item.response = answer.body
    body = json.dumps(answer.body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return web.Response(body=body, status=answer.status, headers=headers, content_type="application/json")


async def _before(fault: Fault, call: Call, request: web.Request) -> Answer | None:
    """The answer of a fault that strikes before anything is accepted; None when the call goes on."""
    if fault.kind == "rate_429":
        return Answer({"message": "The API rate limit has been exceeded. Try again later."}, 429)
    if fault.kind == "quota_429":
        return Answer({"message": sending.MONTHLY}, 429)
    if fault.kind == "error_500_before":
        return Answer({"message": "Internal server error"}, 500)
    if fault.kind == "expired_token":
        return Answer({"message": INVALID}, 401)
    if fault.kind == "outage":
        return Answer({"message": "Service Unavailable"}, 503)
    if fault.kind == "html_body":
        return Answer(status=fault.status or 502, content=_HTML, content_type="text/html")
    if fault.kind == "timeout_before":
        await _hang(fault, request)
    if fault.kind == "reset_before":
        _reset(request)
    return None


async def _after(fault: Fault, answer: Answer, call: Call, request: web.Request, item: Item) -> web.StreamResponse:
    """What the caller gets although the call was done."""
    done = _finish(item, answer, call)
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds if fault.seconds is not None else 5)
    elif fault.kind == "error_500_after":
        return _finish(item, Answer({"message": "Internal server error"}, 500), call)
    elif fault.kind == "timeout_after":
        await _hang(fault, request)
    elif fault.kind == "reset_after":
        _reset(request)
    elif fault.kind == "half_body":
        return await _half(done, request)
    return done


async def _hang(fault: Fault, request: web.Request) -> None:
    await asyncio.sleep(fault.seconds if fault.seconds is not None else 60)
    _reset(request)


def _reset(request: web.Request) -> None:
    """Cuts the connection with a TCP reset and ends this call."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    raise asyncio.CancelledError


async def _half(done: web.Response, request: web.Request) -> web.StreamResponse:
    body = done.body if isinstance(done.body, bytes) else b""
    partial = web.StreamResponse(status=done.status, headers=done.headers)
    partial.content_length = max(len(body), 2)
    await partial.prepare(request)
    await partial.write(body[: max(1, len(body) // 2)])
    if request.transport is not None:
        request.transport.close()
    return partial
