"""The steps of one round under one lease: close the month, compute, post chunk by chunk, finish; or tell the difference."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from benefits import rounds_sql as sql
from benefits.counting import BEFORE_ALL, counting_lock, counting_values, unhurried
from benefits.periods import add_months, month_name, start_of
from benefits.rounds_lease import Lease, looks_back
from clubs import Club

CHUNK = 20_000
ROOM = "SELECT set_config('work_mem', '128MB', true)"
"""Memory of the database server for one transaction that goes over all accounts."""


@dataclass(frozen=True)
class Move:
    """How many joined accounts went from one tier to another."""

    before: str
    after: str
    accounts: int


@dataclass(frozen=True)
class Change:
    """What a dry run would change for one account: stars of the month, total of the window, tier (none: not joined)."""

    member: str
    stars: int
    total_before: int
    total: int
    tier_before: str | None
    tier: str | None


@dataclass(frozen=True)
class RunResult:
    """What a round came to. `result_hash` covers every account's figures and no row id; none in a dry run."""

    period: date
    dry_run: bool
    accounts: int
    lines: int
    counted_satang: int
    stars: int
    moves: tuple[Move, ...]
    input_hash: str
    result_hash: str | None


class FiguresChanged(Exception):
    """The figures computed are none of those that were signed: the transaction is to be rolled back."""


class Steps:
    """One run under one lease. Every step is one transaction of the caller and begins with the fence."""

    def __init__(self, connection: Connection, club: Club, lease: Lease) -> None:
        self._connection, self._club, self._lease, terms = connection, club, lease, lease.terms
        self._values: dict[str, Any] = {
            "club": club.key,
            "period": lease.period,
            "name": month_name(lease.period),
            "run": lease.run_id,
            "owner": lease.owner,
            "at": lease.started_at,
            "unit": terms["unit"],
            "satang_per_star": terms["satang_per_star"],
            "tiers": [key for key, _ in terms["tiers"]],
            "thresholds": [threshold for _, threshold in terms["tiers"]],
            "roles": list(club.claiming_roles),
            "push_at": lease.started_at if club.notices.tier_change == "push" else None,
            "ended": start_of(add_months(lease.period, 1)),
        }
        before = _before(connection, lease, club.key)
        self._history = sql.HISTORY_GOES_ON if before.pop("goes_on") else sql.HISTORY
        self._values.update(before)
        self._lines, self._odd, self._input = 0, False, ""

    def _execute(self, statement: str, **more: Any) -> Any:
        return self._connection.execute(text(statement), {**self._values, **more})

    def to_the_end(
        self, now: datetime, progress: Callable[[str, int, int], None], signed: frozenset[str] | None = None
    ) -> RunResult:
        """Every step that is still to do, each in its transaction. Raises `FiguresChanged` unless they are `signed`."""
        connection = self._connection
        connection.rollback()
        with unhurried(connection):
            if self._lease.cursor is None:
                self.close()
                if signed is not None and self.figures_hash() not in signed:
                    raise FiguresChanged()
            else:
                self._lease.fence()
                self.compute()
        low = int(self._lease.cursor or 0)
        with unhurried(connection):
            bounds = list(self._bounds(low))
        for number, high in enumerate(bounds, 1):
            with unhurried(connection):
                self.post(low, high)
            progress("accounts", number, len(bounds))
            low = high
        with unhurried(connection):
            return self.finish(now)

    def close(self) -> None:
        """Close the month and compute it: from this commit on no line can join it or leave it."""
        counting_lock(self._connection, self._club, alone=True)
        self._lease.fence("0")
        counting = counting_values(self._connection, self._club)
        self._execute(sql.ADOPT_LINES, **counting)
        self.compute()
        if self._odd:
            self._execute(sql.DROP_LINES, **counting)
            self._execute("DROP TABLE round_work")
            self.compute()

    def compute(self) -> None:
        """Every account's figures from frozen lines and posted entries, into a table of this connection."""
        self._execute(ROOM)
        self._execute(sql.WORK.format(history=self._history), **counting_values(self._connection, self._club))
        self._execute("CREATE INDEX ON round_work (member_id)")
        self._execute("ANALYZE round_work (member_id)")
        found = self._execute(sql.INPUT).one()
        self._lines, self._odd, self._input = int(found.lines), found.odd, _digest(found.told)

    def _bounds(self, low: int) -> Iterator[int]:
        """The last account of each chunk after `low`."""
        while (high := self._execute(sql.BOUND, low=low, size=CHUNK).scalar()) is not None:
            yield high
            low = high

    def figures_hash(self) -> str:
        """Hex digest of every account's figures as computed, which two persons sign before a round that needs it."""
        return str(self.ask(sql.FIGURES).scalar())

    def ask(self, query: str) -> Any:
        """The rows of a query over what was computed, all accounts in one chunk."""
        return self._execute(query, low=0, high=2**62)

    def post(self, low: int, high: int) -> None:
        """One chunk of accounts: entries, stars and tiers, the journal, what people are told."""
        counting_lock(self._connection, self._club, alone=True)
        self._lease.fence(str(high))
        for statement in (sql.POST, sql.ADJUST, sql.JOURNAL, sql.NOTICES):
            self._execute(statement, low=low, high=high)

    def finish(self, now: datetime) -> RunResult:
        """Sum up, and mark the run done."""
        self._lease.fence()
        self._execute(ROOM)
        groups = self._execute(sql.SUMMARY).all()
        result = RunResult(
            period=self._lease.period,
            dry_run=False,
            accounts=sum(group.accounts for group in groups),
            lines=self._lines,
            counted_satang=int(sum(group.counted_satang for group in groups)),
            stars=int(sum(group.stars for group in groups)),
            moves=tuple(Move(*group[:3]) for group in groups if group.tier_before != group.tier),
            input_hash=self._input,
            result_hash=_digest(self._execute(sql.RESULT_HASH).scalar()),
        )
        self._note(result, now)
        return result

    def _note(self, result: RunResult, now: datetime) -> None:
        facts = json.dumps(
            {
                "accounts": result.accounts,
                "lines": result.lines,
                "counted_satang": result.counted_satang,
                "stars": result.stars,
                "moves": [[move.before, move.after, move.accounts] for move in result.moves],
            }
        )
        hashes = {"result_hash": result.result_hash, "input_hash": result.input_hash}
        self._execute("UPDATE runs SET input_hash = :input_hash WHERE id = :run", **hashes)
        self._execute(sql.FINISH, facts=facts, now=now, **hashes)
        self._execute(
            "INSERT INTO journal (club, at, actor_kind, action, subject_kind, subject_id, facts) "
            "VALUES (:club, :now, 'system', 'round_done', 'run', :run, CAST(:facts AS jsonb))",
            facts=facts,
            now=now,
        )

    def difference(self, changes: Callable[[Change], None]) -> RunResult:
        """What posting would change, account by account."""
        moves: dict[tuple[str, str], int] = {}
        accounts = stars = counted = 0
        rows = self._connection.execute(
            text(f"{sql.RESULTS} ORDER BY work.external_id").execution_options(stream_results=True),
            {**self._values, "low": int(self._lease.cursor or 0), "high": 2**62},
        )
        for row in rows:
            accounts, stars, counted = accounts + 1, stars + row.amount, counted + row.counted
            if row.tier_before != row.tier:
                moves[row.tier_before, row.tier] = moves.get((row.tier_before, row.tier), 0) + 1
            if (row.tier_before, row.total_before) != (row.tier, row.total):
                changes(Change(row.external_id, row.amount, row.total_before, row.total, row.tier_before, row.tier))
        told = tuple(Move(*key, number) for key, number in sorted(moves.items()))
        return RunResult(self._lease.period, True, accounts, self._lines, counted, stars, told, self._input, None)


def _digest(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()


def _before(connection: Connection, lease: Lease, club: str) -> dict[str, Any]:
    """The last month closed before this one and its run, the run that leaves the window of computed months and its month;
    and whether the run before looked back as this one does, so that its totals can be gone on from."""
    window = lease.terms["window"]
    rows = connection.execute(
        text("SELECT id, period, facts FROM runs WHERE club = :club AND kind = 'stars' AND period < :period ORDER BY period DESC "
             "LIMIT :window"),
        {"club": club, "period": lease.period, "window": window},
    ).all()  # fmt: skip
    # This run is the last of the window, so one earlier run fewer belongs to it.
    inside = rows[: window - 1]
    leaving = rows[-1] if len(rows) > len(inside) else None
    return {
        "after": rows[0].period if rows else BEFORE_ALL,
        "previous_run": rows[0].id if rows else None,
        "window_after": leaving.period if leaving else BEFORE_ALL,
        "leaving_run": leaving.id if leaving else None,
        "goes_on": bool(rows) and looks_back(lease.terms).items() <= rows[0].facts.items(),
    }
