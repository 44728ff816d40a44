"""What each job of the timetable does. Every one may run at any time, on any number of machines, and twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Engine, Integer, cast, delete, func, null, or_, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from benefits import notices, parked, rounds, rounds_preview, signin
from bot.line import Line, LineError, NotSent, TooMany, Unknown
from bot.outbox import KEY_LIFE, Outbox
from clubs import Club
from jobs import uploading
from jobs.offering import Offering
from models import Notice, Person, TurnRow
from richmenu import linking

KEEP_TURNS = timedelta(days=90)
"""How long an event and its reply stay readable; then only that it was handled remains."""
PUSHES = 100
RETRIES = 1000

log = structlog.get_logger("jobs")


@dataclass(frozen=True)
class Push:
    """A notice to push: to whom, what, under which key (none: nothing is to be sent), and whether it is the first attempt."""

    id: int
    club: str
    to: str = ""
    messages: Sequence[dict[str, Any]] = ()
    key: uuid.UUID | None = None
    first: bool = False


@dataclass(frozen=True)
class Work:
    """The jobs, with what they need."""

    engine: Engine
    sessions: sessionmaker[Session]
    clubs: Mapping[str, Club]
    lines: Mapping[str, Line]
    outbox: Outbox
    worded: Callable[[Session, Person, Notice], Sequence[dict[str, Any]]]
    """Words a notice in the person's language."""
    retry: Callable[[str, str], bool]
    """Handles one parked event again; True when it went well."""
    now: Callable[[], datetime]
    offering: Offering
    uploads_folder: Path

    def replies(self) -> int:
        """Replies left behind by a process that died."""
        return self.outbox.recover()

    def offers(self) -> int:
        """Offers: what is due is prepared, what may leave is sent; to how many people."""
        return self.offering.run()

    def rounds(self) -> int:
        """Every ended month without a finished round, in order. One club's trouble does not stop another's."""
        return self._each_club(self._rounds_of)

    def previews(self) -> int:
        """Dry runs of rounds that colleagues asked for in the console."""
        return self._each_club(lambda club: rounds_preview.compute(self.engine, club=club, now=self.now()))

    def _each_club(self, do: Callable[[Club], int]) -> int:
        done, troubles = 0, []
        for club in self.clubs.values():
            try:
                done += do(club)
            except Exception as error:
                log.exception("round failed", club=club.key)
                troubles.append(error)
        if troubles:
            raise troubles[0]
        return done

    def _rounds_of(self, club: Club) -> int:
        done = 0
        with self.sessions() as session:
            due = rounds.due(session, club, self.now())
        for period in due:
            try:
                rounds.run(self.engine, club=club, period=period, now=self.now())
                done += 1
            except (rounds.LeaseHeld, rounds.LeaseLost, rounds.RoundAlreadyDone):
                break  # another worker is at it
            except rounds.NotSigned:
                break  # and so do the months after it: rounds run in order
        return done

    def reminders(self) -> int:
        """Reminders of claims that end soon, as notices."""
        with self.sessions.begin() as session:
            return sum(notices.remind_ending(session, club=club, now=self.now()) for club in self.clubs.values())

    def pushes(self) -> int:
        """Notices that can wait no longer are pushed, each once, under a key stored before the first attempt."""
        pushed = 0
        for _ in range(PUSHES):
            prepared = self._next_push()
            if prepared is None:
                break
            try:
                pushed += self._push(prepared)
            except TooMany as error:  # the rate, or the month's quota: whoever waits can still be told in a reply
                log.warning("pushes put off", notice=prepared.id, error=str(error))
                break
        return pushed

    def menus(self) -> int:
        """People whose rich menu is not the one they should see."""
        return linking.repair(self.sessions, self.lines, self.now())

    def parked(self) -> int:
        """Parked friendship events are tried again, and all that staff asks for: other people were told to press again."""
        done = sum(self.retry(*event) for event in self._asked())
        with self.sessions() as session:
            rows = session.execute(
                select(TurnRow.club, TurnRow.event_id)
                .where(TurnRow.state == "parked", TurnRow.attempts < 4)
                .where(TurnRow.kind.in_(("follow", "unfollow", "unsend")))
                .where(
                    TurnRow.received_at + func.make_interval(0, 0, 0, 0, 0, cast(TurnRow.attempts, Integer))
                    < self.now()
                )
                .order_by(TurnRow.received_at)
                .limit(100)
            ).all()
        return done + sum(self.retry(club, event_id) for club, event_id in rows)

    def _asked(self) -> Iterator[tuple[str, str]]:
        """Parked events that staff wants handled again, one by one, each mark taken off before the try."""
        for _ in range(RETRIES):
            with self.sessions.begin() as session:
                event = parked.next_asked(session)
            if event is None:
                return
            yield event

    def uploads(self) -> int:
        """Files that staff handed in are imported, one after another."""
        return uploading.work(self.engine, self.sessions, self.clubs, self.uploads_folder, self.now)

    def tidy(self) -> int:
        """Events and replies older than 90 days lose their content: what remains is that they were handled once."""
        old = self.now() - KEEP_TURNS
        with self.sessions.begin() as session:
            emptied = session.execute(
                update(TurnRow)
                .where(TurnRow.received_at < old, TurnRow.event != text("'{}'::jsonb"))
                .where(or_(TurnRow.state != "parked", TurnRow.seen_at.is_not(None)))
                .values(event={}, reply=None, reply_token=None, message_id=None)
                .values(error=func.split_part(TurnRow.error, ":", 1))  # its kind; the rest may quote somebody
                .returning(TurnRow.event_id)
            ).all()
            session.execute(
                delete(Notice).where(Notice.state.in_(("told", "pushed", "dropped")), Notice.created_at < old)
            )
            session.execute(
                text(
                    "DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing', 'aborting') AND id IN "
                    "(SELECT job_id FROM procrastinate_events WHERE at < now() - interval '7 days')"
                )
            )
            signin.tidy(session, now=self.now())
        return len(emptied)

    def _next_push(self) -> Push | None:
        """Freeze one due notice: its body and key are stored before anything is sent."""
        now = self.now()
        with self.sessions.begin() as session:
            self._give_up(session, now)
            retry_at = func.coalesce(Notice.first_attempt_at, now) <= now
            notice = session.scalars(
                select(Notice)
                .where(Notice.push_at <= now, Notice.state.in_(("waiting", "pushing")), retry_at)
                .where(or_(Notice.told_at.is_(None), Notice.told_at < now - timedelta(minutes=1)))
                .order_by(Notice.push_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            ).first()
            if notice is None:
                return None
            person, first = session.get_one(Person, notice.person_id), notice.state == "waiting"
            if first and person.opted_out_at is not None and notice.kind == notices.ENDING:
                notice.push_at = None  # she opted out since it was left: it is told in a reply
                return Push(notice.id, notice.club)
            if not person.friend or not self._frozen(session, person, notice):
                notice.state = "dropped"
                return Push(notice.id, notice.club)
            if notice.retry_key is None:
                notice.retry_key, notice.first_attempt_at, notice.state = uuid.uuid4(), now, "pushing"
            notice.told_at = now  # the latest attempt: the next one waits a minute
            assert notice.body is not None
            return Push(notice.id, notice.club, person.line_user_id, notice.body["messages"], notice.retry_key, first)

    def _frozen(self, session: Session, person: Person, notice: Notice) -> bool:
        """Word the notice once and for all; False when that fails: it must not keep all others from being pushed."""
        if notice.body is None:
            try:
                with session.begin_nested():
                    notice.body = {"messages": list(self.worded(session, person, notice))}
            except Exception:
                log.exception("a notice that can't be worded is dropped", notice=notice.id, kind=notice.kind)
                return False
        return True

    @staticmethod
    def _give_up(session: Session, now: datetime) -> None:
        session.execute(
            update(Notice)
            .where(Notice.state == "pushing", Notice.first_attempt_at < now - KEY_LIFE)
            .values(state="unknown")
        )
        session.execute(
            update(Notice).where(Notice.state == "waiting", Notice.expires_at <= now).values(state="dropped")
        )

    def _push(self, push: Push) -> int:
        """1 when LINE has it. Raises `TooMany` when LINE takes no more now."""
        if push.key is None:
            return 0
        try:
            self.lines[push.club].push(push.to, list(push.messages), push.key)
            state = "pushed"
        except TooMany:
            self._wait_again(push)
            raise
        except (Unknown, NotSent) as error:
            log.warning("push open", notice=push.id, error=str(error))
            return 0
        except LineError as error:
            log.warning("push refused", notice=push.id, error=str(error))
            if error.status == 401:  # our token, not this message: it waits for a new one, or for a reply
                self._wait_again(push)
                return 0
            state = "dropped"
        with self.sessions.begin() as session:
            session.execute(update(Notice).where(Notice.id == push.id).values(state=state, told_at=self.now()))
        return int(state == "pushed")

    def _wait_again(self, push: Push) -> None:
        """LINE surely did not take it. Unless an earlier attempt may have arrived, it waits as before and may be told in
        a reply, which costs nothing."""
        if push.first:
            fresh = {"state": "waiting", "retry_key": None, "body": null(), "first_attempt_at": None}
            with self.sessions.begin() as session:
                session.execute(update(Notice).where(Notice.id == push.id, Notice.state == "pushing").values(**fresh))
