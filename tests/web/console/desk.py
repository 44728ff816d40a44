"""A console of one's own: the whole application, a clock the test moves, colleagues who are signed in."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

import app as application
from benefits import signin
from benefits import staff as colleagues
from benefits.vault import Vault
from clock import Clock
from clubs.catalogue import SHIPPED
from models import Staff
from settings import Settings, read_settings
from tests.factories import NOON
from web.console import Console
from web.console.security import password_hash

PASSWORD = "correct horse battery staple"
CLUB, OTHER_CLUB = "family_club", "other_club"
ENVIRON = {
    "SITTHI_ENV": "test",
    "SITTHI_PUBLIC_URL": "http://localhost",
    "SITTHI_SECRET_KEYS": "a-key-for-tests-only-0123456789-abcdefghij",
    "LINE_API_URL": "http://127.0.0.1:9",
}
"""Nobody listens on port 9: a test that talks to LINE says where its own is (`make_desk(…, LINE_API_URL=…)`)."""
_numbers = itertools.count(1)


class TestClock(Clock):
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self, now: datetime = NOON) -> None:
        self.at = now

    def now(self) -> datetime:
        """UTC."""
        return self.at


@dataclass
class Desk:
    """One application on one database."""

    app: Flask
    clock: TestClock
    vault: Vault
    _hash: str = ""
    emails: dict[int, str] = field(default_factory=dict)

    @property
    def console(self) -> Flask:
        """The console's application."""
        found: Flask = self.app.extensions["console"]
        return found

    @property
    def parts(self) -> Any:
        """`app.Parts`."""
        return self.app.extensions["sitthi"]

    @property
    def desk(self) -> Console:
        """What the pages are given."""
        found: Console = self.console.extensions["console"]
        return found

    @property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions with the vault."""
        return self.desk.sessions

    def later(self, **ahead: float) -> None:
        """Time passes, e.g. `minutes=31`."""
        self.clock.at += timedelta(**ahead)

    @property
    def hash(self) -> str:
        """argon2 of `PASSWORD`, made once."""
        if not self._hash:
            with self.console.app_context():
                self._hash = password_hash(PASSWORD)
        return self._hash

    def hire(self, *roles: str, club: str = CLUB, name: str = "สมหญิง ใจดี", **values: Any) -> Staff:
        """A colleague with `roles` for ten days, so that nothing of theirs waits to be confirmed; their own
        password is `PASSWORD`; not signed in."""
        email = values.pop("email", f"colleague{next(_numbers)}@club.example")
        with self.sessions.begin() as session:
            found = colleagues.add(
                session,
                email=email,
                name=name,
                password=self.hash,
                club=club,
                roles=roles,
                now=values.pop("since", self.clock.now() - timedelta(days=10)),
                one_time=False,
            )
            for key, value in values.items():
                setattr(found, key, value)
        return found

    def client(self) -> FlaskClient:
        """A browser without cookies, whose forms stand on our own pages."""
        client = self.app.test_client()
        client.environ_base["HTTP_ORIGIN"] = "http://localhost"
        return client

    def enter(self, staff: Staff, *, factor: bool = True) -> FlaskClient:
        """A browser with an open session of `staff`, made as the sign-in makes it."""
        client = self.client()
        with self.sessions.begin() as session:
            staff = session.get_one(Staff, staff.id)
            token = signin.begin_session(session, staff, now=self.clock.now(), factor=factor)
        keep(self.console, client, {"token": token, "_user_id": staff.fs_uniquifier, "_fresh": True})
        return client

    def staff(self, *roles: str, **values: Any) -> Hand:
        """A new colleague with `roles`, signed in; she reads English unless `language=` says otherwise."""
        hired = self.hire(*roles, **{"language": "en", **values})
        return Hand(self, hired, self.enter(hired))

    @contextmanager
    def served(self) -> Iterator[str]:
        """The application on a real port of this machine; its address."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def cookies(self, staff: Staff, url: str) -> list[Any]:
        """For a browser's context: `context.add_cookies(desk.cookies(staff, url))` signs her in."""
        client = self.enter(staff)
        found = client.get_cookie("console")
        assert found is not None
        return [{"name": "console", "value": found.value, "url": url}]


@dataclass
class Hand:
    """A signed-in colleague and her browser."""

    desk: Desk
    staff: Staff
    client: FlaskClient

    def again(self) -> Hand:
        """The same colleague, signed in anew: a change of their rights ended the session they had."""
        return Hand(self.desk, self.staff, self.desk.enter(self.staff))

    def get(self, address: str, **options: Any) -> Any:
        """A page: `hand.get("/console/")`."""
        return self.client.get(address, **options)

    def post(self, address: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """A form sent with its token; files as in werkzeug's test client."""
        return self.client.post(address, data={"csrf_token": self.token(), **(data or {})}, **options)

    def token(self) -> str:
        """The CSRF token of her session."""
        kept = kept_in(self.desk.console, self.client)
        if "csrf_token" not in kept:
            kept["csrf_token"] = "0" * 40
            keep(self.desk.console, self.client, kept)
        return str(
            URLSafeTimedSerializer(str(self.desk.console.secret_key), salt="wtf-csrf-token").dumps(kept["csrf_token"])
        )


def kept_in(console: Flask, client: FlaskClient) -> dict[str, Any]:
    """What the browser's cookie holds."""
    found = client.get_cookie("console")
    serializer = console.session_interface.get_signing_serializer(console)  # type: ignore[attr-defined]
    return dict(serializer.loads(found.value)) if found else {}


def keep(console: Flask, client: FlaskClient, values: dict[str, Any]) -> None:
    """Give the browser a cookie that holds `values`."""
    serializer = console.session_interface.get_signing_serializer(console)  # type: ignore[attr-defined]
    client.set_cookie("console", serializer.dumps(values), domain="localhost")


def make_desk(database_url: str, folder: Path, vault: Vault, **environ: str) -> Desk:
    """The application as `create_app` makes it, on a database of the test's, with two clubs; argon2 at its cheapest."""
    given = {**ENVIRON, "SITTHI_DATA_DIR": str(folder), "DATABASE_URL": database_url, **environ}
    own = (SHIPPED / f"{CLUB}.toml").read_text(encoding="utf-8")
    (folder / "clubs").mkdir(exist_ok=True)
    other = own.replace(f'key = "{CLUB}"', f'key = "{OTHER_CLUB}"').replace("Family Club", "Other Club")
    (folder / "clubs" / f"{OTHER_CLUB}.toml").write_text(other, encoding="utf-8")
    given["SITTHI_CLUBS_DIR"] = str(folder / "clubs")
    settings: Settings = read_settings(given, (CLUB, OTHER_CLUB))
    clock = TestClock()
    app = application.create_app(settings, None, clock)
    cheap = {"argon2__time_cost": 1, "argon2__memory_cost": 64, "argon2__parallelism": 1}
    app.extensions["console"].extensions["security"].pwd_context.update(**cheap)
    return Desk(app, clock, vault)
