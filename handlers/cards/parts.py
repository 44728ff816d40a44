"""The few shapes every card is made of: one ink, one muted grey, one brand green, one spacing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.messages import Json
from richmenu import colours

INK = "#1F2A37"
MUTED = "#666D7A"
FAINT = "#9CA3AF"
BRAND = "#0A7F54"
AMBER = "#B45309"
RED = "#B42318"
LINE = "#E5E7EB"
PAPER = "#FFFFFF"
RED_TINT = "#FEF3F2"
TINT = "#ECFDF5"
AMBER_TINT = "#FFFBEB"
GREY_TINT = "#F3F4F6"
READABLE = 3.0
"""The contrast that WCAG 2 asks of large bold type."""
LAST_COUNTER = re.compile(r"(?<=\d) (?=\S{1,8}$)")
"""The space between a number and the short word it counts, at the end of a title: no line may break there."""


def words(body: str, *, size: str = "sm", colour: str = INK, bold: bool = False, **more: Any) -> Json:
    """A text that wraps. `more` are Flex properties such as `margin`, `align`, `flex`, `maxLines`."""
    shape: Json = {"type": "text", "text": body or " ", "size": size, "color": colour, "wrap": True}
    return {**shape, **({"weight": "bold"} if bold else {}), **more}


def title(body: str, **more: Any) -> Json:
    """A card's title. Its last word is not left alone on a line when it is what a number counts."""
    return words(LAST_COUNTER.sub("\u00a0", body), size="lg", bold=True, **more)


def stack(*contents: Json, **more: Any) -> Json:
    """Things below each other."""
    return {"type": "box", "layout": "vertical", "contents": list(contents), "spacing": "sm", **more}


def row(*contents: Json, **more: Any) -> Json:
    """Things beside each other."""
    return {"type": "box", "layout": "horizontal", "contents": list(contents), "spacing": "md", **more}


def pair(name: str, value: str, *, colour: str = INK, bold: bool = False, wide: bool = False) -> Json:
    """A name on the left, its value on the right; `wide`: the value is short, it keeps its line and the name the rest."""
    return row(
        words(name, colour=MUTED, flex=1 if wide else 4),
        words(value, colour=colour, bold=bold, flex=0 if wide else 6, align="end"),
    )


def figure(number: str, unit: str) -> Json:
    """A big number and what it counts, on one line."""
    return {
        "type": "box",
        "layout": "baseline",
        "spacing": "sm",
        "contents": [
            {"type": "text", "text": number, "size": "3xl", "color": INK, "weight": "bold", "flex": 0},
            {"type": "text", "text": unit, "size": "sm", "color": MUTED, "flex": 1},
        ],
    }


def ticket(note: str, code: str = "", size: str = "3xl") -> Json:
    """A code to be read across a counter, and under it until when. Long codes are set smaller, so that none breaks."""
    fitting = size if len(code) <= 12 else "xl"
    return stack(
        *([words(code, size=fitting, bold=True, align="center")] if code else []),
        words(note, size="md", colour=BRAND, bold=True, align="center"),
        backgroundColor=TINT,
        cornerRadius="md",
        paddingAll="16px",
        margin="lg",
    )


def rule(margin: str = "md") -> Json:
    """A thin line."""
    return {"type": "separator", "margin": margin, "color": LINE}


def pill(label: str, colour: str, background: str) -> Json:
    """A small rounded label, such as a state or a tier."""
    return {
        "type": "box",
        "layout": "vertical",
        "contents": [
            {"type": "text", "text": label, "size": "xs", "color": colour, "weight": "bold", "align": "center"}
        ],
        "backgroundColor": background,
        "cornerRadius": "xl",
        "justifyContent": "center",
        "paddingStart": "12px",
        "paddingEnd": "12px",
        "flex": 0,
        "height": "24px",
    }


def progress(percent: int, colour: str = BRAND) -> Json:
    """A bar, `percent` from 0 to 100; a started one never looks empty."""
    filled: Json = {
        "type": "box",
        "layout": "vertical",
        "contents": [{"type": "filler"}],
        "width": f"{max(2, min(100, percent))}%",
        "height": "8px",
        "backgroundColor": colour,
        "cornerRadius": "4px",
    }
    return {
        "type": "box",
        "layout": "vertical",
        "contents": [filled],
        "height": "8px",
        "backgroundColor": LINE,
        "cornerRadius": "4px",
        "margin": "md",
    }


def button(action: Json, *, kind: str = "primary", small: bool = True) -> Json:
    """A button: `primary` (green), `secondary` (grey) or `link`. The card's main deed is the only primary one."""
    look = {
        "primary": {"style": "primary", "color": BRAND},
        "secondary": {"style": "secondary"},
        "link": {"style": "link"},
    }
    return {"type": "button", "action": action, "height": "sm" if small else "md", "margin": "md", **look[kind]}


def band(label: str, colour: str, above: str = "") -> Json:
    """A coloured header; its type is white, or dark on a pale colour."""
    ink = on(colour)
    lines = [words(above, size="xs", colour=f"{ink}CC")] if above else []
    return stack(*lines, words(label, size="lg", colour=ink, bold=True), backgroundColor=colour, paddingAll="16px")


def on(colour: str) -> str:
    """The colour of type on `colour` (`#rrggbb`): white where it reads, else ink."""
    return PAPER if colours.contrast(colours.parse(colour), colours.WHITE) >= READABLE else INK


def hero(url: str, action: Json | None = None) -> Json:
    """A picture at the top, 20:13."""
    shape: Json = {"type": "image", "url": url, "size": "full", "aspectRatio": "20:13", "aspectMode": "cover"}
    return {**shape, "action": action} if action else shape


def bubble(
    body: Sequence[Json],
    *,
    top: Json | None = None,
    picture: Json | None = None,
    buttons: Sequence[Json] = (),
    size: str = "mega",
) -> Json:
    """One card: header or picture, body, buttons."""
    shape: Json = {"type": "bubble", "size": size, "body": stack(*body, paddingAll="16px")}
    if top:
        shape["header"] = {**top}
    if picture:
        shape["hero"] = picture
    if buttons:
        shape["footer"] = stack(*buttons, paddingAll="12px", paddingTop="4px", spacing="none")
    return shape
