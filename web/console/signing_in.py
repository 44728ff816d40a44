"""Coming in and going out: password, second factor, its setting up, the first password of one's own (C14, C18)."""

from __future__ import annotations

import secrets

import structlog
from flask import Flask, Response, current_app, redirect, request, session
from flask_security import login_user, logout_user
from flask_security.proxies import _security
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from benefits import signin
from benefits import staff as colleagues
from benefits.journal import note
from benefits.staff import StaffRefusal
from models import Staff
from web.console import example, gate, security
from web.console.access import anybody, half
from web.console.page import LANGUAGES, clubs_of, console_of, present_language, present_staff, shown
from web.console.security import Colleague, colleague
from wording import Words, words

log = structlog.get_logger("console")
DEVICE_LASTS = 180 * 86400
"""Seconds a device is remembered as one a colleague signed in from."""


def add_to(app: Flask) -> None:
    """The routes before, around and after a session."""
    for rule, view, methods in (
        ("/console/sign-in", sign_in, ["GET", "POST"]),
        ("/console/new-password", new_password, ["GET", "POST"]),
        ("/console/sign-out", sign_out, ["POST"]),
        ("/console/language", language, ["POST"]),
    ):
        app.add_url_rule(rule, view.__name__, view, methods=methods)
    app.register_error_handler(StaffRefusal, lambda _: over())


def over() -> Answer:
    """The sign-in ended while its last form was under way: they sign in anew."""
    logout_user()
    session.clear()
    return redirect(gate.SIGN_IN, 303)


@anybody()
def sign_in() -> Response | Answer:
    """E-mail and password. One and the same answer for all that is wrong, so that nobody learns who works here."""
    found = colleague()
    if request.method == "GET":
        return _sign_in_page("") if found is None else redirect(gate.next_step(found), 303)
    email, password = request.form.get("email", "").strip().lower()[:254], request.form.get("password", "")
    staff = _judged(email, password)
    if staff is None:
        return _sign_in_page(email, 401, wrong=True)
    where = enter(staff)
    if where == gate.SIGN_IN:
        return _sign_in_page(email, 401, wrong=True)
    answer = redirect(where, 303)
    _remember_device(answer, staff)
    return answer


def _sign_in_page(email: str, status: int = 200, **facts: object) -> Response:
    known = {"examples": example.COLLEAGUES, "example_password": example.PASSWORD}
    return shown("console/sign_in.html", status, email=email, **known, **facts)


def _judged(email: str, password: str) -> Staff | None:
    """The colleague whose e-mail and password these are; a try is counted and committed before it is looked at (C18)."""
    console, now = console_of(), console_of().wall()
    with console.sessions() as own:
        staff = colleagues.staff_of(own, email)
        door = _door(email, staff)
        free = signin.take_try(own, door=door, now=now)
        own.commit()
        if not free:
            return None
        normal = _security.password_util.normalize(password)
        fits = security.password_fits(normal, staff.password if staff else security.nobodys_hash())
        good = fits and staff is not None and staff.active
        late = staff is not None and staff.password_until is not None and staff.password_until <= now
        if late or (console.settings.production and password == example.PASSWORD):
            good = False
        if good:
            signin.open_door(own, door=door)
        elif staff is not None:
            note_own(own, staff, "sign_in_failed")
        log.info("sign-in", good=good, staff=staff.id if staff else None)
        own.commit()
        return staff if good else None


def _door(email: str, staff: Staff | None) -> str:
    """A device she signed in from before has its own count, so that strangers cannot keep her out of it."""
    device = request.cookies.get(_device_cookie())
    if staff is not None and device:
        try:
            whose, which = _devices().loads(device)
            if whose == staff.id:
                return f"device:{which}"
        except (BadSignature, ValueError, TypeError):
            pass
    return f"email:{email}"


def enter(staff: Staff, *, factor: bool = False) -> str:
    """A new session with a new token in place of whatever the cookie held; where the sign-in goes on (7.2.4).

    `staff` as they were when the password fitted: reset or disabled since, they have to sign in anew.
    """
    console, now = console_of(), console_of().wall()
    kept = {key: session[key] for key in ("club",) if key in session}
    former, signed_in_to = session.get("token"), staff.fs_uniquifier
    with console.sessions.begin() as own:
        if isinstance(former, str):
            signin.end_session(own, former, now=now)
        # Held, so that a change which ends all sessions ends this one, too, or is seen here.
        staff = own.get_one(Staff, staff.id, with_for_update={"key_share": True})
        if staff.fs_uniquifier != signed_in_to or not staff.active:
            session.clear()
            return gate.SIGN_IN
        token = signin.begin_session(own, staff, now=now, factor=factor)
        own.flush()
        row, _ = signin.session_of(own, token, now=now) or (None, None)
        found = Colleague(staff, row, console.factor_demanded)
        if found.whole:
            note_own(own, staff, "signed_in")
    session.clear()
    session.update(kept, token=token)
    login_user(found, remember=False, authn_via=["password"])
    return gate.next_step(found)


@half()
def new_password() -> Response | Answer:
    """Their own password in place of the one-time one."""
    found = signed_in()
    if not found.lacks_password or gate.next_step(found) != "/console/new-password":
        return redirect(gate.next_step(found), 303)
    if request.method == "GET":
        return shown("console/new_password.html")
    factor = found.row is not None and found.row.factor_at is not None
    fault, onward = change_password(
        found.staff, request.form.get("password", ""), request.form.get("again", ""), factor=factor
    )
    return shown("console/new_password.html", 400, fault=fault) if fault else redirect(onward, 303)


def change_password(staff: Staff, password: str, again: str, *, factor: bool) -> tuple[str, str]:
    """Set their password and end every session of theirs but a new one for this browser, with `factor` given or not.

    (what is wrong with it, in their language; where the sign-in goes on): one of the two is empty. Raises `StaffRefusal`
    when they were reset or disabled meanwhile.
    """
    t = words(present_language())
    normal = security.normal_password(password, staff)
    if normal is None or normal == example.PASSWORD:
        return _password_rule(t), ""
    if password != again:
        return t("The two passwords differ. Type the same one twice."), ""
    if security.password_fits(normal, staff.password):
        return t("That is the password you have now. Choose another."), ""
    console = console_of()
    with console.sessions.begin() as own:
        row, signed_in_to = own.get_one(Staff, staff.id), staff.fs_uniquifier
        clubs = [club.key for club in clubs_of(console, row)]
        colleagues.set_password(
            own, row, security.password_hash(normal), signed_in_to=signed_in_to, now=console.now(), clubs=clubs
        )
    return "", enter(row, factor=factor)


def _password_rule(t: Words) -> str:
    return t(
        "Use {n} to {most} characters, not your address or name, and not the same few over and over. Three or four "
        "words that have nothing to do with each other are good.",
        n=security.SHORTEST_PASSWORD,
        most=security.LONGEST_PASSWORD,
    )


@half()
def sign_out() -> Answer:
    """The session is over, on the server too: its cookie opens nothing any more, wherever it was copied to."""
    found, console = signed_in(), console_of()
    with console.sessions.begin() as own:
        signin.end_session(own, session.get("token", ""), now=console.wall())
        note_own(own, found.staff, "signed_out")
    logout_user()
    session.clear()
    return redirect(gate.SIGN_IN, 303)


@anybody()
def language() -> Answer:
    """Her language, kept with her; before the sign-in kept in the cookie."""
    chosen = request.form.get("language", "")
    staff = present_staff()
    if chosen in LANGUAGES:
        session["language"] = chosen
        if staff is not None:
            with console_of().sessions.begin() as own:
                own.get_one(Staff, staff.id).language = chosen
    return redirect(_back(), 303)


def _back() -> str:
    """The page of ours a form stood on; never another site's."""
    given = request.form.get("back", "")
    return given if given.startswith("/console/") and "\\" not in given and "//" not in given else "/console/"


def signed_in() -> Colleague:
    """Who has the present session, whole or half."""
    found = colleague()
    assert found is not None, "the gate lets nobody in without a session"
    return found


def note_own(own: Session, staff: Staff, action: str) -> None:
    """A line in the journal of every club they work for."""
    for club in clubs_of(console_of(), staff):
        note(
            own, club=club.key, at=console_of().now(), action=action, subject=("staff", staff.id),
            actor=("staff", staff.id),
        )  # fmt: skip


def _device_cookie() -> str:
    return "__Host-device" if console_of().settings.production else "device"


def _devices() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="device")


def _remember_device(answer: Answer, staff: Staff) -> None:
    value = _devices().dumps([staff.id, secrets.token_hex(16)])
    answer.set_cookie(
        _device_cookie(), value, max_age=DEVICE_LASTS, path="/", secure=console_of().settings.production,
        httponly=True, samesite="Strict",
    )  # fmt: skip
