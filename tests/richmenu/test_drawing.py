"""The pictures: within LINE's limits, Thai shaped as Thai, nothing clipped, nothing overlapping."""

from __future__ import annotations

import io
from itertools import combinations

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from bot.line import Line
from clubs import Club
from richmenu import lettering
from richmenu.colours import READABLE, WHITE, contrast, palette
from richmenu.drawing import Picture, draw
from richmenu.icons import ICONS, icon
from richmenu.lettering import FILES, CannotDraw, fit, shaping, write
from richmenu.menus import Menu, menu_json, menus_of


@pytest.fixture(scope="module")
def pictures(club: Club) -> list[tuple[Menu, Picture]]:
    """Every menu of the shipped club, drawn once."""
    return [(menu, draw(menu, club.colour)) for menu in menus_of(club)]


def test_pictures_keep_lines_limits(pictures: list[tuple[Menu, Picture]]) -> None:
    for menu, picture in pictures:
        image = Image.open(io.BytesIO(picture.png))
        size = menu_json(menu, "")["size"]
        assert image.format == "PNG"
        assert image.size == (size["width"], size["height"]) == (2500, menu.height)
        assert len(picture.png) < 1_000_000
        assert image.width / image.height >= 1.45


def test_line_itself_takes_the_pictures(pictures: list[tuple[Menu, Picture]], line: Line) -> None:
    for menu, picture in pictures:
        line.upload_menu_image(line.create_menu(menu_json(menu, "name")), picture.png, "image/png")


def test_every_text_lies_inside_its_card(pictures: list[tuple[Menu, Picture]]) -> None:
    for menu, picture in pictures:
        texts = [text for text, _, _ in picture.ink]
        assert sorted(texts) == sorted(
            [tab.title for tab in menu.tabs] + [t for c in menu.cells for t in (c.title, c.note)]
        )
        for text, (left, top, right, bottom), card in picture.ink:
            assert card.left + 20 <= left < right <= card.left + card.width - 20, (menu.key, text)
            assert card.top + 12 <= top < bottom <= card.top + card.height - 12, (menu.key, text)


def test_no_text_touches_another(pictures: list[tuple[Menu, Picture]]) -> None:
    """A tail under one line and a tone mark over the next do not meet."""
    for menu, picture in pictures:
        for (one, a, _), (other, b, _) in combinations(picture.ink, 2):
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] + 4 <= b[1] or b[3] + 4 <= a[1]
            assert apart, f"{menu.key}: {one!r} meets {other!r}"


def test_the_ink_is_where_the_drawing_says(club: Club) -> None:
    """The rectangles the other tests trust are those of the pixels."""
    for line in ("สิทธิ์ที่เก็บไว้", "ข้อมูลของฉัน", "ผู้ใช้กี่คน", "Official accounts"):
        text = fit(line, weight="SemiBold", size=110, room=2000)
        image = Image.new("RGB", (1400, 400), WHITE)
        said = write(image, text, 60, 220, (0, 0, 0))
        found = ImageChops.invert(image.convert("L")).getbbox()
        assert found is not None
        assert said[0] <= found[0] < found[2] <= said[2], line
        assert said[1] <= found[1] < found[3] <= said[3], line
        # Sideways the room of the letters counts, a few pixels more than their ink.
        assert all(abs(a - b) <= 12 for a, b in zip(said, found, strict=True)), (line, said, found)


def test_text_shrinks_to_its_room_and_is_never_clipped() -> None:
    wide, narrow = (fit("ที่มาของดาว", weight="Bold", size=120, room=room) for room in (2000, 300))
    assert wide.size == 120
    assert narrow.size < 120
    assert narrow.width <= 300
    with pytest.raises(CannotDraw, match="too long"):
        fit("ที่มาของดาว" * 9, weight="Bold", size=120, room=300)


def test_thai_is_shaped() -> None:
    """A tone mark over an upper vowel is lifted above it, and over a bare letter it is not."""
    assert shaping()
    bare, over_vowel = (_height(text) for text in ("ก่", "กี่"))
    assert over_vowel > bare + 5
    # Sara am after a tone mark: the ring goes under the mark, not beside it.
    assert _height("น้ำ") > _height("นำ") + 5


def test_marks_do_not_collide_and_would_without_shaping() -> None:
    """Where marks overlap, ink is lost: the same word unshaped has less of it."""
    unshaped = ImageFont.truetype(FILES / "Sarabun-SemiBold.ttf", 200, layout_engine=ImageFont.Layout.BASIC)
    plain = Image.new("L", (700, 600), 0)
    ImageDraw.Draw(plain).text((100, 400), "ที่", font=unshaped, fill=255, anchor="ls")
    assert _ink("ที่") > _count(plain) + 100


def test_a_font_without_a_letter_says_so() -> None:
    with pytest.raises(CannotDraw, match="the font has no 'Рус'"):
        fit("Рус", weight="Bold", size=100, room=900)


def test_without_raqm_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "shaping", lambda: False)
    lettering._font.cache_clear()
    with pytest.raises(CannotDraw, match="raqm"):
        fit("นะ", weight="Bold", size=101, room=900)


def test_the_same_menu_gives_the_same_bytes(pictures: list[tuple[Menu, Picture]], club: Club) -> None:
    """Else every publication would replace every menu."""
    menu, picture = pictures[0]
    assert draw(menu, club.colour).png == picture.png


@pytest.mark.parametrize("colour", ["#4B3F72", "#C9A227", "#FFFFFF", "#000000", "#7A8B99", "#06C755"])
def test_whatever_the_clubs_colour_text_is_readable(colour: str) -> None:
    found = palette(colour)
    for ground in (found.accent, found.bright, found.deep):
        assert contrast(WHITE, ground) >= READABLE
    for ink, ground in ((found.ink, WHITE), (found.muted, WHITE), (found.ink, found.ground)):
        assert contrast(ink, ground) >= READABLE


def test_every_icon_is_drawn_inside_its_square_with_smooth_edges() -> None:
    for name in ICONS:
        mask = icon(name, 120)
        box = mask.getbbox()
        assert box is not None, name
        assert min(box[0], box[1]) >= 1, f"{name} touches the edge"
        assert max(box[2], box[3]) <= 119, f"{name} touches the edge"
        assert len(mask.getcolors() or []) > 20, f"{name} has stairs"


def _height(text: str) -> int:
    return fit(text, weight="SemiBold", size=200, room=2000).height


def _ink(text: str) -> int:
    image = Image.new("RGB", (700, 600), (0, 0, 0))
    write(image, fit(text, weight="SemiBold", size=200, room=2000), 100, 400, WHITE)
    return _count(image.convert("L"))


def _count(image: Image.Image) -> int:
    return sum(image.histogram()[128:])
