"""Joining: welcome, the consent page with the terms, and Agree (LFC-2…4, LFC-23…26)."""

from __future__ import annotations

from collections.abc import Sequence

from benefits import consent, members
from benefits.consent import NoAccounts
from bot.actions import Agree, Decline, ShowTerms
from bot.messages import text
from bot.routing import Reply, Turn
from handlers.cards import joining as cards
from handlers.quick import joining_help


def welcome(turn: Turn) -> Reply:
    """What a person sees who adds the account, or comes back after a block."""
    agreed = not consent.needs_consent(turn.session, club=turn.club, person=turn.person)
    follow = turn.event.get("follow")
    unblocked = isinstance(follow, dict) and bool(follow.get("isUnblocked"))
    message = cards.welcome_back(turn) if agreed else cards.welcome(turn, back=unblocked)
    return Reply([message], outcome="welcome", matters=True)


def ask_consent(turn: Turn) -> Reply:
    """The consent page, shown instead of whatever was asked, until the current terms are agreed to."""
    accounts = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    if not accounts:
        return no_accounts(turn)
    if not _has_reason(accounts):
        return Reply([cards.cannot_join(turn, accounts)], outcome="can't join", refused=True)
    before = consent.agreed_before(turn.session, club=turn.club, person=turn.person)
    return Reply([cards.consent_page(turn, accounts, changed=before)], outcome="consent asked")


def show_terms(turn: Turn, action: ShowTerms) -> Reply:
    """The terms, at any time; with Agree while there is somebody or some account still to join."""
    accounts = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    to_join = any(consent.may_join(account) for account in accounts)
    if to_join or consent.needs_consent(turn.session, club=turn.club, person=turn.person):
        return ask_consent(turn)
    return Reply([cards.terms(turn)], outcome="terms")


def agree(turn: Turn, action: Agree) -> Reply:
    """**ตกลง**: the accounts join; a card older than the present terms shows these first."""
    current = turn.club.terms.version
    if str(action.version) not in (current, cards.digits(current)):
        return ask_consent(turn)
    accounts = members.accounts_of(turn.session, club=turn.club, person=turn.person, now=turn.now)
    if accounts and not _has_reason(accounts):
        return ask_consent(turn)
    try:
        agreed = consent.agree(turn.session, club=turn.club, person=turn.person, language=turn.language, now=turn.now)
    except NoAccounts as refusal:
        return Reply(no_accounts(turn).messages, outcome=refusal.name, refused=True)
    return Reply([cards.joined(turn, agreed)], outcome="agreed", matters=True)


def _has_reason(accounts: Sequence[members.Account]) -> bool:
    """Whether agreeing would lead to anything: an account may join, or she may claim for one that has."""
    return any(account.may_claim or consent.may_join(account) for account in accounts)


def decline(turn: Turn, action: Decline) -> Reply:
    """Not now: nothing is stored, and the way back is told."""
    t = turn.words
    body = t("All right. Nothing was recorded. When you want to join, tap “Join the club” in the menu or type “join”.")
    return Reply([text(body, joining_help(turn))], outcome="declined")


def no_accounts(turn: Turn) -> Reply:
    """She administers no account that the club knows: whom to ask, and what to send them."""
    return Reply([cards.no_accounts(turn)], outcome="no accounts", refused=True)
