"""A statement in words: each line with why it counts, the sum in the order of its computation."""

from __future__ import annotations

from typing import NamedTuple

from benefits.statement import Line, Statement
from clubs import Club
from web.console import cells
from wording import Words
from wording.charges import why_counted


class Row(NamedTuple):
    """One line of the statement as the page shows it."""

    invoice: str
    service: str
    month: str
    net: str
    vat: str
    paid: str
    why: str
    here: bool
    """Whether this month's round counts it."""


def lines(found: Statement, club: Club, t: Words) -> list[Row]:
    """Every line, in the statement's order."""
    return [
        Row(
            invoice=line.invoice_no,
            service=cells.service_name(club, line.service, t),
            month=t.month(line.service_month),
            net=t.baht(line.net_satang),
            vat=t.baht(line.vat_satang),
            paid=cells.day(line.paid_at, t) or t("not paid"),
            why=why(line, club, t),
            here=line.counts and line.round == found.period,
        )
        for line in found.lines
    ]


def sums(found: Statement, club: Club, t: Words) -> list[tuple[str, str]]:
    """Counted, brought, rounded once, stars, carried, total: in the order of the computation."""
    stars = club.say(club.stars.name, t.language)
    told = [(t("Counted, without VAT"), cells.baht(found.counted_satang, t))]
    if found.brought_satang:
        told.append((t("Brought from the month before"), cells.baht(found.brought_satang, t)))
    if found.rounded_off_satang:
        told.append((t("Rounded down once"), cells.baht(-found.rounded_off_satang, t)))
    rate = t("{baht} baht a star", baht=t.baht(found.satang_per_star))
    told.append((rate, t("{n} {stars}", n=t.number(found.stars), stars=stars)))
    if found.carried_satang:
        told.append((t("Carried to the next month"), cells.baht(found.carried_satang, t)))
    for each in found.corrections:
        label = t("Corrected by staff, counted in {month}", month=t.month(each.round))
        told.append((label, t("{n} {stars}", n=t.number(each.stars), stars=stars)))
    total = t("{n} {stars}", n=t.number(found.total), stars=stars)
    return [*told, (t("In the last {n} months", n=club.round.window), total)]


def table(found: Statement, club: Club, t: Words) -> list[list[object]]:
    """The lines for a spreadsheet: money as plain numbers of baht."""
    head: list[object] = [
        t("Invoice"), t("Service"), t("Service month"), t("Net, baht"), t("VAT, baht"), t("Paid"), t("Counted, and why"),
    ]  # fmt: skip
    rows: list[list[object]] = [
        [each.invoice, each.service, each.month, Amount(line.net_satang), Amount(line.vat_satang), each.paid, each.why]
        for each, line in zip(lines(found, club, t), found.lines, strict=True)
    ]
    return [head, *rows]


class Amount(int):
    """Satang that a spreadsheet reads as baht: a number, so that a negative one needs no apostrophe."""

    def __str__(self) -> str:
        sign = "-" if self < 0 else ""
        return f"{sign}{abs(int(self)) // 100}.{abs(int(self)) % 100:02d}"


def why(line: Line, club: Club, t: Words) -> str:
    """Counted or not, and why, in a sentence."""
    return why_counted(
        t,
        line.why,
        stars=club.say(club.stars.name, t.language),
        counted_in=line.round,
        would_bring=line.would_bring,
        shows_on=line.shows_on,
    )
