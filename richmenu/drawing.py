"""Drawing a rich menu's picture: white cards on the club's colour, line icons, real Thai type. 2500 pixels, under 1 MB."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image

from richmenu import shapes
from richmenu.colours import WHITE, Colour, Palette, mix, palette
from richmenu.icons import icon
from richmenu.lettering import Text, fit, write
from richmenu.menus import EDGE, GAP, STRIP, WIDTH, Box, Cell, Menu, Tab

HEAVIEST = 1024 * 1024
"""Bytes LINE takes."""
CONTENT_TYPE = "image/png"
CORNER, PAD = 60, 40
TITLE, NOTE = 110, 74
"""Pixels of type: on a phone the picture is about a sixth as wide."""
PITCH = 1.34
"""From title to note, in title sizes: a tail under the one must not meet a tone mark over the other."""
Ink = tuple[int, int, int, int]


class PictureTooHeavy(Exception):
    """The picture is over LINE's megabyte."""


@dataclass(frozen=True)
class Picture:
    """A drawn menu: the PNG, and per text the rectangle of its ink and of the card or tab it belongs in."""

    png: bytes
    ink: tuple[tuple[str, Ink, Box], ...]


def draw(menu: Menu, colour: str) -> Picture:
    """The menu's picture in the club's `colour` (`#rrggbb`). The same input gives the same bytes.

    Raises `CannotDraw` when a text does not fit or the font lacks a letter, `PictureTooHeavy` over LINE's limit.
    """
    sheet = _Sheet(menu, palette(colour))
    for tab in menu.tabs:
        sheet.tab(tab)
    for cell in menu.cells:
        {"hero": sheet.hero, "wide": sheet.wide, "card": sheet.card}[cell.look](cell, sheet.place(cell.box))
    return Picture(_png(sheet.image, menu.key), tuple(sheet.ink))


def _png(image: Image.Image, key: str) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=6)
    if file.tell() > HEAVIEST:
        raise PictureTooHeavy(f"menu {key}: the picture weighs {file.tell()} bytes, LINE takes {HEAVIEST}")
    return file.getvalue()


class _Sheet:
    """The picture being drawn."""

    def __init__(self, menu: Menu, colours: Palette) -> None:
        self.colours, self.height = colours, menu.height
        self.body = STRIP if menu.tabs else 0
        self.image = Image.new("RGB", (WIDTH, menu.height), colours.ground)
        self.glass, self.pale = mix(colours.bright, WHITE, 0.2), mix(colours.accent, WHITE, 0.88)
        self.ink: list[tuple[str, Ink, Box]] = []
        self.cards = [cell for cell in menu.cells if cell.look == "card"]
        self.tall = all(cell.box.height > 640 for cell in self.cards)
        self.title = self._common([cell.title for cell in self.cards], "SemiBold", TITLE if self.tall else 94)
        self.note = self._common([cell.note for cell in self.cards], "Regular", NOTE if self.tall else 66)
        if menu.tabs:
            self.image.paste(colours.accent, (0, 0, WIDTH, STRIP))

    def place(self, box: Box) -> Box:
        """The card in a cell: half a gap inside its sides, the full edge where the picture ends."""
        half = GAP // 2
        left = box.left + (EDGE if box.left == 0 else half)
        top = box.top + (EDGE if box.top == self.body else half)
        right = box.left + box.width - (EDGE if box.left + box.width == WIDTH else half)
        bottom = box.top + box.height - (EDGE if box.top + box.height == self.height else half)
        return Box(left, top, right - left, bottom - top)

    def _common(self, lines: list[str], weight: str, size: int) -> int:
        """One size for the same line of every card, so that the longest does not look like the least."""
        room = min((self.place(cell.box).width for cell in self.cards), default=WIDTH) - 2 * PAD
        return min((fit(line, weight=weight, size=size, room=room).size for line in lines), default=size)

    def tab(self, tab: Tab) -> None:
        """A tab of the strip: the active one opens into the cards below it."""
        colour: Colour = mix(self.colours.accent, WHITE, 0.86)
        if tab.active:
            left, top = tab.box.left + EDGE, tab.box.top + 36
            mask = shapes.rounded(tab.box.width - 2 * EDGE, tab.box.height - 36, CORNER, bottom=False)
            self.image.paste(self.colours.ground, (left, top), mask)
            colour = self.colours.ink
        size = 92
        weight = "Bold" if tab.active else "Medium"
        text = fit(tab.title, weight=weight, size=96, room=tab.box.width - 2 * EDGE - size - 180)
        left = tab.box.left + (tab.box.width - size - 36 - text.width) // 2
        middle = (36 + tab.box.height) // 2
        self.stamp("gift" if tab.key.endswith(".main") else "dots", size, (left, middle - size // 2), colour)
        self.write(text, left + size + 36, middle + 34, colour, tab.box)

    def hero(self, cell: Cell, card: Box) -> None:
        """The first thing to tap: filled with the club's colour, its icon large and again faint in the ground."""
        mask = shapes.rounded(card.width, card.height, CORNER)
        fill = shapes.slope(card.width, card.height, self.colours.bright, self.colours.deep)
        faint, far = round(card.height * 1.5), round(card.height * 0.95)
        fill.paste(WHITE, (card.width - far, -card.height // 3), shapes.disc(faint, 12))
        fill.paste(WHITE, (card.width - far // 2, card.height // 4), shapes.disc(faint, 12))
        shapes.shade(self.image, mask, (card.left, card.top), self.colours.shadow, blur=28, drop=14)
        self.image.paste(fill, (card.left, card.top), mask)
        if card.width > 1500:
            self._hero_across(cell, card)
        else:
            self._hero_upright(cell, card)

    def _hero_across(self, cell: Cell, card: Box) -> None:
        size = 330
        left, middle = card.left + 110, card.top + card.height // 2
        self.chip(cell.icon, size, (left, middle - size // 2), self.glass, WHITE)
        x = left + size + 90
        room = card.left + card.width - x - 300
        self.write(fit(cell.title, weight="Bold", size=176, room=room), x, middle + 6, WHITE, card)
        self.write(fit(cell.note, weight="Regular", size=96, room=room), x, middle + 186, self.pale, card)
        self.chevron((card.left + card.width - 230, middle - 70), 140)

    def _hero_upright(self, cell: Cell, card: Box) -> None:
        size, x = 280, card.left + 96
        room = card.width - 192
        self.chip(cell.icon, size, (x, card.top + 110), self.glass, WHITE)
        base = card.top + card.height - 292
        self.write(fit(cell.title, weight="Bold", size=164, room=room), x, base, WHITE, card)
        self.write(fit(cell.note, weight="Regular", size=84, room=room), x, base + 168, self.pale, card)
        self.chevron((card.left + card.width - 236, card.top + 180), 140)

    def card(self, cell: Cell, card: Box) -> None:
        """A white card: icon above, words below, all centred."""
        self.blank(card)
        size, room, middle = 236 if self.tall else 168, card.width - 2 * PAD, card.left + card.width // 2
        title = fit(cell.title, weight="SemiBold", size=self.title, room=room)
        note = fit(cell.note, weight="Regular", size=self.note, room=room)
        lead, pitch = round(self.title * 1.42), round(self.title * PITCH)
        top = card.top + (card.height - size - lead - pitch - self.note // 4) // 2
        self.chip(cell.icon, size, (middle - size // 2, top), self.colours.chip, self.colours.accent)
        base = top + size + lead
        self.write(title, middle - title.width // 2, base, self.colours.ink, card)
        self.write(note, middle - note.width // 2, base + pitch, self.colours.muted, card)

    def wide(self, cell: Cell, card: Box) -> None:
        """A white card: icon on the left, words beside it."""
        self.blank(card)
        size, middle = 220, card.top + card.height // 2
        self.chip(cell.icon, size, (card.left + 76, middle - size // 2), self.colours.chip, self.colours.accent)
        x = card.left + 76 + size + 64
        room = card.left + card.width - 60 - x
        self.write(fit(cell.title, weight="SemiBold", size=TITLE, room=room), x, middle - 2, self.colours.ink, card)
        self.write(fit(cell.note, weight="Regular", size=NOTE, room=room), x, middle + 138, self.colours.muted, card)

    def blank(self, card: Box) -> None:
        """An empty white card with its shadow."""
        mask = shapes.rounded(card.width, card.height, CORNER)
        shapes.shade(self.image, mask, (card.left, card.top), self.colours.shadow, blur=28, drop=14)
        self.image.paste(WHITE, (card.left, card.top), mask)

    def chip(self, name: str, size: int, at: tuple[int, int], ground: Colour, colour: Colour) -> None:
        """An icon on a round ground."""
        self.image.paste(ground, at, shapes.rounded(size, size, round(size * 0.34)))
        inner = round(size * 0.6)
        pad = (size - inner) // 2
        self.stamp(name, inner, (at[0] + pad, at[1] + pad), colour)

    def chevron(self, at: tuple[int, int], size: int) -> None:
        """A quiet arrow that says: this opens something."""
        self.image.paste(self.glass, at, shapes.disc(size))
        inner = round(size * 0.56)
        pad = (size - inner) // 2
        self.stamp("chevron", inner, (at[0] + pad, at[1] + pad), WHITE)

    def stamp(self, name: str, size: int, at: tuple[int, int], colour: Colour) -> None:
        """An icon in one colour."""
        self.image.paste(colour, at, icon(name, size))

    def write(self, text: Text, x: int, baseline: int, colour: Colour, within: Box) -> None:
        """A text, remembered with the card it must stay inside."""
        self.ink.append((text.line, write(self.image, text, x, baseline, colour), within))
