"""/partner/<token>: where the QR leads. The partner's staff confirms a use with the PIN, and may take it back for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, request

from benefits import uses
from benefits.claims import state_of
from benefits.pins import NoPin, PinLocked, WrongPin, check_pin
from benefits.uses import AlreadyUsed, CodeTimeOver, NotUsed, UndoTooLate, UnknownClaim, UnknownLink, Void
from web.headers import from_own_page
from web.member.desk import Desk, Visit, chosen, shown
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
    language, locked = _language(visit), _locked(visit)
    running = visit.claim.state == "kept" and state_of(visit.claim, now=visit.now) == "in_use"
    answer = shown(
        "member/partner.html",
        visit,
        language,
        status,
        result=result,
        # Taken back, this token names nothing any more: a switch of language would lead nowhere.
        settled=visit.claim.use_started_at is None,
        confirmable=running and visit.claim.privilege.partner.pin_hash is not None and not locked,
        undo_until=None if locked else _undo_until(visit),
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
    state = state_of(claim, now=visit.now)
    if claim.state == "void":
        return refused(t, Void(claim.voided_at, claim.void_reason or ""))
    if claim.state == "used":
        return running_by_itself(t, claim) if state == "in_use" else refused(t, AlreadyUsed(claim.used_at))
    if state != "in_use":
        return refused(t, CodeTimeOver(claim.code_until)) if claim.code_until else None
    if partner.pin_hash is None:
        return refused(t, NoPin())
    return refused(t, PinLocked(partner.pin_locked_until)) if _locked(visit) else None


def _deed(visit: Visit, t: Words) -> Result:
    pin = request.form.get("pin", "").strip()
    try:
        if request.form.get("do") == "undo":
            return undone(t, _undo(visit, pin))
        return confirmed(t, uses.confirm(visit.session, club=visit.club, token=visit.token, pin=pin, now=visit.now))
    except (UnknownLink, UnknownClaim):
        # The use ended between reading and pressing: this token names nothing any more.
        abort(404)
    except (WrongPin, PinLocked, NoPin, CodeTimeOver, AlreadyUsed, NotUsed, UndoTooLate, Void, NoReason) as refusal:
        return refused(t, refusal)


def _undo(visit: Visit, pin: str) -> object:
    """Take the use back. What cannot be undone is refused before the PIN is looked at, so that no try is lost on it."""
    claim, partner_id = visit.claim, visit.claim.privilege.partner_id
    if claim.state != "used":
        raise NotUsed()
    if visit.now >= _undo_end(visit):
        raise UndoTooLate(_undo_end(visit))
    reason = _reason()
    check_pin(visit.session, partner_id=partner_id, pin=pin, now=visit.now)
    return uses.undo(visit.session, claim_id=claim.id, by=("partner", partner_id), reason=reason, now=visit.now)


def _undo_end(visit: Visit) -> datetime:
    end: datetime = visit.claim.used_at + timedelta(minutes=visit.claim.privilege.undo_minutes)
    return end


def _undo_until(visit: Visit) -> datetime | None:
    """Until when staff may take this use back; none: there is none, it has no PIN, or it is too late."""
    if visit.claim.state != "used" or visit.claim.privilege.partner.pin_hash is None:
        return None
    return _undo_end(visit) if visit.now < _undo_end(visit) else None


def _reason() -> str:
    """The reason as the journal keeps it, such as `other: wrong branch`. Raises `NoReason`."""
    choice, note = request.form.get("reason", ""), request.form.get("note", "").strip()[:LONGEST_NOTE]
    if choice not in REASONS or (choice == "other" and not note):
        raise NoReason
    return f"{choice}: {note}" if note else choice


def _locked(visit: Visit) -> bool:
    until = visit.claim.privilege.partner.pin_locked_until
    return until is not None and visit.now < until
