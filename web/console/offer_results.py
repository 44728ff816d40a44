"""What an offer brought: sent and failed, clicks, claims and uses, cost per use, beside those held out; charts and CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Response, redirect, stream_with_context
from flask_admin import expose
from werkzeug.wrappers import Response as Answer

from benefits.offers.results import Group, Results, results
from benefits.periods import day_of
from models import Offer
from web.console import csvs
from web.console.access import READERS, allow
from web.console.offer_desk import OfferPage
from web.console.offer_progress import skip_reason
from web.console.offer_status import BEGUN
from web.console.offer_words import language_name
from wording import Words

Table = dict[str, Any]
TOO_FEW = 20
"""LINE gives no number of people below this."""


class Reading(OfferPage):
    """The results page."""

    @expose("/<int:offer_id>/results")
    @allow(*READERS)
    def results(self, offer_id: int) -> Answer:
        """Figures, tables, charts."""
        offer = self.offer(offer_id)
        if offer.state not in BEGUN:
            return redirect(self.to("review", offer), 303)
        found = results(self.session, offer, self.now)
        return self.show_offer(
            "console/offer_results.html",
            offer,
            "results",
            figures=figures(self.t, found),
            tables=tables(self.t, found),
        )

    @expose("/<int:offer_id>/results.csv")
    @allow(*READERS)
    def results_csv(self, offer_id: int) -> Response:
        """The same numbers for a spreadsheet, safe to open there (B11)."""
        offer = self.offer(offer_id)
        rows = _rows(self.t, offer, results(self.session, offer, self.now))
        with self.console.sessions.begin() as session:
            self.note(session, "exported", ("offer", offer.id))
        answer = Response(stream_with_context(csvs.lines(rows)), content_type="text/csv; charset=utf-8")
        name = f"offer-{offer.id}-{day_of(self.now)}.csv"
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer


def figures(t: Words, found: Results) -> list[dict[str, str]]:
    """The few numbers one looks for first."""
    per_use = t("{baht} baht", baht=t.baht(found.cost_per_use_satang)) if found.cost_per_use_satang is not None else "—"
    of = t("of {n} to be sent", n=t.number(found.progress.to_send))
    none_yet = t("Nothing was used yet.") if found.cost_per_use_satang is None else ""
    named = [
        (t("LINE took it"), t.number(found.progress.accepted), of),
        (t("Clicks"), t.number(found.clicks), ""),
        (t("Claims"), t.number(found.sent.claims), ""),
        (t("Uses"), t.number(found.sent.uses), ""),
        (t("Cost"), t("{baht} baht", baht=t.baht(found.cost_satang)), ""),
        (t("Cost of one use"), per_use, none_yet),
    ]
    return [{"label": label, "value": value, "about": about} for label, value, about in named]


def tables(t: Words, found: Results) -> list[Table]:
    """Each table, with the chart of the same numbers where one helps."""
    return [_outcomes(t, found), _compared(t, found), _links(t, found), _line(t, found)]


def _outcomes(t: Words, found: Results) -> Table:
    stands = found.progress
    rows: list[tuple[str, int]] = [(t("LINE took it"), stands.accepted)]
    rows += [(t("LINE refused it: {words}", words=words or "?"), people) for words, people in found.refusals]
    rows += [(t("Not known whether it arrived"), stands.unknown), (t("Still waiting"), stands.waiting),
             (t("Stopped before it was sent"), stands.not_sent)]  # fmt: skip
    rows += [(skip_reason(t, reason), n) for reason, n in stands.skipped.items()]
    rows = [rows[0], *((label, n) for label, n in rows[1:] if n)]
    chart = {"kind": "bar", "lying": True, "labels": [label for label, _ in rows],
             "series": [{"label": t("Number of people"), "values": [n for _, n in rows]}]}  # fmt: skip
    return {
        "title": t("What became of everybody in the audience"),
        "columns": [t("What happened"), t("Number of people")],
        "rows": [(label, t.number(n)) for label, n in rows],
        "chart": chart if len(rows) > 1 else None,
    }


def _compared(t: Words, found: Results) -> Table:
    groups = [(t("Got it"), found.sent), (t("Those held out"), found.held_out)]
    shown = [(name, group) for name, group in groups if group.people]
    rows = [(name, *_cells(t, group)) for name, group in shown]
    columns = [t("Group"), t("Number of people"), t("People who claimed"), t("Of a hundred"), t("Claims"), t("Uses")]
    rates = [round(100 * (group.rate or 0), 1) for _, group in shown]
    chart = {
        "kind": "bar",
        "labels": [name for name, _ in shown],
        "series": [{"label": t("Of a hundred"), "values": rates}],
    }
    return {
        "title": t("Beside those held out"),
        "about": _verdict(t, found),
        "columns": columns,
        "rows": rows,
        "chart": chart if len(shown) > 1 else None,
        "empty": t("Nobody got it yet."),
    }


def _cells(t: Words, group: Group) -> Sequence[str]:
    rate = "—" if group.rate is None else f"{100 * group.rate:.1f}"
    return t.number(group.people), t.number(group.claimers), rate, t.number(group.claims), t.number(group.uses)


def _verdict(t: Words, found: Results) -> str:
    """What the comparison says, no more than it says."""
    if found.more_per_hundred is None:
        return t("Nobody was held out, so it cannot be told how many would have claimed without it.")
    more = f"{abs(found.more_per_hundred):.1f}"
    if found.more_per_hundred <= 0:
        return t("Of a hundred people, {more} fewer claimed than among those held out.", more=more)
    return t("Of a hundred people, {more} more claimed than among those held out.", more=more)


def _links(t: Words, found: Results) -> Table:
    rows = [(link.target, language_name(t, link.language), link.clicks) for link in found.links]
    chart = {"kind": "bar", "lying": True, "labels": [f"{_short(target)} ({language})" for target, language, _ in rows],
             "series": [{"label": t("Clicks"), "values": [n for _, _, n in rows]}]}  # fmt: skip
    return {
        "title": t("Clicks on links"),
        "about": t("One person may open a link many times.") if rows else "",
        "columns": [t("Link"), t("Language"), t("Clicks")],
        "rows": [(target, language, t.number(n)) for target, language, n in rows],
        "chart": chart if len(rows) > 1 else None,
        "empty": t("There are no links in it."),
    }


def _short(target: str) -> str:
    parts = urlsplit(target)
    return f"{parts.netloc}{parts.path}"[:40]


def _line(t: Words, found: Results) -> Table:
    """LINE's own figures. None is said, never shown as 0: LINE keeps numbers of fewer than 20 people to itself."""
    few = t("fewer than {n}, which LINE does not tell", n=TOO_FEW)
    rows = []
    for key, label in (("seen", t("People who saw it")), ("clicked", t("People who tapped a link"))):
        if found.line is not None:
            value = found.line.get(key)
            rows.append((label, few if value is None else t.number(value)))
    about = t("As LINE gave them on {moment}.", moment=t.moment(found.line_asked_at)) if found.line_asked_at else ""
    return {
        "title": t("LINE's own figures"),
        "about": about,
        "columns": [t("Figure"), t("Number of people")],
        "rows": rows,
        "empty": t("LINE gave none yet. They come within some days."),
    }


def _rows(t: Words, offer: Offer, found: Results) -> Iterable[list[object]]:
    yield [t("Offer"), offer.name]
    for figure in figures(t, found):
        yield [figure["label"], figure["value"], figure["about"]]
    for table in tables(t, found):
        yield []
        yield [table["title"]]
        yield table["columns"]
        yield from (list(row) for row in table["rows"])
