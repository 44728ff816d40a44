"""My account: the colleague's own name, password, second factor and open sign-ins; and which club they look at."""

from __future__ import annotations

from flask import Response, abort, request, session
from flask_admin import expose
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from benefits import signin
from benefits import staff as colleagues
from models import Staff, StaffSession
from web.console import gate, second_factor, security, signing_in
from web.console.access import READERS, allow
from web.console.desk import Console
from web.console.page import Page, clubs_of
from wording import Words


def views(console: Console) -> list[Page]:
    """One page."""
    return [Me(console)]


class Me(Page):
    """My account."""

    endpoint_name = "me"
    section = "house"
    position = 90

    def title(self, t: Words) -> str:
        """My account."""
        return t("My account")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """Everything that is theirs."""
        return self._shown()

    @expose("/password", methods=["POST"])
    @allow(*READERS)
    def password(self) -> Response | Answer:
        """A new password: the present one is asked, every session ends, and this browser gets a new one (C14)."""
        if not self._knows_password():
            return self._shown(400, present_fault="password")
        typed = request.form
        fault, onward = signing_in.change_password(
            self.staff, typed.get("password", ""), typed.get("again", ""), factor=self._factor_given()
        )
        if fault:
            return self._shown(400, fault=fault)
        told = self.t("Your password is changed, and every other sign-in of yours is over.")
        return self.done(told, onward if onward == gate.SIGN_IN else None)

    @expose("/second-factor", methods=["GET", "POST"])
    @allow(*READERS)
    def factor(self) -> Response | Answer:
        """Another second factor instead of the present one, or a first one: the present password is asked (C18)."""
        found = signing_in.signed_in()
        if request.method == "GET" or "factor" not in session:
            return second_factor.factor_page(found, fresh=True, asks_password=True)
        if not self._knows_password():
            return second_factor.factor_page(found, 400, asks_password=True, present_fault=True)
        codes = second_factor.take_factor(self.staff)
        if codes is None:
            return second_factor.factor_page(found, 400, asks_password=True, wrong=True)
        return second_factor.codes_page(codes, "/console/me/")

    @expose("/recovery-codes", methods=["POST"])
    @allow(*READERS)
    def recovery_codes(self) -> Response:
        """Ten new recovery codes, shown once; the former ones are void. The present password is asked (C18)."""
        if self.staff.tf_totp_secret is None:
            abort(404)
        if not self._knows_password():
            return self._shown(400, present_fault="codes")
        factor = self._factor_given()
        with self.console.sessions.begin() as own:
            row = own.get_one(Staff, self.staff.id)
            clubs = [club.key for club in clubs_of(self.console, row)]
            codes = colleagues.set_recovery_codes(
                own, row, signed_in_to=self.staff.fs_uniquifier, now=self.now, clubs=clubs
            )
        signing_in.enter(row, factor=factor)
        return second_factor.codes_page(codes, "/console/me/")

    @expose("/sign-out-elsewhere", methods=["POST"])
    @allow(*READERS)
    def elsewhere(self) -> Answer:
        """End every session of theirs but a new one for this browser."""
        staff, factor = self.staff, self._factor_given()
        with self.console.sessions.begin() as own:
            ended = signin.end_sessions(own, staff.id, now=self.console.wall())
            self.note(own, "sessions_ended", ("staff", staff.id), sessions=ended)
        signing_in.enter(staff, factor=factor)
        return self.done(self.t("You are signed out everywhere but here."))

    @expose("/club", methods=["POST"])
    @allow(*READERS)
    def choose_club(self) -> Answer:
        """Look at another club of theirs."""
        key = request.form.get("club", "")
        if key not in [club.key for club in clubs_of(self.console, self.staff)]:
            abort(404)
        session["club"] = key
        return self.done(self.t("You are looking at {club} now.", club=self.t_name(key)), "/console/")

    def t_name(self, key: str) -> str:
        """A club's name in her language."""
        club = self.console.clubs[key]
        return club.say(club.name, self.t.language)

    def _knows_password(self) -> bool:
        """Whether the typed `present` is their password: a session that was left open, or stolen, is not enough for a change
        of the sign-in. Tries are counted before they are judged."""
        door = f"password:{self.staff.id}"
        with self.console.sessions.begin() as own:
            free = signin.take_try(own, door=door, now=self.console.wall())
        fits = free and security.password_fits(request.form.get("present", ""), self.staff.password)
        if fits:
            with self.console.sessions.begin() as own:
                signin.open_door(own, door=door)
        return fits

    def _factor_given(self) -> bool:
        found = security.colleague()
        return found is not None and found.row is not None and found.row.factor_at is not None

    def _shown(self, status: int = 200, **facts: object) -> Response:
        staff, wall = self.staff, self.console.wall()
        left = signin.recovery_codes_left(self.session, staff)
        others = self.session.scalar(
            select(func.count()).where(
                StaffSession.staff_id == staff.id,
                StaffSession.ended_at.is_(None),
                StaffSession.seen_at > wall - signin.IDLE,
                StaffSession.begun_at > wall - signin.LONGEST,
            )
        )
        return self.show("console/me.html", status, codes_left=left, open_sessions=others, **facts)
