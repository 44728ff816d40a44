"""The rich menus of a club as data: what each shows, where it is tapped, and what a tap says.

A key is `kind.language.tab`, such as `member.th.main`; with dashes for dots it is the menu's alias at LINE. The cells
of a menu tile its picture, so that no tap falls between two cards. Lengths are pixels of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import regex

from bot.actions import (
    Action,
    AskLanguage,
    Help,
    Leave,
    MyInfo,
    ShowAccounts,
    ShowClaims,
    ShowPrivileges,
    ShowTerms,
    SwitchTab,
)
from clubs import Club
from wording import Words, words

WIDTH = 2500
TALL, LOW = 1686, 1160
STRIP = 236
"""Height of the strip of tabs."""
EDGE, GAP = 52, 40
"""From the picture's edge to a card, and from card to card."""
LONGEST_LABEL, LONGEST_BAR, LONGEST_ALIAS = 20, 14, 32
OWN_NAMES = {"th": "ไทย", "en": "English", "ru": "Русский"}


class MenuTooLong(ValueError):
    """A wording of a menu is longer than LINE takes; names the menu, the wording and the limit."""


@dataclass(frozen=True)
class Box:
    """A rectangle of the picture."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Cell:
    """A card: what it says, its icon (a name in `richmenu.icons`), and what tapping it says to us.

    `look` is `hero` (filled, the first thing to tap), `wide` (icon beside the words) or `card` (icon above them).
    """

    box: Box
    title: str
    note: str
    icon: str
    action: Action
    look: str = "card"


@dataclass(frozen=True)
class Tab:
    """One tab of the strip; tapping it makes LINE show the menu `key`."""

    box: Box
    title: str
    key: str
    active: bool


@dataclass(frozen=True)
class Menu:
    """One rich menu in one language. `bar` is the text of the bar under the chat."""

    key: str
    language: str
    bar: str
    height: int
    tabs: tuple[Tab, ...]
    cells: tuple[Cell, ...]

    @property
    def alias(self) -> str:
        """The key as LINE spells aliases."""
        return alias_of(self.key)


def alias_of(key: str) -> str:
    """`member.th.main` → `member-th-main`."""
    return key.replace(".", "-")


def family_of(key: str) -> str:
    """`member.th.main` → `member.th.`: the menus a person may stand on after tapping tabs."""
    return key.rsplit(".", 1)[0] + "."


def menus_of(club: Club) -> tuple[Menu, ...]:
    """Every menu of the club: guest and member, in each of its languages. Raises `MenuTooLong`."""
    made = []
    for language in club.languages:
        made += [_guest(club, language), _member_main(club, language), _member_more(club, language)]
    for menu in made:
        _check(menu)
    return tuple(made)


def menu_json(menu: Menu, name: str) -> dict[str, Any]:
    """The rich menu as LINE takes it; `name` is seen by operators only."""
    areas = [_area(cell.box, _postback(cell)) for cell in menu.cells]
    return {
        "size": {"width": WIDTH, "height": menu.height},
        "selected": True,
        "name": name,
        "chatBarText": menu.bar,
        "areas": [_area(tab.box, _switch(tab)) for tab in menu.tabs] + areas,
    }


def _area(box: Box, action: dict[str, Any]) -> dict[str, Any]:
    return {"bounds": {"x": box.left, "y": box.top, "width": box.width, "height": box.height}, "action": action}


def _postback(cell: Cell) -> dict[str, Any]:
    said = {"label": cell.title, "data": cell.action.pack(), "displayText": cell.title}
    # The open menu covers half the chat: it steps aside, so that the answer is read from its beginning.
    return {"type": "postback", **said, "inputOption": "closeRichMenu"}


def _switch(tab: Tab) -> dict[str, Any]:
    data = SwitchTab(tab.key.rsplit(".", 1)[1]).pack()
    return {"type": "richmenuswitch", "label": tab.title, "richMenuAliasId": alias_of(tab.key), "data": data}


def _guest(club: Club, language: str) -> Menu:
    t = words(language)
    half, side = LOW // 2, _edges(3)[1] + 260
    middle = (side + GAP // 2 + WIDTH - EDGE) // 2
    left, right = Box(side, half, middle - side, half), Box(middle, half, WIDTH - middle, half)
    offers = t("What the club offers"), t("See its privileges first")
    cells = (
        Cell(Box(0, 0, side, LOW), t("Join the club"), t("Read the terms, tap Agree"), "join", ShowTerms(), "hero"),
        Cell(Box(side, 0, WIDTH - side, half), *offers, "gift", ShowPrivileges(), "wide"),
        Cell(left, t("Help"), t("Questions and contact"), "question", Help()),
        Cell(right, t("Language"), _languages(club), "globe", AskLanguage()),
    )
    return Menu(f"guest.{language}.main", language, t("Start here"), LOW, (), cells)


def _member_main(club: Club, language: str) -> Menu:
    t = words(language)
    hero, row = Box(0, STRIP, WIDTH, 690), _row(STRIP + 690, TALL - STRIP - 690)
    everything = t("See, claim and use")
    cells = (
        Cell(hero, t("My privileges"), everything, "gift", ShowPrivileges(), "hero"),
        Cell(row[0], t("Claim and use"), t("What you kept"), "ticket", ShowClaims("kept")),
        Cell(row[1], t("My info"), t("Claims and history"), "person", MyInfo()),
        Cell(row[2], *_standing(club, t), ShowAccounts()),
    )
    return Menu(f"member.{language}.main", language, t("Member menu"), TALL, _tabs(t, language, "main"), cells)


def _member_more(club: Club, language: str) -> Menu:
    t = words(language)
    stars = club.say(club.stars.name, language)
    height = (TALL - STRIP) // 2
    row, below = _row(STRIP, height), _row(STRIP + height, TALL - STRIP - height)
    why = t("Why these {stars}", stars=stars), t("What counted and why")
    cells = (
        Cell(row[0], *why, "chart", ShowAccounts()),
        Cell(row[1], t("Used privileges"), t("Look back any time"), "history", ShowClaims("used")),
        Cell(row[2], t("Club terms"), t("Read them any time"), "paper", ShowTerms()),
        Cell(below[0], t("Help"), t("Questions and contact"), "question", Help()),
        Cell(below[1], t("Language"), _languages(club), "globe", AskLanguage()),
        Cell(below[2], t("Leave the club"), t("You decide"), "door", Leave()),
    )
    return Menu(f"member.{language}.more", language, t("Member menu"), TALL, _tabs(t, language, "more"), cells)


def _standing(club: Club, t: Words) -> tuple[str, str, str]:
    """Title, note and icon of the card that tells tier and units (LFC-16)."""
    note = t("Tier and {stars}", stars=club.say(club.stars.name, t.language))
    return (t("Official accounts"), note, "shop") if club.member == "account" else (t("My tier"), note, "star")


def _tabs(t: Words, language: str, active: str) -> tuple[Tab, ...]:
    half = WIDTH // 2
    return (
        Tab(Box(0, 0, half, STRIP), t("Privileges"), f"member.{language}.main", active == "main"),
        Tab(Box(half, 0, WIDTH - half, STRIP), t("Help and more"), f"member.{language}.more", active == "more"),
    )


def _row(top: int, height: int) -> tuple[Box, ...]:
    """Three cells side by side whose cards are equally wide."""
    edges = _edges(3)
    return tuple(Box(left, top, right - left, height) for left, right in pairwise(edges))


def _edges(cards: int) -> list[int]:
    """Where the cells of a row of equal cards begin and end: in the middle of each gap."""
    card = (WIDTH - 2 * EDGE - (cards - 1) * GAP) / cards
    inner = [round(EDGE + n * (card + GAP) - GAP / 2) for n in range(1, cards)]
    return [0, *inner, WIDTH]


def _languages(club: Club) -> str:
    """The club's languages, each in its own words, so that whoever needs one can read it."""
    return " · ".join(OWN_NAMES[language] for language in club.languages)


def _check(menu: Menu) -> None:
    wordings = [(cell.title, LONGEST_LABEL) for cell in menu.cells] + [(tab.title, LONGEST_LABEL) for tab in menu.tabs]
    for text, most in [*wordings, (menu.bar, LONGEST_BAR), (menu.alias, LONGEST_ALIAS)]:
        length = len(regex.findall(r"\X", text))
        if length > most:
            raise MenuTooLong(f"menu {menu.key}: {text!r} has {length} characters, LINE takes {most}: shorten it")
