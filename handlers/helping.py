"""Help, language, marketing messages, and everything we did not understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benefits import consent, people
from bot.actions import AskLanguage, Help, Offers, SetLanguage
from bot.messages import press, text
from bot.routing import SILENCE, Reply, Routes, Turn
from handlers.cards import helping as cards
from handlers.quick import home, joining_help
from wording import OWN_NAMES, Words, words


def show_help(turn: Turn, action: Help) -> Reply:
    """What to tap, what to type, whom to ask."""
    return Reply([cards.help_card(turn)], outcome="help")


def ask_language(turn: Turn, action: AskLanguage) -> Reply:
    """Which language?"""
    quick = [press(OWN_NAMES[language], SetLanguage(language)) for language in turn.club.languages]
    return Reply([cards.languages(turn, quick)], outcome="language asked")


def set_language(turn: Turn, action: SetLanguage) -> Reply:
    """From now on in this language, menu included."""
    if action.language not in turn.club.languages:
        return stale(turn)
    people.choose_language(turn.session, person=turn.person, language=action.language, now=turn.now)
    chosen = Turn(turn.session, turn.club, turn.person, turn.event, turn.now, words(action.language), turn.public_url)
    return Reply([text(chosen.words("From now on we speak English."), home(chosen))], outcome="language")


def offers(turn: Turn, action: Offers) -> Reply:
    """Marketing messages on or off, at once."""
    t = turn.words
    if action.wanted == "off":
        people.opt_out(turn.session, person=turn.person, now=turn.now)
        undo = press(t("Turn offers on again"), Offers("on"))
        body = t("Offers are off from this moment. You will still get answers and reminders you need.")
        return Reply([text(body, [undo, *home(turn)])], outcome="offers off")
    people.opt_in(turn.session, person=turn.person, now=turn.now)
    return Reply(
        [text(t("Offers are on. Thank you!"), [press(t("Turn offers off"), Offers("off")), *home(turn)])],
        outcome="offers on",
    )


def not_understood(turn: Turn) -> Reply:
    """A text, picture or sticker that means nothing to us: say so in one line, and what does."""
    t = turn.words
    guest = consent.needs_consent(turn.session, club=turn.club, person=turn.person)
    body = t("I did not understand that. Tap the menu, or type “help” to see what you can type.")
    return Reply([text(body, joining_help(turn) if guest else home(turn))], outcome="not understood")


def stale(turn: Turn) -> Reply:
    """A button of an old or foreign card."""
    t = turn.words
    return Reply(
        [text(t("This button is from an older card. Start again from the menu, or type “help”."), home(turn))],
        outcome="stale button",
        refused=True,
    )


def in_a_group(event: Mapping[str, Any], routes: Routes, t: Words) -> Reply:
    """In a group we answer with one line at most: on being invited, mentioned, or spoken to in our words."""
    found = event.get("message")
    message: Mapping[str, Any] = found if isinstance(found, dict) else {}
    spoken_to = event.get("type") == "join" or _mentioned(message)
    if not spoken_to and message.get("type") == "text":
        spoken_to = routes.typed(str(message.get("text", ""))) is not None
    if not spoken_to:
        return SILENCE
    line = t("I answer in our one-to-one chat only: privileges belong to your accounts, not to this group.")
    return Reply([text(line)], outcome="in a group")


def _mentioned(message: Mapping[str, Any]) -> bool:
    mention = message.get("mention")
    people_named = mention.get("mentionees") if isinstance(mention, dict) else None
    return isinstance(people_named, list) and any(isinstance(m, dict) and m.get("isSelf") for m in people_named)
