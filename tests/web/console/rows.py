"""A row of any table in any club, made from the table's own columns: for tests that walk every route."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, inspect
from sqlalchemy.orm import Session

from models import Base
from models.base import UtcDateTime
from tests.factories import NOON, line_user_id

_numbers = itertools.count(1)
SPECIAL: dict[str, dict[str, Any]] = {
    "charges": {"service": "official_account", "net_satang": 100, "vat_satang": 7, "service_month": date(2026, 10, 1)},
    "claims": {"state": "kept", "holder": "m1", "period": "", "slot": 1},
    "corrections": {"facts": {"accounts": 1, "stars": 1}},
    "members": {"kind": "account", "badge": "grey", "package": "free", "tier": "welcome"},
    "offers": {"content": {"parts": []}, "audience": {}, "state": "draft", "approved_by": None},
    "partners": {"name_th": "ร้าน", "name_en": "Shop"},
    "people": {"language": "th"},
    "round_previews": {"state": "failed"},
    "privileges": {"redeem": "qr", "name_th": "สิทธิ์", "name_en": "Privilege", "tiers": []},
}
"""Where a check of the table wants something, or a page shows it."""


def made(session: Session, model: type[Any], club: str, **values: Any) -> Any:
    """A new row of `model` in `club`, flushed; what it refers to is made, too."""
    table = inspect(model).local_table
    given = {**SPECIAL.get(table.name, {}), **values}
    for column in table.columns:
        name = inspect(model).get_property_by_column(column).key
        if name in given or column.identity is not None:
            continue
        if name == "club":
            given[name] = club
        elif column.foreign_keys and not column.nullable:
            given[name] = _referred(session, column, club)
        elif not column.nullable and column.default is None and column.server_default is None:
            given[name] = _value(column)
    row = model(**given)
    session.add(row)
    session.flush()
    return row


def _referred(session: Session, column: Any, club: str) -> Any:
    target = next(iter(column.foreign_keys)).column
    model = next(each.class_ for each in Base.registry.mappers if each.local_table is target.table)
    return getattr(made(session, model, club), inspect(model).get_property_by_column(target).key)


def _value(column: Any) -> Any:
    n = next(_numbers)
    if isinstance(column.type, JSON):
        return {}
    known = next((found[1] for check in column.table.constraints if (found := _one_of(check, column.name))), None)
    if known is not None:
        return known
    kind = datetime if isinstance(column.type, UtcDateTime) else column.type.python_type
    plain: dict[type, Any] = {
        str: line_user_id() if column.name == "line_user_id" else f"{column.name}{n}",
        int: 1,
        bool: True,
        bytes: f"bytes {n}".encode(),
        list: [line_user_id()],
        datetime: NOON.astimezone(UTC),
        date: date(2026, 10, 1),
    }
    return plain[kind] if kind in plain else uuid4()


def _one_of(check: Any, name: str) -> re.Match[str] | None:
    """The first of the values that a check of the table lists for a column."""
    return re.match(rf"{name} IN \('(\w+)'", str(getattr(check, "sqltext", "")))
