"""Cards of leaving."""

from __future__ import annotations

from collections.abc import Sequence

from benefits.held_claims import HeldClaim
from benefits.members import Account
from bot.actions import AskLeave, LeaveNow, ShowAccounts
from bot.messages import Json, card, press
from bot.routing import Turn
from handlers.cards.parts import AMBER, MUTED, RED, band, bubble, button, words
from handlers.cards.privileges import name_of
from handlers.cards.typed import hint
from handlers.quick import home

ACCOUNTS_SHOWN = 10
CLAIMS_SHOWN = 5


def choose(turn: Turn, accounts: Sequence[Account]) -> Json:
    """A button for each account in the club."""
    t = turn.words
    head = t("Leave the club")
    body = [words(t("Which account shall leave? The other admins of that account lose its privileges too."))]
    buttons = [
        button(press(account.name, AskLeave(account.member_id)), kind="secondary")
        for account in accounts[:ACCOUNTS_SHOWN]
    ]
    body += hint(turn, *(t("leave {n}", n=account.member_id) for account in accounts[:ACCOUNTS_SHOWN]))
    buttons.append(button(press(t("Stay"), ShowAccounts()), kind="link"))
    return card(t("Leave the club: which account?"), bubble(body, top=band(head, AMBER), buttons=buttons), home(turn))


def ask(turn: Turn, account: Account, unused: Sequence[HeldClaim]) -> Json:
    """Really? What becomes void."""
    t = turn.words
    head = t("{account} leaves the club?", account=account.name)
    body = [words(t("Its tier ends at once. Its stars and history are kept."))]
    if unused:
        body.append(words(t("These unused claims become void:"), bold=True))
        body += [
            words(f"· {name_of(turn, held.claim.privilege)}", size="xs", colour=MUTED) for held in unused[:CLAIMS_SHOWN]
        ]
        if len(unused) > CLAIMS_SHOWN:
            body.append(words(t("and {n} more", n=len(unused) - CLAIMS_SHOWN), size="xs", colour=MUTED))
    body += hint(turn, t("confirm leave {n}", n=account.member_id))
    buttons = [
        button(press(t("Stay"), ShowAccounts())),
        button(press(t("Yes, leave"), LeaveNow(account.member_id)), kind="link"),
    ]
    return card(head, bubble(body, top=band(head, RED), buttons=buttons), home(turn))
