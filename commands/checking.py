"""What `flask line check` looks at: each question gives one finding, and what to do when it is not good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from benefits import rounds
from bot.line import LineError, NotSent, Unknown
from database import migrate
from models import TurnRow
from richmenu.drawn import draw_menus
from richmenu.job import Job, PublishError
from richmenu.publishing import dry_run

if TYPE_CHECKING:
    from app import Parts

SKEW = timedelta(seconds=30)
FEW_LEFT = 10
"""Percent of the month's messages: below this the quota is worth a look."""
BEAT = timedelta(seconds=90)


@dataclass(frozen=True)
class Finding:
    """One line of the check: `good`, `look` (worth a look) or `bad` (mend it), and what to do."""

    state: str
    what: str
    remedy: str = ""
    stops: str = ""
    """`line` or `database`: without it, what else is asked there would only say the same in other words."""


Question = Callable[["Parts", str], Iterator[Finding]]


def findings(parts: Parts, club: str) -> Iterator[Finding]:
    """Every finding, in the order an operator would mend them. A question that fails is itself a finding."""
    stopped: set[str] = set()
    for question, needs in QUESTIONS:
        if stopped.intersection(needs):
            continue
        for finding in _asked(question, parts, club):
            stopped |= {finding.stops} - {""}
            yield finding


def _asked(question: Question, parts: Parts, club: str) -> Iterator[Finding]:
    try:
        yield from question(parts, club)
    except (LineError, Unknown) as error:
        remedy = "check the network, LINE's status page and LINE_API_URL, and try again"
        # Nobody there: so it will be for every other question. An error: the others may do better.
        yield Finding("bad", f"LINE did not answer: {error}", remedy, "line" if isinstance(error, NotSent) else "")
    except SQLAlchemyError as error:
        remedy = "check DATABASE_URL; is the server running?"
        yield Finding("bad", f"the database did not answer: {type(error).__name__}", remedy, "database")


def _settings(parts: Parts, club: str) -> Iterator[Finding]:
    if parts.settings.production:
        yield Finding("good", "settings complete, secrets strong")
    else:
        yield Finding("look", f"SITTHI_ENV is {parts.settings.env}", "unset SITTHI_ENV before real members come")


def _token(parts: Parts, club: str) -> Iterator[Finding]:
    try:
        info = parts.lines[club].bot_info()
    except LineError as error:
        if error.status != 401:
            raise
        remedy = f"LINE Developers console → Messaging API → issue a channel access token → SITTHI_{club.upper()}_CHANNEL_TOKEN"
        yield Finding("bad", "the channel access token is not valid", remedy, "line")
        return
    yield Finding("good", f"the token belongs to {info.get('displayName')} ({info.get('basicId')})")
    if info.get("chatMode") == "chat":
        remedy = "LINE Official Account Manager → Response settings → Chat off, unless people shall answer too"
        yield Finding("look", "the account is in chat mode: staff and bot may both answer", remedy)


def _clock(parts: Parts, club: str) -> Iterator[Finding]:
    ahead = parts.clock.now() - parts.lines[club].time()
    if abs(ahead) > SKEW and parts.settings.production:
        remedy = "switch on time synchronisation (NTP) on this machine"
        yield Finding("bad", f"this machine's clock is {ahead.total_seconds():.0f} s off LINE's", remedy)
    else:
        yield Finding("good", "this machine's clock agrees with LINE's")


def _webhook(parts: Parts, club: str) -> Iterator[Finding]:
    wanted = f"{parts.settings.public_url}/callback/{club}"
    line = parts.lines[club]
    try:
        known = line.webhook()
    except LineError as error:
        if error.status != 404:
            raise
        known = {}
    if known.get("endpoint") != wanted:
        found = known.get("endpoint") or "no address"
        yield Finding("bad", f"LINE sends events to {found}, not to {wanted}", f"flask line webhook --club {club}")
        return
    yield Finding("good", f"LINE knows the webhook address {wanted}")
    if known.get("active") is False:
        yield Finding(
            "bad", "the webhook is switched off at LINE", "LINE Developers console → Messaging API → Use webhook: on"
        )
        return
    test = line.test_webhook()
    if test.get("success"):
        yield Finding("good", "LINE called it just now and was answered 200")
    else:
        told = f"{test.get('reason')} {test.get('statusCode') or ''} {test.get('detail') or ''}".strip()
        yield Finding(
            "bad",
            f"LINE called it just now and failed: {told}",
            "is the program running, and reachable over https from outside?",
        )


def _redelivery(parts: Parts, club: str) -> Iterator[Finding]:
    """LINE tells nobody whether redelivery is on; a redelivered event is proof (D8)."""
    since = parts.clock.now() - timedelta(days=30)
    seen = select(TurnRow).where(TurnRow.club == club, TurnRow.received_at > since)
    with parts.sessions() as session:
        proof = seen.where(TurnRow.event["deliveryContext"]["isRedelivery"].as_boolean()).exists()
        if session.scalar(select(proof)):
            yield Finding("good", "webhook redelivery is on: an event was redelivered within 30 days")
            return
    remedy = "LINE Developers console → Messaging API → Webhook redelivery: on. Without it an event that meets a restart is lost"
    yield Finding("look", "webhook redelivery can't be asked for; make sure that it is on", remedy)


def _quota(parts: Parts, club: str) -> Iterator[Finding]:
    limit, used = parts.lines[club].quota()
    if limit is None:
        yield Finding("good", f"messages of this month: {used:,} sent, no limit")
        return
    left = max(0, limit - used)
    state = "good" if left * 100 > limit * FEW_LEFT else "look" if left else "bad"
    remedy = (
        ""
        if state == "good"
        else "replies stay free; pushes (reminders) stop at the limit: upgrade the plan or wait for the 1st"
    )
    yield Finding(state, f"messages of this month: {left:,} of {limit:,} left", remedy)


def _menus(parts: Parts, club: str) -> Iterator[Finding]:
    found = parts.clubs[club]
    try:
        plan = dry_run(
            Job(found, draw_menus(found), parts.lines[club], parts.sessions, parts.clock.now(), lambda _: None)
        )
    except PublishError as error:
        yield Finding("bad", str(error), "try again")
        return
    if plan.empty:
        yield Finding("good", f"{len(plan.unchanged)} rich menus are published and up to date")
    else:
        yield Finding(
            "bad",
            f"{len(plan.new)} rich menus are not published as they should be",
            f"flask richmenu publish --club {club}",
        )


def _database(parts: Parts, club: str) -> Iterator[Finding]:
    if not migrate.is_current(parts.engine):
        yield Finding("bad", "the database lacks the tables of this version", "flask db upgrade", "database")
        return
    with parts.sessions() as session:
        version = session.scalar(text("SHOW server_version"))
        risky = session.scalar(text("SHOW fsync")) == "off"
    if risky:
        yield Finding(
            "bad",
            "the database runs with fsync = off: what was acknowledged can be lost",
            "set fsync = on and restart it",
        )
    yield Finding("good", f"database reachable (PostgreSQL {version}), schema up to date")


def _jobs(parts: Parts, club: str) -> Iterator[Finding]:
    with parts.sessions() as session:
        beat = session.scalar(text("SELECT now() - max(last_heartbeat) FROM procrastinate_workers"))
        due = rounds.due(session, parts.clubs[club], parts.clock.now())
        parked = session.scalar(select(func.count()).where(TurnRow.club == club, TurnRow.state == "parked")) or 0
    if beat is None or beat > BEAT:
        yield Finding("bad", "no jobs are running: rounds, reminders and late replies wait", "start python -m jobs")
    else:
        yield Finding("good", "jobs are running")
    if due:
        months = ", ".join(f"{month:%Y-%m}" for month in due)
        yield Finding("look", f"rounds due: {months}", "they run within minutes when jobs run; flask rounds list tells")
    if parked:
        yield Finding("look", f"{parked} events are parked", "flask turns parked shows them and why")


QUESTIONS: tuple[tuple[Question, tuple[str, ...]], ...] = (
    (_settings, ()),
    (_database, ("database",)),
    (_token, ("line",)),
    (_clock, ("line",)),
    (_webhook, ("line",)),
    (_redelivery, ("database",)),
    (_quota, ("line",)),
    (_menus, ("line", "database")),
    (_jobs, ("database",)),
)
"""Each question, and what it needs to be asked."""
