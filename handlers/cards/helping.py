"""Cards of help and language."""

from __future__ import annotations

from collections.abc import Sequence

from bot.actions import AskLanguage, Leave, Offers, ShowTerms
from bot.messages import Json, card, press
from bot.routing import Turn
from handlers.cards.parts import MUTED, band, bubble, button, row, rule, stack, words
from handlers.quick import home, language_names


def help_card(turn: Turn) -> Json:
    """Every path with what to type for it: on LINE for PC there is no menu."""
    t = turn.words
    lines = (
        (t("My privileges"), t("what each account may claim now")),
        (t("My info"), t("what you claimed, and using it")),
        (t("Official accounts"), t("tier, stars and what is missing to the next tier")),
        (t("Claim and use"), t("the list of claims you can use")),
        (t("Why this number"), t("the statement of your stars, line by line")),
        (t("Terms"), t("the terms you agreed to")),
        (t("Language"), language_names(turn)),
        (t("Turn offers off"), t("no more messages but answers and reminders")),
    )
    typed = [
        row(words(f"“{name}”", bold=True, flex=5), words(what, size="xs", colour=MUTED, flex=6)) for name, what in lines
    ]
    contact = turn.club.say(turn.club.contact, turn.language)
    opted_out = turn.person.opted_out_at is not None
    switch = press(t("Turn offers on again"), Offers("on")) if opted_out else press(t("Turn offers off"), Offers("off"))
    body = [
        words(t("Tap the menu below, or type any of these:"), colour=MUTED),
        stack(*typed, spacing="md", margin="md"),
        rule("lg"),
        words(t("A person helps you: {contact}", contact=contact), size="xs", colour=MUTED, margin="md"),
    ]
    buttons = [
        button(press(language_names(turn), AskLanguage()), kind="secondary"),
        button(press(t("Terms"), ShowTerms()), kind="link"),
        button(switch, kind="link"),
        button(press(t("Leave the club"), Leave()), kind="link"),
    ]
    head = t("Help")
    return card(
        t("Help: what to tap and what to type"),
        bubble(body, top=band(head, turn.club.colour), buttons=buttons),
        home(turn)[:3],
    )


def languages(turn: Turn, actions: Sequence[Json]) -> Json:
    """The languages of the club as buttons, so that LINE for PC shows them too."""
    body = [words("เลือกภาษา", bold=True, size="lg"), words("Choose your language", colour=MUTED)]
    buttons = [button(action, kind="secondary") for action in actions]
    return card("เลือกภาษา / Choose your language", bubble(body, buttons=buttons, size="kilo"))
