"""Cards of official accounts: tier, stars, a bar to the next tier, what is missing, and when tiers are adjusted."""

from __future__ import annotations

from collections.abc import Sequence

from benefits.consent import may_join
from benefits.members import Account
from benefits.statement import Outlook
from bot.actions import Explain, ExplainMonths, ShowAccounts, ShowPrivileges, ShowTerms
from bot.messages import Json, cards, press
from bot.routing import Turn
from handlers.cards.joining import why_not
from handlers.cards.parts import BRAND, MUTED, band, bubble, button, figure, pair, progress, title, words
from handlers.cards.typed import hint
from handlers.quick import home

SHOWN = 10


def accounts(turn: Turn, looks: Sequence[tuple[Account, Outlook]], following: int | None) -> Json:
    """One bubble an account."""
    t, club = turn.words, turn.club
    bubbles = [_account(turn, account, look) for account, look in looks]
    if following is not None:
        bubbles.append(_more(turn, following))
    said = [
        t("{account}: {tier}, {n} {stars}", account=account.name, tier=club.say(club.tier(account.tier).name, turn.language),
          n=t.number(look.total), stars=_stars(turn))
        for account, look in looks
        if account.tier
    ]  # fmt: skip
    alt = ". ".join([t("Official accounts"), *(said or [account.name for account, _ in looks])])
    return cards(alt, bubbles, home(turn))


def _stars(turn: Turn) -> str:
    return turn.club.say(turn.club.stars.name, turn.language)


def _account(turn: Turn, account: Account, look: Outlook) -> Json:
    t, club = turn.words, turn.club
    if account.tier is None:
        return _outside(turn, account, look)
    tier = club.tier(account.tier)
    body = [
        figure(t.number(look.total), _stars(turn)),
        words(t("from the last {n} months computed", n=club.round.window), size="xs", colour=MUTED),
        *_towards(turn, look),
        pair(t("Next adjustment"), t.day(look.next_adjustment), wide=True),
    ]
    if account.is_new and account.new_last_day:
        body.append(pair(t("New member until"), t.day(account.new_last_day), colour=BRAND, wide=True))
    if look.override_until:
        body.append(
            words(
                t(
                    "Tier set by the club until {day}: {reason}",
                    day=t.last_day(look.override_until),
                    reason=look.override_reason,
                ),
                size="xs",
            )
        )
    if not account.may_claim:
        body.append(words(why_not(turn, account), size="xs", colour=MUTED))
    body += hint(turn, t("why {n}", n=account.member_id), t("months {n}", n=account.member_id))
    return bubble(
        body,
        top=band(account.name, tier.colour, above=club.say(tier.name, turn.language)),
        buttons=_buttons(turn, account, look),
    )


def _towards(turn: Turn, look: Outlook) -> list[Json]:
    t, club = turn.words, turn.club
    if look.next_tier is None:
        return [progress(100), words(t("The highest tier."), size="xs", bold=True)]
    tier = club.say(club.tier(look.next_tier).name, turn.language)
    threshold = club.tier(look.next_tier).threshold
    missing = t("{n} {stars} to {tier}", n=t.number(look.missing), stars=_stars(turn), tier=tier)
    if look.missing == 0:
        missing = t("Enough for {tier}: the next adjustment decides.", tier=tier)
    return [progress(100 * min(look.total, threshold) // threshold), words(missing, size="xs", bold=True)]


def _buttons(turn: Turn, account: Account, look: Outlook) -> list[Json]:
    t = turn.words
    buttons = [button(press(t("Why this number"), Explain(account.member_id)), kind="secondary")]
    if len(look.months) > 1:
        buttons.append(button(press(t("Earlier months"), ExplainMonths(account.member_id)), kind="link"))
    elif account.may_claim:
        buttons.append(button(press(t("My privileges"), ShowPrivileges()), kind="link"))
    return buttons


def _outside(turn: Turn, account: Account, look: Outlook) -> Json:
    """An account that is not in the club: why, and how it can be."""
    t = turn.words
    body = [words(why_not(turn, account))]
    if look.total and may_join(account):
        body.append(
            words(
                t(
                    "Its {n} {stars} count from the next adjustment after joining.",
                    n=t.number(look.total),
                    stars=_stars(turn),
                ),
                size="xs",
            )
        )
    buttons = [button(press(t("Why this number"), Explain(account.member_id)), kind="link")]
    if may_join(account):
        buttons.insert(0, button(press(t("Join the club"), ShowTerms())))
    return bubble(body, top=band(account.name, "#7A8B99", above=t("Not a member")), buttons=buttons)


def _more(turn: Turn, following: int) -> Json:
    t = turn.words
    return bubble([title(t("More accounts"))], buttons=[button(press(t("Show more"), ShowAccounts(following)))])
