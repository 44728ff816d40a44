"""Charges: invoice lines as imported, whether they are paid, and the round that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Response, g, redirect, request
from flask_admin import expose
from sqlalchemy import Select, select
from werkzeug.wrappers import Response as Answer

from benefits.periods import add_months, month_name, month_of
from benefits.statement_lines import Months
from models import Charge, Import, Member, Run, Upload
from web.console import cells
from web.console.desk import Console
from web.console.page import Page
from web.console.records import Column, Filter, Records
from web.console.statement_words import Amount
from wording import Words

MONTHS = 24


def views(console: Console) -> list[Page]:
    """The charges."""
    return [Charges(console)]


class Charges(Records):
    """Lines of invoices. Their content never changes: a mistake is mended by importing a reversal."""

    endpoint_name = "charges"
    section = "members"
    position = 50
    model = Charge

    def title(self, t: Words) -> str:
        """Charges."""
        return t("Charges")

    def query(self) -> Select[Any]:
        """Those of the club; joined with their account, for the search."""
        return select(Charge).join(Member, Member.id == Charge.member_id).where(Charge.club == self.club.key)

    def columns(self, t: Words) -> list[Column]:
        """Invoice, account, service, month, money, paid, counted."""
        return [
            Column("invoice", t("Invoice"), lambda row: row.invoice_no, Charge.invoice_no),
            Column("account", t("Account"), lambda row: _account(row), Member.external_id,
                   export=lambda row: g.members[row.member_id].external_id),
            Column("service", t("Service"), lambda row: cells.service_name(self.club, row.service, t)),
            Column("month", t("Service month"), lambda row: t.month(row.service_month), Charge.service_month,
                   export=lambda row: month_name(row.service_month)),
            Column("net", t("Net, baht"), lambda row: t.baht(row.net_satang), Charge.net_satang,
                   export=lambda row: Amount(row.net_satang), number=True),
            Column("vat", t("VAT, baht"), lambda row: t.baht(row.vat_satang),
                   export=lambda row: Amount(row.vat_satang), number=True),
            Column("paid", t("Paid"), lambda row: cells.day(row.paid_at, t), Charge.paid_at),
            Column("counted", t("Counts in"), lambda row: _counted(row, t)),
        ]  # fmt: skip

    def search_in(self) -> list[Any]:
        """By invoice number, by the account's id or name."""
        return [Charge.invoice_no, Member.external_id, Member.name]

    def filters(self, t: Words) -> list[Filter]:
        """By month, service, payment, and whether a round counts it."""
        months = [add_months(month_of(self.now), -n) for n in range(MONTHS)]
        services = self.club.stars.service_names
        return [
            *cells.one_account(self.session, self.club, Charge.member_id, t),
            Filter("month", t("Service month"), [
                (month_name(month), t.month(month), Charge.service_month == month) for month in months
            ]),
            Filter("service", t("Service"), [
                (key, cells.service_name(self.club, key, t), Charge.service == key) for key in services
            ]),
            Filter("paid", t("Paid"), [
                ("yes", t("Is paid"), Charge.paid_at.is_not(None)),
                ("no", t("Not paid"), Charge.paid_at.is_(None)),
            ]),
            Filter("counted", t("Counts in"), [
                ("yes", t("Counts"), Charge.count_month.is_not(None)),
                ("no", t("Does not count"), Charge.count_month.is_(None)),
            ]),
        ]  # fmt: skip

    def empty(self, t: Words) -> str:
        """Where charges come from."""
        return t("No charges yet. They come with the import of charges.")

    @expose("/")
    def index(self) -> Response | Answer:
        """The list; a search for the whole number of an invoice leads straight to it."""
        mine = (Charge.club == self.club.key, Charge.invoice_no == request.args.get("q", "").strip())
        found = self.session.scalar(select(Charge.id).where(*mine))
        if found is not None:
            return redirect(f"{self.url}/{found}")
        listed: Response = super().index()
        return listed

    def prepare(self, rows: Sequence[Any]) -> None:
        """The accounts of these rows, and the months that rounds have closed."""
        members = select(Member).where(Member.id.in_({row.member_id for row in rows}))
        g.members = {member.id: member for member in self.session.scalars(members)}
        if "months" not in g:
            g.months = Months.known(self.session, self.club)

    def name_of(self, row: Any, t: Words) -> str:
        """By invoice number."""
        return t("Invoice {number}", number=row.invoice_no)

    def facts(self, row: Any, t: Words) -> list[tuple[str, object]]:
        """The line, the imports that brought it, and the round that counted it."""
        account = cells.link("accounts.details", _account(row), row_id=row.member_id)
        why = t("see the statement of the month")
        return [
            (t("Account"), account),
            (t("Service"), cells.service_name(self.club, row.service, t)),
            (t("Service month"), t.month(row.service_month)),
            (t("Net, baht"), t.baht(row.net_satang)),
            (t("VAT, baht"), t.baht(row.vat_satang)),
            (t("Paid"), cells.moment(row.paid_at, t) or t("not paid")),
            (t("Brought by the import"), self._import(row.import_id)),
            (t("Paid by the import"), self._import(row.paid_import_id)),
            (t("Counts in"), self._round(row, t)),
            (
                t("Why it counts or not"),
                cells.link("accounts.explain", why, row_id=row.member_id, month=month_name(row.service_month)),
            ),
        ]

    def _import(self, import_id: int | None) -> object:
        """The import's file and time, with a link to the upload it came from; one run by a command came from none."""
        found = None if import_id is None else self.session.get(Import, import_id)
        if found is None:
            return None
        upload = select(Upload.id).where(Upload.import_id == found.id, Upload.club == self.club.key)
        said = f"{found.file_name} · {self.t.moment(found.started_at)}"
        return cells.link("imports.details", said, row_id=self.session.scalar(upload.limit(1)))

    def _round(self, row: Charge, t: Words) -> object:
        """The round, with a link once it has begun."""
        month = _round(row)
        if month is None:
            return None
        run = select(Run.id).where(Run.club == self.club.key, Run.kind == "stars", Run.period == month)
        begun = self.session.scalar(run) is not None
        return cells.link("rounds.month", t.month(month), month=month_name(month) if begun else None)


def _account(row: Charge) -> str:
    member = g.members[row.member_id]
    return f"{member.name} ({member.external_id})"


def _round(row: Charge) -> date | None:
    """The month whose round counts it; none: no round does (yet)."""
    return None if row.count_month is None else g.months.counted_by(row.count_month)


def _counted(row: Charge, t: Words) -> str | None:
    month = _round(row)
    return None if month is None else t.month(month)
