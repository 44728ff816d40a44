"""Reading one row of a file of privileges: every cell checked, the code sealed, the partner's PIN digested."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from benefits import pins
from benefits.editing.partners import faults_of_pin
from benefits.imports import fields
from benefits.imports.fields import BadCell
from benefits.sealed_codes import privilege_code_opener, seal_privilege_code
from benefits.vault import CannotOpen, Vault
from clubs import Club

REQUIRED = (
    "privilege_id",
    "partner",
    "name_th",
    "name_en",
    "tiers",
    "scope",
    "limit",
    "stock",
    "claim_from",
    "claim_to",
    "use_days",
    "redeem",
    "code",
)
OPTIONAL = (
    "about_th",
    "about_en",
    "conditions_th",
    "conditions_en",
    "picture",
    "visible_from",
    "visible_to",
    "use_from",
    "use_to",
    "code_minutes",
    "undo_minutes",
    "new_members_only",
    "pooled",
    "partner_name_th",
    "partner_name_en",
    "partner_pin",
    "link",
    "position",
)
STORED = (
    ("key", "text"),
    ("name_th", "text"),
    ("name_en", "text"),
    ("tiers", "text[]"),
    ("scope", "text"),
    ("claim_limit", "bigint"),
    ("stock", "bigint"),
    ("claim_from", "timestamptz"),
    ("claim_to", "timestamptz"),
    ("use_days", "bigint"),
    ("redeem", "text"),
    ("about_th", "text"),
    ("about_en", "text"),
    ("conditions_th", "text"),
    ("conditions_en", "text"),
    ("picture", "text"),
    ("visible_from", "timestamptz"),
    ("visible_to", "timestamptz"),
    ("use_from", "timestamptz"),
    ("use_to", "timestamptz"),
    ("code_minutes", "bigint"),
    ("undo_minutes", "bigint"),
    ("new_members_only", "boolean"),
    ("pooled", "boolean"),
    ("position", "bigint"),
    ("code", "bytea"),
)
"""Columns of `privileges` that the file gives, in the order `parse` returns them."""
WINDOWS = (("claim_from", "claim_to"), ("visible_from", "visible_to"), ("use_from", "use_to"))
SCOPES = ("account", "person", "account_month")
REDEEM = ("code", "barcode", "qr", "link")
PICTURE = re.compile(r"[\w-][\w .-]{0,118}\.(png|jpe?g)", re.ASCII | re.IGNORECASE)


class PrivilegeRows:
    """Parses rows; knows what is stored, so that an unchanged code or PIN is seen as unchanged."""

    def __init__(self, engine: Engine, club: Club, vault: Vault) -> None:
        self._club, self._vault = club, vault
        self.present: set[str] = {name for name, _ in STORED if name not in OPTIONAL}
        """Stored columns the file has; complete after the first row."""
        self._pins: dict[tuple[str, str], str | BadCell | None] = {}
        with engine.connect() as connection:
            named = {"club": club.key}
            codes = connection.execute(text("SELECT key, code FROM privileges WHERE club = :club"), named)
            self._codes: dict[str, bytes | None] = {row.key: row.code for row in codes}
            pins = connection.execute(text("SELECT key, pin_hash FROM partners WHERE club = :club"), named)
            self._pin_hashes: dict[str, str | None] = {row.key: row.pin_hash for row in pins}

    def parse(self, cells: Any) -> Sequence[Any]:
        """The staged values of one row. Raises `BadCell`."""
        self.present.update(name for name in cells if name in OPTIONAL)
        cell = {name: cells.get(name, "") for name in (*REQUIRED, *OPTIONAL)}
        key = fields.key("privilege_id", cell["privilege_id"])
        code = self._code(cell)
        sealed = seal_privilege_code(self._vault, club=self._club.key, key=key, text=code) if code else None
        return (*self._partner(cell), key, *self._stored(cell), sealed, self._same_code(key, code))

    def _partner(self, cell: dict[str, str]) -> Sequence[Any]:
        partner = fields.key("partner", cell["partner"])
        names = [
            fields.words(name, cell[name], 100) if cell[name] else None
            for name in ("partner_name_th", "partner_name_en")
        ]
        pin = self._pin(partner, cell["partner_pin"])
        return (partner, *names, pin, len(cell["partner_pin"]) if pin else None)

    def _stored(self, cell: dict[str, str]) -> Sequence[Any]:
        whole = fields.whole
        window = {name: fields.window_start(name, cell[name]) for name, _ in WINDOWS}
        window |= {name: fields.window_end(name, cell[name]) for _, name in WINDOWS}
        _check_windows(cell, window)
        return (
            fields.words("name_th", cell["name_th"], 100),
            fields.words("name_en", cell["name_en"], 100),
            self._tiers(cell["tiers"]),
            fields.one_of("scope", cell["scope"], SCOPES),
            whole("limit", cell["limit"], 1, 10_000) if cell["limit"] else 1,
            whole("stock", cell["stock"], 0, 10**9) if cell["stock"] else None,
            window["claim_from"],
            window["claim_to"],
            whole("use_days", cell["use_days"], 1, 3650) if cell["use_days"] else None,
            fields.one_of("redeem", cell["redeem"], REDEEM),
            *(fields.words(name, cell[name], 2000, 0) for name in ("about_th", "about_en")),
            *(fields.words(name, cell[name], 2000, 0) for name in ("conditions_th", "conditions_en")),
            _picture(cell["picture"]),
            window["visible_from"],
            window["visible_to"],
            window["use_from"],
            window["use_to"],
            whole("code_minutes", cell["code_minutes"], 1, 1440) if cell["code_minutes"] else 15,
            whole("undo_minutes", cell["undo_minutes"], 0, 10_080) if cell["undo_minutes"] else 10,
            fields.yes_or_no("new_members_only", cell["new_members_only"]),
            fields.yes_or_no("pooled", cell["pooled"]),
            whole("position", cell["position"], 0, 10**6) if cell["position"] else 0,
        )

    def _tiers(self, text: str) -> list[str]:
        tiers = [tier.strip() for tier in text.split("|") if tier.strip()]
        for tier in tiers:
            fields.one_of("tiers", tier, [known.key for known in self._club.tiers])
        return list(dict.fromkeys(tiers))

    def _code(self, cell: dict[str, str]) -> str:
        """The one code or link of the row; empty: none."""
        code, link = cell["code"], cell["link"]
        if code and link:
            raise BadCell("link", link, "is given and a code too", "give one of the two")
        if (code or link) and fields.yes_or_no("pooled", cell["pooled"]):
            raise BadCell("code", "…", "is given for a privilege with a pool", "leave it empty and import codes")
        found = fields.words("code", code or link, 1000, 0)
        if cell["redeem"] == "link" and not re.fullmatch(r"https?://\S+", found):
            raise BadCell("link", found, "is not a web address", "write it with https:// in front")
        if cell["redeem"] == "barcode" and found and not (found.isascii() and found.isprintable() and len(found) <= 40):
            raise BadCell("code", "…", "does not fit a barcode", "use up to 40 letters, digits and signs of ASCII")
        return found

    def _same_code(self, key: str, code: str) -> bool:
        sealed = self._codes.get(key)
        if sealed is None:
            return not code
        try:
            return privilege_code_opener(self._vault, club=self._club.key, key=key)(sealed) == code
        except CannotOpen:
            return False

    def _pin(self, partner: str, pin: str) -> str | None:
        """The digest to store; none: no PIN given, or the one stored already is this one, however short it is."""
        if not pin:
            return None
        if (partner, pin) not in self._pins:
            stored = self._pin_hashes.get(partner)
            same = stored is not None and pins.fits(stored, pin)
            self._pins[partner, pin] = None if same else _wrong_pin(pin) or pins.hash_pin(pin)
        found = self._pins[partner, pin]
        if isinstance(found, BadCell):
            raise found
        return found


def _wrong_pin(pin: str) -> BadCell | None:
    faults = faults_of_pin(pin)
    if any(fault.what == "pin_form" for fault in faults):
        return BadCell("partner_pin", "…", "is not a PIN", f"use {pins.SHORTEST} to {pins.LONGEST} digits")
    if faults:
        return BadCell("partner_pin", "…", "is among the first that somebody tries", "use digits without a pattern")
    return None


def _picture(text: str) -> str | None:
    if text and not PICTURE.fullmatch(text):
        raise BadCell(
            "picture", text, "is not the name of a picture", "write a file name such as cafe.png, without folders"
        )
    return text or None


def _check_windows(cell: dict[str, str], window: dict[str, datetime | None]) -> None:
    for first, last in WINDOWS:
        start, end = window[first], window[last]
        if start is not None and end is not None and end <= start:
            raise BadCell(last, cell[last], f"is not after {first}", "mend one of the two")
