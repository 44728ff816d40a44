"""/partner/<token>: where the QR leads. The partner's staff confirms a use with the PIN, and may take it back for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, request

from benefits import uses
from benefits.claims import UnknownClaim, state_of
from benefits.pins import NoPin, PinLocked, WrongPin, check_pin, pause
from benefits.use_links import UnknownLink, claim_of_token
from benefits.uses import AlreadyUsed, CodeTimeOver, NotUsed, UndoTooLate, Void
from models import Claim
from web.headers import from_own_page
from web.member.desk import Desk, Visit, chosen, milliseconds, shown
from web.member.results import NoReason, Result, confirmed, reasons, refused, running_by_itself, undone
from wording import Words, words

REASONS = ("mistake", "changed_mind", "not_available", "other")
LONGEST_NOTE = 200


def add_to(blueprint: Blueprint, desk: Desk) -> None:
    """The partner's page: reading changes nothing, POST confirms (`do=confirm`) or takes back (`do=undo`)."""

    @blueprint.get("/partner/<token>")
    def partner(token: str) -> Response:
        with desk.visit(token) as visit:
            return _page(visit, _standing(visit, words(_language(visit))), 200)

    @blueprint.post("/partner/<token>")
    def decide(token: str) -> Response:
        if not from_own_page(desk.settings.public_url):
            abort(403)
        with desk.visit(token) as visit:
            result = _deed(visit, words(_language(visit)))
            # Also after a refusal: a wrong PIN is counted in this transaction.
            visit.session.commit()
            return _page(visit, result, result.status)


def _language(visit: Visit) -> str:
    """Staff has no account with us: the browser's language, unless she switched."""
    return chosen(visit.club, request.accept_languages.best_match(visit.club.languages))


def _page(visit: Visit, result: Result | None, status: int) -> Response:
    language, partner = _language(visit), visit.claim.privilege.partner
    running = visit.claim.state == "kept" and state_of(visit.claim, now=visit.now) == "in_use"
    # Whoever may type a PIN once a pause is over is told of it, and the page counts it down.
    paused = _paused_until(visit) if partner.pin_hash is not None and (running or _undo_open(visit)) else None
    told = refused(words(language), PinLocked(paused), visit.now) if paused else None
    answer = shown(
        "member/partner.html",
        visit,
        language,
        status,
        results=[one for one in dict.fromkeys((result, told)) if one is not None],
        pause=told,
        paused_ms=milliseconds(paused) if paused else None,
        now_ms=milliseconds(visit.now),
        # Taken back, this token names nothing any more: a switch of language would lead nowhere.
        settled=visit.claim.use_started_at is None,
        confirmable=running and partner.pin_hash is not None and paused is None,
        undo_until=_undo_end(visit) if paused is None and _undo_open(visit) else None,
        undo_open=request.form.get("do") == "undo",
        reasons=reasons(words(language)),
        chosen_reason=request.form.get("reason", ""),
        note=request.form.get("note", "")[:LONGEST_NOTE],
    )
    # With no-referrer a browser sends `Origin: null` even to ourselves; this still tells nobody else where it was.
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _standing(visit: Visit, t: Words) -> Result | None:
    """How the claim stands before anything is pressed; none: it waits for the PIN."""
    claim, partner = visit.claim, visit.claim.privilege.partner
    running = state_of(claim, now=visit.now) == "in_use"
    if claim.state == "void":
        return refused(t, Void(claim.voided_at, claim.void_reason or ""))
    if claim.used_at and claim.code_until and running:
        return running_by_itself(t, claim.used_at, claim.code_until)
    if claim.used_at:
        return refused(t, AlreadyUsed(claim.used_at))
    if not running:
        return refused(t, CodeTimeOver(claim.code_until)) if claim.code_until else None
    if partner.pin_hash is None:
        return refused(t, NoPin())
    paused = _paused_until(visit)
    return refused(t, PinLocked(paused), visit.now) if paused else None


def _deed(visit: Visit, t: Words) -> Result:
    pin = request.form.get("pin", "").strip()
    try:
        if request.form.get("do") == "undo":
            return undone(t, _undo(visit, pin))
        uses.confirm(visit.session, club=visit.club, token=visit.token, pin=pin, now=visit.now)
        return confirmed(t, visit.now)
    except (UnknownLink, UnknownClaim):
        # The use ended between reading and pressing: this token names nothing any more.
        abort(404)
    except (WrongPin, PinLocked, NoPin, CodeTimeOver, AlreadyUsed, NotUsed, UndoTooLate, Void, NoReason) as refusal:
        return refused(t, refusal, visit.now)


def _undo(visit: Visit, pin: str) -> Claim:
    """Take the use back. What cannot be undone is refused before the PIN is looked at, so that no try is lost on it."""
    end = _undo_end(visit)
    if end is None:
        raise NotUsed()
    if visit.now >= end:
        raise UndoTooLate(end)
    reason = _reason()
    # The claim before its partner, as where a use is confirmed: two at once wait for each other.
    claim = claim_of_token(visit.session, visit.token, lock=True)
    check_pin(visit.session, claim=claim, pin=pin, now=visit.now)
    by = ("partner", claim.privilege.partner_id)
    return uses.undo(visit.session, claim_id=claim.id, by=by, reason=reason, now=visit.now)


def _undo_end(visit: Visit) -> datetime | None:
    """First instant at which this use can no longer be taken back; none: there is no use."""
    used_at = visit.claim.used_at
    return None if used_at is None else used_at + timedelta(minutes=visit.claim.privilege.undo_minutes)


def _undo_open(visit: Visit) -> bool:
    """Whether the partner's staff may take this use back: there is one, the partner has a PIN, and it is not too late."""
    end = _undo_end(visit)
    return visit.claim.privilege.partner.pin_hash is not None and end is not None and visit.now < end


def _reason() -> str:
    """The reason as the journal keeps it, such as `other: wrong branch`. Raises `NoReason`."""
    choice = request.form.get("reason", "")
    note = request.form.get("note", "").replace("\0", "").strip()[:LONGEST_NOTE]  # the database takes no NUL
    if choice not in REASONS or (choice == "other" and not note):
        raise NoReason
    return f"{choice}: {note}" if note else choice


def _paused_until(visit: Visit) -> datetime | None:
    """Until when no PIN is looked at for this use; none: it is."""
    return pause(visit.session, claim=visit.claim, now=visit.now)
