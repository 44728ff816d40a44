"""How lines land: what they name is there, and lines that were here already are found whichever statement meets them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benefits.imports import charges
from clubs import Club
from tests import factories
from tests.factories import NOON
from tests.rules.importing import CHARGES, counts, rejects, write

INSERT = """
INSERT INTO charges (club, member_id, invoice_no, service, net_satang, vat_satang, service_month, import_id)
SELECT 'family_club', id, 'NEW' || id, 'official_account', 1, 0, '2026-10-01', {} FROM {}
"""


@pytest.mark.parametrize(
    "statement",
    [
        INSERT.format("NULL", "(SELECT id FROM members UNION SELECT -1) mixed"),
        INSERT.format("-1", "members"),
        "UPDATE charges SET import_id = -1",
        "UPDATE charges SET paid_import_id = -1",
        "UPDATE charges SET member_id = -1",
    ],
)
def test_a_line_names_an_account_and_imports_that_are_there(
    session: Session, database_url: str, statement: str
) -> None:
    """What a foreign key would say, said once a statement."""
    factories.charge(session, factories.member(session))
    session.commit()
    with psycopg.connect(database_url) as connection:
        with pytest.raises((psycopg.errors.ForeignKeyViolation, psycopg.errors.RestrictViolation)):
            connection.execute(statement)
        connection.rollback()
        connection.execute(INSERT.format("NULL", "members"))


def test_an_import_is_never_deleted(database_url: str) -> None:
    """So what a line names stays there."""
    with pytest.raises(psycopg.errors.RestrictViolation), psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM imports")


@pytest.mark.parametrize("known", [[], [0], [5], [11], [0, 11], list(range(12))])
def test_lines_that_were_here_already_are_unchanged_in_whichever_chunk(
    engine: Engine, club: Club, tmp_path: Path, session: Session, monkeypatch: pytest.MonkeyPatch, known: list[int]
) -> None:
    """A13: chunks of new lines, of known ones and of both; an unknown account among them."""
    monkeypatch.setattr("benefits.imports.staging.CHUNK", 4)
    factories.member(session, external_id="@shop")
    session.commit()
    rows = [f"INV{n},@shop,official_account,{n}.5,0,2026-10,2026-10-20\n" for n in range(12)]
    before = charges.load(engine, club=club, file=write(tmp_path, CHARGES + "".join(rows[n] for n in known)), now=NOON)
    assert counts(before) == (len(known), 0, 0)
    rows.insert(6, "NEW,@nobody,official_account,1,0,2026-10,2026-10-20\n")
    found = charges.load(engine, club=club, file=write(tmp_path, CHARGES + "".join(rows)), now=NOON)
    assert counts(found) == (12 - len(known), len(known), 1)
    assert [line for line, _ in rejects(found)] == [8]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), sum(net_satang) FROM charges")).one() == (12, 7200)
