"""My account: the colleague's own name, password, second factor and open sign-ins; and which club she looks at."""

from __future__ import annotations

from flask import Response, abort, request, session
from flask_admin import expose
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Answer

from benefits import signin
from models import RecoveryCode, Staff, StaffSession
from web.console import security, signing_in
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
        """Everything that is hers."""
        return self._shown()

    @expose("/password", methods=["POST"])
    @allow(*READERS)
    def password(self) -> Response | Answer:
        """A new password: the old one is asked, every session ends, and this browser gets a new one (C14)."""
        staff = self.staff
        door = f"password:{staff.id}"
        with self.console.sessions.begin() as own:
            free = signin.take_try(own, door=door, now=self.console.wall())
        if not free or not security.password_fits(request.form.get("present", ""), staff.password):
            return self._shown(
                400, present_fault=self.t("That is not your present password, or it was tried too often.")
            )
        fault = signing_in.change_password(staff, request.form.get("password", ""), request.form.get("again", ""))
        if fault:
            return self._shown(400, fault=fault)
        with self.console.sessions.begin() as own:
            signin.open_door(own, door=door)
        signing_in.enter(staff, factor=staff.tf_totp_secret is not None)
        return self.done(self.t("Your password is changed, and every other sign-in of yours is over."))

    @expose("/recovery-codes", methods=["POST"])
    @allow(*READERS)
    def recovery_codes(self) -> Response:
        """Ten new recovery codes, shown once; the former ones are void."""
        with self.console.sessions.begin() as own:
            staff = own.get_one(Staff, self.staff.id)
            if staff.tf_totp_secret is None:
                abort(404)
            codes = signin.new_recovery_codes(own, staff)
            self.note(own, "recovery_codes_made", ("staff", staff.id))
        return self.show("console/recovery_codes.html", codes=codes, onward="/console/me/")

    @expose("/sign-out-elsewhere", methods=["POST"])
    @allow(*READERS)
    def elsewhere(self) -> Answer:
        """End every session of hers but a new one for this browser."""
        staff, found = self.staff, security.colleague()
        factor = found is not None and found.row is not None and found.row.factor_at is not None
        with self.console.sessions.begin() as own:
            ended = signin.end_sessions(own, staff.id, now=self.console.wall())
            self.note(own, "sessions_ended", ("staff", staff.id), sessions=ended)
        signing_in.enter(staff, factor=factor)
        return self.done(self.t("You are signed out everywhere but here."))

    @expose("/club", methods=["POST"])
    @allow(*READERS)
    def choose_club(self) -> Answer:
        """Look at another club of hers."""
        key = request.form.get("club", "")
        if key not in [club.key for club in clubs_of(self.console, self.staff)]:
            abort(404)
        session["club"] = key
        return self.done(self.t("You are looking at {club} now.", club=self.t_name(key)), "/console/")

    def t_name(self, key: str) -> str:
        """A club's name in her language."""
        club = self.console.clubs[key]
        return club.say(club.name, self.t.language)

    def _shown(self, status: int = 200, **facts: object) -> Response:
        staff, wall = self.staff, self.console.wall()
        count = select(func.count())
        left = self.session.scalar(
            count.select_from(RecoveryCode).where(RecoveryCode.staff_id == staff.id, RecoveryCode.used_at.is_(None))
        )
        others = self.session.scalar(
            count.select_from(StaffSession).where(
                StaffSession.staff_id == staff.id,
                StaffSession.ended_at.is_(None),
                StaffSession.seen_at > wall - signin.IDLE,
                StaffSession.begun_at > wall - signin.LONGEST,
            )
        )
        return self.show("console/me.html", status, codes_left=left, open_sessions=others, **facts)
