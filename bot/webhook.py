"""POST /callback/<club>: the signature, one transaction per event, 200 only after the commits, a boundary per event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from flask import Blueprint, Response, request
from psycopg.errors import UniqueViolation
from sqlalchemy import Table, insert
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from bot.outbox import Outgoing
from bot.routing import Arrival, Reply
from models import TurnRow
from models.queries import AT_ONCE, Query, ask

LARGEST = 2 * 1024 * 1024
TRIES = 3
"""A deadlock or a lost serial order is tried again at once; everything else is told."""
AGAIN = ("40P01", "40001")
EVENT_ID = 100
DEEPEST = 64
"""Levels of JSON in JSON; LINE's own events have a dozen."""
AWAY = (OperationalError, InterfaceError, InternalError, PoolTimeout)
"""The database is gone, slow, full, or takes no writes (InternalError: read-only)."""

log = structlog.get_logger("webhook")

_TURNS: Table = TurnRow.__table__  # type: ignore[assignment]
_STORE = Query(insert(_TURNS), keys=[column.name for column in _TURNS.columns])
_EMPTY: Mapping[str, Any] = {**dict.fromkeys(column.name for column in _TURNS.columns), "attempts": 1}


@dataclass(frozen=True)
class Channel:
    """What the webhook must know of one club's channel: secrets (two while rotating), and its own user id if known."""

    secrets: Sequence[str]
    bot_user_id: str | None = None


@dataclass(frozen=True)
class Doors:
    """What the webhook is given: how to answer an event, how to say sorry, and where replies go."""

    sessions: sessionmaker[Session]
    channels: Mapping[str, Channel]
    answer: Callable[[Arrival], Reply]
    apologise: Callable[[Arrival], Sequence[dict[str, Any]]]
    put: Callable[[Outgoing], None]
    now: Callable[[], datetime]


class DatabaseAway(Exception):
    """The database did not answer in time: the event is not stored, so LINE must not hear 200."""


def webhook(doors: Doors) -> Blueprint:
    """The blueprint that receives LINE's events for every club."""
    blueprint = Blueprint("webhook", __name__)

    @blueprint.post("/callback/<club>")
    def receive(club: str) -> Response:
        if club not in doors.channels:
            return Response("no such club\n", 404)
        if (request.content_length or 0) > LARGEST:
            return Response("larger than 2 MB\n", 413)
        return Response(*answer(doors, club, request.get_data(cache=False), request.headers.get("x-line-signature")))

    return blueprint


def answer(doors: Doors, club: str, body: bytes, signature: str | None) -> tuple[str, int]:
    """What LINE is told of a body it posted for a known club, and the status: 200 only when every event is stored."""
    channel = doors.channels[club]
    if not signed(body, signature, channel.secrets):
        log.warning("signature wrong or missing", club=club, bytes=len(body))
        return "signature wrong or missing\n", 400
    events = _events(body, channel)
    if events is None:
        log.warning("signed, but not a webhook body", club=club, bytes=len(body))
        return "not a webhook body for this channel\n", 400
    try:
        for event in events:
            take(doors, club, event)
    except DatabaseAway:
        return "try again\n", 503
    return "", 200


def signed(body: bytes, signature: str | None, secrets: Sequence[str]) -> bool:
    """Whether LINE signed exactly these bytes with one of the secrets; compared in constant time (C9–C11)."""
    given = (signature or "").encode("ascii", "replace")
    good = [base64.b64encode(hmac.digest(secret.encode(), body, "sha256")) for secret in secrets]
    return any(hmac.compare_digest(given, expected) for expected in good)


def event_id(event: Any) -> str:
    """`webhookEventId`, or a digest of the event where LINE gave none or nonsense."""
    given = event.get("webhookEventId") if isinstance(event, dict) else None
    if isinstance(given, str) and 0 < len(given) <= EVENT_ID and given.isascii() and given.isprintable():
        return given
    return "sha256:" + hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()


def take(doors: Doors, club: str, event: Any) -> None:
    """One event, stored together with its effects, exactly once; then its reply goes to the outbox.

    Raises `DatabaseAway`. Any other error parks this event alone, and the next one goes on (D3, D4).
    """
    now = doors.now()
    for attempt in range(1, TRIES + 1):
        try:
            outgoing = _turn(doors, club, event, now)
            break
        except AWAY as error:
            nothing_done = AT_ONCE in getattr(error, "__notes__", ())
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            if attempt < TRIES and (nothing_done or state in AGAIN):
                continue
            log.error("database away", club=club, error=type(error).__name__, sqlstate=state)
            raise DatabaseAway from error
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                raise DatabaseAway from error
            log.exception("event parked", club=club, turn=event_id(event))
            outgoing = _park(doors, club, event, now, error)
            break
    if outgoing is not None:
        doors.put(outgoing)


def try_again(doors: Doors, club: str, event_id: str) -> bool:
    """Handle a parked event once more, now; True when it went well. The reply token is long dead: nothing is said."""
    with doors.sessions.begin() as session:
        row = session.get(TurnRow, (club, event_id), with_for_update=True)
        if row is None or row.state != "parked":
            return False
        try:
            with session.begin_nested():
                reply = doors.answer(Arrival(session, club, row.event, doors.now()))
        except Exception as error:
            row.attempts += 1
            row.error = _storable(f"{type(error).__name__}: {error}"[:2000])
            return False
        row.state, row.outcome, row.attempts = "done", f"{reply.outcome} (tried again)", row.attempts + 1
        return True


def _turn(doors: Doors, club: str, event: Any, now: datetime) -> Outgoing | None:
    if not isinstance(event, dict):
        raise TypeError("an event that is not an object")
    standby = event.get("mode") == "standby"
    with doors.sessions.begin() as session:
        reply = doors.answer(Arrival(session, club, event, now))
        state = "standby" if standby else "refused" if reply.refused else "done" if reply.messages else "ignored"
        outgoing = _outgoing(club, event, now, reply, () if standby else reply.messages)
        if not _first_time(session, outgoing, event, {"state": state, "outcome": reply.outcome}):
            session.rollback()
            return None
    return outgoing if outgoing.messages or outgoing.attend else None


def _first_time(session: Session, outgoing: Outgoing, event: Mapping[str, Any], more: Mapping[str, Any]) -> bool:
    """Store the turn with its reply, last of all, and commit; False when this event was taken before (A7): then nothing
    was committed.

    Last, because the row is then written once instead of twice, and COMMIT takes no round trip of its own. The key is the
    lock: of two who answer the same event at once, the second waits here (or for the person, before) and fails.
    """
    values = {**_EMPTY, **_columns(outgoing.club, event, outgoing.received_at), **more}
    if outgoing.messages:
        values |= {"reply": outgoing.messages, "reply_token": outgoing.reply_token}
    values |= {"reply_state": "new" if outgoing.messages else "none", "matters": outgoing.matters}
    try:
        ask(session, (_STORE, values), commit=True)
    except IntegrityError as error:
        taken = isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == _TURNS.primary_key.name
        if not taken:
            raise
        return False
    return True


def _outgoing(
    club: str, event: Mapping[str, Any], now: datetime, reply: Reply, messages: Sequence[dict[str, Any]]
) -> Outgoing:
    token = event.get("replyToken") if isinstance(event.get("replyToken"), str) else None
    said = list(messages) if token or reply.matters else []
    user_id = _text(event.get("source"), "userId")
    return Outgoing(club, event_id(event), user_id, token, said, now, bool(said) and reply.matters, reply.attend)


def _park(doors: Doors, club: str, event: Any, now: datetime, error: Exception) -> Outgoing | None:
    """Keep an event we could not handle, with its reason, and say sorry to the person."""
    shaped = event if isinstance(event, dict) else {"type": "malformed", "raw": event}
    try:
        with doors.sessions.begin() as session:
            reply = Reply()
            if shaped.get("mode") != "standby" and shaped.get("replyToken"):
                reply = _apology(doors, Arrival(session, club, shaped, now))
            keyed = {**shaped, "webhookEventId": event_id(event)}
            outgoing = _outgoing(club, keyed, now, reply, reply.messages)
            why = _storable(f"{type(error).__name__}: {error}"[:2000])
            more = {"event_id": event_id(event), "state": "parked", "error": why, "outcome": reply.outcome or None}
            if not _first_time(session, outgoing, shaped, more):
                session.rollback()
                return None
        return outgoing if outgoing.messages else None
    except AWAY as away:
        raise DatabaseAway from away


def _apology(doors: Doors, arrival: Arrival) -> Reply:
    try:
        with arrival.session.begin_nested():
            return Reply(doors.apologise(arrival), outcome="apology")
    except Exception:
        log.exception("no apology", club=arrival.club, turn=event_id(arrival.event))
        return Reply()


def _columns(club: str, event: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    source, message = event.get("source"), event.get("message")
    kind = event.get("type")
    return {
        "club": club,
        "event_id": event_id(event),
        "line_user_id": _text(source, "userId"),
        "message_id": _text(message, "id") or _text(event.get("unsend"), "messageId"),
        "kind": kind[:100] if isinstance(kind, str) else "malformed",
        "event": event,
        "event_at": _time(event.get("timestamp")),
        "received_at": now,
    }


def _storable(thing: Any, levels: int = DEEPEST) -> Any:
    """The same JSON as PostgreSQL can hold it: no NUL character, no lone surrogates. Raises `ValueError` when it is too deep."""
    if isinstance(thing, str):
        return thing.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if levels == 0:
        raise ValueError("JSON nested too deep")
    if isinstance(thing, dict):
        return {_storable(key): _storable(value, levels - 1) for key, value in thing.items()}
    return [_storable(value, levels - 1) for value in thing] if isinstance(thing, list) else thing


def _text(thing: Any, key: str) -> str | None:
    found = thing.get(key) if isinstance(thing, dict) else None
    return found[:200] if isinstance(found, str) else None


def _time(milliseconds: Any) -> datetime | None:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _events(body: bytes, channel: Channel) -> list[Any] | None:
    """The events of a body in order of their time; none when it is not ours. A verification has no events: []."""
    try:
        # NaN and Infinity are not JSON, nor can we store them; 1e999 is JSON, and would be Infinity.
        data = _storable(json.loads(body.decode(), parse_constant=lambda _: None, parse_float=_finite))
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("events", []), list):
        return None
    destination = data.get("destination")
    if channel.bot_user_id and destination and destination != channel.bot_user_id:
        return None
    return sorted(data.get("events", []), key=_moment)


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None


def _moment(event: Any) -> float:
    stamp = event.get("timestamp") if isinstance(event, dict) else None
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return 0.0
    # Whole numbers of JSON have no end, and some are too large to be compared as times.
    return float(stamp) if abs(stamp) < 2**53 else 0.0
