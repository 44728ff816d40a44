"""Whether the process lives, whether it can serve, and figures for Prometheus (not public)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, jsonify, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from benefits.periods import day_of, start_of
from database.migrate import is_current

LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
FORWARDED = ("X-Forwarded-For", "Forwarded")
"""A proxy on this machine calls from loopback too, and says for whom."""
WINDOW = timedelta(minutes=5)
TURNS = "SELECT state, count(*) FROM turns WHERE received_at > :since AND received_at <= :now GROUP BY state"
REPLIES_OPEN = "SELECT count(*) FROM turns WHERE reply_state IN ('new', 'retrying', 'pushing')"
REPLIES_UNKNOWN = "SELECT count(*) FROM turns WHERE received_at > :since AND reply_state = 'unknown'"
PARKED = "SELECT count(*) FROM turns WHERE state = 'parked'"
NOTICES = "SELECT count(*) FROM notices WHERE state = 'waiting'"
CLAIMS = "SELECT club, count(*) FROM privileges JOIN claims ON privilege_id = privileges.id \
WHERE claimed_at >= :today GROUP BY club"
STATES = ("done", "refused", "ignored", "standby", "parked")


def pages(engine: Engine, now: Callable[[], datetime], why_away: Callable[[], str | None] = lambda: None) -> Blueprint:
    """`/healthz`: the process lives. `/readyz`: it can serve, else 503 with reasons. `/metrics`: loopback only.

    `why_away`: what is known of a database that does not answer.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    def alive() -> Response:
        return jsonify(alive=True)

    @blueprint.get("/readyz")
    def ready() -> tuple[Response, int]:
        reasons = _reasons(engine, why_away)
        return jsonify(ready=not reasons, reasons=reasons), 503 if reasons else 200

    @blueprint.get("/metrics")
    def metrics() -> Response:
        if request.remote_addr not in LOOPBACK or any(name in request.headers for name in FORWARDED):
            abort(404)
        registry = CollectorRegistry()
        registry.register(_Figures(engine, now()))
        return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")

    return blueprint


def _reasons(engine: Engine, why_away: Callable[[], str | None]) -> list[str]:
    """Why requests cannot be served now. The kind of error only: its text may name hosts and users."""
    try:
        current = is_current(engine)
    except SQLAlchemyError as error:
        known = why_away()
        return [f"the database does not answer ({type(error).__name__})", *([known] if known else [])]
    return [] if current else ["the database's schema is not the one this program knows: run flask db upgrade"]


class _Figures(Collector):
    """What the database holds at `now`; nothing is kept in the process, so every process tells the same."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine, self._now = engine, now

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per question; `sitthi_up` is 0 when the database does not answer."""
        try:
            found = list(self._ask())
        except SQLAlchemyError:
            found = []
        yield GaugeMetricFamily("sitthi_up", "1 when the database answers", value=1 if found else 0)
        yield from found

    def _ask(self) -> Iterator[GaugeMetricFamily]:
        facts = {"now": self._now, "since": self._now - WINDOW, "today": start_of(day_of(self._now))}
        with self._engine.connect() as connection:

            def rows(sql: str) -> dict[str, int]:
                return {row[0]: row[1] for row in connection.execute(text(sql), facts)}

            def one(sql: str) -> int:
                return int(connection.execute(text(sql), facts).scalar_one())

            turns = {**dict.fromkeys(STATES, 0), **rows(TURNS)}
            yield _per("sitthi_turns", "Turns of the last five minutes", "state", turns)
            yield _per("sitthi_claims_today", "Claims since 00:00 Bangkok", "club", rows(CLAIMS))
            yield GaugeMetricFamily("sitthi_replies_open", "Replies not yet settled", value=one(REPLIES_OPEN))
            yield GaugeMetricFamily(
                "sitthi_replies_unknown",
                "Replies of the last five minutes with unknown outcome",
                value=one(REPLIES_UNKNOWN),
            )
            yield GaugeMetricFamily("sitthi_events_parked", "Events set aside after an error", value=one(PARKED))
            yield GaugeMetricFamily("sitthi_notices_waiting", "Notices not yet told", value=one(NOTICES))


def _per(name: str, what: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge
