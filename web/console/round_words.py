"""Rounds in words and figures: what a month came to, what the next one would change, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benefits import rounds, rounds_preview
from benefits.refusal import Refusal
from clubs import Club
from models import RoundPreview, Run
from web.console import cells
from wording import Words


def told(run: Run, t: Words) -> dict[str, Any]:
    """One run as the list and its page show it."""
    states = {"done": t("Done"), "running": t("Under way or interrupted")}
    facts = run.facts or {}
    known = {key: t.number(facts[key]) if key in facts else "—" for key in ("accounts", "lines", "stars")}
    return {
        "month": f"{run.period:%Y-%m}",
        "period": t.month(run.period),
        "state": states[run.state],
        "done": run.state == "done",
        "started": t.moment(run.started_at),
        "finished": cells.moment(run.finished_at, t),
        **known,
        "counted": cells.baht(facts["counted_satang"], t) if "counted_satang" in facts else "—",
        "input_hash": run.input_hash,
        "result_hash": run.result_hash,
    }


def moves(run: Run, club: Club, t: Words) -> dict[str, Any]:
    """Who went from which tier to which, as a table and a chart."""
    found = [(before, after, n) for before, after, n in run.facts.get("moves", [])]
    return pairs(found, club, t)


def pairs(found: Sequence[tuple[str, str, int]], club: Club, t: Words) -> dict[str, Any]:
    """(tier before, tier after, accounts) as rows and as a chart; up and down have their own colours."""
    rows = [(_named(before, club, t), _named(after, club, t), t.number(n)) for before, after, n in found]
    labels = [f"{before} → {after}" for before, after, _ in rows]
    rises = [club.has_tier(b) and club.has_tier(a) and _rank(club, a) > _rank(club, b) for b, a, _ in found]
    up = [n if rise else 0 for rise, (_, _, n) in zip(rises, found, strict=True)]
    down = [0 if rise else n for rise, (_, _, n) in zip(rises, found, strict=True)]
    series = [
        {"label": t("Up"), "values": up, "tone": "green"},
        {"label": t("Down"), "values": down, "tone": "amber"},
    ]
    columns = [t("Tier before"), t("Tier after"), t("Accounts")]
    chart = {"kind": "bar", "lying": True, "stacked": True, "labels": labels, "series": series}
    return {"columns": columns, "rows": rows, "chart": chart}


def difference(preview: RoundPreview, club: Club, t: Words) -> dict[str, Any]:
    """What the round would change for everybody: sums, pairs of tiers with those that stay, the biggest changes."""
    facts = preview.facts
    rows = [
        (
            _named(before, club, t),
            _named(after, club, t),
            t.number(n),
            t.number(more),
            t.number(fewer),
            _signed(stars, t),
        )
        for before, after, n, more, fewer, stars in facts["pairs"]
    ]
    biggest = [
        (
            account,
            _named(was, club, t),
            _named(now, club, t),
            t.number(before),
            t.number(total),
            _signed(total - before, t),
        )
        for account, _, before, total, was, now in facts["biggest"]
    ]
    return {
        "sums": _sums(facts, t),
        "columns": [t("Tier before"), t("Tier after"), t("Accounts"), t("with more stars"), t("with fewer stars"), t("Stars")],
        "rows": rows,
        "moved": pairs([(b, a, n) for b, a, n, *_ in facts["pairs"] if b != a], club, t),
        "tiers": _per_tier(facts["pairs"], club, t),
        "biggest_columns": [t("Account"), t("Tier before"), t("Tier after"), t("Stars now"), t("Stars then"), t("Difference")],
        "biggest": biggest,
        "hash": preview.figures_hash,
        "made": cells.moment(preview.finished_at, t),
    }  # fmt: skip


def _sums(facts: dict[str, Any], t: Words) -> list[tuple[str, str]]:
    moved = [(before, after, n) for before, after, n, *_ in facts["pairs"]]
    changed = sum(n for before, after, n in moved if before != after)
    return [
        (t("Accounts"), t.number(facts["accounts"])),
        (t("Lines counted"), t.number(facts["lines"])),
        (t("Net amount counted"), cells.baht(facts["counted_satang"], t)),
        (t("Stars of the month"), t.number(facts["stars"])),
        (t("Stars by corrections"), _signed(facts["corrections"], t)),
        (t("Stars of all accounts, now"), t.number(facts["total_before"])),
        (t("Stars of all accounts, then"), t.number(facts["total"])),
        (t("Accounts that change tier"), t.number(changed)),
    ]


def _per_tier(found: Sequence[Sequence[Any]], club: Club, t: Words) -> dict[str, Any]:
    """How many accounts each tier has now and would have."""
    keys = [tier.key for tier in club.tiers]
    now = [sum(row[2] for row in found if row[0] == key) for key in keys]
    then = [sum(row[2] for row in found if row[1] == key) for key in keys]
    labels = [_named(key, club, t) for key in keys]
    series = [{"label": t("Now"), "values": now, "tone": "grey"}, {"label": t("Then"), "values": then, "tone": "green"}]
    rows = [(label, t.number(a), t.number(b), _signed(b - a, t)) for label, a, b in zip(labels, now, then, strict=True)]
    columns = [t("Tier"), t("Accounts now"), t("Accounts then"), t("Difference")]
    return {"columns": columns, "rows": rows, "chart": {"kind": "bar", "labels": labels, "series": series}}


def step(preview: RoundPreview, t: Words) -> str:
    """Where the computing stands, in a sentence."""
    said = {
        "asked": t("Waiting for a worker."),
        "ready": t("The difference is computed."),
        "lapsed": t("The figures have changed since: compute the difference anew."),
        "failed": t("The difference could not be computed. Try again; if it fails again, look at the jobs."),
    }
    under_way = {
        "waiting": t("Waiting for a worker."),
        "computing": t("Computing every account."),
        "tiers": t("Comparing stars and tiers."),
        "biggest": t("Looking for the biggest changes."),
        "done": t("The difference is computed."),
    }
    return said.get(preview.state) or under_way[rounds_preview.STEPS[preview.step]]


def refused(refusal: Refusal, t: Words) -> str | None:
    """Why not, and what helps; none: not one of ours."""
    match refusal:
        case rounds.RoundNotDue():
            return t("It is too early: this is possible from {when} on.", when=t.moment(refusal.due_at))
        case rounds_preview.NothingToPreview():
            return t("This month was computed already, or another month comes first.")
        case rounds_preview.PreviewLapsed():
            return t("These figures are no longer true: compute the difference anew, then sign.")
    return None


def _named(key: str | None, club: Club, t: Words) -> str:
    return cells.tier_name(club, key, t) or t("not in the club")


def _rank(club: Club, key: str) -> int:
    return [tier.key for tier in club.tiers].index(key)


def _signed(n: int, t: Words) -> str:
    return f"+{t.number(n)}" if n > 0 else t.number(n).replace("-", "−")
