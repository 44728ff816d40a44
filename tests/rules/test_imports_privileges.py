"""Importing privileges, partners and pools of codes: the file is what is true, and no code is readable in the database."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from benefits.imports import ImportResult, codes, privileges
from benefits.imports.privilege_rows import REQUIRED
from benefits.sealed_codes import open_pool_code, open_privilege_code
from benefits.vault import Vault
from clubs import Club
from models import Code, Partner, Privilege
from tests.conftest import TEST_KEYS
from tests.factories import NOON
from tests.rules.importing import counts, rejects, write

HEADER = ",".join(REQUIRED)
LATTE = "latte,cafe,ลาเต้ฟรี,Free latte,gold|platinum,account_month,2,50,2026-11-01,2026-11-30,14,barcode,8850001"


class Importer:
    """Imports rows at noon, under one vault."""

    def __init__(self, engine: Engine, club: Club, folder: Path, vault: Vault) -> None:
        self.engine, self.club, self.folder, self.vault = engine, club, folder, vault

    def privileges(self, rows: str, more: str = "") -> ImportResult:
        """Import rows with the required columns and `more`."""
        file = write(self.folder, f"{HEADER}{more}\n{rows}\n")
        return privileges.load(self.engine, club=self.club, file=file, now=NOON, vault=self.vault)

    def codes(self, rows: str, vault: Vault | None = None) -> ImportResult:
        """Import rows of codes."""
        file = write(self.folder, "privilege_id,code\n" + rows)
        return codes.load(self.engine, club=self.club, file=file, now=NOON, vault=vault or self.vault)


@pytest.fixture
def take(engine: Engine, club: Club, tmp_path: Path, vault: Vault) -> Importer:
    """Takes files."""
    return Importer(engine, club, tmp_path, vault)


def only(session: Session) -> Privilege:
    """The one privilege there is."""
    return session.scalars(select(Privilege).execution_options(populate_existing=True)).one()


def test_every_limit_of_the_file_is_stored(take: Importer, session: Session, vault: Vault) -> None:
    """Windows are half-open: the last day of a window belongs to it."""
    assert counts(take.privileges(LATTE)) == (1, 0, 0)
    row = only(session)
    assert (row.key, row.name_th, row.name_en, row.tiers) == ("latte", "ลาเต้ฟรี", "Free latte", ["gold", "platinum"])
    assert (row.scope, row.claim_limit, row.stock, row.use_days, row.redeem) == ("account_month", 2, 50, 14, "barcode")
    assert row.claim_from is not None
    assert row.claim_to is not None
    assert row.claim_from.isoformat() == "2026-10-31T17:00:00+00:00"
    assert row.claim_to.isoformat() == "2026-11-30T17:00:00+00:00"
    assert (row.code_minutes, row.undo_minutes, row.pooled, row.partner.name_th) == (15, 10, False, "cafe")
    assert open_privilege_code(vault, row) == "8850001"


def test_optional_columns_and_the_partner(take: Importer, session: Session) -> None:
    """A text over two lines, a partner's names, and a PIN of which only a digest is kept."""
    more = ",partner_name_th,partner_name_en,partner_pin,conditions_th,new_members_only,picture,visible_from,position"
    row = LATTE + ',ร้านกาแฟ,Café,246897,"บรรทัดหนึ่ง\nบรรทัดสอง",yes,latte.png,2026-10-25,7'
    assert counts(take.privileges(row, more)) == (1, 0, 0)
    assert counts(take.privileges(row, more)) == (0, 1, 0)
    found = only(session)
    assert found.conditions_th == "บรรทัดหนึ่ง\nบรรทัดสอง"
    assert (found.new_members_only, found.picture, found.position) == (True, "latte.png", 7)
    assert (found.partner.name_th, found.partner.name_en) == ("ร้านกาแฟ", "Café")
    assert found.partner.pin_hash is not None
    assert PasswordHasher().verify(found.partner.pin_hash, "246897")


def test_the_same_file_is_nothing_and_a_changed_one_changes(take: Importer, session: Session, vault: Vault) -> None:
    """Columns the second file lacks stay; a partner keeps the name it has; a changed code is sealed anew."""
    take.privileges(LATTE + ",ร้านกาแฟ,5", ",partner_name_th,code_minutes")
    assert counts(take.privileges(LATTE)) == (0, 1, 0)
    assert counts(take.privileges(LATTE.replace(",50,", ",80,").replace("8850001", "8850002"))) == (1, 0, 0)
    row = only(session)
    assert (row.stock, row.code_minutes, row.partner.name_th) == (80, 5, "ร้านกาแฟ")
    assert open_privilege_code(vault, row) == "8850002"


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("gold|platinum", "gold|diamond", "tiers"),
        ("account_month", "household", "scope"),
        (",2,50,", ",0,50,", "limit"),
        (",2,50,", ",2,-1,", "stock"),
        ("2026-11-30", "2026-10-30", "claim_to"),
        ("2026-11-30", "2569-11-30", "claim_to"),
        (",14,", ",two weeks,", "use_days"),
        ("barcode,", "nfc,", "redeem"),
        ("8850001", "กาแฟ", "code"),
        ("barcode,8850001", "link,javascript:alert(1)", "link"),
        ("latte,", "la tte,", "privilege_id"),
        ("Free latte", "", "name_en"),
    ],
)
def test_what_the_file_says_wrong_is_told_by_column(
    engine: Engine, club: Club, vault: Vault, old: str, new: str, column: str
) -> None:
    """Each fault by the column's name in the file."""
    from benefits.imports.fields import BadCell
    from benefits.imports.privilege_rows import PrivilegeRows

    cells = dict(zip(REQUIRED, LATTE.replace(old, new, 1).split(","), strict=True))
    with pytest.raises(BadCell, match=f"^{column}: "):
        PrivilegeRows(engine, club, vault).parse(cells)


def test_stock_below_what_is_claimed_and_ids_twice_are_rejected(take: Importer, session: Session) -> None:
    """A limit of the database is told as a sentence, by line; the rest lands."""
    take.privileges(LATTE)
    session.execute(text("UPDATE privileges SET taken = 20"))
    session.commit()
    tea = LATTE.replace("latte", "tea", 1)
    result = take.privileges(f"{LATTE.replace(',50,', ',19,')}\n{tea}\n{tea}")
    assert counts(result) == (1, 0, 2)
    assert [(line, reason.split(":")[0]) for line, reason in rejects(result)] == [(2, "stock"), (4, "privilege_id")]


def test_b1_codes_are_sealed_and_land_once(take: Importer, session: Session, vault: Vault, database_url: str) -> None:
    """B1: not readable in any table; the same code again is nothing, also after the key was rotated (B4)."""
    take.privileges(LATTE.replace("8850001", "") + ",yes", ",pooled")
    assert counts(take.codes("latte,SECRET-1\nlatte,SECRET-2\nlatte,SECRET-1\n")) == (2, 1, 0)
    row = only(session)
    opened = {open_pool_code(vault, privilege=row, code=code) for code in session.scalars(select(Code))}
    assert opened == {"SECRET-1", "SECRET-2"}
    rotated = Vault(("another-key-for-tests-only-0123456789-zyx", *TEST_KEYS))
    assert counts(take.codes("latte,SECRET-1\nlatte,SECRET-3\n", rotated)) == (1, 1, 0)
    with psycopg.connect(database_url) as connection:
        for table in ("codes", "privileges", "journal", "imports"):
            found = connection.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t").fetchone()
            assert found is not None
            assert "SECRET" not in str(found[0])
            assert b"SECRET".hex() not in str(found[0])


def test_codes_for_an_unknown_privilege_or_one_without_a_pool(take: Importer) -> None:
    """The code itself is not in the reason."""
    take.privileges(LATTE)
    result = take.codes("latte,X1\ntea,X2\n")
    assert [(line, reason.split(";")[0]) for line, reason in rejects(result)] == [
        (2, "privilege_id: 'latte' has no pool"),
        (3, "privilege_id: 'tea' is not a privilege of this club"),
    ]


def test_a_partner_without_a_name_is_called_by_its_key(take: Importer, session: Session) -> None:
    """Until a file names it."""
    take.privileges(LATTE)
    assert session.scalars(select(Partner.name_en)).one() == "cafe"
