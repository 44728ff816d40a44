"""Small files, and what became of them: shared by the tests of imports."""

from __future__ import annotations

import csv
from pathlib import Path

from benefits.imports import ImportResult

CHARGES = "invoice_no,account_id,service,net_amount,vat_amount,service_month,paid_at\n"
ACCOUNTS = "account_id,name,badge,package,admin_user_id,role\n"


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "file.csv") -> Path:
    """A file with that text."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def rejects(result: ImportResult) -> list[tuple[int, str]]:
    """(line, reason) of the rejected rows, in the file's order."""
    if result.rejects is None:
        return []
    with result.rejects.open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]


def counts(result: ImportResult) -> tuple[int, int, int]:
    """(landed, unchanged, rejected)."""
    return result.landed, result.unchanged, result.rejected
