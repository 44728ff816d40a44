"""Accounts: tier, stars and why, admins, stays; staff sets a tier for a reason until a day (rules.md §5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Response, abort, g, request
from flask_admin import expose
from sqlalchemy import and_, case, select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response as Answer

from benefits import overrides
from benefits.claims import state_of
from benefits.members import tier_of
from benefits.periods import add_months, day_of, month_name, month_of, parse_month
from benefits.statement import Outlook, outlook, statement
from benefits.unmasking import last_four, masked_names
from models import Admin, Claim, Member, Membership, Person
from web.console import cells, csvs, history, statement_words
from web.console.access import READERS, allow
from web.console.deeds import Deeds
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter
from wording import Words

NEWEST = 10
"""Claims on an account's page; the list has all."""


def views(console: Console) -> list[Page]:
    """The accounts."""
    return [Accounts(console)]


class Accounts(Deeds):
    """Official accounts the club knows, joined or not."""

    endpoint_name = "accounts"
    section = "members"
    position = 10
    model = Member
    default_sort = "account"
    details_template = "console/account.html"

    def title(self, t: Words) -> str:
        """Accounts."""
        return t("Accounts")

    def columns(self, t: Words) -> list[Column]:
        """Id, name, tier, stars, shield, package, joined."""
        return [
            Column("account", t("Account"), lambda row: row.external_id, Member.external_id),
            Column("name", t("Name"), lambda row: row.name, Member.name),
            Column("tier", t("Tier"), lambda row: cells.tier_name(self.club, self._tier(row), t)),
            Column("stars", t("Stars"), lambda row: t.number(row.total_stars), Member.total_stars,
                   export=lambda row: row.total_stars, number=True),
            Column("badge", t("Shield"), lambda row: cells.badge_name(row.badge, t)),
            Column("package", t("Package"), lambda row: row.package),
            Column("joined", t("Joined"), lambda row: self._stay(row, t)),
        ]  # fmt: skip

    def search_in(self) -> list[Any]:
        """By the account's id or name."""
        return [Member.external_id, Member.name]

    def filters(self, t: Words) -> list[Filter]:
        """By tier in force, by whether it is in the club, by shield."""
        overridden = and_(Member.tier_override.is_not(None), Member.override_until > self.now)
        tier = case((overridden, Member.tier_override), else_=Member.tier)
        inside = _open_stay()
        ended = select(Membership.id).where(Membership.member_id == Member.id).exists()
        tiers = [
            (each.key, cells.tier_name(self.club, each.key, t) or "", tier == each.key) for each in self.club.tiers
        ]
        badges = [(key, cells.badge_name(key, t) or key, Member.badge == key) for key in ("grey", "blue", "green")]
        return [
            Filter("tier", t("Tier"), [(key, said, and_(inside, rule)) for key, said, rule in tiers]),
            Filter("member", t("In the club"), [
                ("yes", t("In the club"), inside),
                ("left", t("Left"), and_(~inside, ended)),
                ("never", t("Never joined"), ~ended),
                ("set", t("Tier set by staff"), and_(inside, overridden)),
            ]),
            Filter("badge", t("Shield"), badges),
        ]  # fmt: skip

    def empty(self, t: Words) -> str:
        """Where accounts come from."""
        return t("No accounts yet. They come with the import of accounts.")

    def prepare(self, rows: Sequence[Any]) -> None:
        """The newest stay of each account, in one query."""
        found = select(Membership).where(Membership.member_id.in_([row.id for row in rows])).order_by(Membership.id)
        g.stays = {stay.member_id: stay for stay in self.session.scalars(found)}

    def name_of(self, row: Any, t: Words) -> str:
        """The account's name."""
        return f"{row.name} ({row.external_id})"

    def facts(self, row: Any, t: Words) -> list[tuple[str, object]]:
        """At a glance, as the account's administrators see it in the chat."""
        look = outlook(self.session, club=self.club, member=row, now=self.now)
        missing = t("enough") if look.next_tier and not look.missing else t.number(look.missing)
        return [
            (t("Tier"), cells.tier_name(self.club, self._tier(row), t)),
            (t("Stars"), t.number(look.total)),
            (t("Missing to {tier}", tier=cells.tier_name(self.club, look.next_tier, t) or "—"), missing),
            (t("Next adjustment"), t.day(look.next_adjustment)),
            (t("Shield"), cells.badge_name(row.badge, t)),
            (t("Package"), row.package),
            (t("In the club"), self._stay(row, t)),
            (t("Known since"), t.day(row.created_at)),
        ]

    def extra(self, row: Any) -> dict[str, Any]:
        """Admins, stays, months, a tier set by staff, what was done."""
        t, look = self.t, outlook(self.session, club=self.club, member=row, now=self.now)
        stays = select(Membership).where(Membership.member_id == row.id).order_by(Membership.id.desc())
        return {
            "account": row,
            "look": look,
            "inside": self._tier(row) is not None,
            "override_tier": cells.tier_name(self.club, row.tier_override, t) if look.override_until else None,
            "admins": self._admins(row, t),
            "claims": self._claims(row, t),
            "stays": [(stay, cells.why_void(stay.left_reason, t)) for stay in self.session.scalars(stays)],
            "months": [(month_name(month), t.month(month)) for month in self._months(look)],
            "tiers": [(each.key, cells.tier_name(self.club, each.key, t)) for each in self.club.tiers],
            "today": day_of(self.now),
            "history": history.of(self.session, self.club, ("member", row.id), t),
            "may_set": self.may("admin"),
        }

    @expose("/<int:row_id>/statement/<month>")
    @allow(*READERS)
    def explain(self, row_id: int, month: str) -> Response:
        """Why the account has its stars of a month, line by line."""
        row, t = self.one(row_id), self.t
        found = statement(self.session, club=self.club, member=row, period=self._month(month), now=self.now)
        title = t("{account}, {month}", account=row.name, month=t.month(found.period))
        return self.show(
            "console/account_statement.html", account=row, found=found, title=title, month=month,
            lines=statement_words.lines(found, self.club, t), sums=statement_words.sums(found, self.club, t),
        )  # fmt: skip

    @expose("/<int:row_id>/statement/<month>.csv")
    @allow(*READERS)
    def explain_csv(self, row_id: int, month: str) -> Response:
        """The lines of that statement for a spreadsheet (B11)."""
        row, period = self.one(row_id), self._month(month)
        found = statement(self.session, club=self.club, member=row, period=period, now=self.now)
        rows = statement_words.table(found, self.club, self.t)
        answer = Response("".join(csvs.lines(rows)), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="statement-{row.id}-{month_name(period)}.csv"'
        return answer

    @expose("/<int:row_id>/tier", methods=["POST"])
    @allow("admin")
    def override(self, row_id: int) -> Answer:
        """Set a tier until a day."""
        given = request.form

        def deed(session: Session) -> str:
            last = _date(given.get("last_day", ""))
            row = overrides.override(
                session, club=self.club, member_id=row_id, tier=given.get("tier", ""),
                reason=given.get("tier_reason", ""), last_day=last, by=self.staff.id, now=self.now,
            )  # fmt: skip
            name = cells.tier_name(self.club, row.tier_override, self.t)
            return self.t("The account is in {tier} until {day}.", tier=name, day=self.t.day(last))

        self.one(row_id)
        return self.do(row_id, deed)

    @expose("/<int:row_id>/tier/end", methods=["POST"])
    @allow("admin")
    def lift(self, row_id: int) -> Answer:
        """End a tier set by staff."""

        def deed(session: Session) -> str:
            reason = request.form.get("end_reason", "")
            row = overrides.lift(
                session, club=self.club, member_id=row_id, reason=reason, by=self.staff.id, now=self.now
            )
            return self.t("The account is in {tier} again.", tier=cells.tier_name(self.club, row.tier, self.t))

        self.one(row_id)
        return self.do(row_id, deed)

    def _tier(self, row: Member) -> str | None:
        stay = g.stays.get(row.id)
        return tier_of(row, self.now) if stay is not None and stay.left_at is None else None

    def _stay(self, row: Member, t: Words) -> str | None:
        """Since when it is in the club, or when it left."""
        stay = g.stays.get(row.id)
        if stay is None:
            return None
        return t.day(stay.joined_at) if stay.left_at is None else t("left {day}", day=t.day(stay.left_at))

    def _admins(self, row: Member, t: Words) -> list[tuple[object, str, str, str | None]]:
        """Who acts for it, present ones first: (link with the masked name, role, since, removed)."""
        query = (
            select(Admin, Person.id)
            .outerjoin(Person, and_(Person.line_user_id == Admin.line_user_id, Person.club == self.club.key))
            .where(Admin.member_id == row.id)
            .order_by(Admin.removed_at.is_not(None), Admin.since, Admin.id)
        )
        found = self.session.execute(query).all()
        names = masked_names(self.session, {person for _, person in found if person is not None})
        return [
            (
                cells.link(
                    "people.details", f"{names.get(person, '•••')} {last_four(admin.line_user_id)}", row_id=person
                ),
                cells.role_name(admin.role, t),
                t.day(admin.since),
                cells.day(admin.removed_at, t),
            )
            for admin, person in found
        ]

    def _months(self, look: Outlook) -> list[date]:
        """Months computed, the present one, and the last one while its round is still to come; newest first."""
        return sorted({*look.months, add_months(month_of(self.now), -1)}, reverse=True)

    def _claims(self, row: Member, t: Words) -> list[tuple[object, str, str, str]]:
        """Its newest claims: (link with the privilege's name, state, claimed, number)."""
        query = select(Claim).where(Claim.member_id == row.id).order_by(Claim.id.desc()).limit(NEWEST)
        return [
            (
                cells.link("claims.details", cells.label(claim.privilege, "name", t), row_id=claim.id),
                cells.claim_state(state_of(claim, now=self.now), t),
                t.moment(claim.claimed_at),
                str(claim.id),
            )
            for claim in self.session.scalars(query.options(joinedload(Claim.privilege)))
        ]

    @staticmethod
    def _month(month: str) -> date:
        try:
            return parse_month(month)
        except ValueError:
            abort(404)


def _open_stay() -> Any:
    return select(Membership.id).where(Membership.member_id == Member.id, Membership.left_at.is_(None)).exists()


def _date(typed: str) -> date:
    """The day a date field sends. Raises `EndPassed` for none or nonsense: it is said at the field what to choose."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise overrides.EndPassed() from None
