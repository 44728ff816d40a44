"""Corrections of stars: one colleague asks, a second grants, entries are added; nothing posted is ever changed (A15, A12).

A correction is of one account, of those of a file, or of a tier; its lines are frozen when it is asked. It counts at the
next adjustment: `count_month` of its entries is the first month that is not closed yet, their `period` the month they
correct, so that a correction and what it corrects leave the window together. Taking one back is another correction, of
every account at once. Stars are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from benefits import corrections_file, requests
from benefits import corrections_sql as sql
from benefits.corrections_file import MOST, BadFile, TooMany
from benefits.counting import BEFORE_ALL, counting_lock, first_open
from benefits.periods import month_of
from benefits.reasons import checked_reason
from benefits.refusal import Refusal
from clubs import Club
from models import Correction, CorrectionLine, StaffRequest

__all__ = ["MOST", "BadFile", "TooMany"]

KIND = "correct_stars"
SUBJECT = "correction"


class UnknownCorrection(Refusal):
    """No such correction in this club."""


class NobodyToCorrect(Refusal):
    """No account is meant: an unknown or deleted one, or a tier that nobody has."""


class NoSuchAmount(Refusal):
    """Stars must be a whole number other than 0, at most `MOST` either way."""


class MonthNotComputed(Refusal):
    """A correction names a month that a round has computed, or none: then it is of the month that is open."""

    rule: ClassVar[str] = "LFC-9"

    def __init__(self, period: date) -> None:
        self.period = period


class NotPosted(Refusal):
    """Only what was granted can be taken back."""


class AlreadyReversed(Refusal):
    """It was taken back already, or that waits for a second person."""


@dataclass(frozen=True)
class Sums:
    """What a correction comes to, before it is granted: accounts, stars, and what the next adjustment would do."""

    accounts: int
    stars: int
    given: int
    taken: int
    least: int
    most: int
    idle: int
    """Lines of months that the next adjustment no longer looks back to: they change no total."""
    below: int
    """Accounts whose stars do not suffice: shown as 0 until later ones make them up."""
    moves: tuple[tuple[str, str, int], ...]
    """(tier before, after, accounts), as if the adjustment came now and nothing else were counted."""


def ask_one(
    session: Session, *, club: Club, account: str, stars: int, period: date | None, reason: str, by: int, now: datetime
) -> Correction:
    """Ask for stars of one account, named as imports name it. `period`: the computed month it corrects.

    Raises `NoSuchAmount`, `NobodyToCorrect`, `MonthNotComputed`, `ReasonMissing`.
    """
    values = {"account": account, "amount": _amount(stars), "period": _computed(session, club, period)}
    return _ask(session, club, "account", sql.LINES_FOR.format(chosen=sql.OF_ACCOUNT), values, reason, by, now)


def ask_tier(
    session: Session,
    *,
    club: Club,
    tier: str | None,
    stars: int,
    period: date | None,
    reason: str,
    by: int,
    now: datetime,
) -> Correction:
    """Ask for the same stars for every joined account of a tier as it is in force now; none: of every tier.

    Raises `NoSuchAmount`, `NobodyToCorrect`, `MonthNotComputed`, `ReasonMissing`.
    """
    values = {"tier": tier, "amount": _amount(stars), "period": _computed(session, club, period), "at": now}
    facts = {"tier": tier, "each": stars}
    return _ask(session, club, "tier", sql.LINES_FOR.format(chosen=sql.OF_TIER), values, reason, by, now, facts=facts)


def ask_file(session: Session, *, club: Club, file: Path, reason: str, by: int, now: datetime) -> Correction:
    """Ask for what a CSV file says: `member_id,stars` and, if wanted, `period`. All of it or nothing.

    Raises `BadFile` with the lines that cannot be taken, `TooMany`, `NobodyToCorrect`, `ReasonMissing`.
    """
    checked_reason(reason)
    corrections_file.stage(session, club=club, file=file, closed_before=first_open(session, club))
    return _ask(session, club, "file", sql.LINES_FOR.format(chosen=sql.OF_FILE), {}, reason, by, now)


def ask_reversal(
    session: Session, *, club: Club, correction_id: int, reason: str, by: int, now: datetime
) -> Correction:
    """Ask to take a posted correction back, of every account, by entries that each name the one they take back (A15).

    Raises `UnknownCorrection`, `NotPosted`, `AlreadyReversed`, `ReasonMissing`.
    """
    reversed_one = find(session, club, correction_id)
    if reversed_one.state != "posted":
        raise NotPosted()
    values = {"reverses": correction_id, "counted": date.fromisoformat(reversed_one.facts["count_month"])}
    try:
        with session.begin_nested():
            return _ask(session, club, "reversal", sql.REVERSED, values, reason, by, now, reverses=correction_id)
    except IntegrityError:
        raise AlreadyReversed() from None


def decide(
    session: Session, *, club: Club, correction_id: int, by: int, yes: bool, reason: str = "", now: datetime
) -> Correction:
    """Grant or refuse, by a second person; granting posts the entries, every line or none, in the caller's transaction.

    Raises `UnknownCorrection`, `requests.OwnRequest`, `requests.AlreadyDecided`; `ValueError`: a refusal without a reason.
    """
    correction = find(session, club, correction_id)
    asked = request_of(session, club, correction)
    requests.decide(session, club=club, request_id=asked.id, by=by, yes=yes, reason=reason, now=now)
    session.refresh(correction)
    if yes:
        _post(session, club, correction, asked.reason, now)
    else:
        correction.state = "refused"
    session.flush()
    return correction


def withdraw(session: Session, *, club: Club, correction_id: int, by: int, now: datetime) -> Correction:
    """Who asked takes it back before it is decided. Raises `UnknownCorrection`, `requests.NotHers`, `AlreadyDecided`."""
    correction = find(session, club, correction_id)
    requests.withdraw(session, club=club, request_id=request_of(session, club, correction).id, by=by, now=now)
    correction.state = "withdrawn"
    session.flush()
    return correction


def find(session: Session, club: Club, correction_id: int) -> Correction:
    """The correction of this club. Raises `UnknownCorrection`."""
    found = session.get(Correction, correction_id)
    if found is None or found.club != club.key:
        raise UnknownCorrection()
    return found


def waiting(session: Session, *, club: Club, other_than: int) -> int:
    """How many wait for a second person, those left out that `other_than` asked for."""
    query = select(func.count()).where(Correction.club == club.key, Correction.state == "asked")
    return session.scalar(query.where(Correction.asked_by != other_than)) or 0


def request_of(session: Session, club: Club, correction: Correction) -> StaffRequest:
    """The request that says who asked why, and who decided. Raises `UnknownCorrection` when nobody asked."""
    found = requests.requests_about(session, club=club, subject=(SUBJECT, correction.id))
    if not found:
        raise UnknownCorrection()
    return found[0]


def sums(session: Session, club: Club, correction: Correction) -> Sums:
    """What it comes to as things stand: the dry run that the second person sees."""
    leaving = session.scalar(text(sql.WINDOW_AFTER), {"club": club.key, "inside": club.round.window - 1})
    values = {
        "id": correction.id, "window_after": leaving or BEFORE_ALL, "at": correction.asked_at,
        "tiers": [tier.key for tier in club.tiers], "thresholds": [tier.threshold for tier in club.tiers],
    }  # fmt: skip
    row = session.execute(text(sql.SUMS), values).one()
    moves = tuple((str(a), str(b), int(n)) for a, b, n in session.execute(text(sql.MOVES), values))
    return Sums(**{name: int(value) for name, value in row._mapping.items()}, moves=moves)


def largest(session: Session, correction: Correction, limit: int = 20) -> list[Any]:
    """Its largest lines: account, stars, month, the account's stars now, whether an entry is named."""
    return list(session.execute(text(sql.LARGEST), {"id": correction.id, "limit": limit}))


def reversal_of(session: Session, correction: Correction) -> Correction | None:
    """The correction that took it back, or waits to."""
    query = select(Correction).where(Correction.reverses_id == correction.id, Correction.state.in_(("asked", "posted")))
    return session.scalars(query).first()


def _amount(stars: int) -> int:
    if stars == 0 or abs(stars) > MOST:
        raise NoSuchAmount()
    return stars


def _computed(session: Session, club: Club, period: date | None) -> date | None:
    closed_before = first_open(session, club)
    if period is not None and (closed_before is None or period >= closed_before):
        raise MonthNotComputed(period)
    return period


def _ask(
    session: Session, club: Club, scope: str, fill: str, values: dict[str, Any], reason: str, by: int, now: datetime,
    *, facts: dict[str, Any] | None = None, reverses: int | None = None,
) -> Correction:  # fmt: skip
    """Freeze the lines, and put them before a second person."""
    why = checked_reason(reason)
    correction = Correction(club=club.key, scope=scope, reverses_id=reverses, asked_by=by, asked_at=now)
    session.add(correction)
    session.flush()
    _unhurried(session)
    session.execute(text(fill), {"club": club.key, "id": correction.id, "unit": club.stars.unit, **values})
    accounts, stars = session.execute(
        select(func.count(), func.coalesce(func.sum(CorrectionLine.amount), 0)).where(
            CorrectionLine.correction_id == correction.id
        )
    ).one()
    if accounts == 0:
        raise NobodyToCorrect()
    told = {"accounts": accounts, "stars": int(stars), **(facts or {}), **({"reverses": reverses} if reverses else {})}
    correction.facts = told
    subject = (SUBJECT, correction.id)
    requests.ask(session, club=club, kind=KIND, subject=subject, facts=told, reason=why, by=by, now=now)
    return correction


def _post(session: Session, club: Club, correction: Correction, reason: str, now: datetime) -> None:
    """Add the entries. The counting lock keeps a month from closing between the decision and the commit."""
    _unhurried(session)
    counting_lock(session, club, alone=False)
    open_month = first_open(session, club) or month_of(now)
    values = {"club": club.key, "id": correction.id, "unit": club.stars.unit, "open": open_month, "now": now}
    session.execute(text(sql.POST), {**values, "reason": reason})
    correction.state, correction.posted_at = "posted", now
    correction.facts = {**correction.facts, "count_month": open_month.isoformat()}


def _unhurried(session: Session) -> None:
    """A hundred thousand lines take longer than a page may."""
    session.execute(text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)"))
