"""`flask import`, `rounds`, `statement`, `export`: what an operator types, reads, and what a script's exit code sees."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from app import create_app
from settings import read_settings
from tests.rules.importing import ACCOUNTS, CHARGES, write

USER = "U" + "0" * 31 + "1"


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The whole application on this test's database, on 12 November 2026."""
    environ = {
        "SITTHI_ENV": "test",
        "DATABASE_URL": database_url,
        "SITTHI_DATA_DIR": str(tmp_path / "var"),
        "SITTHI_NOW": "2026-11-12T12:00:00+07:00",
    }
    app = create_app(read_settings(environ, ("family_club",)))
    yield app
    app.extensions["sitthi"].engine.dispose()


@pytest.fixture
def folder(app: Flask, tmp_path: Path) -> Path:
    """With one account and its lines imported."""
    rows = ACCOUNTS + f"@shop,ร้าน,grey,free,{USER},administrator\n@other,B,grey,free,,\n"
    assert flask(app, "import accounts", write(tmp_path, rows, name="accounts.csv")).exit_code == 0
    rows = (
        CHARGES
        + "I1,@shop,official_account,99.99,7,2026-10,2026-10-20\nI2,@shop,premium_id,0.01,0,2026-10,2026-10-21\n"
    )
    assert flask(app, "import charges", write(tmp_path, rows, name="charges.csv")).exit_code == 0
    return tmp_path


def flask(app: Flask, command: str, *more: object) -> Result:
    """Run `flask COMMAND --club family_club MORE`."""
    return app.test_cli_runner().invoke(args=[*command.split(), "--club", "family_club", *map(str, more)])


def test_an_import_says_what_landed_and_exits_0_only_when_all_did(app: Flask, folder: Path) -> None:
    """Again changes nothing and exits 0; one bad row exits 1 and names the list of rejects."""
    again = flask(app, "import charges", folder / "charges.csv")
    assert (again.exit_code, again.stdout) == (0, "charges.csv: 2 rows: 0 landed, 2 already here, 0 rejected\n")
    assert "read" in again.stderr
    bad = flask(app, "import charges", write(folder, CHARGES + "I3,@shop,premium_id,1e3,0,2569-10,\n", name="bad.csv"))
    assert (bad.exit_code, bad.stdout) == (1, "bad.csv: 1 rows: 0 landed, 0 already here, 1 rejected\n")
    assert f"{folder}/bad.rejects.csv" in bad.stderr


@pytest.mark.parametrize(
    ("command", "content", "told"),
    [
        ("import charges", b"\xff\xfea\x00,\x00", "UTF-16"),
        ("import charges", b"invoice_no,account_id\n", "the column 'service' is missing"),
        ("import accounts", b"", "the file is empty"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(
    app: Flask, folder: Path, command: str, content: bytes, told: str
) -> None:
    """No traceback; nothing was imported; exit code 1."""
    path = folder / "wrong.csv"
    path.write_bytes(content)
    result = flask(app, command, path)
    assert result.exit_code == 1
    assert told in result.stderr
    assert "Nothing was imported." in result.stderr


def test_a_round_by_hand_from_dry_run_to_standings(app: Flask, folder: Path) -> None:
    """The difference first, then the round, then again (nothing, exit 0), then the file of standings."""
    dry = flask(app, "rounds run", "--period", "2026-10", "--dry-run", "--json")
    document = json.loads(dry.stdout)
    assert (document["dry_run"], document["stars"], document["result_hash"]) == (True, 100, None)
    assert document["changes"] == [
        {"member": "@shop", "stars": 100, "total_before": 0, "total": 100, "tier_before": None, "tier": None}
    ]
    early = flask(app, "rounds run", "--period", "2026-10", "--now", "2026-11-01T10:00:00+07:00")
    assert early.exit_code == 1
    assert "is due on 2026-11-02 00:00 Bangkok" in early.stderr
    done = flask(app, "rounds run", "--period", "2026-10")
    assert done.exit_code == 0
    assert "100 stars for 2 accounts from 2 lines of 100.00 baht" in done.stdout
    again = flask(app, "rounds run", "--period", "2026-10")
    assert again.exit_code == 0
    assert "nothing changed" in again.stdout
    listed = json.loads(flask(app, "rounds list", "--json").stdout)
    assert [(run["period"], run["state"], run["stars"]) for run in listed["runs"]] == [("2026-10", "done", 100)]
    assert listed["due"] == []
    file = folder / "standings.csv"
    assert flask(app, "export standings", "--period", "2026-10", file).exit_code == 0
    with file.open(encoding="utf-8", newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["member_id", "stars", "total_stars", "tier"],
            ["@other", "0", "0", ""],
            ["@shop", "100", "100", ""],
        ]
    assert flask(app, "export standings", "--period", "2026-11", file).exit_code == 1
    assert "came first" in flask(app, "rounds run", "--period", "2026-09").stderr


def test_a_statement_for_people_and_for_programs(app: Flask, folder: Path) -> None:
    """The same figures, in baht and in satang; an unknown account is told."""
    flask(app, "rounds run", "--period", "2026-10")
    text = flask(app, "statement", "--member", "@shop").stdout
    assert "ร้าน (@shop), 2026-10, computed" in text
    assert "Stars of the month: 100" in text
    document = json.loads(flask(app, "statement", "--member", "@shop", "--period", "2026-10", "--json").stdout)
    assert (document["period"], document["computed"], document["stars"]) == ("2026-10", True, 100)
    assert [(line["invoice_no"], line["net_satang"], line["why"]) for line in document["lines"]] == [
        ("I1", 9999, "counted"),
        ("I2", 1, "counted"),
    ]
    unknown = flask(app, "statement", "--member", "@nobody")
    assert (unknown.exit_code, "@nobody" in unknown.stderr) == (1, True)


@pytest.mark.parametrize("period", ["2569-10", "October", "2026-1", "2026-13"])
def test_a_period_in_another_form_or_era_is_refused(app: Flask, period: str) -> None:
    """F13: with the way to write it."""
    result = flask(app, "rounds run", "--period", period)
    assert result.exit_code == 2
    assert "2026-10" in result.stderr


def test_a_club_that_is_not_here_is_refused(app: Flask) -> None:
    """With those that are."""
    result = app.test_cli_runner().invoke(args=["rounds", "list", "--club", "nobody"])
    assert result.exit_code == 2
    assert "family_club" in result.stderr
