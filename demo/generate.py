"""Writes the example data: `python -m demo.generate --day 2026-11-21 --into demo/data`. Same day, same bytes."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from demo import accounts, charges, privileges

DAY = date(2026, 11, 21)
"""The day that the files in `demo/data` were made for."""
DATA = Path(__file__).parent / "data"


def generate(folder: Path, day: date) -> None:
    """Four CSV files in `folder`: 13 months of life that end with `day` (Bangkok)."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line for account in accounts.accounts() for line in charges.invoices(account, day)]
    _write(folder / "accounts.csv", accounts.COLUMNS, accounts.account_rows())
    _write(folder / "charges.csv", charges.COLUMNS, charges.charge_rows(sorted(lines, key=lambda line: line.month)))
    _write(folder / "privileges.csv", privileges.COLUMNS, privileges.privilege_rows(day))
    _write(folder / "codes.csv", privileges.CODE_COLUMNS, privileges.code_rows())


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.generate", description="Write the example data.")
    parser.add_argument("--day", type=date.fromisoformat, default=DAY, help="the day it is made for (2026-11-21)")
    parser.add_argument("--into", type=Path, default=DATA, help="the folder to write to")
    chosen = parser.parse_args()
    generate(chosen.into, chosen.day)


if __name__ == "__main__":
    main()
