"""Privileges: the list with how each stands, one with its preview, and withdrawing it and bringing it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import Select, and_, exists, or_, select
from werkzeug.wrappers import Response as Answer

from benefits import pools
from benefits.editing import Unknown, privileges
from benefits.sealed_codes import masked, open_privilege_code
from benefits.vault import CannotOpen, vault_of
from models import Code, Partner, Privilege
from web.console import home
from web.console.access import allow
from web.console.cells import label, link, moment
from web.console.desk import Console
from web.console.page import Page
from web.console.privilege_editing import PrivilegeEditing
from web.console.privilege_words import STATE_TONES, redeem_name, scope_name, state_name, state_of, tiers_said
from web.console.records import Column, Filter, Records
from wording import Words

MAKERS = ("marketer", "admin")


def views(console: Console) -> list[Page]:
    """One record; its forms are a part of it."""
    return [Privileges(console)]


class Privileges(PrivilegeEditing, Records):
    """What members can claim."""

    endpoint_name = "privileges"
    section = "privileges"
    position = 10
    model = Privilege
    default_sort = "position"
    list_template = "console/privileges.html"
    details_template = "console/privilege.html"

    def title(self, t: Words) -> str:
        """Privileges."""
        return t("Privileges")

    def empty(self, t: Words) -> str:
        """How the first one comes."""
        return t("No privilege yet. Make the first one here, or hand in a file of privileges.")

    def columns(self, t: Words) -> list[Column]:
        """Name, partner, state, what is left, until when, for whom."""
        return [
            Column("name", t("Name"), lambda row: label(row, "name", t), getattr(Privilege, f"name_{t.language}")),
            Column("key", t("ID"), lambda row: row.key, Privilege.key),
            Column("partner", t("Partner"), lambda row: label(row.partner, "name", t), Partner.name_th),
            Column("state", t("State"), lambda row: self._tag(row, t), export=lambda row: self._state(row, t)),
            Column("left", t("Still left"), lambda row: self._left_said(row, t), number=True),
            Column(
                "until",
                t("Claim until"),
                lambda row: t.last_day(row.claim_to) if row.claim_to else "",
                Privilege.claim_to,
            ),
            Column("tiers", t("Tiers"), lambda row: tiers_said(self.club, row.tiers, t)),
            Column("position", t("Place in the list"), lambda row: row.position, Privilege.position, number=True),
        ]

    def search_in(self) -> list[Any]:
        """Names, id and partner."""
        return [Privilege.name_th, Privilege.name_en, Privilege.key, Partner.name_th, Partner.name_en]

    def query(self) -> Select[Any]:
        """With their partners."""
        return (
            select(Privilege).join(Partner, Partner.id == Privilege.partner_id).where(Privilege.club == self.club.key)
        )

    def filters(self, t: Words) -> list[Filter]:
        """How it stands, and whose it is."""
        now = self.now
        back = Privilege.withdrawn_at.is_not(None)
        over = or_(Privilege.visible_to <= now, Privilege.claim_to <= now)
        early = or_(Privilege.visible_from > now, Privilege.claim_from > now)
        free = exists().where(Code.privilege_id == Privilege.id, Code.claim_id.is_(None))
        gone = or_(Privilege.taken >= Privilege.stock, and_(Privilege.pooled, ~free)).is_(True)
        live = and_(~back, over.is_not(True))
        states = [
            ("open", state_name("open", t), and_(live, early.is_not(True), ~gone)),
            ("later", t("Opens later"), and_(live, early)),
            ("sold_out", state_name("sold_out", t), and_(live, gone)),
            ("over", state_name("over", t), and_(~back, over)),
            ("withdrawn", state_name("withdrawn", t), back),
        ]
        partners = privileges.partners_of(self.session, self.club)
        whose = [(str(row.id), label(row, "name", t), Privilege.partner_id == row.id) for row in partners]
        return [Filter("state", t("State"), states), Filter("partner", t("Partner"), whose)]

    def prepare(self, rows: Sequence[Any]) -> None:
        """How many codes each pool has."""
        only = [row.id for row in rows if row.pooled]
        found = pools.pools(self.session, club=self.club, only=only) if only else []
        self._free = {pool.privilege.id: pool.free for pool in found}

    def name_of(self, row: Privilege, t: Words) -> str:
        """Its name."""
        return label(row, "name", t)

    def facts(self, row: Privilege, t: Words) -> list[tuple[str, object]]:
        """All of it; of its code only whether there is one."""
        windows = [
            (t("Shown"), row.visible_from, row.visible_to),
            (t("Can be claimed"), row.claim_from, row.claim_to),
            (t("Can be used"), row.use_from, row.use_to),
        ]
        days = (
            t("{n} days from the claim", n=t.number(row.use_days))
            if row.use_days
            else t("as long as it can be used at all")
        )
        return [
            (t("State"), self._tag(row, t)),
            (t("ID"), row.key),
            (t("Partner"), link("partners.details", label(row.partner, "name", t), row_id=row.partner_id)),
            (t("Tiers"), tiers_said(self.club, row.tiers, t)),
            (t("New members only"), t("Yes") if row.new_members_only else t("No")),
            (t("Limit"), t("{n} {scope}", n=t.number(row.claim_limit), scope=scope_name(row.scope, t))),
            (t("Still left"), self._left_said(row, t)),
            *((name, self._window(start, end, t)) for name, start, end in windows),
            (t("A kept claim can be used for"), days),
            (t("Used as"), redeem_name(row.redeem, t)),
            (t("Code"), self._code_said(row, t)),
            (t("Minutes a shown code is valid"), t.number(row.code_minutes)),
            (t("Minutes in which a use can be undone"), t.number(row.undo_minutes)),
            (t("Made"), t.moment(row.created_at)),
        ]

    def extra(self, row: Privilege) -> dict[str, Any]:
        """The phones, who holds it, and what may be done."""
        t, n = self.t, privileges.open_claims(self.session, row, self.now)
        return {
            "phones": self.phones(row),
            "held": t.count("{n} member holds it unused.", "{n} members hold it unused.", n) if n else "",
            "may_change": self.may(*MAKERS),
        }

    @expose("/<int:row_id>/withdraw", methods=["POST"])
    @allow(*MAKERS)
    def withdraw(self, row_id: int) -> Answer:
        """Nobody can claim it any more; what is claimed stays good."""
        name = self.name_of(self.one(row_id), self.t)
        self._deed(privileges.withdraw, row_id)
        return self.done(
            self.t("“{name}” is withdrawn. What is claimed stays good.", name=name), f"{self.url}/{row_id}"
        )

    @expose("/<int:row_id>/bring-back", methods=["POST"])
    @allow(*MAKERS)
    def bring_back(self, row_id: int) -> Answer:
        """It can be claimed again."""
        name = self.name_of(self.one(row_id), self.t)
        self._deed(privileges.bring_back, row_id)
        return self.done(self.t("“{name}” is back: it can be claimed as before.", name=name), f"{self.url}/{row_id}")

    def _deed(self, deed: Any, row_id: int) -> None:
        try:
            with self.console.sessions.begin() as session:
                deed(session, club=self.club, privilege_id=row_id, by=self.staff.id, now=self.now)
        except Unknown:
            abort(404)

    def _left(self, row: Privilege) -> int | None:
        limits = [] if row.stock is None else [row.stock - row.taken]
        if row.pooled:
            limits.append(self._free.get(row.id, 0))
        return min(limits, default=None)

    def _left_said(self, row: Privilege, t: Words) -> str:
        left = self._left(row)
        if left is None:
            return t("No end")
        return (
            t("{left} of {n}", left=t.number(left), n=t.number(row.stock)) if row.stock is not None else t.number(left)
        )

    def _state(self, row: Privilege, t: Words) -> str:
        return state_name(state_of(row, self._left(row), self.now), t)

    def _tag(self, row: Privilege, t: Words) -> Markup:
        state = state_of(row, self._left(row), self.now)
        return Markup('<span class="tag {}">{}</span>').format(STATE_TONES[state], state_name(state, t))

    def _window(self, start: Any, end: Any, t: Words) -> str:
        if start is None and end is None:
            return t("Always")
        if end is None:
            return t("from {start}", start=moment(start, t))
        last = t.last_day(end)
        return (
            t("until {end}", end=last)
            if start is None
            else t("from {start} until {end}", start=moment(start, t), end=last)
        )

    def _code_said(self, row: Privilege, t: Words) -> str:
        if row.pooled:
            return t("Each claim takes one from the pool")
        try:
            code = open_privilege_code(vault_of(self.session), row)
        except CannotOpen:
            return t("It cannot be opened with the present keys: type it again")
        if code is None:
            return t("Made for each claim")
        return code if row.redeem == "link" else masked(code)


def running_low(page: Page) -> list[home.Point]:
    """Stocks and pools with few left, for the home page."""
    t = page.t
    points = []
    for low in pools.running_low(page.session, club=page.club, now=page.now)[:20]:
        name, tone = label(low.privilege, "name", t), "bad" if low.left <= 0 else "warn"
        left = (
            t("“{name}” is sold out.", name=name)
            if low.left <= 0
            else t("“{name}” has {n} left.", name=name, n=t.number(low.left))
        )
        points.append(home.Point(left, f"/console/privileges/{low.privilege.id}", tone))
    return points


home.POINTS.append(running_low)
