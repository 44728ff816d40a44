"""The invented partners and privileges of `source/privileges.toml`, the rows of `privileges.csv` and of `codes.csv`."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any

from benefits.periods import add_months, start_of
from demo.accounts import SOURCE
from demo.charges import SEED

COLUMNS = (
    "privilege_id", "partner", "name_th", "name_en", "tiers", "scope", "limit", "stock", "claim_from", "claim_to",
    "use_days", "redeem", "code", "partner_name_th", "partner_name_en", "partner_pin", "about_th", "about_en",
    "conditions_th", "conditions_en", "picture", "new_members_only", "pooled", "use_to", "undo_minutes", "position",
)  # fmt: skip
CODE_COLUMNS = ("privilege_id", "code")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What cannot be misread over a counter: no I, O, 0 or 1."""


@cache
def privileges() -> tuple[Mapping[str, Any], ...]:
    """The privileges as described, in the order they are shown."""
    return tuple(_source()["privileges"])


@cache
def partners() -> Mapping[str, Mapping[str, str]]:
    """Partner key → its names (`th`, `en`) and, where it confirms uses, its `pin`."""
    found: Mapping[str, Mapping[str, str]] = _source()["partners"]
    return found


def privilege_rows(day: date) -> list[tuple[str, ...]]:
    """The rows of `privileges.csv`, windows counted from `day`."""
    return [_row(row, place, day) for place, row in enumerate(privileges(), 1)]


def code_rows() -> list[tuple[str, str]]:
    """The rows of `codes.csv`: the pools, made with a fixed seed."""
    return [(row["id"], code) for row in privileges() if "pool" in row for code in _pool(row["id"], **row["pool"])]


def _row(row: Mapping[str, Any], place: int, day: date) -> tuple[str, ...]:
    partner = partners()[row["partner"]]
    values = {
        **{key: str(value) for key, value in row.items() if isinstance(value, str | int)},
        **{key: _instant(row[key], day) for key in ("claim_from", "claim_to", "use_to") if key in row},
        "privilege_id": row["id"],
        "tiers": "|".join(row.get("tiers", ())),
        "scope": row.get("scope", "account"),
        "partner_name_th": partner["th"],
        "partner_name_en": partner["en"],
        "partner_pin": partner.get("pin", ""),
        "picture": f"{row['id']}.jpg",
        "new_members_only": "yes" if row.get("new_members_only") else "",
        "pooled": "yes" if "pool" in row else "",
        "position": str(place),
    }
    return tuple(values.get(column, "") for column in COLUMNS)


def _instant(told: Mapping[str, int], day: date) -> str:
    if "days" in told:
        return start_of(day + timedelta(days=told["days"])).isoformat()
    return start_of(add_months(day.replace(day=1), told["months"]).replace(day=told["day"])).isoformat()


def _pool(privilege: str, form: str, size: int) -> Iterator[str]:
    """`size` different codes: `{word}` is eight letters and digits, `{ean}` ends a 13-digit barcode."""
    dice = random.Random(f"{SEED}:{privilege}")
    seen: set[str] = set()
    while len(seen) < size:
        word = "".join(dice.choice(LETTERS) for _ in range(8))
        code = form.format(word=word, ean=f"{dice.randrange(10_000):04d}")
        code += check_digit(code) if "{ean}" in form else ""
        if code not in seen:
            seen.add(code)
            yield code


def check_digit(twelve: str) -> str:
    """The 13th digit of an EAN-13 barcode."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return str(-total % 10)


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads((SOURCE / "privileges.toml").read_text("utf-8"))
