"""Pictures of codes for a partner's scanner or eyes: whole pixels per module, white around, at least 1000 px."""

from __future__ import annotations

import io

import segno
from barcode.codex import Code128
from barcode.ean import EAN13
from barcode.errors import BarcodeError
from fontpkg_sarabun import ROOT as FONT_PACKAGE
from PIL import Image, ImageDraw, ImageFont

SQUARE = 1080
BARS = (1200, 900)
TEXT = (1200, 900)
QR_QUIET = 4
BARCODE_QUIET = 12
"""Modules of white either side: EAN-13 asks 11, Code 128 asks 10."""
WIDEST = 400
"""Modules that still print three pixels wide; a longer code is shown as text."""
INK, PAPER, GREY = 0, 255, 225
MUTED = 110
LARGEST, SMALLEST = 220, 40


def qr_png(text: str) -> bytes:
    """A square QR code of `text`, error correction M or better."""
    modules = [[bool(dark) for dark in row] for row in segno.make(text, error="m", micro=False).matrix]
    scale = SQUARE // (len(modules) + 2 * QR_QUIET)
    small = Image.new("L", (len(modules), len(modules)), PAPER)
    small.putdata([INK if dark else PAPER for row in modules for dark in row])
    large = small.resize((len(modules) * scale,) * 2, Image.Resampling.NEAREST)
    canvas = Image.new("L", (SQUARE, SQUARE), PAPER)
    canvas.paste(large, ((SQUARE - large.width) // 2,) * 2)
    return _png(canvas)


def barcode_png(code: str) -> bytes:
    """`code` as EAN-13 when it is one, else as Code 128, with the code to read below; as text when it fits neither."""
    if not code or not code.isprintable():
        return text_png(code)
    bars, label = _bars(code)
    total = len(bars) + 2 * BARCODE_QUIET
    if not bars or total > WIDEST:
        return text_png(code)
    scale = BARS[0] // total
    canvas = Image.new("L", BARS, PAPER)
    draw = ImageDraw.Draw(canvas)
    left = (BARS[0] - len(bars) * scale) // 2
    for n, module in enumerate(bars):
        if module == "1":
            draw.rectangle((left + n * scale, 110, left + (n + 1) * scale - 1, 640), fill=INK)
    _line(draw, label, (BARS[0] // 2, 750), font("Medium", _fitting(label, BARS[0] - 120, 120)), INK)
    return _png(canvas)


def text_png(code: str) -> bytes:
    """`code` in big letters, broken over lines where it must be."""
    # A control character has no shape, and the type engine refuses to lay one out.
    code = "".join(char if char.isprintable() else " " for char in code) or " "
    canvas = Image.new("L", TEXT, PAPER)
    draw = ImageDraw.Draw(canvas)
    size, lines = _broken(code, TEXT[0] - 120, TEXT[1] - 120)
    step = round(size * 1.3)
    top = TEXT[1] // 2 - step * (len(lines) - 1) // 2
    for n, line in enumerate(lines):
        _line(draw, line, (TEXT[0] // 2, top + n * step), font("SemiBold", size), INK)
    return _png(canvas)


def grey_png(lines: list[str]) -> bytes:
    """What is shown instead of a code that may not be used: words on grey, nothing to scan."""
    canvas = Image.new("L", (SQUARE, SQUARE), GREY)
    draw = ImageDraw.Draw(canvas)
    for n, line in enumerate(lines):
        size = _fitting(line, SQUARE - 160, 96 if n == 0 else 64)
        _line(draw, line, (SQUARE // 2, 480 + n * 130), font("SemiBold" if n == 0 else "Regular", size), MUTED)
    return _png(canvas)


def font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    """Sarabun, which has Thai and Latin, at `size` pixels."""
    return ImageFont.truetype(str(FONT_PACKAGE / "files" / f"Sarabun-{weight}.ttf"), size)


def _bars(code: str) -> tuple[str, str]:
    """Modules (`1` dark) and what to print below; no modules when no barcode can hold the code."""
    try:
        if len(code) == 13 and code.isascii() and code.isdigit() and EAN13(code[:12]).ean == code:
            return EAN13(code[:12]).build()[0], f"{code[0]} {code[1:7]} {code[7:]}"
        return Code128(code).build()[0], code
    except (BarcodeError, KeyError, RuntimeError):
        return "", code


def _line(draw: ImageDraw.ImageDraw, text: str, at: tuple[int, int], type_: ImageFont.FreeTypeFont, ink: int) -> None:
    draw.text(at, text, font=type_, fill=ink, anchor="mm")


def _fitting(text: str, width: int, largest: int) -> int:
    """The largest size at which `text` is no wider than `width`."""
    wide = font("SemiBold", largest).getlength(text)
    return largest if wide <= width else max(SMALLEST // 2, int(largest * width / wide))


def _broken(text: str, width: int, height: int) -> tuple[int, list[str]]:
    """The largest size at which `text`, broken anywhere, fits the box; and its lines."""
    for size in range(LARGEST, SMALLEST, -20):
        lines = _wrapped(text, font("SemiBold", size), width)
        if len(lines) * size * 1.3 <= height and (len(lines) == 1 or size <= 160):
            return size, lines
    return SMALLEST, _wrapped(text, font("SemiBold", SMALLEST), width)[: height // round(SMALLEST * 1.3)]


def _wrapped(text: str, type_: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for char in text:
        if lines[-1] and type_.getlength(lines[-1] + char) > width:
            lines.append("")
        lines[-1] += char
    return lines


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
