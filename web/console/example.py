"""The demo's colleagues: known to everybody, made by the demo only, and worth nothing in production."""

from __future__ import annotations

from typing import NamedTuple

PASSWORD = "example-only-1234"
"""Refused in production, also where a demo's database was carried there."""


class Example(NamedTuple):
    """One of the demo's colleagues."""

    email: str
    name: str
    roles: tuple[str, ...]


COLLEAGUES = (
    Example("mali@example.com", "มะลิ ตัวอย่าง", ("marketer",)),
    Example("anan@example.com", "อนันต์ ตัวอย่าง", ("approver",)),
    Example("suda@example.com", "สุดา ตัวอย่าง", ("support",)),
    Example("pichai@example.com", "พิชัย ตัวอย่าง", ("finance",)),
    Example("wanna@example.com", "วรรณา ตัวอย่าง", ("finance", "approver")),
    Example("admin@example.com", "ธีระ ตัวอย่าง", ("admin",)),
    Example("audit@example.com", "อารี ตัวอย่าง", ("auditor",)),
)
