"""create_app: makes the parts and joins them. The only module that knows all rooms but the simulator."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import commands
from benefits.engine_room import Timed
from benefits.vault import Vault
from bot.door import door
from bot.line import Line, LineError, Unknown
from bot.outbox import Outbox
from bot.webhook import LARGEST, Channel, Doors, webhook
from clock import Clock, MovableClock, SystemClock
from clubs import Club, ClubFileError, club_files, load_clubs
from database import durability
from database.embedded import DatabaseError
from database.engine import make_engine, make_sessions, resolve_url
from database.restarting import Restarter
from database.unreachable import Unreachable, try_once
from handlers import ROUTES, offering
from handlers.conversation import Conversation
from handlers.previewing import privilege_card
from jobs.attending import Attendant
from jobs.tasks import ring
from jobs.timetable import TIMETABLE
from models import Person, Privilege
from serving.about import PLACE, Serving
from serving.refusals import Refusals
from settings import Settings, SettingsError, read_settings
from web import console, demo, headers, health, links, member, refused, start

WEB_STATEMENT_MS = 1500
"""LINE waits two seconds: a statement that takes longer is given up and answered 503."""

CONSOLE_STATEMENT_MS = 20_000
"""A colleague waits longer than LINE; a list that takes longer than this is a fault."""

CANT_START = (SettingsError, ClubFileError, DatabaseError)
"""What an operator can mend: each message says how, so it is printed alone, without a traceback."""
EXIT = 3
"""gunicorn's own sign that a worker can't boot: on any other it would start worker after worker."""


@dataclass(frozen=True)
class Parts:
    """What a running program is made of. Commands, jobs and tests take it from `app.extensions["sitthi"]`."""

    settings: Settings
    clock: Clock
    clubs: Mapping[str, Club]
    lines: Mapping[str, Line]

    restarter: Restarter | None
    """Brings the embedded server back; None where the database is somebody else's."""

    @cached_property
    def database_url(self) -> str:
        """The external server's, or the embedded one's, started at first need."""
        return resolve_url(self.settings.database_url, self.settings.data_dir)

    def database_gone(self) -> None:
        """Whoever cannot connect says so: an embedded server is started again. Returns at once."""
        if self.restarter is not None:
            self.restarter.gone()

    def why_database_away(self) -> str | None:
        """What is known of a database that does not answer; None: nothing."""
        return self.restarter.why_away() if self.restarter is not None else None

    @cached_property
    def vault(self) -> Vault:
        """Seals and opens personal data and codes."""
        return Vault(self.settings.secret_keys)

    @cached_property
    def engine(self) -> Engine:
        """For commands and jobs: statements may take their time."""
        return make_engine(self.database_url, gone=self.database_gone)

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions for commands and jobs."""
        return make_sessions(self.engine, vault=self.vault)

    @cached_property
    def web_sessions(self) -> sessionmaker[Session]:
        """Sessions for webhooks and pages: nothing may hold a turn longer than LINE waits."""
        return make_sessions(
            make_engine(self.database_url, pool_size=16, statement_ms=WEB_STATEMENT_MS, gone=self.database_gone),
            vault=self.vault,
        )

    @cached_property
    def attendant(self) -> Attendant:
        """What is done for a person after the commit."""
        return Attendant(self.sessions, self.lines, self.clubs, self.clock.now)

    @cached_property
    def outbox(self) -> Outbox:
        """Sends replies; its threads start with the first."""
        return Outbox(self.sessions, self.lines, self.clock.now, self.attendant.attend)

    @cached_property
    def doors(self) -> Doors:
        """What the webhook is given."""
        conversation = Conversation(self.clubs, ROUTES, self.settings.public_url)
        return Doors(
            sessions=self.web_sessions,
            channels={club: Channel(self.settings.channels[club].secrets) for club in self.clubs},
            answer=conversation.answer,
            apologise=conversation.apologise,
            put=self.outbox.put,
            now=self.clock.now,
        )

    @cached_property
    def console(self) -> console.Console:
        """What the console's pages are given: connections of their own, so that no list delays a webhook."""
        engine = make_engine(self.database_url, pool_size=8, statement_ms=CONSOLE_STATEMENT_MS, gone=self.database_gone)
        sessions = make_sessions(engine, vault=self.vault)
        wall = SystemClock().now if self.settings.env == "demo" else self.clock.now
        return console.Console(
            sessions=sessions,
            scoped=scoped_session(sessions),
            clubs=self.clubs,
            settings=self.settings,
            now=self.clock.now,
            wall=wall,
            timetable=tuple(Timed(job.name, job.every, job.about) for job in TIMETABLE),
            ring=self.ring,
            quota=self.quota,
            validate=self.validate,
            render=self.render,
            preview_card=self.preview_card,
        )

    def ring(self, name: str) -> None:
        """Ask the job `name` of the timetable now instead of at its next tick."""
        ring(self.database_url, tuple(job for job in TIMETABLE if job.name == name))

    def quota(self, club: str) -> tuple[int | None, int]:
        """A club's messages of this month: LINE's limit (None: none) and how many are used. Raises `LineTrouble`."""
        try:
            return self.lines[club].quota()
        except (LineError, Unknown) as error:
            raise console.LineTrouble(str(error)) from error

    def validate(self, club: str, messages: list[dict[str, Any]]) -> str | None:
        """What LINE finds wrong with messages to many; None: nothing. Raises `LineTrouble` when it cannot be asked."""
        try:
            self.lines[club].validate_multicast(messages)
        except LineError as error:
            if error.status == 400:
                return str(error)
            raise console.LineTrouble(str(error)) from error
        except Unknown as error:
            raise console.LineTrouble(str(error)) from error
        return None

    def render(
        self, session: Session, club: Club, content: dict[str, Any], language: str, person: Person | None
    ) -> list[dict[str, Any]]:
        """An offer's content as LINE messages in `language`, for `person` or for an example of a reader. Raises as
        `offering.preview`."""
        url = self.settings.public_url
        return offering.preview(session, club, content, language, person, public_url=url, now=self.clock.now())

    def preview_card(self, session: Session, club: Club, privilege: Privilege, language: str) -> dict[str, Any]:
        """A privilege's card as the chat shows it. Raises `LimitExceeded` where LINE would refuse it."""
        return privilege_card(
            session, club, privilege, language, public_url=self.settings.public_url, now=self.clock.now()
        )


def create_app(
    settings: Settings | None = None, line: Mapping[str, Line] | None = None, clock: Clock | None = None
) -> Flask:
    """The WSGI application: webhooks, pages and commands.

    When it must not start it raises one of `CANT_START`; but where the settings are the environment's there is nobody
    to catch it: then it says why and exits (gunicorn), or leaves it to the command that needs it (`flask`).
    """
    if settings is not None:
        return _made(make_parts(settings, line, clock))
    try:
        return _made(make_parts(None, line, clock))
    except CANT_START as fault:
        if commands.looked_up():
            return commands.without_program(fault)
        print(fault, file=sys.stderr, flush=True)
        raise SystemExit(EXIT) from None


def _made(parts: Parts) -> Flask:
    app = Flask(
        "sitthi", root_path=os.path.dirname(os.path.abspath(__file__)), static_folder=None, template_folder=None
    )
    app.config["MAX_CONTENT_LENGTH"] = LARGEST
    app.extensions["sitthi"] = parts
    app.register_blueprint(webhook(parts.doors))
    app.register_blueprint(member.pages(parts.web_sessions, parts.clubs, parts.settings, parts.clock.now))
    app.register_blueprint(start.pages(parts.web_sessions, parts.settings, parts.clock.now))
    app.register_blueprint(links.pages(parts.web_sessions, parts.clock.now))
    app.register_blueprint(health.pages(parts.engine, parts.clock.now, parts.why_database_away))
    if not parts.settings.production and isinstance(parts.clock, MovableClock):
        app.register_blueprint(demo.pages(parts.clock, lambda: ring(parts.database_url)))
    headers.protect(app, parts.settings)
    inner = console.make(parts.console, list(reversed(parts.vault.signing_keys)))
    console.mount(app, inner)
    app.extensions[PLACE] = Serving(partial(console.signed_in, inner), Refusals(refused.pages(inner), refused.HEADERS))
    commands.register(app)
    app.wsgi_app = door(parts.doors, app.wsgi_app)  # type: ignore[method-assign, assignment]  # as Flask wants it wrapped
    atexit.register(parts.outbox.close)
    return app


def make_parts(
    settings: Settings | None = None, line: Mapping[str, Line] | None = None, clock: Clock | None = None
) -> Parts:
    """The parts from the environment, or from those handed in (tests)."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Lines())),
        cache_logger_on_first_use=True,
    )
    found = settings or settings_from_environment()
    if found.database_url:
        _try_database(found.database_url, found.production)
    clubs = load_clubs(found.clubs, found.clubs_dir)
    lines = line or {club: Line(found.channels[club].token, found.line_api_url, found.line_data_url) for club in clubs}
    restarter = None if found.database_url else Restarter(found.data_dir)
    return Parts(found, clock or _clock(found), clubs, lines, restarter)


def _try_database(url: str, production: bool) -> None:
    """Raises `DatabaseError` for an address that will never do, or a server that may lose what it acknowledged. One that is
    away is told once and waited for; a command finds that out when it needs it."""
    try:
        try_once(url)
    except Unreachable as fault:
        if not fault.passing:
            raise
        if not commands.looked_up():
            print(f"{fault} Until then nothing is answered; this program goes on trying.", file=sys.stderr, flush=True)
        return
    if production:
        durability.demand(url)


class _Lines:
    """Where log lines go: stdout. Where that is a file on a full disk they are lost, and nothing else with them."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def settings_from_environment() -> Settings:
    """Settings of this process, for the clubs whose files it finds."""
    folder = os.environ.get("SITTHI_CLUBS_DIR")
    return read_settings(os.environ, tuple(club_files(Path(folder) if folder else None)))


def _clock(settings: Settings) -> Clock:
    if settings.production:
        return SystemClock()
    return MovableClock(settings.data_dir / "clock.json", settings.now)
