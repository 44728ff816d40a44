"""GET /use/<token>: what a member holds up at the partner's counter, and how its claim stands."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from benefits.claims import state_of
from benefits.pages import reader_language
from benefits.uses import shown as use_of
from web.member.desk import Desk, Visit, chosen, milliseconds, shown
from web.member.results import void_reason
from wording import words

LONG_CODE = 14
"""Letters that stand in one line of a phone at full size."""


def add_to(blueprint: Blueprint, desk: Desk) -> None:
    """The member's page, and the small answer its countdown asks for."""

    @blueprint.get("/use/<token>")
    def use(token: str) -> Response:
        with desk.visit(token) as visit:
            return _page(visit)

    @blueprint.get("/use/<token>/state")
    def state(token: str) -> Response:
        with desk.visit(token) as visit:
            until = visit.claim.code_until
            return jsonify(
                state=state_of(visit.claim, now=visit.now),
                now=milliseconds(visit.now),
                until=None if until is None else milliseconds(until),
            )


def _page(visit: Visit) -> Response:
    claim = visit.claim
    language = chosen(visit.club, reader_language(visit.session, claim))
    state = state_of(claim, now=visit.now)
    facts: dict[str, Any] = {"state": state, "why_void": void_reason(words(language), claim.void_reason)}
    if state == "in_use":
        use = use_of(visit.session, claim=claim, now=visit.now)
        facts |= {
            "kind": use.kind,
            "code": use.code,
            "long": len(use.code) > LONG_CODE,
            "openable": use.code.startswith(("https://", "http://")),
            "now_ms": milliseconds(visit.now),
            "until_ms": milliseconds(use.code_until),
            "whole_ms": claim.privilege.code_minutes * 60_000,
        }
    return shown("member/use.html", visit, language, **facts)
