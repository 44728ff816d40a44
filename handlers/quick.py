"""Quick replies under an answer: the two or three things people want next."""

from __future__ import annotations

from bot.actions import AskLanguage, Help, MyInfo, ShowAccounts, ShowPrivileges, ShowTerms
from bot.messages import Json, press
from bot.routing import Turn
from wording import OWN_NAMES


def home(turn: Turn) -> list[Json]:
    """The three rooms of the club, and help."""
    t = turn.words
    return [
        press(t("My privileges"), ShowPrivileges()),
        press(t("My info"), MyInfo()),
        press(t("Official accounts"), ShowAccounts()),
        press(t("Help"), Help()),
    ]


def joining_help(turn: Turn) -> list[Json]:
    """For somebody who has not joined."""
    t = turn.words
    return [
        press(t("Join the club"), ShowTerms()),
        press(t("Help"), Help()),
        press(language_names(turn), AskLanguage()),
    ]


def language_names(turn: Turn) -> str:
    """The club's languages, each in its own words: `ภาษาไทย / English`."""
    return " / ".join(OWN_NAMES[language] for language in turn.club.languages)
