"""*Why this number* as a card: every line, counted or not and why, the one rounding, and what paying would bring."""

from __future__ import annotations

from collections.abc import Iterator

from benefits.members import Account
from benefits.periods import month_name
from benefits.statement import Line, Outlook, Statement
from bot.actions import Explain, ExplainMonths, ShowAccounts
from bot.messages import CAROUSEL_BYTES, Json, cards, press, weight
from bot.routing import Turn
from handlers.cards.parts import AMBER, BRAND, MUTED, band, bubble, button, pair, row, rule, stack, words
from handlers.quick import home
from wording.charges import why_counted

SPARE_BYTES = 3_000
BUBBLE_LINES = 4
MOST_BUBBLES = 11
MONTHS_A_BUBBLE = 6
MOST_CORRECTIONS = 6


def statement_card(turn: Turn, account: Account, found: Statement) -> Json:
    """The sum first, then the lines, four a bubble, as many as a carousel holds; the rest is counted, never hidden."""
    t = turn.words
    groups = [found.lines[n : n + BUBBLE_LINES] for n in range(0, len(found.lines), BUBBLE_LINES)]
    bubbles = [_summary(turn, account, found)]
    for number, lines in enumerate(groups[:MOST_BUBBLES], 1):
        made = _lines_bubble(turn, found, lines, number, len(groups))
        if sum(map(weight, [*bubbles, made])) > CAROUSEL_BYTES - SPARE_BYTES:
            break
        bubbles.append(made)
    shown = (len(bubbles) - 1) * BUBBLE_LINES
    if shown < len(found.lines):
        bubbles[0]["body"]["contents"].append(
            words(
                t("{n} further lines are counted and not shown here.", n=len(found.lines) - shown),
                size="xs",
                colour=MUTED,
            )
        )
    alt = t(
        "{account}, {month}: {n} {stars}",
        account=account.name,
        month=t.month(found.period),
        n=t.number(found.stars),
        stars=_stars(turn),
    )
    return cards(alt, bubbles, home(turn))


def months(turn: Turn, account: Account, look: Outlook) -> Json:
    """The months that can be explained, as buttons."""
    t = turn.words
    pages = [look.months[n : n + MONTHS_A_BUBBLE] for n in range(0, min(len(look.months), 24), MONTHS_A_BUBBLE)]
    bubbles = []
    for page in pages:
        buttons = [
            button(press(t.month(month), Explain(account.member_id, month_name(month))), kind="link") for month in page
        ]
        bubbles.append(
            bubble(
                [words(t("Choose a month"), colour=MUTED)],
                top=band(account.name, turn.club.colour),
                buttons=buttons,
                size="kilo",
            )
        )
    return cards(t("{account}: choose a month", account=account.name), bubbles, home(turn))


def _stars(turn: Turn) -> str:
    return turn.club.say(turn.club.stars.name, turn.language)


def _summary(turn: Turn, account: Account, found: Statement) -> Json:
    t = turn.words
    head = t("{month}: {n} {stars}", month=t.month(found.period), n=t.number(found.stars), stars=_stars(turn))
    when = (
        t("Computed by the monthly round.")
        if found.computed
        else t("Not computed yet: this is what it would come to today.")
    )
    body = [
        words(when, size="xs", colour=MUTED if found.computed else AMBER),
        *_sum(turn, found),
        rule(),
        pair(
            t("In the last {n} months", n=turn.club.round.window),
            t("{n} {stars}", n=t.number(found.total), stars=_stars(turn)),
            bold=True,
            wide=True,
        ),
        *_tier(turn, found),
        *_unpaid(turn, found),
    ]
    buttons = [
        button(press(t("Earlier months"), ExplainMonths(account.member_id)), kind="link"),
        button(press(t("Official accounts"), ShowAccounts()), kind="link"),
    ]
    return bubble(body, top=band(head, turn.club.colour, above=account.name), buttons=buttons)


def _sum(turn: Turn, found: Statement) -> Iterator[Json]:
    """Counted, brought, rounded once, stars, carried: in the order of the computation."""
    t = turn.words
    yield pair(t("Counted, without VAT"), t("{baht} baht", baht=t.baht(found.counted_satang)), wide=True)
    if found.brought_satang:
        yield pair(t("Brought from the month before"), t("{baht} baht", baht=t.baht(found.brought_satang)), wide=True)
    if found.rounded_off_satang:
        yield pair(t("Rounded down once"), t("{baht} baht", baht=t.baht(-found.rounded_off_satang)), wide=True)
    yield pair(t("{baht} baht a star", baht=_plain(turn, found.satang_per_star)),
               t("{n} {stars}", n=t.number(found.stars), stars=_stars(turn)), colour=BRAND, bold=True, wide=True)  # fmt: skip
    if found.carried_satang:
        yield pair(
            t("Carried to the next month"), t("{baht} baht", baht=t.baht(found.carried_satang)), colour=AMBER, wide=True
        )
    for each in found.corrections[-MOST_CORRECTIONS:]:
        said = t("{n} {stars}", n=("+" if each.stars > 0 else "") + t.number(each.stars), stars=_stars(turn))
        yield pair(
            t("Corrected by staff, counted in {month}", month=t.month(each.round)), said, colour=AMBER, wide=True
        )


def _plain(turn: Turn, satang: int) -> str:
    """A rate, without the satang when there are none."""
    return turn.words.number(satang // 100) if satang % 100 == 0 else turn.words.baht(satang)


def _tier(turn: Turn, found: Statement) -> Iterator[Json]:
    t, club = turn.words, turn.club
    if found.tier:
        yield pair(t("Tier"), club.say(club.tier(found.tier).name, turn.language), wide=True)
    if found.next_tier:
        tier = club.say(club.tier(found.next_tier).name, turn.language)
        said = t("{n} {stars}", n=t.number(found.missing), stars=_stars(turn)) if found.missing else t("enough")
        yield pair(t("Missing to {tier}", tier=tier), said, wide=True)
    yield pair(t("Next adjustment"), t.day(found.next_adjustment), wide=True)


def _unpaid(turn: Turn, found: Statement) -> Iterator[Json]:
    t = turn.words
    if found.unpaid_stars > 0:
        said = t("Paying what is open would bring {n} {stars}.", n=t.number(found.unpaid_stars), stars=_stars(turn))
        yield words(said, size="xs", colour=AMBER, bold=True, margin="md")


def _lines_bubble(turn: Turn, found: Statement, lines: tuple[Line, ...], number: int, of: int) -> Json:
    t = turn.words
    body: list[Json] = []
    for line in lines:
        body += [rule(), _line(turn, found, line)] if body else [_line(turn, found, line)]
    return bubble(
        body, top=band(t("Lines {number}/{of}", number=number, of=of), turn.club.colour, above=t.month(found.period))
    )


def _line(turn: Turn, found: Statement, line: Line) -> Json:
    """Service, amount without VAT, VAT left out, paid on, counted where and why."""
    t, club = turn.words, turn.club
    known = club.stars.service_names.get(line.service)
    name = club.say(known, turn.language) if known else line.service
    here = line.counts and line.round == found.period
    amount = t("{baht} baht", baht=t.baht(line.net_satang))
    paid = t("paid {day}", day=t.day(line.paid_at)) if line.paid_at else t("not paid")
    facts = f"{line.invoice_no} · {t.month(line.service_month)} · {paid}"
    return stack(
        row(words(name, bold=True, flex=1), words(amount, align="end", flex=0, colour=BRAND if here else MUTED)),
        words(facts, size="xxs", colour=MUTED),
        words(t("VAT {baht} baht left out", baht=t.baht(line.vat_satang)), size="xxs", colour=MUTED),
        words(_why(turn, line), size="xs", colour=BRAND if here else AMBER),
        spacing="xs",
        margin="md",
    )


def _why(turn: Turn, line: Line) -> str:
    return why_counted(
        turn.words,
        line.why,
        stars=_stars(turn),
        counted_in=line.round,
        would_bring=line.would_bring,
        shows_on=line.shows_on,
    )
