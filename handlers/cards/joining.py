"""Cards of joining: welcome, the consent page, and what Agree did."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benefits.consent import Agreed, AlreadyMember
from benefits.members import Account, Left, NotAdministrator, NotJoined, PremiumAccount
from bot.actions import Agree, AskLanguage, Decline, Help, ShowAccounts, ShowPrivileges, ShowTerms
from bot.messages import Json, card, press
from bot.routing import Turn
from handlers.cards.parts import (
    AMBER,
    AMBER_TINT,
    BRAND,
    MUTED,
    TINT,
    band,
    bubble,
    button,
    on,
    pill,
    row,
    rule,
    stack,
    words,
)
from handlers.cards.typed import hint
from handlers.quick import home, joining_help, language_names

ACCOUNTS_SHOWN = 10
CLAUSE = re.compile(r"(\d+\.)\s+(.+)")


def welcome(turn: Turn, *, back: bool) -> Json:
    """The first card, with the way to the other language."""
    t, club = turn.words, turn.club
    name = club.say(club.name, turn.language)
    hello = t("Welcome back to {club}", club=name) if back else t("Welcome to {club}", club=name)
    body = [
        words(t("Privileges for LINE official accounts. Every account may join free of charge, whatever it spends.")),
        words(
            t(
                "Collect {stars} from what your account pays LINE, rise through the tiers, and claim right here in the chat.",
                stars=club.say(club.stars.name, turn.language),
            ),
            colour=MUTED,
        ),
        *hint(turn, t("Join the club")),
    ]
    buttons = [
        button(press(t("Join the club"), ShowTerms())),
        button(press(language_names(turn), AskLanguage()), kind="link"),
    ]
    return card(hello, bubble(body, top=band(hello, turn.club.colour), buttons=buttons), joining_help(turn))


def welcome_back(turn: Turn) -> Json:
    """For somebody who has agreed already."""
    t, club = turn.words, turn.club
    hello = t("Good to see you again at {club}", club=club.say(club.name, turn.language))
    body = [words(t("Your accounts, their stars and the privileges you kept are all still here."))]
    buttons = [button(press(t("My privileges"), ShowPrivileges()))]
    return card(hello, bubble(body, top=band(hello, turn.club.colour), buttons=buttons), home(turn))


def consent_page(turn: Turn, accounts: Sequence[Account], *, changed: bool) -> Json:
    """The terms and **ตกลง**; which accounts will join by pressing it, and which can't and why."""
    t, club = turn.words, turn.club
    name = club.say(club.name, turn.language)
    head = t("The terms of {club} have changed", club=name) if changed else t("Joining {club}", club=name)
    shown = [_prospect(turn, account) for account in accounts[:ACCOUNTS_SHOWN]]
    more = len(accounts) - len(shown)
    rest = [words(t("and {n} more", n=more), size="xs", colour=MUTED)] if more > 0 else []
    said = hint(turn, t("agree {n}", n=digits(club.terms.version)), t("not now"))
    body = [*_terms(turn), rule(), words(t("Your accounts"), bold=True, margin="md"), *shown, *rest, *said]
    version = t("Terms of version {version}", version=club.terms.version)
    buttons = [
        button(press(t("Agree"), Agree(club.terms.version))),
        button(press(t("Not now"), Decline()), kind="link"),
    ]
    alt = t("{head}. Read the terms and press “Agree”.", head=head)
    return card(
        alt, bubble(body, top=band(head, turn.club.colour, above=version), buttons=buttons), joining_help(turn)[1:]
    )


def terms(turn: Turn) -> Json:
    """The terms already agreed to."""
    t, club = turn.words, turn.club
    head, *clauses = _lines(turn)
    above = t("Terms of version {version}", version=club.terms.version)
    return card(
        head,
        bubble(
            [*map(_clause, clauses), words(t("You have agreed to these terms."), bold=True)],
            top=band(head, turn.club.colour, above=above),
        ),
        home(turn),
    )


def joined(turn: Turn, agreed: Agreed) -> Json:
    """What Agree did, account by account."""
    t, club = turn.words, turn.club
    head = t("Welcome to the club") if agreed.joined else t("You are in")
    parts: list[Json] = [_joined(turn, account) for account in agreed.joined[:ACCOUNTS_SHOWN]]
    parts += [_already(turn, there) for there in agreed.already[:ACCOUNTS_SHOWN]]
    parts += [_prospect(turn, account) for account in agreed.refused[:ACCOUNTS_SHOWN]]
    inside = [*agreed.joined, *(there.account for there in agreed.already)]
    names = ", ".join(account.name for account in inside)
    alt = t("Joined {club}: {accounts}", club=club.say(club.name, turn.language), accounts=names)
    buttons = [
        button(press(t("My privileges"), ShowPrivileges())),
        button(press(t("Official accounts"), ShowAccounts()), kind="link"),
    ]
    return card(alt, bubble(_ruled(parts), top=band(head, turn.club.colour), buttons=buttons), home(turn))


def cannot_join(turn: Turn, accounts: Sequence[Account]) -> Json:
    """None of her accounts may join: why, each, and whom to ask. Nothing to agree to, so nothing is asked."""
    t, club = turn.words, turn.club
    head = t("You can't join yet")
    shown = [_prospect(turn, account) for account in accounts[:ACCOUNTS_SHOWN]]
    contact = t("Questions? Ask {contact}.", contact=club.say(club.contact, turn.language))
    body = [*_ruled(shown), rule(), words(contact, size="xs", colour=MUTED, margin="md")]
    buttons = [button(press(t("Help"), Help()), kind="link")]
    if any(isinstance(account.why_not, NotAdministrator) for account in accounts):
        way = t("An administrator of the account can give you the role; then try again.")
        body.insert(-1, words(way, size="xs", margin="md"))
        buttons.insert(0, button(press(t("Try again"), ShowTerms()), kind="secondary"))
    alt = ". ".join([head, *(f"{account.name}: {why_not(turn, account)}" for account in accounts[:ACCOUNTS_SHOWN])])
    return card(alt, bubble(body, top=band(head, AMBER), buttons=buttons), joining_help(turn)[1:])


def no_accounts(turn: Turn) -> Json:
    """Nobody's admin: what to do about it."""
    t, club = turn.words, turn.club
    head = t("We find no official account of yours")
    body = [
        words(t("Membership belongs to LINE official accounts, and their administrators join for them.")),
        words(
            t(
                "If you administer one, its list of admins may not have reached us yet. Ask {contact}.",
                contact=club.say(club.contact, turn.language),
            ),
            colour=MUTED,
        ),
    ]
    buttons = [button(press(t("Try again"), ShowTerms())), button(press(t("Help"), Help()), kind="link")]
    return card(head, bubble(body, top=band(head, AMBER), buttons=buttons), joining_help(turn)[1:])


def why_not(turn: Turn, account: Account) -> str:
    """Why this account can't claim, in a sentence (empty when it can)."""
    t, reason = turn.words, account.why_not
    if isinstance(reason, NotAdministrator):
        return t("You are not an administrator of this account, and privileges are for administrators.")
    if isinstance(reason, PremiumAccount):
        return t("Premium accounts (green shield) can't join the club.")
    if isinstance(reason, Left):
        return t("Left the club on {day}.", day=turn.words.day(reason.at))
    if isinstance(reason, NotJoined):
        return t("Not in the club yet.")
    return ""


def digits(version: str) -> str:
    """A version of the terms as it is typed: `2026-01` → `202601`."""
    return "".join(char for char in version if char.isdigit())


def _terms(turn: Turn) -> list[Json]:
    """The terms in full: numbered clauses with their number in the margin, everything else as it is."""
    heading, *clauses = _lines(turn)
    return [words(heading, bold=True), *map(_clause, clauses)]


def _lines(turn: Turn) -> list[str]:
    """The terms by line; the first is their heading."""
    text = turn.club.say(turn.club.terms.text, turn.language)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _clause(line: str) -> Json:
    found = CLAUSE.fullmatch(line)
    if found is None:
        return words(line, size="xs", colour=MUTED)
    return row(
        words(found[1], size="xs", colour=BRAND, bold=True, flex=0), words(found[2], size="xs", flex=1), spacing="sm"
    )


def _prospect(turn: Turn, account: Account) -> Json:
    """One account on the consent page: joins, is in already, or can't."""
    t, reason = turn.words, account.why_not
    if reason is None:
        note, label = t("In the club already."), pill(t("Member"), BRAND, TINT)
    elif isinstance(reason, NotJoined) or (isinstance(reason, Left) and reason.reason != "deleted"):
        note, label = t("Joins when you agree."), pill(t("Can join"), BRAND, TINT)
    else:
        note, label = why_not(turn, account), pill(t("Can't join"), AMBER, AMBER_TINT)
    return stack(
        row(words(account.name, bold=True, flex=1), label),
        words(note, size="xs", colour=MUTED),
        spacing="xs",
        margin="md",
    )


def _joined(turn: Turn, account: Account) -> Json:
    t, club = turn.words, turn.club
    tier = club.tier(account.tier or club.entry_tier.key)
    lines = [
        row(
            words(account.name, bold=True, flex=1),
            pill(club.say(tier.name, turn.language), on(tier.colour), tier.colour),
        )
    ]
    if account.is_new and account.new_last_day:
        lines.append(
            words(t("New-member privileges until {day}.", day=t.day(account.new_last_day)), size="xs", colour=BRAND)
        )
    elif account.membership is not None:
        lines.append(words(t("Back in the club."), size="xs", colour=MUTED))
    return stack(*lines, spacing="xs")


def _already(turn: Turn, there: AlreadyMember) -> Json:
    t = turn.words
    by = there.by or t("another admin")
    when = t.moment(there.at)
    said = (
        t("You joined it on {when}.", when=when)
        if there.by_me
        else t("{name} was first to press Agree, on {when}.", name=by, when=when)
    )
    lines = [words(there.account.name, bold=True), words(said, size="xs", colour=MUTED)]
    if not there.by_me:
        lines.append(words(t("You may claim and use its privileges too."), size="xs", colour=BRAND))
    return stack(*lines, spacing="xs")


def _ruled(parts: list[Json]) -> list[Json]:
    """The parts with thin lines between."""
    ruled: list[Json] = []
    for part in parts:
        ruled += [rule(), part] if ruled else [part]
    return ruled
