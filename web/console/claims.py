"""Claims: found by number, account, privilege or state; a use taken back, alone in time or by two; made void for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, g, redirect, request
from flask_admin import expose
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager
from werkzeug.wrappers import Response as Answer

from benefits import requests, use_corrections, uses
from benefits.claims import STATES, state_at, state_of
from benefits.reasons import checked_reason
from benefits.unmasking import masked_names
from models import Claim, Member, Privilege, Staff, StaffRequest
from web.console import cells, history, staff_points
from web.console.access import allow
from web.console.deeds import Deeds
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter
from wording import Words


def views(console: Console) -> list[Page]:
    """The claims."""
    return [Claims(console)]


class Claims(Deeds):
    """Privileges held by accounts."""

    endpoint_name = "claims"
    section = "members"
    position = 40
    model = Claim
    details_template = "console/claim.html"

    def title(self, t: Words) -> str:
        """Claims."""
        return t("Claims")

    def query(self) -> Select[Any]:
        """Those of the club's privileges, with privilege and account."""
        return (
            select(Claim)
            .join(Privilege, Privilege.id == Claim.privilege_id)
            .join(Member, Member.id == Claim.member_id)
            .where(Privilege.club == self.club.key)
            .options(contains_eager(Claim.privilege), contains_eager(Claim.member))
            .execution_options(populate_existing=True)
        )

    def columns(self, t: Words) -> list[Column]:
        """Number, privilege, account, state, claimed, usable until, used."""
        return [
            Column("id", t("Claim number"), lambda row: str(row.id), Claim.id),
            Column("privilege", t("Privilege"), lambda row: cells.label(row.privilege, "name", t)),
            Column("account", t("Account"), lambda row: _account(row), Member.external_id,
                   export=lambda row: row.member.external_id),
            Column("state", t("State"), lambda row: cells.claim_state(state_of(row, now=self.now), t)),
            Column("claimed", t("Claimed"), lambda row: t.moment(row.claimed_at), Claim.claimed_at),
            Column("until", t("Usable until"), lambda row: cells.moment(row.use_until, t), Claim.use_until),
            Column("used", t("Used"), lambda row: cells.moment(row.used_at, t), Claim.used_at),
        ]  # fmt: skip

    def search_in(self) -> list[Any]:
        """By the account's id or name; a number alone leads to the claim."""
        return [Member.external_id, Member.name]

    def filters(self, t: Words) -> list[Filter]:
        """By state, by privilege, by what waits for a second person."""
        privileges = select(Privilege).where(Privilege.club == self.club.key).order_by(Privilege.name_th, Privilege.id)
        asked = (
            select(StaffRequest.id)
            .where(StaffRequest.club == self.club.key, StaffRequest.kind == use_corrections.KIND)
            .where(StaffRequest.subject_id == Claim.id, StaffRequest.state == "open")
            .exists()
        )
        return [
            *cells.one_account(self.session, self.club, Claim.member_id, t),
            Filter("state", t("State"), [(key, cells.claim_state(key, t), state_at(self.now) == key) for key in STATES]),
            Filter("privilege", t("Privilege"), [
                (str(each.id), cells.label(each, "name", t), Claim.privilege_id == each.id)
                for each in self.session.scalars(privileges).unique()
            ]),
            Filter("asked", t("Correction"), [("yes", t("Waits for a second person"), asked)]),
        ]  # fmt: skip

    def empty(self, t: Words) -> str:
        """Where claims come from."""
        return t("No claims yet. Administrators of accounts claim privileges in the chat.")

    @expose("/")
    def index(self) -> Response | Answer:
        """The list; a search for the number of a claim leads straight to it."""
        typed = request.args.get("q", "").strip().removeprefix("#")
        if typed.isascii() and typed.isdecimal() and len(typed) < 18:
            found = self.session.execute(self.query().where(Claim.id == int(typed))).first()
            if found is not None:
                return redirect(f"{self.url}/{found[0].id}")
        listed: Response = super().index()
        return listed

    def name_of(self, row: Any, t: Words) -> str:
        """By number."""
        return t("Claim {n}", n=row.id)

    def prepare(self, rows: Sequence[Any]) -> None:
        """Who claimed and who used, masked; only a record's page tells."""
        ids = {row.person_id for row in rows} | {row.used_by for row in rows if row.used_by is not None}
        g.names = masked_names(self.session, ids) if len(rows) == 1 else {}

    def facts(self, row: Any, t: Words) -> list[tuple[str, object]]:
        """Everything but the code."""
        account = cells.link("accounts.details", _account(row), row_id=row.member_id)
        privilege = cells.label(row.privilege, "name", t)
        told: list[tuple[str, object]] = [
            (t("Privilege"), cells.link("privileges.details", privilege, row_id=row.privilege_id)),
            (t("Partner"), cells.label(row.privilege.partner, "name", t)),
            (t("Account"), account),
            (t("State"), cells.claim_state(state_of(row, now=self.now), t)),
            (t("Claimed"), t.moment(row.claimed_at)),
            (t("Claimed by"), self._person(row.person_id)),
            (t("Usable until"), cells.moment(row.use_until, t) or t("without end")),
            (t("Used"), cells.moment(row.used_at, t)),
            (t("Used by"), self._person(row.used_by) if row.used_by is not None else None),
            (t("Confirmed by the partner"), t("yes") if row.confirmed_by is not None else None),
            (t("Void since"), cells.moment(row.voided_at, t)),
            (t("Void because"), cells.why_void(row.void_reason, t)),
        ]
        return [(label, value) for label, value in told if value is not None]

    def extra(self, row: Any) -> dict[str, Any]:
        """What may be done with it now, by whom, and what was."""
        until, now = use_corrections.undo_until(row), self.now
        asked = requests.requests_about(self.session, club=self.club, subject=("claim", row.id))
        waiting = next((each for each in asked if each.state == "open" and each.kind == use_corrections.KIND), None)
        in_time = row.state == "used" and until is not None and now < until
        late = row.state == "used" and until is not None and now >= until
        asker = self.session.get(Staff, waiting.asked_by) if waiting else None
        mine = waiting is not None and waiting.asked_by == self.staff.id
        waits = staff_points.waits_here(self)
        return {
            "claim": row,
            "waits": waits if (waiting is not None or late) and self.may("support", "finance", "approver") else "",
            "until": until,
            "waiting": waiting,
            "asker": asker.name if asker else "",
            "may_undo": in_time and self.may("support"),
            "may_ask": late and waiting is None and not waits and self.may("support", "finance"),
            "may_decide": waiting is not None and not mine and not waits and self.may("finance", "approver"),
            "may_withdraw": mine and self.may("support", "finance"),
            "may_void": row.state == "kept" and self.may("admin"),
            "history": history.of(self.session, self.club, ("claim", row.id), self.t),
        }

    @expose("/<int:row_id>/undo", methods=["POST"])
    @allow("support")
    def undo(self, row_id: int) -> Answer:
        """Take a use back within its window."""

        def deed(session: Session) -> str:
            self.one(row_id, session)
            uses.undo(session, claim_id=row_id, by=self.actor, reason=self._reason("undo_reason"), now=self.now)
            return self.t("The use is taken back. The account can use this claim again.")

        return self.do(row_id, deed)

    @expose("/<int:row_id>/ask", methods=["POST"])
    @allow("support", "finance")
    def ask(self, row_id: int) -> Answer:
        """Ask a second person to take a use back after its window."""

        def deed(session: Session) -> str:
            self.one(row_id, session)
            reason, by = request.form.get("ask_reason", ""), self.staff.id
            use_corrections.ask_undo(session, club=self.club, claim_id=row_id, reason=reason, by=by, now=self.now)
            return self.t("Asked. A colleague from finance, or an approver, decides.")

        return self.do(row_id, deed)

    @expose("/<int:row_id>/decide", methods=["POST"])
    @allow("finance", "approver")
    def decide(self, row_id: int) -> Answer:
        """Grant or refuse what a colleague asked."""
        yes = request.form.get("yes") == "1"

        def deed(session: Session) -> str:
            self.one(row_id, session)
            reason = "" if yes else self._reason("decide_reason")
            decided = use_corrections.decide_undo(
                session,
                club=self.club,
                request_id=self._request(),
                yes=yes,
                reason=reason,
                by=self.staff.id,
                now=self.now,
            )
            _check_about(decided.id, row_id)
            return self.t("Granted: the use is taken back.") if yes else self.t("Refused. The use stands.")

        return self.do(row_id, deed)

    @expose("/<int:row_id>/withdraw", methods=["POST"])
    @allow("support", "finance")
    def withdraw(self, row_id: int) -> Answer:
        """Take one's own request back."""

        def deed(session: Session) -> str:
            self.one(row_id, session)
            number, by = self._request(), self.staff.id
            taken = requests.withdraw(session, club=self.club, request_id=number, by=by, now=self.now)
            _check_about(taken.subject_id if taken.kind == use_corrections.KIND else None, row_id)
            return self.t("Your request is withdrawn.")

        return self.do(row_id, deed)

    @expose("/<int:row_id>/void", methods=["POST"])
    @allow("admin")
    def make_void(self, row_id: int) -> Answer:
        """Take an unused claim away."""

        def deed(session: Session) -> str:
            self.one(row_id, session)
            uses.void(session, claim_id=row_id, reason=self._reason("void_reason"), by=self.actor, now=self.now)
            return self.t("The claim is void. The account is shown the reason.")

        return self.do(row_id, deed)

    def _reason(self, name: str) -> str:
        return checked_reason(request.form.get(name, ""))

    def _request(self) -> int:
        typed = request.form.get("request", "")
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 18 else 0

    def _person(self, person_id: int) -> object:
        name = g.names.get(person_id, "")
        return cells.link("people.details", self.t("{name} (person {n})", name=name, n=person_id), row_id=person_id)


def _account(row: Claim) -> str:
    return f"{row.member.name} ({row.member.external_id})"


def _check_about(claim_id: int | None, row_id: int) -> None:
    """A form tampered with may name a request about something else: then nothing is done."""
    if claim_id != row_id:
        raise requests.UnknownRequest()
