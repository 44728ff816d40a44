"""The control API under /_sim/: people, phones, clock, traffic, faults, settings. Errors are sentences."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from simulator import groups, owner, phones
from simulator.clock import next_second_of_month
from simulator.clocksync import ClockSync
from simulator.line import Line
from simulator.webhooks import signature

Json = dict[str, Any]
Act = Callable[[Line, web.Request, Json], Any]
_PEOPLE_LISTED = 200


class Wrong(ValueError):
    """400 or 404 of the control API with a sentence."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def add_routes(app: web.Application, line: Line) -> None:
    """Adds every /_sim/ route."""
    sync = ClockSync(line)
    acts: list[tuple[str, str, Act]] = [
        ("GET", "/_sim/state", _state),
        ("POST", "/_sim/reset", _reset),
        ("POST", "/_sim/send-webhook", _send_webhook),
        ("GET", "/_sim/webhook/errors", _errors),
        ("GET", "/_sim/clock", lambda line, request, body: line.clock_json()),
        ("GET", "/_sim/traffic", _traffic),
        ("GET", "/_sim/traffic.json", _traffic_file),
        ("DELETE", "/_sim/traffic", _forget_traffic),
        ("GET", "/_sim/faults", _faults),
        ("POST", "/_sim/faults", _add_fault),
        ("DELETE", "/_sim/faults", _clear_faults),
        ("DELETE", "/_sim/faults/{id}", _remove_fault),
        ("GET", "/_sim/settings", lambda line, request, body: line.settings.json()),
        ("POST", "/_sim/settings", _settings),
        ("GET", "/_sim/richmenus/{id}/image", _image),
        ("GET", "/_sim/content/{id}", _content),
        *phones.ROUTES,
        *groups.ROUTES,
        *owner.ROUTES,
    ]
    for method, path, act in acts:
        app.router.add_route(method, path, _wrap(line, act))
    app.router.add_get("/_sim/stream", _stream(line))
    app.router.add_post("/_sim/clock", _wrap(line, lambda line, request, body: _move(line, sync, body)))


def _wrap(line: Line, act: Act) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            found = act(line, request, await _body(request))
            if asyncio.iscoroutine(found):
                found = await found
        except KeyError as error:
            return web.json_response({"error": f"Unknown or missing: {error.args[0]}"}, status=404)
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=getattr(error, "status", 400))
        return found if isinstance(found, web.StreamResponse) else web.json_response(found)

    return handle


async def _body(request: web.Request) -> Json:
    raw = await request.read()
    if not raw:
        return {}
    try:
        found = json.loads(raw)
    except ValueError:
        raise Wrong("The body must be JSON.") from None
    if not isinstance(found, dict):
        raise Wrong("The body must be a JSON object.")
    return found


def _state(line: Line, request: web.Request, body: Json) -> Json:
    listed = int(request.query.get("people", _PEOPLE_LISTED))
    people = [line.person_json(person) for person in list(line.people.values())[:listed]]
    return {
        **line.clock_json(),
        "bot": {"id": line.bot_id, "name": line.bot_name, "webhook": line.webhook, "picture": None},
        "people": people,
        "people_total": len(line.people),
        "groups": [group.json() for group in line.groups.values()],
        "quota": {"limit": line.settings.quota_limit, "used": line.quota.used},
        "settings": line.settings.json(),
        "faults": [fault.json() for fault in line.faults.planned],
        "owner": line.owner.json(),
    }


def _reset(line: Line, request: web.Request, body: Json) -> Json:
    line.reset(keep_people=bool(body.get("keep_people", False)))
    line.stream.publish("reset")
    return _state(line, request, body)


async def _send_webhook(line: Line, request: web.Request, body: Json) -> Json:
    raw = (
        base64.b64decode(body["raw"])
        if "raw" in body
        else json.dumps(
            {"destination": body.get("destination", line.bot_id), "events": body.get("events", [])}, ensure_ascii=False
        ).encode()
    )
    signed = signature(str(body.get("secret", line.secret)), raw) if body.get("sign", True) else None
    outcome = await line.webhooks.post_raw(raw, signed, note="made by hand")
    return {"status": outcome.status, "reason": outcome.reason, "detail": outcome.detail}


def _errors(line: Line, request: web.Request, body: Json) -> Json:
    return {"errors": line.webhooks.errors.json()}


async def _move(line: Line, sync: ClockSync, body: Json) -> Json:
    if body.get("reset"):
        line.clock.reset()
    elif "now" in body:
        line.clock.set(_moment(body["now"]))
    elif "advance_seconds" in body:
        line.clock.advance(_number(body["advance_seconds"]))
    elif body.get("to") == "the-2nd":
        line.clock.set(next_second_of_month(line.clock.now()))
    else:
        raise Wrong('Say {"now": ISO time}, {"advance_seconds": n}, {"to": "the-2nd"} or {"reset": true}.')
    await sync.moved()
    return line.clock_json()


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise Wrong("now must be an ISO 8601 time such as 2026-12-02T02:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Wrong("advance_seconds must be a number.")
    return float(value)


def _traffic(line: Line, request: web.Request, body: Json) -> Json:
    after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 200))
    items = [item.json() for item in line.traffic.after(after)]
    # Without a starting point the newest are wanted; after one, the next ones.
    return {"items": items[:limit] if after else items[-limit:]}


def _traffic_file(line: Line, request: web.Request, body: Json) -> web.Response:
    text = json.dumps({"items": [item.json() for item in line.traffic.after(0)]}, ensure_ascii=False, indent=1)
    return web.Response(
        text=text, content_type="application/json", headers={"Content-Disposition": "attachment; filename=traffic.json"}
    )


def _forget_traffic(line: Line, request: web.Request, body: Json) -> Json:
    line.traffic.clear()
    return {"ok": True}


def _faults(line: Line, request: web.Request, body: Json) -> Json:
    return {"faults": [fault.json() for fault in line.faults.planned]}


def _add_fault(line: Line, request: web.Request, body: Json) -> Json:
    fault = line.faults.add(body)
    line.publish_faults()
    return fault.json()


def _clear_faults(line: Line, request: web.Request, body: Json) -> Json:
    line.faults.clear()
    line.publish_faults()
    return {"ok": True}


def _remove_fault(line: Line, request: web.Request, body: Json) -> Json:
    if not line.faults.remove(request.match_info["id"]):
        raise Wrong(f"There is no fault {request.match_info['id']}.", 404)
    line.publish_faults()
    return {"ok": True}


def _settings(line: Line, request: web.Request, body: Json) -> Json:
    line.settings.change(body)
    line.webhooks.resume()
    line.stream.publish("settings", settings=line.settings.json())
    line.publish_quota()
    return line.settings.json()


def _image(line: Line, request: web.Request, body: Json) -> web.Response:
    menu = line.menus.all.get(request.match_info["id"])
    if menu is None or menu.image is None:
        raise Wrong("There is no such rich menu, or it has no image.", 404)
    return web.Response(
        body=menu.image, content_type=menu.content_type, headers={"Cache-Control": "public, max-age=3600"}
    )


def _content(line: Line, request: web.Request, body: Json) -> web.Response:
    entry = line.content.get(request.match_info["id"])
    given = entry.message.get("content") if entry is not None else None
    if entry is None or not given:
        raise Wrong("There is no such content.", 404)
    return web.Response(body=base64.b64decode(given), content_type=entry.message.get("contentType", "image/png"))


def _stream(line: Line) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await answer.prepare(request)
        queue = line.stream.open()
        try:
            await answer.write(b": open\n\n")
            while True:
                try:
                    item = await asyncio.wait_for(queue.get(), timeout=15)
                except TimeoutError:
                    await answer.write(b": still here\n\n")
                    continue
                if item is None:
                    return answer
                await answer.write(b"data: " + json.dumps(item, ensure_ascii=False).encode() + b"\n\n")
        except (ConnectionResetError, asyncio.CancelledError):
            return answer
        finally:
            line.stream.close(queue)

    return handle
