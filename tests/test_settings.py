"""Settings: what is missing or weak stops the program, each fault by its name and with its remedy (C16)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app import create_app
from settings import DEMO_KEY, LINE_API, LINE_API_DATA, Settings, SettingsError, read_settings

ROOT = Path(__file__).parent.parent
KEY = "Zk3vQ8sN1xYtB7uLw0eRpHcJ5aGfD2mT9oViK4hSgXy"
SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
TOKEN = "qR7/aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789+abcdefgh="
GOOD = {
    "SITTHI_PUBLIC_URL": "https://club.example",
    "SITTHI_SECRET_KEYS": KEY,
    "SITTHI_FAMILY_CLUB_CHANNEL_SECRET": SECRET,
    "SITTHI_FAMILY_CLUB_CHANNEL_TOKEN": TOKEN,
}
CLUBS = ("family_club",)


def read(**changes: str | None) -> Settings:
    """The good settings of a production machine, with these changed, or unset where None."""
    environ = {**GOOD, **{key: value for key, value in changes.items() if value is not None}}
    return read_settings({key: value for key, value in environ.items() if changes.get(key, "") is not None}, CLUBS)


def test_good_settings_are_read() -> None:
    """Production unless said otherwise; LINE's own addresses; data in var/; no moved clock."""
    found = read()
    assert found.production
    assert (found.line_api_url, found.line_data_url) == (LINE_API, LINE_API_DATA)
    assert found.data_dir == Path("var").absolute()
    assert (found.clubs, found.clubs_dir, found.database_url, found.now) == (CLUBS, None, None, None)
    assert found.public_url == "https://club.example"
    assert read(SITTHI_ENV="").production, "an empty SITTHI_ENV must not weaken anything"


WRONG = [
    ("SITTHI_ENV", "staging", "production, demo, test"),
    ("SITTHI_PUBLIC_URL", None, "the https address"),
    ("SITTHI_PUBLIC_URL", "http://club.example", "https://"),
    ("SITTHI_PUBLIC_URL", "https://", "https://"),
    ("SITTHI_PUBLIC_URL", "club.example", "https://"),
    ("SITTHI_SECRET_KEYS", None, "secrets.token_urlsafe"),
    ("SITTHI_SECRET_KEYS", " , ", "secrets.token_urlsafe"),
    ("SITTHI_SECRET_KEYS", "short", "key number 1"),
    ("SITTHI_SECRET_KEYS", "a" * 64, "key number 1"),
    ("SITTHI_SECRET_KEYS", "ab" * 40, "key number 1"),
    ("SITTHI_SECRET_KEYS", KEY[:31], "key number 1"),
    ("SITTHI_SECRET_KEYS", f"{KEY},password", "key number 2"),
    ("SITTHI_SECRET_KEYS", DEMO_KEY, "key number 1"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", None, "Basic settings"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", "demo-secret", "copy LINE's secret"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", "0" * 32, "copy LINE's secret"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", f"{SECRET},old", "copy LINE's secret"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", f"{SECRET},{SECRET[::-1]},{SECRET}", "at most two"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_SECRET", SECRET[:-1] + "…", "copy it again"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_TOKEN", None, "Channel access token"),
    ("SITTHI_FAMILY_CLUB_CHANNEL_TOKEN", "x" * 172, "Channel access token"),
    ("SITTHI_CLUBS", "family_club,nobody", "'nobody'"),
    ("SITTHI_NOW", "2026-11-02T09:00:00+07:00", "unset it"),
    ("LINE_API_URL", "localhost:8100", "https://api.line.me"),
    ("LINE_API_URL", "https://[", "https://api.line.me"),
    ("DATABASE_URL", "sqlite:///sitthi.db", "postgresql://"),
    ("DATABASE_URL", "host=db user=sitthi", "postgresql://"),
    ("FLASK_DEBUG", "1", "unset it"),
]


@pytest.mark.parametrize(("name", "value", "remedy"), WRONG)
def test_c16_each_missing_or_weak_setting_is_refused(name: str, value: str | None, remedy: str) -> None:
    """C16: by its name, with the way to mend it, and only that one."""
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})
    lines = str(refused.value).splitlines()[1:]
    assert [line for line in lines if name.removesuffix("_SECRET").removesuffix("_TOKEN") in line] == lines, lines
    assert remedy in str(refused.value)


def test_c16_every_fault_is_told_at_once() -> None:
    """C16: an operator mends them in one go; an unknown club adds no noise about its channel."""
    with pytest.raises(SettingsError) as refused:
        read_settings({"SITTHI_CLUBS": "nobody"}, CLUBS)
    told = str(refused.value)
    assert all(name in told for name in ("SITTHI_PUBLIC_URL", "SITTHI_SECRET_KEYS", "SITTHI_CLUBS"))
    assert "SITTHI_NOBODY" not in told
    with pytest.raises(SettingsError) as refused:
        read_settings({}, CLUBS)
    assert all(name in str(refused.value) for name in GOOD)


@pytest.mark.parametrize(("name", "value", "_"), [wrong for wrong in WRONG if wrong[1] and "KEYS" in wrong[0]])
def test_c16_a_refusal_does_not_repeat_the_secret(name: str, value: str, _: str) -> None:
    """C16: what is refused may still be in use elsewhere: it is not printed."""
    with pytest.raises(SettingsError) as refused:
        read(**{name: value})
    assert not any(part in str(refused.value) for part in value.split(",") if len(part.strip()) > 5)


def test_a_password_in_a_database_url_is_not_repeated() -> None:
    """The refusal of a DATABASE_URL says nothing of what it held."""
    with pytest.raises(SettingsError) as refused:
        read(DATABASE_URL="mysql://sitthi:open-sesame@db/sitthi")
    assert "open-sesame" not in str(refused.value)


def test_c11_two_secrets_while_rotating() -> None:
    """C11: two channel secrets, separated by a comma, spaces forgiven; two keys likewise, the newest first."""
    second = SECRET[::-1]
    found = read(SITTHI_FAMILY_CLUB_CHANNEL_SECRET=f"{SECRET}, {second}", SITTHI_SECRET_KEYS=f"{KEY},{KEY[::-1]}")
    assert found.channels["family_club"].secrets == (SECRET, second)
    assert found.secret_keys == (KEY, KEY[::-1])


@pytest.mark.parametrize("env", ["demo", "test"])
def test_the_clock_moves_only_in_demo_and_test(env: str) -> None:
    """SITTHI_NOW: with an offset; naive or nonsense is refused with an example."""
    assert read(SITTHI_ENV=env, SITTHI_NOW="2026-11-02T09:00:00+07:00").now == datetime(2026, 11, 2, 2, tzinfo=UTC)
    for wrong in ("2026-11-02T09:00:00", "2026-11-02", "tomorrow"):
        with pytest.raises(SettingsError, match=r"\+07:00"):
            read(SITTHI_ENV=env, SITTHI_NOW=wrong)


def test_demo_and_test_need_no_secrets() -> None:
    """A demo starts with nothing set, under secrets that protect nothing and say so."""
    found = read_settings({"SITTHI_ENV": "demo"}, CLUBS)
    assert not found.production
    assert found.secret_keys == (DEMO_KEY,)
    assert "demo" in found.channels["family_club"].token


def test_one_address_for_both_of_lines_servers() -> None:
    """LINE_API_URL stands for api and api-data; a slash at the end does no harm."""
    found = read(LINE_API_URL="http://127.0.0.1:8100/")
    assert found.line_api_url == found.line_data_url == "http://127.0.0.1:8100"


def test_nothing_secret_in_what_is_printed() -> None:
    """A settings object in a log or a traceback tells no secret."""
    found = read(DATABASE_URL="postgresql://sitthi:open-sesame@db/sitthi")
    shown = f"{found!r} {found} {found.channels!r} {found.channels['family_club']}"
    assert not any(secret in shown for secret in (KEY, SECRET, TOKEN, "open-sesame"))


def _run(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SITTHI_", "FLASK_", "LINE_"))}
    inherited.pop("DATABASE_URL", None)
    return subprocess.run(
        command, cwd=ROOT, env={**inherited, **environ}, capture_output=True, text=True, timeout=120, check=False
    )


PROGRAMS = {
    "flask": ["-m", "flask", "db", "check"],
    "jobs": ["-m", "jobs"],
    "gunicorn": ["-m", "gunicorn", "--no-control-socket", "-b", "127.0.0.1:0", "app:create_app()"],
}


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_c16_no_program_starts_and_each_says_why(program: str, tmp_path: Path) -> None:
    """C16: the web server, the commands and the jobs all stop, with sentences and without a traceback."""
    weak = {**GOOD, "SITTHI_SECRET_KEYS": "weak", "SITTHI_DATA_DIR": str(tmp_path)}
    done = _run([sys.executable, *PROGRAMS[program]], weak)
    assert done.returncode != 0
    assert "SITTHI_SECRET_KEYS: key number 1 is weak" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing may be started or made before the settings are good"


def test_c16_the_application_is_not_made_and_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """C16: whoever calls `create_app()`, on whatever server, is told the same."""
    for name in [name for name in os.environ if name.startswith(("SITTHI_", "FLASK_", "LINE_", "DATABASE_URL"))]:
        monkeypatch.delenv(name)
    for name, value in {**GOOD, "SITTHI_SECRET_KEYS": "weak", "SITTHI_DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        create_app()
    assert end.value.code != 0
    assert "SITTHI_SECRET_KEYS: key number 1 is weak" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_wrong_club_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    """A club file that is wrong stops the commands likewise: file, key, remedy, no traceback."""
    (tmp_path / "tea_club.toml").write_text('key = "coffee_club"\n')
    done = _run(
        [sys.executable, "-m", "flask", "db", "check"], {"SITTHI_ENV": "test", "SITTHI_CLUBS_DIR": str(tmp_path)}
    )
    assert done.returncode != 0
    assert done.stderr.startswith("tea_club.toml: key: is 'coffee_club'")
    assert "Traceback" not in done.stderr
