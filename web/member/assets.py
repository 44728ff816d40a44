"""Style, scripts and type, served from here: pages ask nobody else for anything."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_file, send_from_directory
from fontpkg_sarabun import ROOT as FONT_PACKAGE

FOLDER = Path(__file__).parent.parent / "static"
PACKAGES = Path(__file__).parent.parent / "console" / "page" / "node_modules"
VENDOR = {
    "vendor/chart.js": "chart.js/dist/chart.umd.min.js",
    "vendor/flex-render.js": "flex-render/dist/index.js",
    "vendor/flex-render.css": "flex-render/dist/index.css",
}
"""What the console's pages take from npm, by the name we serve it under."""
WEIGHTS = ("Regular", "SemiBold")
YEAR = 365 * 86400
HOUR = 3600


def add_to(blueprint: Blueprint) -> None:
    """`/static/…`: kept for a year under an address that names the content, else for an hour."""

    @blueprint.get("/static/<path:name>")
    def static(name: str) -> Response:
        if name in VENDOR:
            return send_from_directory(PACKAGES, VENDOR[name], max_age=YEAR if request.args.get("v") else HOUR)
        return send_from_directory(FOLDER, name, max_age=YEAR if request.args.get("v") else HOUR)

    @blueprint.get("/static/fonts/<weight>.ttf")
    def type_(weight: str) -> Response:
        if weight not in WEIGHTS:
            abort(404)
        return send_file(FONT_PACKAGE / "files" / f"Sarabun-{weight}.ttf", mimetype="font/ttf", max_age=YEAR)


@cache
def asset(name: str) -> str:
    """The address of a file in `web/static/`, or of `VENDOR`, changing with its content so that no browser shows an old one."""
    file = PACKAGES / VENDOR[name] if name in VENDOR else FOLDER / name
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
