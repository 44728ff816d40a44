"""Replies leave here, after the commit and outside the request, one person's in order.

What is known of each is written back: `sent`, `refused`, `unknown` (never sent again), `pushed`, `late`. A process that
dies leaves `new` behind; `recover` takes those up while the reply token lives, and pushes only what surely never left.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from bot.line import Line, LineError, NotSent, TooMany, Unknown
from models import TurnRow
from models.queries import Query, ask, changed

TOKEN_LIFE = timedelta(seconds=50)
"""LINE's minute, less the way there."""
PATIENCE = (0.2, 1.0, 3.0)
"""Seconds between tries when LINE says it is too much at once, or cannot be reached."""
KEY_LIFE = timedelta(hours=23)
"""LINE remembers retry keys for 24 hours; after that a retry would be a second message."""
QUIET = timedelta(seconds=15)
"""A turn that is still open after this may be taken up by recovery."""
FLUSH_SECONDS = 0.05

TAKEN = "taken up by another process"
"""No state: nothing is written down for it."""

log = structlog.get_logger("outbox")

_OUTCOME_TYPES = {
    "club": "text", "event_id": "text", "state": "text", "at": "timestamptz", "while_sent": "text", "taken_by_line": "boolean"
}  # fmt: skip
# What LINE took stays so; anything else is said only by who still sends it.
_OUTCOMES = Query(
    text(f"""
UPDATE turns SET reply_state = found.state, answered_at = found.at
FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _OUTCOME_TYPES.items())})
     AS found ({", ".join(_OUTCOME_TYPES)})
WHERE turns.club = found.club AND turns.event_id = found.event_id
  AND (turns.reply_state IN (found.while_sent, 'pushing') OR found.taken_by_line)
""")
)


@dataclass(frozen=True)
class Outgoing:
    """One turn's reply, and what to do for its person afterwards."""

    club: str
    event_id: str
    line_user_id: str | None
    reply_token: str | None
    messages: list[dict[str, Any]]
    received_at: datetime
    matters: bool = False
    attend: bool = False
    certain: bool = True
    """False when another process may have used the reply token already: then nothing is pushed."""
    retry_key: UUID | None = None
    """Set when a push was already begun: it is gone on with under this key."""
    held: bool = False
    """Marked `retrying` by who sends it now; while it is only `new`, recovery may take it up at any moment."""


@dataclass
class Outbox:
    """Threads that send. `attend(club, line_user_id)` runs after the reply of a turn that asks for it."""

    sessions: sessionmaker[Session]
    lines: Mapping[str, Line]
    now: Callable[[], datetime]
    attend: Callable[[str, str], None]
    threads: int = 16
    _queues: list[queue.SimpleQueue[Outgoing | None]] = field(init=False, default_factory=list)
    _outcomes: queue.SimpleQueue[dict[str, Any] | None] = field(init=False, default_factory=queue.SimpleQueue)
    _running: list[threading.Thread] = field(init=False, default_factory=list)
    _recorder: threading.Thread | None = field(init=False, default=None)
    _open: int = field(init=False, default=0)
    _start: threading.Lock = field(init=False, default_factory=threading.Lock)

    def put(self, outgoing: Outgoing) -> None:
        """Send soon. The same person's replies go through the same thread, so they keep their order."""
        if not self._running:
            self._begin()
        with self._start:
            self._open += 1
        self._queues[hash(outgoing.line_user_id) % self.threads].put(outgoing)

    @property
    def idle(self) -> bool:
        """Whether nothing is queued or being sent here."""
        return self._open == 0

    def close(self, seconds: float = 8.0) -> None:
        """Send what is queued, write down what came of it, and stop; at most `seconds`."""
        until = time.monotonic() + seconds
        for line in self._queues:
            line.put(None)
        for thread in self._running:
            thread.join(max(0.0, until - time.monotonic()))
        self._outcomes.put(None)
        if self._recorder is not None:
            self._recorder.join(max(0.1, until - time.monotonic()))
        self._running, self._queues = [], []

    def deliver(self, outgoing: Outgoing) -> str:
        """Send one now; what became of it, as `reply_state` says it. `TAKEN`: another process has it now and will say."""
        if outgoing.retry_key is not None:
            return self._push(outgoing, outgoing.retry_key)
        if outgoing.reply_token is None or self.now() - outgoing.received_at > TOKEN_LIFE:
            return self._instead(outgoing, "late")
        for pause in (*PATIENCE, None):
            try:
                self.lines[outgoing.club].reply(outgoing.reply_token, outgoing.messages)
                return "sent"
            except Unknown as error:
                log.warning("reply unknown", turn=outgoing.event_id, error=str(error))
                return "unknown"
            except (TooMany, NotSent) as error:
                if pause is None or self.now() - outgoing.received_at > TOKEN_LIFE:
                    return "new" if isinstance(error, NotSent) else self._instead(outgoing, "refused")
                time.sleep(pause)
            except LineError as error:
                log.warning("reply refused", turn=outgoing.event_id, error=str(error))
                return self._instead(outgoing, "refused")
        return "refused"

    def _mine(self, outgoing: Outgoing) -> Outgoing | None:
        """What this process may still send: after a while in the queue, recovery may have taken the turn up."""
        if self.now() - outgoing.received_at < QUIET:
            return outgoing
        return replace(outgoing, held=True) if self._mark(outgoing, reply_state="retrying") else None

    def _mark(self, outgoing: Outgoing, **values: Any) -> bool:
        """Change the turn's row, if it still is this process that sends it."""
        with self.sessions.begin() as session:
            marked = session.execute(
                update(TurnRow)
                .where(TurnRow.club == outgoing.club, TurnRow.event_id == outgoing.event_id)
                .where(TurnRow.reply_state == _state_while_sent(outgoing), TurnRow.retry_key.is_(None))
                .values(**values)
            )
        return bool(changed(marked))

    def _instead(self, outgoing: Outgoing, otherwise: str) -> str:
        """The reply surely did not arrive: push it if it matters, once, under a key stored before the first attempt."""
        if not outgoing.certain:
            return "unknown"  # the process that died may have used the token
        if not (outgoing.matters and outgoing.line_user_id):
            return otherwise
        key = uuid.uuid4()
        # A token that LINE calls used may have been used by recovery a moment ago: then the turn is no longer ours.
        mine = self._mark(outgoing, reply_state="pushing", retry_key=key, first_attempt_at=self.now())
        return self._push(outgoing, key) if mine else TAKEN

    def _push(self, outgoing: Outgoing, key: UUID) -> str:
        assert outgoing.line_user_id is not None
        try:
            self.lines[outgoing.club].push(outgoing.line_user_id, outgoing.messages, key)
            return "pushed"
        except (Unknown, NotSent, TooMany):
            return "pushing"  # tried again under the same key by `recover`, for 23 hours
        except LineError as error:
            log.warning("push refused", turn=outgoing.event_id, error=str(error))
            return "pushing" if error.status == 401 else "refused"  # 401 is our token's fault: a new one may come

    def recover(self, limit: int = 200) -> int:
        """Take up what a process that died left behind; how many were taken up. Safe to run anywhere, any time."""
        taken = self._left_behind(limit)
        for outgoing in taken:
            self._record([_outcome(outgoing, self.deliver(outgoing), self.now())])
        return len(taken)

    def _left_behind(self, limit: int) -> list[Outgoing]:
        now = self.now()
        gone = (TurnRow.reply_state == "pushing") & (TurnRow.first_attempt_at < now - KEY_LIFE)
        stuck = (TurnRow.reply_state == "retrying") & (TurnRow.received_at < now - 2 * TOKEN_LIFE)
        with self.sessions.begin() as session:
            session.execute(update(TurnRow).where(gone | stuck).values(reply_state="unknown"))
            rows = session.scalars(
                select(TurnRow)
                .where(TurnRow.reply_state.in_(("new", "pushing")), TurnRow.received_at < now - QUIET)
                .order_by(TurnRow.received_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            for row in rows:
                if row.reply_state == "new":
                    row.reply_state = "retrying"
            return [_taken_up(row) for row in rows]

    def _begin(self) -> None:
        with self._start:
            if self._running:
                return
            self._queues = [queue.SimpleQueue() for _ in range(self.threads)]
            self._recorder = threading.Thread(target=self._write_down, name="outbox-recorder", daemon=True)
            self._recorder.start()
            running = [
                threading.Thread(target=self._work, args=(line,), name=f"outbox-{n}", daemon=True)
                for n, line in enumerate(self._queues)
            ]
            for thread in running:
                thread.start()
            self._running = running

    def _work(self, line: queue.SimpleQueue[Outgoing | None]) -> None:
        while (outgoing := line.get()) is not None:
            try:
                mine = self._mine(outgoing) if outgoing.messages else None
                if mine is not None:
                    self._outcomes.put(_outcome(mine, self.deliver(mine), self.now()))
                if outgoing.attend and outgoing.line_user_id:
                    self.attend(outgoing.club, outgoing.line_user_id)
            except Exception:  # the sending thread must outlive any one message
                log.exception("sending failed", turn=outgoing.event_id)
            finally:
                with self._start:
                    self._open -= 1

    def _write_down(self) -> None:
        """Outcomes are written together, so that a busy hour costs few statements."""
        while (first := self._outcomes.get()) is not None:
            time.sleep(FLUSH_SECONDS)
            batch, ended = [first], False
            while not self._outcomes.empty() and len(batch) < 500:
                more = self._outcomes.get()
                if more is None:
                    ended = True
                    break
                batch.append(more)
            self._record_in_time(batch)
            if ended:
                return

    def _record_in_time(self, outcomes: list[dict[str, Any]]) -> None:
        """Write them down, also when the database needs a moment. What LINE took is true whenever it is written; anything
        else only until recovery takes the turn up, so it is not written late."""
        for pause in (*PATIENCE, None):
            try:
                return self._record(outcomes)
            except Exception:
                outcomes = [outcome for outcome in outcomes if outcome["taken_by_line"]]
                log.exception("outcomes not written", tried_again=len(outcomes) if pause is not None else 0)
            if pause is None or not outcomes:
                return
            time.sleep(pause)

    def _record(self, outcomes: list[dict[str, Any]]) -> None:
        known = [outcome for outcome in outcomes if outcome["state"] != TAKEN]
        if known:
            with self.sessions.begin() as session:
                arrays = {name: [outcome[name] for outcome in known] for name in _OUTCOME_TYPES}
                ask(session, (_OUTCOMES, arrays), commit=True)


def _outcome(outgoing: Outgoing, state: str, at: datetime) -> dict[str, Any]:
    return {
        "club": outgoing.club,
        "event_id": outgoing.event_id,
        "state": state,
        "at": at,
        "while_sent": _state_while_sent(outgoing),
        "taken_by_line": state in ("sent", "pushed"),
    }


def _state_while_sent(outgoing: Outgoing) -> str:
    return "retrying" if outgoing.held else "new"


def _taken_up(row: TurnRow) -> Outgoing:
    return Outgoing(
        club=row.club,
        event_id=row.event_id,
        line_user_id=row.line_user_id,
        reply_token=row.reply_token,
        messages=row.reply or [],
        received_at=row.received_at,
        matters=row.matters,
        certain=row.answered_at is not None,
        retry_key=row.retry_key,
        held=True,
    )
