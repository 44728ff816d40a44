"""D6: the page at `/`: ways to everything in the demo, no hint in production."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from settings import read_settings
from tests.factories import NOON
from web import start

FILE = """partner,partner_name_th,partner_name_en,partner_pin
mong,โมงเช้า,Mong Chao,4821
mong,โมงเช้า,Mong Chao,4821
other,อื่น,Other,
"""


def page(sessions: sessionmaker[Session], env: str, folder: Path) -> str:
    """The page in this environment."""
    settings = replace(read_settings({"SITTHI_ENV": "test", "SITTHI_DATA_DIR": str(folder)}, ("family_club",)), env=env)
    app = Flask("start-tests", template_folder=str(Path(start.__file__).parent / "templates"))
    app.register_blueprint(start.pages(sessions, settings, lambda: NOON))
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("env", ["production", "test"])
def test_d6_the_start_page_of_production_says_what_it_is_and_hints_at_nothing(
    sessions: sessionmaker[Session], tmp_path: Path, env: str
) -> None:
    """Neither console nor names nor versions: whoever has no business here learns nothing."""
    said = page(sessions, env, tmp_path)
    assert "A service for LINE" in said
    assert "บริการสำหรับ LINE" in said
    assert not any(word in said.casefold() for word in ("console", "partner", "demo", "flask", "pin", "callback"))


def test_d6_the_start_page_of_the_demo_leads_to_phones_console_and_partners(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    """And tells the PINs of the example partners, once each."""
    (tmp_path / "example").mkdir()
    (tmp_path / "example" / "privileges.csv").write_text(FILE, encoding="utf-8")
    said = page(sessions, "demo", tmp_path)
    assert 'href="/console/"' in said
    assert 'href="https://api.line.me/"' in said, "where LINE_API_URL leads: the simulator, in a demo"
    assert said.count("4821") == 2, "once a language"
    assert "Mong Chao" in said
    assert "Nothing is being used at this moment." in said
