"""The example files: in the fixed formats, the same for the same day, and with everything the story needs."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from benefits.imports.accounts import COLUMNS as ACCOUNT_COLUMNS
from benefits.imports.charges import COLUMNS as CHARGE_COLUMNS
from benefits.imports.codes import COLUMNS as CODE_COLUMNS
from benefits.imports.privilege_rows import OPTIONAL, REQUIRED
from clubs import Club
from demo.accounts import accounts, people
from demo.charges import MONTHS
from demo.generate import DATA, DAY, generate
from demo.privileges import check_digit

FILES = ("accounts.csv", "charges.csv", "codes.csv", "privileges.csv")


def _rows(name: str, folder: Path = DATA) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _header(name: str) -> tuple[str, ...]:
    return tuple((DATA / name).read_text("utf-8").splitlines()[0].split(","))


def test_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    """The same day gives the same bytes: nobody edits the files, and chance has a fixed seed."""
    generate(tmp_path, DAY)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), f"{name}: run python -m demo.generate"


def test_headers_are_the_fixed_formats() -> None:
    """The columns of every import, required first and in their order."""
    assert _header("accounts.csv") == ACCOUNT_COLUMNS
    assert _header("charges.csv") == CHARGE_COLUMNS
    assert _header("codes.csv") == CODE_COLUMNS
    header = _header("privileges.csv")
    assert header[: len(REQUIRED)] == REQUIRED
    assert set(header[len(REQUIRED) :]) <= set(OPTIONAL)


def test_two_administrators_share_the_storys_account_and_one_has_another() -> None:
    """LFC-18, LFC-20: May and Boy share @noodlebar, and May looks after an account of another tier too."""
    ids = {one.key: one.id for one in people()}
    roles = {(row["account_id"], row["admin_user_id"]): row["role"] for row in _rows("accounts.csv")}
    assert roles["@noodlebar", ids["may"]] == roles["@noodlebar", ids["boy"]] == "administrator"
    assert [account for (account, admin), role in roles.items() if (admin, role) == (ids["may"], "administrator")] == [
        "@noodlebar",
        "@maybloom",
    ]
    assert [one.key for one in people()[:2]] == ["may", "boy"]


def test_accounts_of_every_badge_package_and_role() -> None:
    """Twenty accounts; one premium (LFC-4), one that only an operator looks after (LFC-19)."""
    rows = _rows("accounts.csv")
    badges = {row["account_id"]: row["badge"] for row in rows}
    assert len(badges) == 20
    assert Counter(badges.values())["green"] == 1
    assert set(badges.values()) == {"grey", "blue", "green"}
    assert {row["package"] for row in rows} == {"free", "basic", "pro"}
    assert {row["role"] for row in rows} >= {
        "administrator",
        "operator",
        "operator_no_broadcast",
        "operator_no_analytics",
    }
    for account in badges:
        roles = {row["role"] for row in rows if row["account_id"] == account}
        assert ("administrator" in roles) == (account != "@quickwash")


def test_a_year_of_charges_with_everything_that_makes_numbers_hard(club: Club) -> None:
    """Satang, late payments, reversals, unpaid lines, lines paid ahead, and services that do not count."""
    rows = _rows("charges.csv")
    assert len({row["invoice_no"] for row in rows}) == len(rows)
    months = {row["service_month"] for row in rows}
    assert {"2025-11", "2026-11"} <= months
    assert len([month for month in months if month <= "2026-11"]) == MONTHS
    late = [row for row in rows if row["paid_at"] and row["paid_at"][:7] > row["service_month"]]
    ahead = [row for row in rows if row["paid_at"] and row["paid_at"][:7] < row["service_month"]]
    unpaid = [row for row in rows if not row["paid_at"]]
    negative = [row for row in rows if row["net_amount"].startswith("-")]
    satang = [row for row in rows if not row["net_amount"].endswith(".00")]
    uncounted = {row["service"] for row in rows} - set(club.stars.services)
    assert min(map(len, (late, unpaid, negative))) >= 5
    assert ahead
    assert len(satang) > len(rows) // 3
    assert uncounted == {"line_ads", "sticker_campaign"}


@pytest.mark.parametrize("day", [date(2026, 11, 1), DAY, date(2027, 3, 2), date(2028, 2, 29)])
def test_no_line_is_paid_in_the_future(tmp_path: Path, day: date) -> None:
    """Whatever day the data is made for: what would be paid later is unpaid on that day."""
    generate(tmp_path, day)
    noon = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    paid = [datetime.fromisoformat(row["paid_at"]) for row in _rows("charges.csv", tmp_path) if row["paid_at"]]
    assert max(paid) <= noon
    assert (noon - min(paid)).days > 300


def test_privileges_of_every_kind() -> None:
    """Every way to redeem, every scope, limits, stocks, pools, tiers, new members only, and windows of every kind."""
    rows = _rows("privileges.csv")
    pooled = {row["privilege_id"] for row in rows if row["pooled"] == "yes"}
    assert 12 <= len(rows) <= 14
    assert {row["redeem"] for row in rows} == {"code", "barcode", "qr", "link"}
    assert {row["scope"] for row in rows} == {"account", "person", "account_month"}
    assert {row["limit"] for row in rows} >= {"", "4"}
    assert "" in {row["stock"] for row in rows}
    assert {row["tiers"] for row in rows} >= {"", "silver|gold|platinum", "gold|platinum", "platinum"}
    assert [row["privilege_id"] for row in rows if row["new_members_only"]] == ["welcome-pos"]
    assert [row["privilege_id"] for row in rows if row["claim_from"] > "2026-11-22"] == ["clip-class"]
    assert [row["privilege_id"] for row in rows if "" < row["claim_to"] < "2026-11-21"] == ["gift-basket"]
    assert [row["privilege_id"] for row in rows if "2026-11-21" < row["claim_to"] < "2026-11-28"] == ["bouquet"]
    assert pooled == {row["privilege_id"] for row in _rows("codes.csv")}
    assert all(
        row[f"{part}_{language}"]
        for row in rows
        for part in ("name", "about", "conditions")
        for language in ("th", "en")
    )


def test_every_barcode_is_a_valid_ean13() -> None:
    """Shown as a barcode, a code must be one that a till reads."""
    shared = [row["code"] for row in _rows("privileges.csv") if row["redeem"] == "barcode" and row["code"]]
    pooled = [row["code"] for row in _rows("codes.csv") if row["privilege_id"] == "bouquet"]
    assert len(shared) == 2
    assert len(pooled) == len(set(pooled)) == 30
    for code in [*shared, *pooled]:
        assert len(code) == 13
        assert check_digit(code[:12]) == code[12], code


def test_some_accounts_sit_just_below_the_next_tier(club: Club) -> None:
    """Progress bars that make one want to go on: within five in a hundred of the next threshold."""
    near = {
        tier.key
        for tier in club.tiers
        for account in accounts()
        if 0.95 * tier.threshold <= account.stars < tier.threshold
    }
    assert near == {"silver", "gold", "platinum"}
