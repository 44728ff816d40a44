"""The message budget: what is left of the month, what it is kept for, and what was sent day by day beside free replies."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from flask_admin import expose
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from benefits import traffic
from benefits.offers import budget
from models import Budget, Offer
from web.console.access import READERS, allow
from web.console.desk import Console, LineTrouble
from web.console.page import Page
from wording import Words

DAYS = 30


def views(console: Console) -> list[Page]:
    """One page."""
    return [BudgetPage(console)]


class BudgetPage(Page):
    """The messages of the present club and month."""

    endpoint_name = "budget"
    section = "offers"
    position = 60

    def title(self, t: Words) -> str:
        """Message budget."""
        return t("Message budget")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """Everything on one page; what LINE says now, or what it last said."""
        row = budget.of(self.session, self.club)
        return self._page({name: str(getattr(row, name)) for name in budget.BOUNDS}, {})

    @expose("/", methods=["POST"])
    @allow("admin")
    def configure(self) -> Response | Answer:
        """Set what is kept back, what a message costs, the frequency cap and the quiet hours."""
        typed = {name: request.form.get(name, "").strip()[:20] for name in budget.BOUNDS}
        faults = {name: self._fault(name) for name in typed if not _fits(name, typed[name])}
        if faults:
            return self._page(typed, faults, 400)
        found = {name: int(written) for name, written in typed.items()}
        with self.console.sessions.begin() as session:
            budget.configure(session, self.club, by=self.staff.id, now=self.now, **found)
        return self.done(self.t("Saved."))

    def _fault(self, name: str) -> str:
        least, most = budget.BOUNDS[name]
        t = self.t
        return t("Write a whole number from {least} to {most}.", least=t.number(least), most=t.number(most))

    def _page(self, typed: dict[str, str], faults: dict[str, str], status: int = 200) -> Response:
        row, t = budget.of(self.session, self.club), self.t
        limit, used, trouble = self._quota(row)
        offers = list(self.session.scalars(
            select(Offer).where(Offer.club == self.club.key, Offer.reserved > 0).order_by(Offer.id)
        ))  # fmt: skip
        set_aside = sum(offer.reserved for offer in offers)
        days = traffic.by_day(self.session, club=self.club, now=self.now, days=DAYS)
        return self.show(
            "console/budget.html",
            status,
            typed=typed,
            faults=faults,
            fields=_fields(t),
            may_set=self.may("admin"),
            trouble=trouble,
            left=_left(limit, used, row, set_aside, t),
            facts=self._facts(limit, used, row, set_aside),
            share=_share(limit, used, row, set_aside, t),
            offers=[(offer.name, t.number(offer.reserved)) for offer in offers],
            settings=_settings(row, t),
            days=_days(days, t),
        )

    def _quota(self, row: Budget) -> tuple[int | None, int | None, str | None]:
        """(limit, used, trouble): LINE's figures of this minute, else the last ones we have."""
        t = self.t
        try:
            return *self.console.quota(self.club.key), None
        except LineTrouble:
            if row.asked_at is None:
                return None, None, t("LINE does not answer, so what is left of the month is not known.")
            told = t("LINE does not answer. These are its figures of {moment}.", moment=t.moment(row.asked_at))
            return row.quota, row.used, told

    def _facts(self, limit: int | None, used: int | None, row: Budget, set_aside: int) -> list[tuple[str, str]]:
        t = self.t
        if used is None:
            return []
        room = budget.room(self.session, self.club, limit, used)
        return [
            (t("LINE's limit of the month"), t("no limit") if limit is None else t.number(limit)),
            (t("Used, by LINE's count"), t.number(used)),
            (t("Kept back for reminders"), t.number(row.reserve)),
            (t("Set aside by running offers"), t.number(set_aside)),
            (t("Left for new offers"), t("no limit") if room is None else t.number(room)),
            (t("Cost of what was used"), t("{baht} baht", baht=t.baht(used * row.cost_satang))),
        ]


def _left(limit: int | None, used: int | None, row: Budget, set_aside: int, t: Words) -> str:
    """The one sentence that matters."""
    if used is None:
        return t("What is left is not known now.")
    if limit is None:
        return t("LINE sets no limit for this channel.")
    room = max(0, limit - used - row.reserve - set_aside)
    return t.count(
        "{n} message is left for new offers this month.", "{n} messages are left for new offers this month.", room
    )


def _share(limit: int | None, used: int | None, row: Budget, set_aside: int, t: Words) -> dict[str, Any] | None:
    """How the month's messages are divided, as one lying bar."""
    if limit is None or used is None:
        return None
    parts = [(t("Used"), used, "grey"), (t("Set aside"), set_aside, "amber"), (t("Kept back"), row.reserve, "blue"),
             (t("Left"), max(0, limit - used - row.reserve - set_aside), "green")]  # fmt: skip
    series = [{"label": label, "values": [n], "tone": tone} for label, n, tone in parts]
    rows = [(label, t.number(n)) for label, n, _ in parts]
    chart = {"kind": "bar", "lying": True, "stacked": True, "labels": [""], "series": series}
    return {"columns": [t("Of the month"), t("Messages")], "rows": rows, "chart": chart}


def _settings(row: Budget, t: Words) -> list[tuple[str, str]]:
    """What an admin has set."""
    quiet = (
        t("none")
        if row.quiet_from == row.quiet_to
        else t("from {start} to {end}, Bangkok time", start=f"{row.quiet_from:02d}:00", end=f"{row.quiet_to:02d}:00")
    )
    cap = t("{n} offers in {days} days", n=row.cap_messages, days=row.cap_days) if row.cap_days else t("none")
    return [
        (t("Kept back for reminders"), t.number(row.reserve)),
        (t("Cost of one message"), t("{baht} baht", baht=t.baht(row.cost_satang))),
        (t("At most to one person"), cap),
        (t("Quiet hours"), quiet),
    ]


def _fields(t: Words) -> list[tuple[str, str, str]]:
    """(name, label, help) of what an admin may set."""
    return [
        ("reserve", t("Messages kept back for reminders"),
         t("Offers never take these: reminders of claims that end soon need them.")),
        ("cost_satang", t("Cost of one message, in satang"), t("An example until finance says it.")),
        ("cap_messages", t("At most so many offers to one person"), ""),
        ("cap_days", t("… within so many days"), t("0: no cap.")),
        ("quiet_from", t("Quiet from, hour in Bangkok"), ""),
        ("quiet_to", t("Quiet until, hour"), t("The same hour twice: no quiet hours.")),
    ]  # fmt: skip


def _fits(name: str, written: str) -> bool:
    least, most = budget.BOUNDS[name]
    return written.isascii() and written.isdecimal() and least <= int(written) <= most


def _days(days: list[traffic.Day], t: Words) -> dict[str, Any]:
    """Day by day: what cost messages, and the replies that cost none."""
    columns = [t("Day"), t("Offers"), t("Tests"), t("Reminders and news"), t("Replies sent late"), t("Replies (free)"),
               t("Rode on a reply (free)")]  # fmt: skip
    rows = [
        (
            t.day(each.day),
            *map(t.number, (each.offers, each.tests, each.notices, each.late_replies, each.replies, each.rode)),
        )
        for each in reversed(days)
        if each.paid or each.replies or each.rode
    ]
    series = [
        {"label": t("Messages that cost"), "values": [each.paid for each in days], "tone": "amber"},
        {"label": t("Replies (free)"), "values": [each.replies for each in days], "tone": "green"},
    ]
    chart = {"kind": "bar", "labels": [t.day(each.day).rsplit(" ", 1)[0] for each in days], "series": series}
    return {"columns": columns, "rows": rows, "chart": chart}
