"""Draws the privileges' pictures: `python -m demo.draw`. Drawings are SVG; Chromium paints them, Pillow makes the JPEGs.

Every picture has the same frame: a calm sky from corner to corner, a soft light behind the one thing it shows, and the
ground it stands on. 1020×663 pixels is LINE's 20:13 within the 1024 that a card's picture may have.
"""

from __future__ import annotations

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent / "pictures"
SIZE = (1020, 663)
QUALITY = 90
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
SKIES = {
    "ads-hour": ("#c9dcf7", "#8fb2e3"),
    "books-half": ("#dcefdc", "#9fd0b0"),
    "bouquet": ("#ffe6ea", "#f6b9c6"),
    "clip-class": ("#e4dcfa", "#b7a3ec"),
    "delivery-50": ("#d4eff5", "#8fcfdd"),
    "desk-day": ("#d9eef0", "#9fcfd3"),
    "gift-basket": ("#ffe9d9", "#f7bfa5"),
    "morning-coffee": ("#ffe9cf", "#f6bf94"),
    "name-cards": ("#e6e3f6", "#b9b3e0"),
    "parcel-boxes": ("#fdeecf", "#f0cd8f"),
    "product-photos": ("#efe0f3", "#c9a7d8"),
    "reward-points": ("#fff0c4", "#f5c76b"),
    "team-massage": ("#e0f1e4", "#a8d5b7"),
    "welcome-pos": ("#d6ebf5", "#97c4dd"),
}
"""Corner to corner: the colours of each picture's background."""


def framed(drawing: str, light: str, deep: str) -> str:
    """The drawing on its sky, as a page of exactly one picture."""
    return f"""<!doctype html><style>html,body{{margin:0}}svg{{display:block}}</style>
<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE[0]}" height="{SIZE[1]}" viewBox="0 0 1000 650">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="1" y2="1">
      <stop stop-color="{light}"/><stop offset="1" stop-color="{deep}"/>
    </linearGradient>
    <radialGradient id="glow">
      <stop stop-color="#fff" stop-opacity=".75"/><stop offset="1" stop-color="#fff" stop-opacity="0"/>
    </radialGradient>
  </defs>
  <rect width="1000" height="650" fill="url(#sky)"/>
  <circle cx="130" cy="90" r="210" fill="#fff" opacity=".16"/>
  <circle cx="905" cy="610" r="190" fill="#fff" opacity=".13"/>
  <ellipse cx="500" cy="320" rx="440" ry="330" fill="url(#glow)"/>
  {drawing}
</svg>"""


def draw(page: Page, source: Path, target: Path) -> None:
    """Paints one drawing at twice the size and brings it down, so that edges are smooth."""
    page.set_content(framed(source.read_text("utf-8"), *SKIES[source.stem]))
    painted = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    painted.resize(SIZE, Image.Resampling.LANCZOS).save(target, quality=QUALITY, optimize=True, progressive=False)


def main() -> None:
    """The command line: all drawings, or those named."""
    parser = argparse.ArgumentParser(prog="python -m demo.draw", description="Draw the privileges' pictures.")
    parser.add_argument("names", nargs="*", help="privilege ids; none: every drawing")
    names = parser.parse_args().names or sorted(SKIES)
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]}, device_scale_factor=2)
        for name in names:
            draw(page, FOLDER / "drawings" / f"{name}.svg", FOLDER / f"{name}.jpg")
            print(f"{name}.jpg")
        browser.close()


if __name__ == "__main__":
    main()
