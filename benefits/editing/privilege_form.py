"""One privilege as a form: what is shown in its fields, and what typed fields mean. The bounds are those of imported files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benefits.editing.cells import Cells, typed_end, typed_start
from benefits.editing.faults import Fault
from benefits.imports.privilege_rows import PICTURE, REDEEM, SCOPES
from clubs import Club
from models import Privilege

MOST_NAME = 100
MOST_TEXT = 2000
MOST_CODE = 1000
WINDOWS = ("visible", "claim", "use")
TEXTS = ("name_th", "name_en", "about_th", "about_en", "conditions_th", "conditions_en")
NUMBERS = (
    ("claim_limit", 1, 10_000, 1),
    ("stock", 0, 10**9, None),
    ("use_days", 1, 3650, None),
    ("code_minutes", 1, 1440, 15),
    ("undo_minutes", 0, 10_080, 10),
    ("position", 0, 10**6, 0),
    ("alert_at", 0, 10**6, 10),
)
"""Name, least, most, and what an empty field means."""
COLUMNS = (
    "partner_id",
    *TEXTS,
    "picture",
    "tiers",
    "new_members_only",
    "scope",
    *(name for name, _, _, _ in NUMBERS),
    "pooled",
    *(f"{window}_{end}" for window in WINDOWS for end in ("from", "to")),
    "redeem",
)
"""Columns of `privileges` that the form gives. `key` is given once; `code` is sealed, and never shown again."""
ADDRESS = re.compile(r"https?://[^\s/?#]+\S*")


@dataclass(frozen=True)
class Typed:
    """A form as it came: its fields, and the boxes ticked among the tiers."""

    fields: Mapping[str, str]
    tiers: Sequence[str] = ()


@dataclass(frozen=True)
class Read:
    """What a form means: columns, a new code if one was typed, and what cannot be taken."""

    key: str
    values: dict[str, Any]
    code: str
    """A code or link typed now; empty: none was."""
    drop_code: bool
    faults: tuple[Fault, ...]


def read(typed: Typed, *, club: Club, partners: Sequence[int], stored: Privilege | None = None) -> Read:
    """The values of `typed`. `stored` is the row being changed: its id stays, and so do times nobody touched.

    Nothing is raised: faults are gathered, one or more a field. `partners` are the ids of the club's.
    """
    cells = Cells(typed.fields)
    values: dict[str, Any] = {"partner_id": _partner(cells, partners)}
    values |= {name: cells.words(name, _most(name), needed=name.startswith("name")) for name in TEXTS}
    values |= {name: cells.whole(name, low, high, empty=empty) for name, low, high, empty in NUMBERS}
    values |= {name: cells.yes(name) for name in ("new_members_only", "pooled")}
    values |= {"scope": cells.one_of("scope", SCOPES), "redeem": cells.one_of("redeem", REDEEM)}
    values |= {"picture": _picture(cells), "tiers": _tiers(cells, typed.tiers, club)}
    for window in WINDOWS:
        values |= _window(cells, typed, window, stored)
    key = stored.key if stored is not None else cells.key("key")
    code, drop = _code(cells, values, stored)
    return Read(key, values, code, drop, tuple(cells.faults))


def shown(privilege: Privilege) -> Typed:
    """The fields of a stored privilege, as its form shows them; never its code."""
    fields = {"key": privilege.key, "partner_id": str(privilege.partner_id), "picture": privilege.picture or ""}
    fields |= {name: getattr(privilege, name) for name in (*TEXTS, "scope", "redeem")}
    fields |= {name: _plain(getattr(privilege, name)) for name, _, _, _ in NUMBERS}
    fields |= {name: "yes" if getattr(privilege, name) else "" for name in ("new_members_only", "pooled")}
    for window in WINDOWS:
        fields |= _shown_window(privilege, window)
    return Typed(fields, tuple(privilege.tiers))


def blank() -> Typed:
    """The fields of a new privilege: once per account, a code, and what an empty number means."""
    defaults = {name: _plain(empty) for name, _, _, empty in NUMBERS}
    return Typed({**defaults, "scope": "account", "redeem": "code"})


def _shown_window(privilege: Privilege, window: str) -> dict[str, str]:
    start, end = f"{window}_from", f"{window}_to"
    return {**typed_start(start, getattr(privilege, start)), **typed_end(end, getattr(privilege, end))}


def _plain(number: int | None) -> str:
    return "" if number is None else str(number)


def _most(name: str) -> int:
    return MOST_NAME if name.startswith("name") else MOST_TEXT


def _partner(cells: Cells, partners: Sequence[int]) -> int | None:
    text = cells.raw("partner_id")
    if text not in {str(partner) for partner in partners}:
        cells.fault("partner_id", "choose")
        return None
    return int(text)


def _tiers(cells: Cells, ticked: Sequence[str], club: Club) -> list[str]:
    if any(not club.has_tier(tier) for tier in ticked):
        cells.fault("tiers", "choose")
    return [tier.key for tier in club.tiers if tier.key in ticked]


def _picture(cells: Cells) -> str | None:
    """The name under which an upload was kept: a plain file name, never an address (B20)."""
    name = cells.raw("picture")
    if name and not PICTURE.fullmatch(name):
        cells.fault("picture", "not_a_picture")
    return name or None


def _window(cells: Cells, typed: Typed, window: str, stored: Privilege | None) -> dict[str, datetime | None]:
    """Both ends of one window; where the fields say what is stored, the stored instant, seconds and all."""
    start, end = f"{window}_from", f"{window}_to"
    found = {start: cells.begins(start), end: cells.ends(end)}
    if stored is not None:
        before = _shown_window(stored, window)
        for name in (start, end):
            if all(cells.raw(f"{name}_{part}") == before[f"{name}_{part}"] for part in ("day", "time")):
                found[name] = getattr(stored, name)
    first, last = found[start], found[end]
    if first is not None and last is not None and last <= first:
        cells.fault(end, "ends_before")
    return found


def _code(cells: Cells, values: Mapping[str, Any], stored: Privilege | None) -> tuple[str, bool]:
    """(what was typed as code or link, whether the stored one goes)."""
    code = cells.words("code", MOST_CODE, needed=False)
    has_one = stored is not None and stored.code is not None
    drop = has_one and not code and (values["pooled"] or cells.yes("drop_code"))
    stays = has_one and not code and not drop
    if code and values["pooled"]:
        cells.fault("code", "code_and_pool")
    elif values["redeem"] == "link" and (
        not ADDRESS.fullmatch(code) if code else not (stays and stored is not None and stored.redeem == "link")
    ):
        cells.fault("code", "not_an_address" if code else "address_needed")
    elif values["redeem"] == "barcode" and code and not (code.isascii() and code.isprintable() and len(code) <= 40):
        cells.fault("code", "not_a_barcode")
    elif values["redeem"] == "barcode" and stays and stored is not None and stored.redeem in ("link", "code", "qr"):
        cells.fault("code", "type_again")
    return code, drop
