"""Cards for approvers: an offer that waits, what was decided, and why something could not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benefits.offers import refusals
from benefits.offers.approvers import Asked
from benefits.refusal import Refusal
from benefits.staff_confirmations import AwaitsConfirmation
from bot.actions import ApproveOffer, RejectOffer, ShowOffer, StopOffer
from bot.messages import Json, card, press, text
from bot.routing import Turn
from handlers.cards.parts import BRAND, MUTED, band, bubble, button, pair, rule, title, words

EXCERPT_LINES = 6
REASONS = (1, 2, 3, 4, 5)
"""Numbers of the reasons for sending an offer back, as buttons carry them and people type them."""


def asked(turn: Turn, waiting: Asked, excerpt: str, more: int = 0) -> Json:
    """One offer that waits: facts, then Approve and Send back. `more`: parts that are not shown with it."""
    t, offer = turn.words, waiting.offer
    shown = [
        title(offer.name),
        words(t("Written by {name}", name=waiting.author), size="xs", colour=MUTED),
        *([words(excerpt, maxLines=EXCERPT_LINES)] if excerpt else []),
        *([words(t("{n} more parts: see the console.", n=more), size="xs", colour=MUTED)] if more else []),
        rule(),
        *_facts(turn, waiting),
        words(
            t("Or type {phrases}", phrases=f"“{t('approve offer {n} {v}', n=offer.id, v=waiting.version)}”"),
            size="xxs", colour=MUTED, margin="md",
        ),
    ]  # fmt: skip
    buttons = [
        button(press(t("Approve"), ApproveOffer(offer.id, waiting.version), t("Approve: {name}", name=offer.name))),
        button(press(t("Send back"), RejectOffer(offer.id, waiting.version)), kind="secondary"),
        button(press(t("Show all of it"), ShowOffer(offer.id)), kind="link"),
    ]
    head = t("Waits for your approval")
    return card(f"{head}: {offer.name}", bubble(shown, top=band(head, turn.club.colour), buttons=buttons))


def _facts(turn: Turn, waiting: Asked) -> list[Json]:
    t, offer = turn.words, waiting.offer
    begins = (
        t.moment(offer.start_at)
        if offer.start_at is not None
        else t.count("{n} minute after approval", "{n} minutes after approval", offer.hold_back_minutes)
    )
    facts = [
        (t("Reaches"), t.count("{n} person", "{n} people", waiting.reachable)),
        (t("Messages"), t.number(waiting.messages)),
        (t("Cost"), t("{baht} baht", baht=t.baht(waiting.cost_satang))),
        (t("Begins"), begins),
    ]
    if offer.not_after is not None:
        facts.append((t("Not begun after"), t.moment(offer.not_after)))
    if offer.holdout_percent:
        facts.append((t("Held out"), f"{offer.holdout_percent} %"))
    counted = t("Counted on {when}; who opts out until then gets nothing.", when=t.moment(waiting.at))
    return [*(pair(name, value) for name, value in facts), words(counted, size="xxs", colour=MUTED)]


def why(turn: Turn, waiting: Asked) -> Json:
    """Why is it sent back? One tap, or a number typed."""
    t, offer = turn.words, waiting.offer
    typed = t("reject offer {n} {v} {why}", n=offer.id, v=waiting.version, why=REASONS[0])
    lines = [words(f"{n} · {reason(turn, n)}") for n in REASONS]
    quick = [press(reason(turn, n), RejectOffer(offer.id, waiting.version, n)) for n in REASONS]
    shown = [title(t("Why do you send it back?")), *lines, words(f"“{typed}”", size="xxs", colour=MUTED, margin="md")]
    return card(t("Why do you send it back?"), bubble(shown), quick)


def reason(turn: Turn, number: int) -> str:
    """A reason for sending back, in words."""
    t = turn.words
    return {1: t("The wording"), 2: t("The audience"), 3: t("The time"), 4: t("The cost")}.get(
        number, t("Something else")
    )


def approved(turn: Turn, waiting: Asked, begins: str) -> Json:
    """It is approved; until it begins, and after, it can be stopped with one tap."""
    t, offer = turn.words, waiting.offer
    shown = [
        title(offer.name),
        words(t("Approved. It begins on {when}.", when=begins), colour=BRAND),
        words(t("Until then nothing is sent, and you can stop it at any moment."), size="xs", colour=MUTED),
        words(f"“{t('stop offer {n}', n=offer.id)}”", size="xxs", colour=MUTED, margin="md"),
    ]
    stop = button(press(t("Stop this offer"), StopOffer(offer.id)), kind="secondary")
    return card(t("Approved: {name}", name=offer.name), bubble(shown, buttons=[stop]))


def several(turn: Turn, waiting: Sequence[Asked]) -> Json:
    """What waits, each with a button to look at it."""
    t = turn.words
    head = t.count("{n} offer waits for approval", "{n} offers wait for approval", len(waiting))
    buttons = [button(press(one.offer.name, ShowOffer(one.offer.id)), kind="secondary") for one in waiting[:8]]
    typed = words(f"“{t('show offer {n}', n=waiting[0].offer.id)}”", size="xxs", colour=MUTED)
    return card(head, bubble([title(head), typed], buttons=buttons))


def waits(turn: Turn, refusal: AwaitsConfirmation) -> str:
    """Why this approver cannot decide now, and from when on."""
    t = turn.words
    return t(
        "Your sign-in or roles in the console were changed on {made}. You can decide here once another administrator has "
        "confirmed it, or from {until} on.",
        made=t.moment(refusal.made_at),
        until=t.moment(refusal.until),
    )


def over(turn: Turn, name: str) -> Json:
    """It does not wait any more."""
    return text(turn.words("“{name}” does not wait for approval any more.", name=name))


WORDINGS: dict[type[Refusal], Callable[[Turn, Any], str]] = {
    refusals.UnknownOffer: lambda turn, _: turn.words("We don't know this offer."),
    refusals.NotApprover: lambda turn, _: turn.words(
        "This is for approvers of the club, in a chat connected in the console."
    ),
    refusals.NotIndependent: lambda turn, _: turn.words(
        "You gave its writer their sign-in or role just before, and no other administrator had confirmed it. Another "
        "approver has to decide."
    ),
    AwaitsConfirmation: lambda turn, no: waits(turn, no),
    refusals.OwnWork: lambda turn, _: turn.words("You had a hand in this offer, so a colleague has to approve it."),
    refusals.Changed: lambda turn, _: turn.words("The offer was changed since you saw it. Look at it again."),
    refusals.WrongState: lambda turn, no: turn.words("Too late for that: {state}.", state=state(turn, no.state)),
    refusals.BadTimes: lambda turn, no: turn.words(
        "It may not begin after {when}, and that cannot be kept any more. Its author has to set another time.",
        when=turn.words.moment(no.not_after),
    ),
    refusals.TooManyTries: lambda turn, no: turn.words(
        "Too many wrong codes. Try again after {when}.", when=turn.words.moment(no.until)
    ),
}


def state(turn: Turn, key: str) -> str:
    """A state of an offer, as the end of a sentence."""
    t = turn.words
    known = {
        "draft": t("the offer is a draft again"),
        "asked": t("the offer waits for approval"),
        "approved": t("the offer is approved already"),
        "preparing": t("the offer is being sent"),
        "sending": t("the offer is being sent"),
        "paused": t("the offer is paused"),
        "stopped": t("the offer was stopped"),
        "done": t("the offer was sent"),
        "expired": t("the offer's time is over"),
    }
    return known.get(key, key)
