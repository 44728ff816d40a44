"""The second factor at sign-in: giving its code, and setting up the first one (C18)."""

from __future__ import annotations

from flask import Flask, Response, redirect, request, session
from werkzeug.wrappers import Response as Answer

from benefits import signin
from benefits import staff as colleagues
from models import Staff
from web.console import gate, security
from web.console.access import half
from web.console.page import clubs_of, console_of, shown
from web.console.security import Colleague
from web.console.signing_in import enter, note_own, signed_in

NEW_FACTOR = "/console/second-factor/new"


def add_to(app: Flask) -> None:
    """The routes between the password and the first page."""
    app.add_url_rule("/console/second-factor", "second_factor", second_factor, methods=["GET", "POST"])
    app.add_url_rule(NEW_FACTOR, "new_factor", new_factor, methods=["GET", "POST"])


@half()
def second_factor() -> Response | Answer:
    """The code of the authenticator app, or a recovery code."""
    found = signed_in()
    if not (found.lacks_factor and found.staff.tf_totp_secret):
        return redirect(gate.next_step(found), 303)
    if request.method == "GET":
        return shown("console/second_factor.html")
    given = "".join(request.form.get("code", "").split())[:40]
    if not _factor_fits(found.staff, given):
        return shown("console/second_factor.html", 401, wrong=True)
    return redirect(enter(found.staff, factor=True), 303)


def _factor_fits(staff: Staff, given: str) -> bool:
    console, now, door = console_of(), console_of().wall(), f"factor:{staff.id}"
    with console.sessions() as own:
        free = signin.take_try(own, door=door, now=now)
        own.commit()
        if not free:
            return False
        if given.isdecimal():
            counter = security.factor().counter_of(given, staff.tf_totp_secret or "", now)
            good = counter is not None and signin.take_counter(own, staff, counter)
        else:
            good = signin.use_recovery_code(own, staff, given, now=now)
            if good:
                note_own(own, staff, "recovery_code_used")
        if good:
            signin.open_door(own, door=door)
        else:
            note_own(own, staff, "second_factor_failed")
        own.commit()
        return good


@half()
def new_factor() -> Response | Answer:
    """Setting up the second factor during a sign-in that lacks one: a QR code for an authenticator app, and when its code
    fits, ten recovery codes, once. Replacing one is on the colleague's own page, and asks for the password."""
    found = signed_in()
    if found.staff.tf_totp_secret is not None or gate.next_step(found) != NEW_FACTOR:
        return redirect(gate.next_step(found), 303)
    if request.method == "GET" or "factor" not in session:
        return factor_page(found, fresh=True)
    codes = take_factor(found.staff)
    if codes is None:
        return factor_page(found, 400, wrong=True)
    return codes_page(codes, "/console/")


def take_factor(staff: Staff) -> list[str] | None:
    """Set the factor of the QR code last shown, if the typed code is its; the recovery codes, or None for a wrong code."""
    console, now = console_of(), console_of().wall()
    sealed, given = session["factor"], "".join(request.form.get("code", "").split())[:10]
    counter = security.factor().counter_of(given, sealed, now) if given.isdecimal() else None
    if counter is None:
        return None
    with console.sessions.begin() as own:
        row, signed_in_to = own.get_one(Staff, staff.id), staff.fs_uniquifier
        clubs = [club.key for club in clubs_of(console, row)]
        codes = colleagues.set_factor(
            own, row, secret=sealed, counter=counter, signed_in_to=signed_in_to, now=console.now(), clubs=clubs
        )
    enter(row, factor=True)
    return codes


def codes_page(codes: list[str], onward: str) -> Response:
    """Ten recovery codes, shown this once."""
    return shown("console/recovery_codes.html", codes=codes, onward=onward)


def factor_page(found: Colleague, status: int = 200, *, fresh: bool = False, **facts: object) -> Response:
    """The QR code of a factor to be set up; `fresh`: another one than was shown before."""
    if fresh or "factor" not in session:
        session["factor"] = security.factor().generate_totp_secret()
    values = security.factor().fetch_setup_values(session["factor"], found)
    return shown("console/new_factor.html", status, image=values["image"], key=values["key"], **facts)
