"""D7: a DATABASE_URL that leads nowhere is one sentence with its remedy, from every program, without the password."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from database import embedded
from database.cluster import Cluster
from database.unreachable import SAID, SIGNS, Unreachable, try_once, unreachable
from tests.database.hands import ROOT
from tests.temporary_server import FAST, temporary_folder

SECRET = "open-sesame"


@pytest.fixture(scope="module")
def strict() -> Iterator[str]:
    """A server that asks for passwords; its URL with the right one."""
    with temporary_folder() as folder:
        url = embedded.ensure_running(folder, FAST)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE sitthi PASSWORD '{SECRET}'")
            (Cluster.of(folder).home / "pg_hba.conf").write_text("local all all scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")
        right = url.replace("sitthi@", f"sitthi:{SECRET}@")
        _until_asked(url)
        yield right


def _until_asked(url: str) -> None:
    for _ in range(100):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            return
        time.sleep(0.1)
    raise AssertionError("the server lets everybody in")


@contextmanager
def listener(answer: bytes | None) -> Iterator[int]:
    """A port where somebody takes the first words and says `answer`; none: nothing, ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk() -> None:
            while True:
                try:
                    taken, _ = server.accept()
                except OSError:
                    return
                if answer is not None:
                    taken.recv(64)
                    taken.sendall(answer)
                    taken.close()

        threading.Thread(target=talk, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def said(url: str) -> Unreachable:
    """The refusal of an address; it names the setting and never the password."""
    with pytest.raises(Unreachable) as refused:
        try_once(url)
    assert str(refused.value).startswith("DATABASE_URL")
    assert "sesame" not in str(refused.value)
    assert "\n" not in str(refused.value)
    return refused.value


def test_d7_a_right_address_is_no_fault(strict: str) -> None:
    """The sentences are for others."""
    try_once(strict)


def test_d7_wrong_password_user_and_database(strict: str) -> None:
    """Told apart, and none of them passes by itself."""
    for url, words in (
        (strict.replace(SECRET, "wrong-sesame"), ("does not let 'sitthi' in", "%40")),
        (strict.replace(f":{SECRET}", ""), ("does not let 'sitthi' in",)),
        (strict.replace("sitthi:", "somebody:"), ("'somebody'",)),
        (strict.replace("/sitthi?", "/stithi?"), ("no database 'stithi'", "CREATE DATABASE")),
    ):
        refused = said(url)
        assert all(word in str(refused) for word in words), refused
        assert not refused.passing


def test_d7_nobody_there() -> None:
    """Refused, unknown, silent: these may pass, so that a program goes on trying."""
    assert "nobody takes connections at 127.0.0.1:1" in str(said(f"postgresql://u:{SECRET}@127.0.0.1:1/x"))
    assert "no machine is called nowhere.invalid" in str(said(f"postgresql://u:{SECRET}@nowhere.invalid/x"))
    with listener(None) as port:
        assert f"127.0.0.1:{port} does not answer" in str(said(f"postgresql://u:{SECRET}@127.0.0.1:{port}/x"))
    assert said(f"postgresql://u:{SECRET}@/x?host=/nowhere/at/all").passing
    assert said(f"postgresql://u:{SECRET}@127.0.0.1:1/x").passing


def test_d7_tls() -> None:
    """A server without TLS where it is demanded; the remedy names sslmode."""
    with listener(b"N") as port:
        refused = said(f"postgresql://u:{SECRET}@127.0.0.1:{port}/x?sslmode=require")
    assert "TLS" in str(refused)
    assert "sslmode" in str(refused)
    assert not refused.passing


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:open@sesame@nowhere.invalid/x",
        "postgresql://u:open-sesame@127.0.0.1:port/x",
        "postgresql://u:open-sesame@127.0.0.1:1/x?sslmode=maybe",
        "postgresql://u:open-sesame@127.0.0.1:1/x?nonsense=1",
        "postgresql://u:open%zzsesame@127.0.0.1:1/x",
        "postgresql://u:sesame/open@127.0.0.1:1/x",
    ],
)
def test_d7_an_address_written_wrongly_shows_no_part_of_the_password(url: str) -> None:
    """libpq takes part of it for a host and repeats it: we do not."""
    assert not said(url).passing or "/open" in url


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "x", no encryption', "TLS"),
        ('FATAL:  no pg_hba.conf entry for host "1.2.3.4", user "u", database "x", SSL encryption', "pg_hba.conf"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("FATAL:  the database system is starting up", "in a moment"),
        ("FATAL:  the database system is in recovery mode", "in a moment"),
        ("connection failed: SSL error: certificate verify failed", "sslrootcert"),
        ("connection failed: something new", "psql"),
    ],
)
def test_d7_what_a_server_may_say(message: str, words: str) -> None:
    """Messages of servers that are not here, as PostgreSQL 18 writes them."""
    refused = unreachable(psycopg.OperationalError(message), f"postgresql://u:{SECRET}@db.example:5433/x")
    assert words in str(refused)
    assert set(SAID) == {kind for kind, _ in SIGNS} | {"other"}


PROGRAMS = {
    "flask": ["-m", "flask", "db", "upgrade"],
    "flask rounds": ["-m", "flask", "rounds", "list"],
    "jobs": ["-m", "jobs"],
    "gunicorn": ["-m", "gunicorn", "--no-control-socket", "-b", "127.0.0.1:0", "app:create_app()"],
}


def run(command: list[str], environ: dict[str, str], folder: Path, until: str = "\0") -> tuple[int | None, str]:
    """The exit code and everything it said; once it has said `until`, it is given two seconds more and ended (None)."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SITTHI_", "FLASK_", "LINE_"))}
    log = folder.parent / f"{folder.name}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**kept, **environ}, stdout=output, stderr=output
        )
    try:
        for _ in range(1200):
            if process.poll() is not None:
                return process.returncode, log.read_text()
            if until in log.read_text():
                break
            time.sleep(0.1)
        time.sleep(2)
        return process.poll(), log.read_text()
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_d7_every_program_refuses_a_wrong_password_in_a_sentence(program: str, strict: str, tmp_path: Path) -> None:
    """It ends at once; one sentence, no traceback, no password."""
    environ = {"SITTHI_ENV": "test", "SITTHI_DATA_DIR": str(tmp_path)}
    code, told = run(PROGRAMS[program], {**environ, "DATABASE_URL": strict.replace(SECRET, "wrong-sesame")}, tmp_path)
    assert code not in (0, None)
    assert told.count("does not let 'sitthi' in") == 1
    assert "Traceback" not in told
    assert "sesame" not in told


@pytest.mark.slow
@pytest.mark.parametrize("program", PROGRAMS)
def test_d7_every_program_says_that_nobody_is_there(program: str, tmp_path: Path) -> None:
    """A command ends with the sentence; the bot and the jobs say it once and wait for the server."""
    environ = {"SITTHI_ENV": "test", "SITTHI_DATA_DIR": str(tmp_path)}
    url = f"postgresql://u:{SECRET}@127.0.0.1:1/x"
    lasting = program in ("jobs", "gunicorn")
    code, told = run(PROGRAMS[program], {**environ, "DATABASE_URL": url}, tmp_path, "this program goes on")
    assert (code is None) if lasting else (code not in (0, None))
    assert told.count("nobody takes connections at 127.0.0.1:1") == 1
    assert "Traceback" not in told
    assert "sesame" not in told


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["--help"], ["db", "--help"], ["import", "accounts", "--help"], ["staff", "add", "--help"]]
)
def test_d7_help_needs_no_settings(command: list[str], tmp_path: Path) -> None:
    """`flask --help` and the help of each command, with nothing set: the commands are listed, nothing is started."""
    code, told = run(["-m", "flask", *command], {"SITTHI_DATA_DIR": str(tmp_path)}, tmp_path)
    assert code == 0, told
    assert "Usage:" in told
    assert "Traceback" not in told
    assert (" statement " in told) == (command == ["--help"])
    assert list(tmp_path.iterdir()) == []
