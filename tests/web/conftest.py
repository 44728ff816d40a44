"""A small application around our pages, a clock the test moves, and claims in use."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.serving import make_server

from benefits import uses
from benefits.pins import hash_pin
from benefits.vault import Vault
from clock import MovableClock
from clubs import Club
from database.engine import make_engine, make_sessions
from models import Claim, Member, Partner, Person, Privilege
from settings import Settings, read_settings
from tests.conftest import psycopg_url
from tests.factories import NOON, member, partner, person, privilege
from web import demo, headers, health
from web import member as member_pages

PIN = "4821"
PIN_HASH = hash_pin(PIN)
OURS = {"Origin": "http://localhost"}
"""What a browser says when the form stands on our own page."""


@dataclass
class House:
    """The application, its database and its clock."""

    app: Flask
    sessions: sessionmaker[Session]
    club: Club
    settings: Settings
    vault: Vault
    clock: list[datetime] = field(default_factory=lambda: [NOON])
    ticking_since: float | None = None

    def now(self) -> datetime:
        """The server's time: it stands still until `tick` is called."""
        gone = 0.0 if self.ticking_since is None else time.monotonic() - self.ticking_since
        return self.clock[0] + timedelta(seconds=gone)

    def tick(self) -> None:
        """Let the server's clock run from here."""
        self.ticking_since = time.monotonic()

    @property
    def client(self) -> FlaskClient:
        """Someone's browser, without cookies."""
        return self.app.test_client()

    def later(self, **ahead: float) -> None:
        """Time passes, e.g. `minutes=16`."""
        self.clock[0] += timedelta(**ahead)

    def use(self, redeem: str = "qr", *, begin: bool = True, language: str | None = "th", **values: Any) -> Use:
        """A claim of a new account, in use by its admin unless `begin` is False. `code=` is sealed as the rules do."""
        with self.sessions.begin() as session:
            code, names = values.pop("code", None), values.pop("partner", {})
            ann = person(session, language=language)
            shop = member(session, ann, name=values.pop("account", "ร้านก๋วยเตี๋ยวเรือ"))
            known = values.pop("partner_id", None)
            named = {"pin_hash": PIN_HASH, "name_en": "Mong Chao Coffee", "name_th": "โมงเช้า คอฟฟี่", **names}
            giver = session.get_one(Partner, known) if known else partner(session, **named)
            gift = privilege(session, redeem=redeem, partner_id=giver.id, **values)
            if code is not None:
                gift.code = self.vault.seal(code, f"privileges.code:{gift.club}:{gift.key}")
            claim = Claim(
                privilege_id=gift.id,
                member_id=shop.id,
                person_id=ann.id,
                holder=f"m{shop.id}",
                period="",
                slot=1,
                claimed_at=NOON,
            )
            session.add(claim)
            session.flush()
            found = Use(self, claim.id, gift, giver, shop, ann)
        if begin:
            found.begin()
        return found


@dataclass
class Use:
    """One claim and the link of its present use."""

    house: House
    claim_id: int
    privilege: Privilege
    partner: Partner
    member: Member
    person: Person
    token: str = ""

    def begin(self) -> None:
        """The admin presses Use in the chat."""
        with self.house.sessions.begin() as session:
            ann = session.get_one(Person, self.person.id)
            found = uses.start(
                session, club=self.house.club, person=ann, claim_id=self.claim_id, now=self.house.clock[0]
            )
            self.token = found.token

    def change(self, **values: Any) -> None:
        """Write columns of the claim."""
        with self.house.sessions.begin() as session:
            for name, value in values.items():
                setattr(session.get_one(Claim, self.claim_id), name, value)

    def row(self) -> Claim:
        """The claim as it stands in the database."""
        with self.house.sessions() as session:
            return session.get_one(Claim, self.claim_id)

    def page(self, **query: str) -> str:
        """The member's page."""
        answer = self.house.client.get(f"/use/{self.token}", query_string=query)
        assert answer.status_code == 200
        return answer.text

    def press(self, **form: str) -> Any:
        """The partner's staff presses a button, in English."""
        path, sent = f"/partner/{self.token}?lang=en", {"do": "confirm", **form}
        return self.house.client.post(path, data=sent, headers=OURS)


def build(engine: Engine, club: Club, vault: Vault, settings: Settings, app: Flask | None = None) -> House:
    """The application as `create_app` joins it, without the bot."""
    sessions = make_sessions(engine, vault=vault)
    app = app or Flask("web-tests", static_folder=None)
    house = House(app, sessions, club, settings, vault)
    app.register_blueprint(member_pages.pages(sessions, {club.key: club}, settings, house.now))
    app.register_blueprint(health.pages(engine, house.now))
    if not settings.production:
        app.register_blueprint(demo.pages(MovableClock(settings.data_dir / "clock.json")))
    headers.protect(app, settings)
    return house


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Engine]:
    """One database for a file of tests of pages: each makes its own claims, and no other's matter to it."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    engine = make_engine(psycopg_url(server_url, name))
    yield engine
    engine.dispose()
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A test's settings, with a folder of its own for uploads."""
    environ = {"SITTHI_ENV": "test", "SITTHI_DATA_DIR": str(tmp_path), "SITTHI_PUBLIC_URL": "https://club.example.com"}
    return read_settings(environ, ("family_club",))


@pytest.fixture
def house(shared: Engine, club: Club, vault: Vault, settings: Settings) -> House:
    """The pages, outside production."""
    return build(shared, club, vault, settings)


@pytest.fixture
def production(shared: Engine, club: Club, vault: Vault, settings: Settings) -> House:
    """The pages as the public gets them."""
    return build(shared, club, vault, replace(settings, env="production"))


@pytest.fixture
def served(shared: Engine, club: Club, vault: Vault, settings: Settings) -> Iterator[House]:
    """The pages on a real port of this machine, which is also their public address; the clock runs."""
    app = Flask("web-tests", static_folder=None)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    house = build(shared, club, vault, replace(settings, public_url=f"http://127.0.0.1:{server.server_port}"), app)
    house.tick()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield house
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def phone(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page on a phone of its own, e.g. `phone(width=1280)`."""
    opened: list[Any] = []

    def new(width: int = 390, height: int = 844, **options: Any) -> Any:
        opened.append(chromium.new_context(viewport={"width": width, "height": height}, **options))
        return opened[-1].new_page()

    yield new
    for context in opened:
        context.close()
